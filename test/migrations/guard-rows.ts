/**
 * The guards of the tables that hold money, and a statement that each of them alone refuses. A trigger that keeps a
 * whole table from changes, a foreign key and a unique index need no row: what they refuse is made from the catalogue.
 */

export const MONEY_TABLES = [
  "attempt_evidence",
  "attempts",
  "balance_horizon",
  "balance_snapshots",
  "captures",
  "disputes",
  "event_feed",
  "events",
  "journals",
  "ledger_accounts",
  "payment_intents",
  "postings",
  "reconciliation_breaks",
  "refunds",
  "seals",
  "transitions",
] as const;

export interface GuardRow {
  /** "table.name" of the trigger or the constraint. */
  readonly guard: string;
  readonly what: string;
  /** Given an intent of 1,000 that was captured. */
  readonly statement: (intentId: string) => string;
  readonly refusal: string;
  /** What the owner does first, so that nothing else stands in the way. */
  readonly given?: readonly string[];
}

const CHECK = "23514";
const FOREIGN_KEY = "23503";
const RESTRICTED = "23001";
const SERIALIZATION = "40001";
const UNIQUE = "23505";

const SETTLED = "status = 'SUCCEEDED'";
const UNDER_WAY = { settled_at: null, idempotency_key: null };
const UNSENT = "status = 'SENT', settled_at = null, worker_id = null";

/** A posting of the merchant's, with something wrong about it. */
const posting = (wrong: {
  readonly [Column in "credit" | "amount" | "currency" | "at"]?: string;
}): string => `
  insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
    currency, pending, created_at)
  select j.merchant_id, j.id, 9, d.id, ${wrong.credit ?? "c.id"}, ${wrong.amount ?? "1"},
    ${wrong.currency ?? "'USD'"}, true, ${wrong.at ?? "now()"}
  from journals j
  join ledger_accounts d on d.merchant_id = j.merchant_id and d.kind = 'PROCESSOR_RECEIVABLE'
  join ledger_accounts c on c.merchant_id = j.merchant_id and c.kind = 'MERCHANT_BALANCE'
  limit 1`;

/** A journal of an intent, with one posting. */
export const booked = (intentId: string, kind: string, amount: number, source = "x"): string => `
  insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
  select merchant_id, 'jrn_${source}', '${kind}', id, '${source}'
  from payment_intents where id = '${intentId}';
  insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
    currency, pending)
  select j.merchant_id, j.id, 1, d.id, c.id, ${String(amount)}, 'USD', false
  from journals j
  join ledger_accounts d on d.merchant_id = j.merchant_id
    and d.kind = '${kind === "refund" ? "MERCHANT_BALANCE" : "PROCESSOR_RECEIVABLE"}'
  join ledger_accounts c on c.merchant_id = j.merchant_id
    and c.kind = '${kind === "refund" ? "PROCESSOR_RECEIVABLE" : "MERCHANT_BALANCE"}'
  where j.id = 'jrn_${source}'`;

export const refunded = (intentId: string, amount: number, status = "PENDING"): string => `
  insert into refunds (merchant_id, id, payment_intent_id, status, amount, currency,
    idempotency_key)
  select merchant_id, 're_x' || gen_random_uuid(), id, '${status}', ${String(amount)}, 'USD',
    gen_random_uuid()
  from payment_intents where id = '${intentId}'`;

/** A posting in suspense, as if the outcome of an attempt were unknown, or were known now. */
const suspense = (intentId: string, kind: "suspense_hold" | "suspense_void"): string => `
  with journal as (
    insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
    select a.merchant_id, 'jrn_more', '${kind}', a.payment_intent_id, a.id from attempts a
    where a.payment_intent_id = '${intentId}' returning merchant_id, id
  )
  insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
    currency, pending)
  select j.merchant_id, j.id, 1, d.id, c.id, 7, 'USD', true from journal j
  join ledger_accounts d on d.merchant_id = j.merchant_id
    and d.kind = '${kind === "suspense_hold" ? "PROCESSOR_RECEIVABLE" : "SUSPENSE"}'
  join ledger_accounts c on c.merchant_id = j.merchant_id
    and c.kind = '${kind === "suspense_hold" ? "SUSPENSE" : "PROCESSOR_RECEIVABLE"}'`;

