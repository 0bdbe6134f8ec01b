import { connect } from "../../src/db/connect";
import { sqlState } from "../../src/db/errors";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { sealAll } from "../seals/seal";
import { type TestApp, startTestApp } from "../support/app";
import { aBreak } from "../support/breaks";
import { PATIENT } from "../support/patience";
import { aDispute, chargeOf } from "../support/disputes";
import {
  aCapturedIntent,
  aMerchant,
  anAuthorizedIntent,
  captureCommand,
  refundCommand,
} from "../support/factories";
import {
  GUARD_ROWS,
  MONEY_TABLES,
  NOT_ALONE,
  SHAPE,
  booked,
  copies,
  intent,
  laidBare,
  refunded,
} from "./guard-rows";

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
  intentId = (await aCapturedIntent(t, merchantId, 1_000)).id;
  // A row in each table that holds money.
  const { id } = await anAuthorizedIntent(t, merchantId);
  await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 500 }));
  await t.drain();
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 100 }));
  await t.drain();
  await aDispute(t, id, { amount: 100 });
  await aBreak(t.db, merchantId);
  await t.db("attempt_evidence").insert({
    merchant_id: merchantId,
    attempt_id: await chargeOf(t, id),
    ...{ source: "TEST", outcome: {}, effect: "none" },
  });
  await t.drain();
  await takeBalanceSnapshots(t.db, { limit: 100, postingsMin: 1, marginMs: 0 });
  await sealAll(t);
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
      // As the commit would.
      await tx.raw("set constraints all immediate");
      throw new Error("allowed");
    });
  } catch (error) {
    return sqlState(error) ?? (error as Error).message;
  }
  return "allowed";
}

const DENIED = "42501";
const RESTRICTED = "23001";
const UNIQUE = "23505";
const FOREIGN_KEY = "23503";

const HISTORY = [
  "postings",
  "journals",
  "transitions",
  "events",
  "event_feed",
  "attempt_evidence",
  "seals",
  "balance_snapshots",
];

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

describe("each guard is what refuses it", () => {
  test.each(GUARD_ROWS)("$guard: $what", async ({ guard, statement, refusal, given = [] }) => {
    const first = given.map((change) => change.replace(":id", `'${intentId}'`));
    expect(await asApplication(statement(intentId), first)).toBe(refusal);
    expect(await asApplication(statement(intentId), [...first, await without(guard)])).toBe(
      "allowed",
    );
  });

  test("a posting is changed by nobody: by the right alone, or by the trigger alone", async () => {
    const change = "update postings set amount = amount + 1";
    const granted = "grant update on postings to oncepay_system";
    const dropped = "drop trigger append_only on postings";
    expect(await asApplication(change)).toBe(DENIED);
    expect(await asApplication(change, [granted])).toBe(RESTRICTED);
    expect(await asApplication(change, [dropped])).toBe(DENIED);
    expect(await asApplication(change, [granted, dropped])).toBe("allowed");
  });

  test("a table that is kept, whoever has the right", async () => {
    let kept = 0;
    for (const { table, name, does, update } of (await guards()).filter(({ keeps }) => keeps)) {
      const rights = [`grant update, delete on ${table} to oncepay_system`];
      const changes = [
        ...(does.includes("DELETE") ? [`delete from ${table} where false`] : []),
        ...(does.includes("UPDATE") ? [`update ${table} set ${update} where false`] : []),
      ];
      expect([table, changes.length > 0]).toEqual([table, true]);
      for (const change of changes) {
        const said = [change, await asApplication(change, rights)];
        expect(said).toEqual([change, RESTRICTED]);
        const dropped = [...rights, `drop trigger ${name} on ${table}`];
        expect([change, await asApplication(change, dropped)]).toEqual([change, "allowed"]);
        kept += 1;
      }
    }
    expect(kept).toBeGreaterThan(20);
  });

  test("a row that refers to nothing, and one that is there a second time", async () => {
    let tried = 0;
    for (const { table, name, statement, refusal } of await guards()) {
      if (statement === undefined) continue;
      const bare = laidBare(table);
      const dropped = [...bare, await without(`${table}.${name}`)];
      expect([name, await asApplication(statement, bare)]).toEqual([name, refusal]);
      expect([name, await asApplication(statement, dropped)]).toEqual([name, "allowed"]);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(15);
  });

  test("no guard of a table that holds money is left out, and none is named that is not there", async () => {
    const all = await guards();
    const named = new Set([...GUARD_ROWS.map(({ guard }) => guard), ...Object.keys(NOT_ALONE)]);
    const known = all.map(({ table, name }) => `${table}.${name}`);
    expect([...named].filter((guard) => !known.includes(guard))).toEqual([]);
    const left = all.filter(
      ({ table, name, keeps, statement }) =>
        !keeps && statement === undefined && !named.has(`${table}.${name}`) && !SHAPE.test(name),
    );
    expect(left).toEqual([]);
  });
});

describe("fifty at once, with none of the application's locks", () => {
  const restore: string[] = [];
  const SUMS =
    "amount_captured, amount_refunding, amount_refunded, amount_authorized, status, version";
  afterEach(() =>
    t.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      for (const change of restore.splice(0)) await tx.raw(change);
    }),
  );

  /** Of 100 each, of a payment of 1,000; says how many came through, and how the others were refused. */
  async function fifty(
    first: string | undefined,
    statement: (id: string, n: string) => string,
  ): Promise<string[]> {
    const { id } = await aCapturedIntent(t, merchantId, 1_000);
    const kept = `kept_${id}`;
    restore.push(
      "delete from postings where journal_id like 'jrn\\_f%'",
      "delete from journals where id like 'jrn\\_f%'",
      "delete from refunds where id like 're\\_x%'",
      `update payment_intents p set (${SUMS}) = (select ${SUMS} from ${kept}) where id = '${id}'`,
      `drop table ${kept}`,
    );
    await t.db.raw(`create table ${kept} as select * from payment_intents where id = '${id}'`);
    if (first !== undefined) await t.db.raw(intent(id, first));
    const db = connect({
      ...{ url: t.databaseUrl, poolMax: 50, applicationName: "oncepay test", ...PATIENT },
      role: "oncepay_system",
    });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        db
          .transaction((tx) => tx.raw(statement(id, `f${String(n)}`)))
          .then(() => "allowed")
          .catch((error: unknown) => sqlState(error) ?? String(error)),
      ),
    );
    await db.destroy();
    return outcomes.sort();
  }
  const ten = [...Array<string>(40).fill("23514"), ...Array<string>(10).fill("allowed")];

  test("no more is booked as refunded than the payment says", async () => {
    expect(await fifty("amount_refunded = 1000", (id, n) => booked(id, "refund", 100, n))).toEqual(
      ten,
    );
  });

  test("no more refunds are there than the payment says", async () => {
    expect(await fifty("amount_refunding = 1000", (id) => refunded(id, 100))).toEqual(ten);
  });

  test("no payment says and books more than was captured", async () => {
    const refund = (id: string, n: string) =>
      `${intent(id, "amount_refunded = amount_refunded + 100")}; ${booked(id, "refund", 100, n)}`;
    expect(await fifty(undefined, refund)).toEqual(ten);
  });

  test("no payment reserves more than is left", async () => {
    const reserve = (id: string) =>
      `${intent(id, "amount_refunding = amount_refunding + 100")}; ${refunded(id, 100)}`;
    expect(await fifty(undefined, reserve)).toEqual(ten);
  });
});

