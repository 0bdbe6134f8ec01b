import { open } from "node:fs/promises";
import path from "node:path";
import type { Db } from "../../src/db/db";
import { newId, timePart } from "../../src/ids";
import type { BreakKind } from "../../src/reconciliation/break";

/*
 * Books of one day, made by a few statements, and the settlement file of that day with breaks planted in it: where each
 * of them is, is known beforehand. Every tenth movement is a refund, and breaks are planted in charges, and in disputes of
 * some of those that are in order.
 */

/** What a settlement file can differ in. */
export const PLANTED = [
  "FEE",
  "AMOUNT",
  "CURRENCY",
  "STATE",
  "DUPLICATE",
  "MISSING_THERE",
  "MISSING_HERE",
  "TIMING",
] as const satisfies readonly BreakKind[];
type Planted = (typeof PLANTED)[number];

const DAY = "2026-01-10";
const FROM_MS = Date.parse(`${DAY}T00:00:00.000Z`);
const HOUR_MS = 3_600_000;
const FEE = 59;

export interface SettlementBooks {
  readonly file: string;
  /** In the file. */
  readonly lines: number;
  /** What is to be found: the kind and the reference of each. */
  readonly breaks: readonly string[];
  /** Takes the books back, and leaves what was found. */
  readonly remove: () => Promise<void>;
}

export interface WantedBooks {
  readonly directory: string;
  /** How many movements there are in the books. */
  readonly lines: number;
  /** How many breaks of each kind. */
  readonly planted: number;
}

const PREFIX = `att_${timePart(FROM_MS + HOUR_MS)}`;
const referenceOf = (n: number): string => PREFIX + String(n).padStart(16, "0");
const amountOf = (n: number): number => 1_000 + (n % 500);
const isRefund = (n: number): boolean => n % 10 === 0;

const BOOKS = [
  `insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor, amount,
     currency, fee, sent_at, settled_at, next_at, created_at)
   select :merchantId, :prefix || lpad(n::text, 16, '0'), 'pi_' || n,
     case when n % 10 = 0 then 'refund' else 'charge' end, 'SUCCEEDED', 'sandbox', 1000 + n % 500,
     'USD', case when n % 10 = 0 then 0 else ${String(FEE)} end, t.at, t.at, null, t.at
   from generate_series(1, :lines::int) n
   cross join lateral (select :from::timestamptz
     + interval '1 hour' + n * (interval '22 hours' / :lines) as at) t`,
  `insert into journals (merchant_id, id, kind, payment_intent_id, source_id, created_at)
   select merchant_id, 'jrn' || substr(id, 4),
     case operation when 'refund' then 'refund' else 'capture' end, payment_intent_id, id,
     created_at
   from attempts where merchant_id = :merchantId`,
  `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
     currency, pending, created_at)
   select a.merchant_id, 'jrn' || substr(a.id, 4), p.line, p.debit, p.credit, p.amount, 'USD',
     false, a.created_at
   from attempts a
   cross join lateral (values
     (1, case a.operation when 'refund' then 'acct_balance' else 'acct_receivable' end,
       case a.operation when 'refund' then 'acct_receivable' else 'acct_balance' end, a.amount),
     (2, 'acct_fees', 'acct_receivable', a.fee)) as p (line, debit, credit, amount)
   where a.merchant_id = :merchantId and p.amount > 0`,
];

const ACCOUNTS = `
  insert into ledger_accounts (merchant_id, id, kind, currency)
  values (:merchantId, 'acct_receivable', 'PROCESSOR_RECEIVABLE', 'USD'),
    (:merchantId, 'acct_balance', 'MERCHANT_BALANCE', 'USD'),
    (:merchantId, 'acct_fees', 'PROCESSING_FEES', 'USD')`;

