import { sqlState } from "../../src/db/errors";
import { type TestApp, startTestApp } from "../support/app";
import { aCapturedIntent, aMerchant } from "../support/factories";

/**
 * What the processes' own role cannot do to the books, whatever SQL it sends; and that each guard is what stands in the
 * way: without it, the same statement goes through.
 */

let t: TestApp;
let merchantId: string;
let intentId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
  intentId = (await aCapturedIntent(t, merchantId)).id;
});
afterAll(() => t.stop());

/** As the role, in a transaction that is taken back; with what the owner has changed before. */
async function asApplication(
  statement: string,
  ownerFirst: readonly string[] = [],
): Promise<string> {
  try {
    await t.db.transaction(async (tx) => {
      for (const change of ownerFirst) await tx.raw(change);
      await tx.raw("set local role oncepay_system");
      await tx.raw(statement);
      throw new Error("allowed");
    });
  } catch (error) {
    return sqlState(error) ?? (error as Error).message;
  }
  return "allowed";
}

const DENIED = "42501";
const RESTRICTED = "23001";
const CHECK = "23514";
const FOREIGN_KEY = "23503";

const HISTORY = ["postings", "journals", "transitions", "events", "event_feed", "attempt_evidence"];

test.each(HISTORY)("%s: no update, no delete, no truncate, nor of a partition", async (table) => {
  const { rows } = await t.db.raw<{ rows: { name: string }[] }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = ?::regclass",
    [table],
  );
  for (const name of [table, ...rows.map((row) => row.name)]) {
    expect(await asApplication(`update ${name} set merchant_id = merchant_id`)).toBe(DENIED);
    expect(await asApplication(`delete from ${name}`)).toBe(DENIED);
    expect(await asApplication(`truncate ${name} cascade`)).toBe(DENIED);
  }
});

test("guards cannot be taken away, or gone around, by those that they guard against", async () => {
  for (const statement of [
    "alter table postings disable trigger all",
    "drop trigger append_only on postings",
    "alter table payment_intents drop constraint payment_intents_check2",
    "set local session_replication_role = replica",
    "create function evil() returns int language sql as 'select 1'",
    "update audit_log set details = '{}'",
    "delete from reconciliation_breaks",
  ]) {
    expect(`${statement}: ${await asApplication(statement)}`).toBe(`${statement}: ${DENIED}`);
  }
});

/** A posting of the merchant's, with something wrong about it. */
const posting = (wrong: {
  readonly [Column in "credit" | "amount" | "currency"]?: string;
}): string => `
  insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
    currency, pending)
  select j.merchant_id, j.id, 9, d.id, ${wrong.credit ?? "c.id"}, ${wrong.amount ?? "1"},
    ${wrong.currency ?? "'USD'"}, false
  from journals j
  join ledger_accounts d on d.merchant_id = j.merchant_id and d.kind = 'PROCESSOR_RECEIVABLE'
  join ledger_accounts c on c.merchant_id = j.merchant_id and c.kind = 'MERCHANT_BALANCE'
  limit 1`;

/** Asked at the commit, and so before it is taken back. */
const AT_COMMIT = "; set constraints all immediate";

/** A posting in suspense, as if this attempt's outcome were unknown, or were known now. */
const suspense = (kind: "suspense_hold" | "suspense_void"): string => `
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
    and c.kind = '${kind === "suspense_hold" ? "SUSPENSE" : "PROCESSOR_RECEIVABLE"}'${AT_COMMIT}`;

const intent = (set: string): string =>
  `update payment_intents set ${set}, version = version + 1 where id = '${intentId}'`;

const dropped = (constraint: string, table = "payment_intents"): string =>
  `alter table ${table} drop constraint ${constraint}`;

describe("each guard is what refuses it", () => {
  const guards: readonly (readonly [
    what: string,
    statement: () => string,
    refusal: string,
    without: readonly string[],
  ])[] = [
    [
      "a posting that is changed, by the right alone",
      () => "update postings set amount = amount + 1",
      DENIED,
      ["drop trigger append_only on postings", "grant update on postings to oncepay_system"],
    ],
    [
      "a posting in another currency than its accounts",
      () => posting({ currency: "'EUR'" }),
      FOREIGN_KEY,
      ["drop trigger check_postings on postings"],
    ],
    [
      "a posting that has one side only",
      () => posting({ credit: "'acct_of_nobody'" }),
      FOREIGN_KEY,
      ["drop trigger check_postings on postings"],
    ],
    [
      "a posting from an account to itself",
      () => posting({ credit: "d.id" }),
      CHECK,
      [dropped("postings_check", "postings")],
    ],
    [
      "a posting of nothing, or of less",
      () => posting({ amount: "-1" }),
      CHECK,
      [dropped("postings_amount_check", "postings")],
    ],
    [
      "more refunded than captured",
      () => intent("amount_refunded = amount_captured + 1"),
      CHECK,
      [dropped("payment_intents_check2")],
    ],
    [
      "more being refunded than is left",
      () => intent("amount_refunded = 600, amount_refunding = 500"),
      CHECK,
      [dropped("payment_intents_check2")],
    ],
    [
      "more captured than authorised",
      () => intent("amount_captured = amount_authorized + 1"),
      CHECK,
      [dropped("payment_intents_check1")],
    ],
    [
      "more authorised than asked for",
      () => intent("amount_authorized = amount + 1"),
      CHECK,
      [dropped("payment_intents_check")],
    ],
    [
      "a payment that is paid and goes back",
      () => intent("status = 'REQUIRES_CAPTURE'"),
      CHECK,
      ["drop trigger guard_payment_intent on payment_intents"],
    ],
    [
      "an attempt that becomes unknown and is not in suspense",
      () =>
        `update attempts set status = 'UNKNOWN', settled_at = null
         where payment_intent_id = '${intentId}'${AT_COMMIT}`,
      CHECK,
      ["drop trigger check_suspense on attempts"],
    ],
    [
      "a hold in suspense of an attempt that is not unknown",
      () => suspense("suspense_hold"),
      CHECK,
      ["drop trigger check_suspense on journals"],
    ],
    [
      "a hold in suspense that is void and never was",
      () => suspense("suspense_void"),
      CHECK,
      ["drop trigger check_suspense on journals"],
    ],
  ];

  test.each(guards)("%s", async (_, statement, refusal, without) => {
    expect(await asApplication(statement())).toBe(refusal);
    expect(await asApplication(statement(), without)).toBe("allowed");
  });

  test("and where there are two, either is enough", async () => {
    const change = "update postings set amount = amount + 1";
    const granted = "grant update on postings to oncepay_system";
    expect(await asApplication(change, [granted])).toBe(RESTRICTED);
    expect(await asApplication(change, ["drop trigger append_only on postings"])).toBe(DENIED);
  });
});
