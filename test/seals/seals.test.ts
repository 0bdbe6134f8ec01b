import { auditBooks } from "../../src/audit/audit-books";
import { runCommandLine } from "../../src/cli/run-command-line";
import type { Tx } from "../../src/db/db";
import { sqlState } from "../../src/db/errors";
import { blankLegacyEvents } from "../../src/erasure/blank-legacy-events";
import { continueErasures } from "../../src/erasure/continue-erasures";
import { eraseCustomer } from "../../src/erasure/erase-customer";
import { configureFailpoints } from "../../src/failpoints";
import { newId } from "../../src/ids";
import { type SealViolation, checkSeals } from "../../src/seals/check-seals";
import { LEAF, SEALED_TABLES } from "../../src/seals/leaves";
import { sealMerchants } from "../../src/seals/seal-merchants";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aSettledIntent,
  aMerchant,
  anIntent,
  anAuthorizedIntent,
  refundCommand,
} from "../support/factories";
import { SMALL, moveHorizon, sealAll } from "./seal";

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
  const { id } = await aSettledIntent(t, merchantId, { description: "Socks", customer: "cus_1" });
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 400 }));
  await anAuthorizedIntent(t, merchantId);
  await t.drain();
  await sealAll(t);
});
afterAll(() => t.stop());

const LIMIT = { violationsMax: 100 };

async function check(): Promise<SealViolation[]> {
  return t.db.transaction((tx) => checkSeals(tx, LIMIT));
}

/** Changes rows as a superuser can, with triggers and foreign keys off, checks, and takes it back. */
async function checkAfter(change: (tx: Tx) => Promise<unknown>): Promise<SealViolation[]> {
  const tx = await t.db.transaction();
  try {
    await tx.raw("set local session_replication_role = replica");
    await change(tx);
    return await checkSeals(tx, LIMIT);
  } finally {
    await tx.rollback();
  }
}

/** One byte of a value, or as little of it as its type permits. */
const ALTERED: Readonly<Record<string, (column: string) => string>> = {
  text: (column) =>
    `coalesce(left(${column}, -1) || translate(right(${column}, 1), 'x' || right(${column}, 1), 'yx'), 'x')`,
  integer: (column) => `coalesce(${column}, 0) + 4096`,
  smallint: (column) => `${column} + 4096`,
  bigint: (column) => `coalesce(${column}, 0) + 4096`,
  boolean: (column) => `not ${column}`,
  json: (column) => `regexp_replace(${column}::text, '"id" : "..', '"id" : "xx')::json`,
  bytea: (column) =>
    `coalesce(set_byte(${column}, length(${column}) - 1, get_byte(${column}, length(${column}) - 1) # 1), '\\x00')`,
  "timestamp with time zone": (column) => `${column} + interval '1 microsecond'`,
};

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

/** What tells the rows of each table apart, as violations do. */
const ROWS: Readonly<Record<string, string>> = {
  events: "id",
  transitions: "payment_intent_id || ':' || version",
  journals: "id",
  postings: "journal_id || ':' || line",
  event_feed: "event_id",
  seals: "merchant_id || ' ' || number",
};

async function columnsOf(tables: string[]): Promise<Column[]> {
  const { rows } = await t.db.raw<{ rows: Column[] }>(
    `select table_name as "table", column_name as "column", data_type as "type"
     from information_schema.columns where table_name = any(?) order by 1, 2`,
    [tables],
  );
  return rows;
}

async function rowsOf(table: string): Promise<string[]> {
  const name = ROWS[table] ?? "";
  const { rows } = await t.db.raw<{ rows: { name: string }[] }>(
    `select ${name} as name from ${table} order by 1`,
  );
  return rows.map((row) => row.name);
}

async function alter(tx: Tx, { table, column, type }: Column, row: string): Promise<number> {
  const altered = ALTERED[type]?.(column);
  if (altered === undefined) throw new Error(`how is a ${type} altered?`);
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `update ${table} set ${column} = ${altered}
     where ${ROWS[table] ?? ""} = ? and (${altered})::text is distinct from ${column}::text`,
    [row],
  );
  return rowCount;
}

test("finds nothing wrong with what is as it was, whose rows are all under seal", async () => {
  const progress = jest.fn();
  const found = await t.db.transaction((tx) => checkSeals(tx, { ...LIMIT, progress }));
  expect(found).toEqual([]);
  const { rows } = await t.db.raw<{ rows: { rows: number; seals: number }[] }>(`
    select (select count(*) from events) + (select count(*) from transitions)
      + (select count(*) from journals) + (select count(*) from postings) as rows,
      (select count(*) from seals) as seals`);
  const [counted] = rows;
  expect(counted?.seals).toBeGreaterThan(2);
  expect(progress).toHaveBeenLastCalledWith({ rows: counted?.rows, of: counted?.rows, dropped: 0 });
});