export const intent = (intentId: string, set: string): string =>
  `update payment_intents set ${set}, version = version + 1 where id = '${intentId}'`;

/** What the owner does so that nothing stands between a table's rows and its constraints. */
export const laidBare = (table: string): readonly string[] => [
  `alter table ${table} disable trigger user`,
  `grant insert, update, delete on ${table} to oncepay_system`,
];

/** A check that one row breaks when `set` is done to it. */
function check(guard: string, what: string, set: string, where = "true"): GuardRow {
  const table = guard.slice(0, guard.indexOf("."));
  return {
    guard,
    what,
    statement: () =>
      `update ${table} set ${set} where ctid = (select min(ctid) from ${table} where ${where})`,
    refusal: CHECK,
    given: laidBare(table),
  };
}

/** Copies of one row, each with its own changes. */
export const copies = (table: string, changes: readonly object[], where = "true"): string =>
  changes
    .map(
      (change) => `
        insert into ${table} select (jsonb_populate_record(r, '${JSON.stringify(change)}')).*
        from ${table} r where ctid = (select min(ctid) from ${table} where ${where})`,
    )
    .join(";");

export const GUARD_ROWS: readonly GuardRow[] = [
  {
    guard: "postings.check_postings",
    what: "a posting in another currency than its accounts",
    statement: () => posting({ currency: "'EUR'" }),
    refusal: FOREIGN_KEY,
  },
  {
    guard: "postings.check_postings",
    what: "a posting that has one side only",
    statement: () => posting({ credit: "'acct_of_nobody'" }),
    refusal: FOREIGN_KEY,
  },
  {
    guard: "postings.check_postings",
    what: "a posting from before what balances have been summed up to",
    statement: () => posting({ at: "'2026-01-01'" }),
    refusal: SERIALIZATION,
  },
  {
    guard: "postings.check_postings",
    what: "a refund that is booked and that the payment says nothing of",
    statement: (id) => booked(id, "refund", 1),
    refusal: CHECK,
  },
  {
    guard: "postings.check_postings",
    what: "more booked as refunded than was captured, whatever the payment says",
    statement: (id) => booked(id, "refund", 1_001),
    refusal: CHECK,
    given: [
      "alter table payment_intents drop constraint payment_intents_check2",
      "update payment_intents set amount_refunded = 2000, version = version + 1 where id = :id",
    ],
  },
  {
    guard: "postings.check_postings",
    what: "a capture that is booked a second time",
    statement: (id) => booked(id, "capture", 1_000),
    refusal: CHECK,
  },
  {
    guard: "postings.postings_check",
    what: "a posting from an account to itself",
    statement: () => posting({ credit: "d.id" }),
    refusal: CHECK,
  },
  {
    guard: "postings.postings_amount_check",
    what: "a posting of nothing, or of less",
    statement: () => posting({ amount: "-1" }),
    refusal: CHECK,
  },
  {
    guard: "balance_horizon.keep_horizon",
    what: "a horizon that is put back",
    statement: () => "update balance_horizon set before = before - interval '1 hour'",
    refusal: RESTRICTED,
  },
  {
    guard: "payment_intents.payment_intents_check2",
    what: "more refunded than captured",
    statement: (id) => intent(id, "amount_refunded = amount_captured + 1"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.payment_intents_check2",
    what: "more being refunded than is left",
    statement: (id) => intent(id, "amount_refunded = 600, amount_refunding = 500"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.payment_intents_check1",
    what: "more captured than authorised",
    statement: (id) => intent(id, "amount_captured = amount_authorized + 1"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.payment_intents_check",
    what: "more authorised than asked for",
    statement: (id) => intent(id, "amount_authorized = amount + 1"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.payment_intents_disputed",
    what: "more disputed than captured",
    statement: (id) => intent(id, "amount_disputed = amount_captured + 1"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.guard_payment_intent",
    what: "a payment that is paid and goes back",
    statement: (id) => intent(id, "status = 'REQUIRES_CAPTURE'"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.keep_what_moved",
    what: "a payment that forgets what was captured",
    statement: (id) => intent(id, "amount_captured = 0"),
    refusal: CHECK,
  },
  {
    guard: "payment_intents.keep_what_moved",
    what: "a payment that forgets what is being refunded, and could be refunded again",
    statement: (id) => `${intent(id, "amount_refunding = 600")}; ${refunded(id, 600)};
      ${intent(id, "amount_refunding = 0")}`,
    refusal: CHECK,
  },
  {
    guard: "payment_intents.keep_what_moved",
    what: "a payment that forgets what was refunded",
    statement: (id) => `${intent(id, "amount_refunded = 600")}; ${booked(id, "refund", 600)};
      ${intent(id, "amount_refunded = 0")}`,
    refusal: CHECK,
  },
  {
    guard: "refunds.check_new_refunds",
    what: "refunds of more than was captured",
    statement: (id) =>
      `${intent(id, "amount_refunding = 1000")}; ${refunded(id, 1_000)}; ${refunded(id, 1)}`,
    refusal: CHECK,
  },
  {
    guard: "refunds.check_refunds",
    what: "a refund that failed and is to be paid all the same",
    statement: (id) => `${refunded(id, 1, "FAILED")};
      update refunds set status = 'PENDING' where payment_intent_id = '${id}' and amount = 1`,
    refusal: CHECK,
  },
  {
    guard: "disputes.guard_dispute",
    what: "a dispute of another amount than it had",
    statement: () => "update disputes set amount = amount + 1",
    refusal: CHECK,
  },
  {
    guard: "events.guard_event",
    what: "an event that is changed",
    statement: () => "update events set type = type where sequence = 1",
    refusal: RESTRICTED,
    given: ["grant update on events to oncepay_system"],
  },
  {
    guard: "reconciliation_breaks.guard_reconciliation_break",
    what: "a break that is found to be another",
    statement: () => "update reconciliation_breaks set detail = 'another'",
    refusal: CHECK,
  },
  {
    guard: "attempts.check_suspense",
    what: "an attempt that becomes unknown and is not in suspense",
    statement: (id) =>
      `update attempts set status = 'UNKNOWN', settled_at = null where payment_intent_id = '${id}'`,
    refusal: CHECK,
  },
  {
    guard: "journals.check_suspense",
    what: "a hold in suspense of an attempt that is not unknown",
    statement: (id) => suspense(id, "suspense_hold"),
    refusal: CHECK,
  },
  {
    guard: "journals.check_suspense",
    what: "a hold in suspense that is void and never was",
    statement: (id) => suspense(id, "suspense_void"),
    refusal: CHECK,
  },
  {
    guard: "journals.journals_booked_once",
    what: "a fact that is booked twice",
    statement: () => copies("journals", [{ id: "jrn_again" }], "kind = 'capture'"),
    refusal: UNIQUE,
    given: laidBare("journals"),
  },
  {
    guard: "attempts.keep_processor_ref",
    what: "another name at the processor for what is not being sent",
    statement: (id) =>
      `update attempts set processor_ref = 'another' where payment_intent_id = '${id}'`,
    refusal: RESTRICTED,
  },
  {
    guard: "attempts.keep_processor_account",
    what: "an attempt that goes to another processor",
    statement: (id) =>
      `update attempts set processor = 'another' where payment_intent_id = '${id}'`,
    refusal: RESTRICTED,
  },
  {
    guard: "attempts.check_attempt_account",
    what: "an attempt at an account that the merchant has not",
    statement: () =>
      copies("attempts", [
        { id: "att_x", idempotency_key: null, status: "DECLINED", processor_account_id: "another" },
      ]),
    refusal: FOREIGN_KEY,
  },
  {
    guard: "attempts.attempts_one_charge_in_flight",
    what: "two charges of one payment under way",
    statement: () =>
      copies("attempts", [
        { ...UNDER_WAY, id: "att_x", operation: "charge", status: "QUEUED" },
        { ...UNDER_WAY, id: "att_y", operation: "authorize", status: "UNKNOWN" },
      ]),
    refusal: UNIQUE,
    given: laidBare("attempts"),
  },
  {
    guard: "attempts.attempts_spent_key",
    what: "two tries for one key",
    statement: () =>
      copies("attempts", [
        { id: "att_x", idempotency_key: "same" },
        { id: "att_y", idempotency_key: "same" },
      ]),
    refusal: UNIQUE,
    given: laidBare("attempts"),
  },
  {
    guard: "payment_intents.payment_intents_unique_reference",
    what: "two payments of one order that has one",
    statement: () =>
      copies("payment_intents", [
        { id: "pi_x", idempotency_key: "x", merchant_reference: "order", unique_reference: true },
        { id: "pi_y", idempotency_key: "y", merchant_reference: "order", unique_reference: true },
      ]),
    refusal: UNIQUE,
    given: laidBare("payment_intents"),
  },
  ...[
    ["amount", "amount = 9007199254740992"],
    ["amount_capturing", "amount_capturing = -1"],
    ["amount_refunding", "amount_refunding = -1"],
    ["amount_refunded", "amount_refunded = -1"],
  ].map(([column = "", set = ""]) =>
    check(`payment_intents.payment_intents_${column}_check`, `a payment with ${set}`, set),
  ),
  check("attempts.attempts_amount_check", "a try at moving nothing", "amount = 0"),
  check("attempts.attempts_check", "a try that has no end", "settled_at = null", SETTLED),
  check("attempts.attempts_check1", "a try that nobody sends", UNSENT, SETTLED),
  check("captures.captures_amount_check", "a capture of nothing", "amount = 0"),
  check("refunds.refunds_amount_check", "a refund of nothing", "amount = 0"),
  check("disputes.disputes_amount_check", "a dispute of nothing", "amount = 0"),
  check("disputes.disputes_fee_check", "a fee that is given back", "fee = -1"),
  check("disputes.disputes_check", "an open dispute that has ended", "closed_at = now()"),
  check("disputes.disputes_check1", "a dispute that was decided twice", "version = 3"),
  check("seals.seals_check", "a seal of fewer leaves than it has", "leaf_count = leaf_count + 1"),
  check("seals.seals_check1", "a seal that follows nothing", "previous = null", "number > 1"),
  check("seals.seals_number_check", "a seal before the first", "number = -1", "number > 1"),
  check("seals.seals_feed_position_check", "a seal of no position", "feed_position = -1"),
  ...[
    ["check", "resolved_at = now()"],
    ["check1", "resolution = 'DISMISSED'"],
    ["check2", "status = 'EXPLAINED', explanation = null"],
    ["journal", "status = 'RESOLVED', resolved_at = now(), resolution = 'CORRECTED'"],
    [
      "surplus",
      "kind = 'DUPLICATE', status = 'RESOLVED', resolved_at = now(), resolution = 'REVERSED'",
    ],
    ["reversing_check", "reversing = '{}'"],
  ].map(([name = "", set = ""]) =>
    check(`reconciliation_breaks.reconciliation_breaks_${name}`, `an open break with ${set}`, set),
  ),
];

/** What removing it would let through, another one refuses. */
export const NOT_ALONE: Readonly<Record<string, string>> = {
  "payment_intents.payment_intents_amount_captured_check": "as little was refunded, and disputed",
  "seals.seals_leaf_count_check": "so many leaves there are",
  "ledger_accounts.ledger_accounts_merchant_id_id_currency_key": "the primary key is a part of it",
};

/** Lists of words, lengths and personal data: nothing that money depends on. */
export const SHAPE =
  /_(?:status|kind|reason|source|resolution|operation|currency|capture_method|expiry_policy|note|note_erased|erased|hold|hold_a_reference|not_of_the_platform|personal_key|only_row|previous|root|signature|traceparent)(?:_check)?$/;