export async function fillBooks(db: Db, wanted: WantedBooks): Promise<SettlementBooks> {
  const merchantId = newId("merchant");
  const { directory, lines, planted } = wanted;
  const plan = planBreaks(lines, planted);
  const bindings = {
    merchantId,
    prefix: PREFIX,
    lines,
    from: new Date(FROM_MS).toISOString(),
  };
  await db.transaction(async (tx) => {
    // Books as they would be, without payments that they came from.
    await tx.raw("set local session_replication_role = replica");
    await tx.raw("set local statement_timeout = 0");
    await tx.raw("insert into merchants (id, name) values (?, 'of a settlement file')", [
      merchantId,
    ]);
    await tx.raw(ACCOUNTS, bindings);
    for (const statement of BOOKS) await tx.raw(statement, bindings);
    const of = (kind: Planted) =>
      tx("attempts").where({ merchant_id: merchantId }).whereIn("id", referencesOf(plan, kind));
    await of("STATE").update({ status: "DECLINED" });
    await of("TIMING").update({ status: "UNKNOWN", settled_at: null, unknown_since: tx.fn.now() });
  });
  const disputes = disputesOf(lines, plan);
  await fillDisputes(db, merchantId, disputes);
  for (const table of ["attempts", "journals", "postings"]) await db.raw(`analyze ${table}`);
  const file = path.join(directory, `settlement-${String(lines)}.csv`);
  const written = await writeFile(file, lines, { plan, disputes });
  return {
    file,
    lines: written,
    breaks: [
      ...[...plan].map(
        ([n, kind]) => `${kind} ${kind === "MISSING_HERE" ? ghostOf(n) : referenceOf(n)}`,
      ),
      ...disputes.flatMap(({ id, planted: kind }) => (kind ? [`${kind} ${id}`] : [])),
    ],
    remove: () => remove(db, merchantId),
  };
}

async function remove(db: Db, merchantId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    for (const table of ["postings", "journals", "ledger_accounts", "disputes", "attempts"]) {
      await tx(table).where({ merchant_id: merchantId }).delete();
    }
  });
}

/** A dispute of a charge, and what is wrong about it in the file; undefined: nothing. */
interface PlantedDispute {
  readonly n: number;
  readonly id: string;
  readonly planted: BreakKind | undefined;
}

const DISPUTE_FEE = 1_500;
const DISPUTE_PLANTS = [
  "MISSING_HERE",
  "AMOUNT",
  "FEE",
  "CURRENCY",
  "STATE",
  undefined,
] as const satisfies readonly (BreakKind | undefined)[];

/** One for each hundred or so charges that are in order, each way in turn. */
function disputesOf(lines: number, plan: Plan): PlantedDispute[] {
  const disputed: PlantedDispute[] = [];
  const every = Math.max(97, Math.floor(lines / 1_000));
  for (let n = every; n <= lines; n += every) {
    if (isRefund(n) || plan.has(n)) continue;
    const planted = DISPUTE_PLANTS[disputed.length % DISPUTE_PLANTS.length];
    disputed.push({ n, id: `dsp_${String(n)}`, planted });
  }
  return disputed;
}

const DISPUTED_AT = new Date(FROM_MS + 5 * HOUR_MS).toISOString();
const DECIDED_AT = new Date(FROM_MS + 6 * HOUR_MS).toISOString();

/** Those that are known here: open, or won where nothing is wrong. */
async function fillDisputes(
  db: Db,
  merchantId: string,
  disputes: readonly PlantedDispute[],
): Promise<void> {
  const rows = disputes
    .filter(({ planted }) => planted !== "MISSING_HERE")
    .map(({ n, id, planted }) => ({
      ...{ merchant_id: merchantId, id, payment_intent_id: `pi_${String(n)}` },
      ...{ attempt_id: referenceOf(n), processor: "sandbox", processor_dispute_id: id },
      ...{ reason: "GENERAL", amount: amountOf(n), currency: "USD", fee: DISPUTE_FEE },
      ...{ opened_at: DISPUTED_AT, opened_event_id: `evt_${id}` },
      ...(planted === undefined
        ? { status: "WON", version: 2, closed_at: DECIDED_AT, closed_event_id: `evt_${id}_won` }
        : { status: "OPEN", version: 1 }),
    }));
  const journals = rows.map(({ merchant_id, id, payment_intent_id }) => ({
    ...{ merchant_id, id: `jrn_${id}`, kind: "dispute", payment_intent_id, source_id: id },
  }));
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.batchInsert("disputes", rows, 1_000);
    await tx.batchInsert("journals", journals, 1_000);
  });
}