test("a sealed table has no column that is missing from its leaves", async () => {
  const aliases = { events: "e", transitions: "t", journals: "j", postings: "p" } as const;
  for (const table of SEALED_TABLES) {
    const { rows } = await t.db.raw<{ rows: { leaf: string }[] }>(
      `select ${LEAF[table]} as leaf from ${table} ${aliases[table]} limit 1`,
    );
    const { table: said, ...leaf } = JSON.parse(rows[0]?.leaf ?? "{}") as Record<string, unknown>;
    const columns = await columnsOf([table]);
    const named = columns.map(({ column, type }) =>
      type === "bytea" ? `${column}_sha256` : column,
    );
    expect([said, Object.keys(leaf).toSorted()]).toEqual([table, named.toSorted()]);
  }
});

test("names the row in which one byte was altered, in any column of any sealed table", async () => {
  const sealed = ["events", "transitions", "journals", "postings"];
  let altered = 0;
  for (const [index, column] of (await columnsOf(sealed)).entries()) {
    const rows = await rowsOf(column.table);
    // Every row has its turn, and every column has two.
    for (const row of [rows[index % rows.length], rows[(index + 7) % rows.length]]) {
      let changed = 0;
      const found = await checkAfter(async (tx) => {
        changed = await alter(tx, column, row ?? "");
      });
      expect([column, changed]).toEqual([column, 1]);
      expect([column.column, found[0]?.subject]).toEqual([column.column, `${column.table} ${row}`]);
      altered += 1;
    }
  }
  expect(altered).toBeGreaterThan(60);
});

test("names the event in which one byte of its object was altered, wherever it is", async () => {
  const events = await t
    .db("events")
    .select<{ id: string; text: string }[]>("id", t.db.raw("object::text as text"));
  const tried = new Set<number>();
  for (const [index, { id, text }] of events.entries()) {
    const { at, altered } = alteredFrom(text, Math.floor((text.length * index) / events.length));
    const found = await checkAfter((tx) =>
      tx.raw("update events set object = ? where id = ?", [altered, id]),
    );
    expect([at, found[0]?.subject]).toEqual([at, `events ${id}`]);
    tried.add(at);
  }
  expect(tried.size).toBeGreaterThan(5);
});

/** With one byte another, at the place or soon after it, and still JSON. */
function alteredFrom(text: string, from: number): { at: number; altered: string } {
  for (let at = from; at < text.length; at += 1) {
    const byte = String.fromCharCode(text.charCodeAt(at) ^ 1);
    const altered = text.slice(0, at) + byte + text.slice(at + 1);
    try {
      JSON.parse(altered);
      return { at, altered };
    } catch {
      // Not JSON any more, which the column refuses.
    }
  }
  return alteredFrom(text, 0);
}

test.each([
  ["postings", "amount = amount + 1", "journal_id", "line"],
  ["transitions", "cause = cause || ' '", "payment_intent_id", "version"],
  ["events", "type = type || 'x'", "id", null],
])("oncepay verify names one row of %s that was altered, and exits with 1", async (...given) => {
  const [table, set, id, number] = given;
  const row = await t.db(table).orderBy(id).first<Record<string, string>>();
  const which = `${id} = '${String(row[id])}'` + (number ? ` and ${number} = ${row[number]}` : "");
  const kept = `kept_${table}`;
  const superuser = (change: string) =>
    t.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx.raw(change);
    });
  await superuser(`create table ${kept} as select * from ${table} where ${which};
    update ${table} set ${set} where ${which}`);
  try {
    const { code, out } = await verify();
    expect(code).toBe(1);
    const name = `${table} ${row[id]}${number ? `:${row[number]}` : ""}`;
    expect(out).toMatch(/I17 +BROKEN/);
    expect(out).toContain(name);
  } finally {
    await superuser(`delete from ${table} where ${which};
      insert into ${table} select * from ${kept}; drop table ${kept}`);
  }
  expect(await check()).toEqual([]);
});

async function verify(): Promise<{ code: number; out: string }> {
  let out = "";
  const code = await runCommandLine(["verify"], {
    environment: { DATABASE_URL: t.databaseUrl },
    out: (text) => ((out += text), true),
    error: (text) => ((out += text), true),
  });
  return { code, out };
}