interface Guard {
  readonly table: string;
  readonly name: string;
  readonly is: "trigger" | "constraint" | "index";
  /** The whole table, from whatever a statement would do to it. */
  readonly keeps: boolean;
  readonly does: string;
  readonly update: string;
  /** What it refuses, made from the catalogue. */
  readonly statement?: string;
  readonly refusal?: string;
}

/** Of the tables that hold money: triggers, checks, foreign keys, unique constraints and indexes. */
async function guards(): Promise<Guard[]> {
  const { rows } = await t.db.raw<{ rows: (Guard & { definition: string; column: string })[] }>(
    `select c.relname as "table", g.tgname as name, 'trigger' as "is",
       g.tgtype & 1 = 0 and p.proname in ('refuse_change', 'keep_horizon') as keeps,
       pg_get_triggerdef(g.oid) as does, '' as definition, '' as "column"
     from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_proc p on p.oid = g.tgfoid
     where c.relname = any(:tables) and not g.tgisinternal
     union all
     select c.relname, k.conname, 'constraint', false, '', pg_get_constraintdef(k.oid),
       (select a.attname from pg_attribute a
        where a.attrelid = c.oid and a.attnum = k.conkey[cardinality(k.conkey)])
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     where c.relname = any(:tables) and k.contype in ('c', 'f', 'u')
     union all
     select c.relname, i.relname, 'index', false, '', 'INDEX', ''
     from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
     where c.relname = any(:tables) and x.indisunique and not exists (
       select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u'))
     order by 1, 2`,
    { tables: MONEY_TABLES as unknown as string[] },
  );
  const named = new Set([...GUARD_ROWS.map(({ guard }) => guard), ...Object.keys(NOT_ALONE)]);
  return rows.map(({ definition, column, ...guard }) => {
    const { table, name } = guard;
    const update = table === "balance_horizon" ? "before = before" : "merchant_id = merchant_id";
    const made = named.has(`${table}.${name}`) ? {} : refusedBy(table, definition, column);
    return { ...guard, update, ...made };
  });
}

function refusedBy(
  table: string,
  definition: string,
  column: string,
): Pick<Guard, "statement" | "refusal"> {
  if (definition.startsWith("UNIQUE")) {
    return { statement: copies(table, [{ id: "another" }]), refusal: UNIQUE };
  }
  if (!definition.startsWith("FOREIGN KEY")) return {};
  // Others refer to the row, which therefore cannot go to another merchant.
  const statement = definition.includes("REFERENCES merchants")
    ? copies(table, [{ merchant_id: "mer_of_nobody" }])
    : `update ${table} set ${column} = 'nobody' where ctid = (select min(ctid) from ${table})`;
  return { statement, refusal: FOREIGN_KEY };
}

async function without(guard: string): Promise<string> {
  const found = (await guards()).find(({ table, name }) => guard === `${table}.${name}`);
  if (!found) throw new Error(`there is no ${guard}`);
  const { table, name } = found;
  switch (found.is) {
    case "trigger":
      return `drop trigger ${name} on ${table}`;
    case "constraint":
      return `alter table ${table} drop constraint ${name} cascade`;
    case "index":
      return `drop index ${name}`;
  }
}