function disputeLines({ n, id, planted }: PlantedDispute): string[] {
  const amount = String(amountOf(n) - (planted === "AMOUNT" ? 100 : 0));
  const fee = String(DISPUTE_FEE + (planted === "FEE" ? 100 : 0));
  const currency = planted === "CURRENCY" ? "EUR" : "USD";
  const said = `${id},${amount},${currency},${fee},${referenceOf(n)},ch_${String(n)},general`;
  const opened = `dispute,${id}:opened,${said},,${DISPUTED_AT},\n`;
  if (planted === undefined) {
    return [opened, `dispute_won,${id}:won,${said},,${DISPUTED_AT},${DECIDED_AT}\n`];
  }
  if (planted !== "STATE") return [opened];
  return [opened, `dispute_lost,${id}:lost,${said},,${DISPUTED_AT},${DECIDED_AT}\n`];
}

type Plan = ReadonlyMap<number, Planted>;

/** Evenly over the file; two ways to be a duplicate take turns. */
function planBreaks(lines: number, planted: number): Plan {
  const stride = Math.floor(lines / planted / 10) * 10;
  const plan = new Map<number, Planted>();
  for (let nth = 0; nth < planted; nth += 1) {
    PLANTED.forEach((kind, index) => plan.set(nth * stride + index + 1, kind));
  }
  return plan;
}

function referencesOf(plan: Plan, kind: Planted): string[] {
  return [...plan].flatMap(([n, planted]) => (planted === kind ? [referenceOf(n)] : []));
}

const ghostOf = (n: number): string => `unknown-${String(n)}`;

function lineOf(n: number, reference = referenceOf(n)): string[] {
  const at = new Date(FROM_MS + 2 * HOUR_MS).toISOString();
  const [kind, fee] = isRefund(n) ? ["refund", 0] : ["capture", FEE];
  const amounts = [String(amountOf(n)), "USD", String(fee)];
  return [`mv_${String(n)}`, kind, ...amounts, reference, `ch_${String(n)}`, at];
}

function linesOf(n: number, kind: Planted | undefined): string[][] {
  const line = lineOf(n);
  switch (kind) {
    case "FEE":
      return [line.with(4, String(FEE + 3))];
    case "AMOUNT":
      return [line.with(2, String(amountOf(n) + 100))];
    case "CURRENCY":
      return [line.with(3, "EUR")];
    case "DUPLICATE":
      return n % 20 < 10 ? [line, line] : [line, line.with(0, `mv_${String(n)}_again`)];
    case "MISSING_THERE":
      return [];
    case "MISSING_HERE":
      return [line, lineOf(n, ghostOf(n)).with(0, `mv_${String(n)}_ghost`)];
    case "STATE":
    case "TIMING":
    case undefined:
      return [line];
  }
}

const AT_ONCE = 10_000;

async function writeFile(
  name: string,
  lines: number,
  { plan, disputes }: { readonly plan: Plan; readonly disputes: readonly PlantedDispute[] },
): Promise<number> {
  const file = await open(name, "w");
  let written = 0;
  try {
    const [from, to] = [FROM_MS, FROM_MS + 24 * HOUR_MS].map((ms) => new Date(ms).toISOString());
    await file.write(`settlement,1,st_${String(lines)},${String(from)},${String(to)}\n`);
    await file.write("movement_id,kind,amount,currency,fee,reference,charge_id,at\n");
    let text: string[] = [];
    for (let n = 1; n <= lines; n += 1) {
      for (const line of linesOf(n, plan.get(n))) text.push(`${line.join(",")}\n`);
      if (text.length < AT_ONCE && n < lines) continue;
      await file.write(text.join(""));
      written += text.length;
      text = [];
    }
    const steps = disputes.flatMap(disputeLines);
    await file.write(steps.join(""));
    written += steps.length;
    await file.write(`end,${String(written)}\n`);
  } finally {
    await file.close();
  }
  return written;
}