test("names what was altered of the feed, and of a seal itself", async () => {
  const [, event = ""] = await rowsOf("event_feed");
  // The type is a copy, which the audit compares with the event's.
  for (const column of (await columnsOf(["event_feed"])).filter(({ column: c }) => c !== "type")) {
    const found = await checkAfter((tx) => alter(tx, column, event));
    expect([column.column, found[0]?.subject]).toEqual([column.column, `event_feed ${event}`]);
  }
  const [, seal = ""] = await rowsOf("seals");
  const altered = [];
  for (const column of await columnsOf(["seals"])) {
    const found = await checkAfter((tx) => alter(tx, column, seal)).catch(refusal);
    // Of an altered number, or merchant, the one is missing that was there.
    if (found === "refused") continue;
    altered.push(column.column);
    // Another merchant's may be wrong as well: an altered id can be that of one who was made in the same moment.
    const subjects = found.map(({ subject }) => subject);
    expect([column.column, subjects]).toEqual([
      column.column,
      expect.arrayContaining([`seals ${seal}`]),
    ]);
  }
  // What the database refuses even a superuser is the count of leaves, which is checked against them.
  expect(altered).toHaveLength((await columnsOf(["seals"])).length - 1);
});

/** By a constraint, which nobody has dropped. */
function refusal(error: unknown): "refused" {
  if (sqlState(error) === "23514") return "refused";
  throw error as Error;
}

test.each(["events", "transitions", "journals", "postings", "event_feed", "seals"])(
  "names a row that was taken out of %s",
  async (table) => {
    for (const row of (await rowsOf(table)).slice(0, 2)) {
      const found = await checkAfter((tx) =>
        tx.raw(`delete from ${table} where ${ROWS[table] ?? ""} = ?`, [row]),
      );
      expect(found[0]?.subject).toBe(`${table} ${row}`);
      expect(found[0]?.detail).toMatch(/^is missing|^is not at its place/);
    }
  },
);

test("names a posting and a journal that were put into the past, and both when they are all that there was", async () => {
  const posting = `insert into postings select merchant_id, journal_id, 9, debit_account_id,
    credit_account_id, 1, currency, pending, created_at from postings where line = 1 limit 1
    returning journal_id as id`;
  let put = "";
  const found = await checkAfter(async (tx) => {
    const { rows } = await tx.raw<{ rows: { id: string }[] }>(posting);
    put = rows[0]?.id ?? "";
  });
  expect(found).toEqual([
    {
      subject: `postings ${put}:9`,
      detail: expect.stringMatching(/^was put in after it .*seal \d+ of mer_/) as string,
    },
  ]);
  const journal = newId("journal");
  const both = await checkAfter(async (tx) => {
    await tx.raw(
      `insert into journals select merchant_id, ?, 'forged', payment_intent_id, ?, created_at
      from journals limit 1`,
      [journal, journal],
    );
    await tx.raw(
      `insert into postings select merchant_id, ?, 1, debit_account_id, credit_account_id, 1,
      currency, pending, created_at from postings limit 1`,
      [journal],
    );
  });
  expect(both.map(({ subject }) => subject)).toEqual([
    `journals ${journal}`,
    `postings ${journal}:1`,
  ]);
});

test("an event, a transition or a journal that nothing leads to is found by the audit", async () => {
  const audited = async (change: string): Promise<string[]> => {
    const tx = await t.db.transaction();
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(change);
    const found = await auditBooks(tx);
    await tx.rollback();
    return found.map(({ check: name }) => name);
  };
  const event = `'evt_' || translate(substr(id, 5), '0123', '1230')`;
  expect(
    await audited(`insert into events select merchant_id, ${event}, type, api_version, subject_id, sequence, object,
      created_at, personal from events where subject_id like 'pi%' limit 1`),
  ).toContain("each event has one place in the feed once it is relayed");
  expect(
    await audited(`insert into transitions select merchant_id, payment_intent_id, version + 99, to_status, to_status,
      event_id, actor, cause, amount, terminal, at from transitions limit 1`),
  ).toContain("each transition has its event");
  expect(
    await audited(`insert into journals select merchant_id, '${newId("journal")}', 'forged', payment_intent_id,
      source_id, created_at from journals limit 1`),
  ).toContain("each journal has postings");
});

test("what commits late is not skipped, neither an event nor a posting", async () => {
  const other = (await aMerchant(t)).id;
  const { id } = await aSettledIntent(t, other);
  const accounts = await t.db("ledger_accounts").where({ merchant_id: other });
  const late = await t.db.transaction();
  await late.raw("select now()");
  const journal = newId("journal");
  await late("journals").insert({
    merchant_id: other,
    id: journal,
    kind: "test",
    payment_intent_id: id,
    source_id: journal,
  });
  await late("postings").insert({
    merchant_id: other,
    journal_id: journal,
    line: 1,
    debit_account_id: accounts[0].id,
    credit_account_id: accounts[1].id,
    amount: 5,
    currency: "USD",
    pending: true,
  });
  // An intent that is created after it began is committed, relayed and sealed before it.
  const early = await anIntent(t, other);
  await t.relayOnce();
  expect(await moveHorizon(t)).toBeUndefined();
  await sealMerchants(t.app, SMALL);
  expect(await check()).toEqual([]);
  const named = async (): Promise<string> =>
    (await t.db("seals").where({ merchant_id: other }).pluck<string[]>("names")).join("\n");
  expect(await named()).toContain(`${early.id}:1`);
  expect(await named()).not.toContain(journal);
  await late.commit();
  await sealAll(t);
  expect(await named()).toContain(`${journal}:1`);
  expect(await check()).toEqual([]);
  await t.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw("delete from seals where merchant_id = ?", [other]);
    await tx.raw("delete from postings where journal_id = ?", [journal]);
    await tx.raw("delete from journals where id = ?", [journal]);
  });
  await sealAll(t);
});

test.each(["seal.inside_transaction", "seal.after_commit"])(
  "a sealer that dies at %s is gone on from, and two of them seal everything once",
  async (name) => {
    const other = (await aMerchant(t)).id;
    for (let made = 0; made < 4; made += 1) await anIntent(t, other);
    configureFailpoints(`${name}:throw#1`);
    await expect(sealAll(t)).rejects.toThrow("fired");
    configureFailpoints(undefined);
    await Promise.all([sealMerchants(t.app, SMALL), sealMerchants(t.anotherApp(), SMALL)]);
    const behind = async () =>
      (await t.db("seal_state").first<{ sealed_up_to: Date }>())?.sealed_up_to.getTime() ?? 0;
    const before = await behind();
    await sealMerchants(t.app, SMALL);
    expect(await behind()).toBeGreaterThan(before);
    // One that leaves something does not say so.
    await anIntent(t, (await aMerchant(t)).id);
    await t.relayOnce();
    const stood = await behind();
    expect(await sealMerchants(t.app, { ...SMALL, limit: 0 })).toMatchObject({ hasMore: true });
    expect(await behind()).toBe(stood);
    await sealMerchants(t.app, SMALL);
    const names = await t.db("seals").where({ merchant_id: other }).pluck<string[]>("names");
    const lines = names.join("\n").split("\n");
    expect(lines).toHaveLength(8);
    expect(new Set(lines).size).toBe(8);
    expect(await check()).toEqual([]);
  },
);

test("what is sealed stays valid when its customer is erased, also where events had to be blanked", async () => {
  const { id: shop } = await aMerchant(t);
  const { id } = await aSettledIntent(t, shop, { description: "Hat", customer: "cus_2" });
  const legacy = await anIntent(t, shop);
  // An event from before there was a sealed part.
  await t.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(
      `update events set object = replace(object::text, '"customer" : null', '"customer" : "cus_2"')::json
       where subject_id = ?`,
      [legacy.id],
    );
    await tx.raw("update payment_intents set customer = 'cus_2' where id = ?", [legacy.id]);
  });
  await sealAll(t);
  await eraseCustomer(t.app, { merchantId: shop, actor: "test", key: "erase", customer: "cus_2" });
  while ((await continueErasures(t.app)).left > 0);
  expect(await check()).toEqual([]);
  expect((await blankLegacyEvents(t.db)).events).toBe(1);
  expect(await check()).toEqual([]);
  const blanked = await checkAfter((tx) =>
    tx.raw(
      `update events set object = replace(object::text, '"amount" : 1000', '"amount" : 1001')::json
       where subject_id = ?`,
      [legacy.id],
    ),
  );
  expect(blanked[0]?.subject).toMatch(/^events evt_/);
  const personal = await checkAfter((tx) =>
    tx.raw("update events set personal = null where subject_id = ? and personal is not null", [id]),
  );
  expect(personal[0]?.subject).toMatch(/^events evt_/);
});

test("months of history that were dropped are counted and not missed, and a row of a month that is there is", async () => {
  const progress = jest.fn();
  const tx = await t.db.transaction();
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(
    "select min(c.relname) as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'events'::regclass and c.relname ~ '_20'",
  );
  const [{ name: month = "" } = {}] = rows;
  const { rows: counted } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) from ${month}`,
  );
  await tx.raw(`drop table ${month}`);
  const found = await checkSeals(tx, { ...LIMIT, progress });
  await tx.rollback();
  expect(found).toEqual([]);
  const done = progress.mock.calls.at(-1) as [{ dropped: number }];
  expect(done[0].dropped).toBe(counted[0]?.count);
});
