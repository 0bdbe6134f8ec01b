import { createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import { readConfig } from "../../src/config";
import type { Databases } from "../../src/db/databases";
import type { Db } from "../../src/db/db";
import { createTenantViews } from "../../src/db/tenant-views";
import { transact } from "../../src/db/transact";
import { SYSTEM_ROLE, TENANT_ROLE } from "../../src/db/roles";
import { OWNERS_FUNCTIONS, RIGHTS } from "../../src/db/wall/rights";
import { gapsIn, raiseWall } from "../../src/db/wall/raise";
import { createLog } from "../../src/observability/log";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { migrate } from "../../src/db/migrate";
import { createMerchant } from "../../src/merchants/create-merchant";
import {
  type TestApp,
  connectAsOwner,
  openPatiently,
  startTestApp,
  testSettings,
} from "../support/app";
import { createEmptyDatabase, testServerUrl } from "../support/database";
import {
  aCapturedIntent,
  aMerchant,
  anAuthorizedIntent,
  captureCommand,
} from "../support/factories";

/* The second wall by itself: raw statements, with no predicates, in the roles that the processes run in. */

let t: TestApp;
let ways: Databases;
let merchantId: string;
let otherId: string;
let own: Db;
beforeAll(async () => {
  t = await startTestApp();
  [merchantId, otherId] = [(await aMerchant(t)).id, (await aMerchant(t)).id];
  for (const id of [merchantId, otherId]) await aCapturedIntent(t, id);
  ways = openPatiently(readConfig(testSettings(t.databaseUrl, t.sandbox.url, {})));
  own = createTenantViews(ways.tenantPool)(merchantId);
});
afterAll(async () => {
  await ways.close();
  await t.stop();
});

const OF_TENANTS = Object.entries(RIGHTS).filter(([, { tenantIn }]) => tenantIn !== null);
const READABLE = OF_TENANTS.filter(([, { tenant }]) => tenant.includes("SELECT"));

async function rowsIn(db: Db, table: string, where = ""): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from ${table} ${where}`,
  );
  return rows[0]?.count ?? 0;
}

it("knows every table, and every function that runs as its owner", async () => {
  const { rows: tables } = await t.db.raw<{ rows: { name: string }[] }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  );
  expect(tables.map(({ name }) => name).sort()).toEqual(Object.keys(RIGHTS).sort());
  const { rows: functions } = await t.db.raw<{ rows: { name: string }[] }>(
    `select format('%s(%s)', proname, oidvectortypes(proargtypes)) as name from pg_proc
     where pronamespace = 'public'::regnamespace and prosecdef`,
  );
  expect(functions.map(({ name }) => name).sort()).toEqual([...OWNERS_FUNCTIONS].sort());
});

it.each(READABLE)(
  "shows a tenant its own rows of %s and no others",
  async (table, { tenantIn }) => {
    const column = tenantIn ?? "";
    const mine = await rowsIn(t.db, table, `where ${column} = '${merchantId}'`);
    expect(await rowsIn(own, table)).toBe(mine);
    expect(await rowsIn(own, table, `where ${column} = '${otherId}'`)).toBe(0);
    expect(await transact(own, (tx) => rowsIn(tx, table))).toBe(mine);
  },
);

it.each(READABLE)("shows nothing of %s to a session that is bound to no tenant", async (table) => {
  expect(await rowsIn(ways.tenantPool, table)).toBe(0);
});

it("is bound by nothing that an earlier statement left: an error, a rollback, another tenant", async () => {
  const one = openPatiently(
    readConfig(testSettings(t.databaseUrl, t.sandbox.url, { ONCEPAY_POOL_MAX: "2" })),
  );
  const count = (db: Db) => rowsIn(db, "merchants");
  const viewOf = createTenantViews(one.tenantPool);
  const mine = viewOf(merchantId);
  await expect(mine.raw("select 1 / 0")).rejects.toThrow("division by zero");
  expect(await count(one.tenantPool)).toBe(0);
  await expect(
    mine.transaction(async (tx) => {
      expect(await count(tx)).toBe(1);
      await tx.raw("select 1 / 0");
    }),
  ).rejects.toThrow("division by zero");
  expect(await count(one.tenantPool)).toBe(0);
  const ids = async (db: Db) => (await db.raw<{ rows: object[] }>("select id from merchants")).rows;
  const other = viewOf(otherId);
  expect([await ids(mine), await ids(other), await ids(mine)]).toEqual([
    [{ id: merchantId }],
    [{ id: otherId }],
    [{ id: merchantId }],
  ]);
  await one.close();
});

it("lets a tenant write nothing for another, nor take its rows over", async () => {
  const refused = "row-level security";
  const insert = `insert into outbox (merchant_id, event_id) values ('${otherId}', 'evt_none')`;
  await expect(own.raw(insert)).rejects.toThrow(refused);
  const give = "update payment_intents set merchant_id = ?, version = version + 1";
  await expect(own.raw(give, [otherId])).rejects.toThrow();
  const take = "update payment_intents set version = version + 1 where merchant_id = ?";
  const { rowCount } = (await own.raw(take, [otherId])) as unknown as { rowCount: number };
  expect(rowCount).toBe(0);
});

it("lets no role change history, or the shape of anything, or go around the tables", async () => {
  const { rows } = await t.db.raw<{ rows: { name: string }[] }>(
    "select relname as name from pg_class where relispartition and relkind = 'r' and relname ~ '^events_'",
  );
  const partition = rows[0]?.name ?? "";
  const attempts = [
    "update events set type = 'x'",
    "delete from postings",
    "delete from payment_intents",
    "truncate outbox",
    "alter table merchants disable row level security",
    "drop policy tenant on merchants",
    "create table mine (id int)",
    `select from ${partition}`,
    "select from pg_authid",
  ];
  for (const db of [own, ways.db]) {
    for (const attempt of attempts) {
      await expect(db.transaction((tx) => tx.raw(attempt))).rejects.toMatchObject({
        code: "42501",
      });
    }
  }
  for (const name of OWNERS_FUNCTIONS) {
    const call = `select ${name.replace(/\(.*/, "")}(now())`;
    await expect(own.raw(call)).rejects.toMatchObject({ code: "42501" });
  }
});

it("lets the system make partitions and drop expired ones, which takes the owner's rights", async () => {
  await ways.db.raw("select ensure_partitions(now() + interval '7 months')");
  await t.db.raw(
    "create table idempotency_keys_2020_01 partition of idempotency_keys for values from ('2020-01-01') to ('2020-02-01')",
  );
  const { rows } = await ways.db.raw<{ rows: { dropped: string }[] }>(
    "select drop_expired_keys(now() - interval '30 days') as dropped",
  );
  expect(rows).toEqual([{ dropped: "idempotency_keys_2020_01" }]);
});

it("costs a capture no round trip, and lets it do what it must", async () => {
  const { id } = await anAuthorizedIntent(t, merchantId);
  const outcome = await capturePaymentIntent(own, captureCommand(merchantId, id));
  expect(outcome.status).toBe("EXECUTED");
  await t.drain();
});

describe("the audit", () => {
  const HOLES: readonly (readonly [what: string, make: string])[] = [
    ["a table without its security", "alter table events disable row level security"],
    ["a policy that is gone", "drop policy tenant on refunds"],
    ["a policy that shows all", "alter policy tenant on refunds using (true)"],
    ["a policy more", "create policy more on refunds to public using (true)"],
    ["a policy for the wrong role", `alter policy system on refunds to ${TENANT_ROLE}`],
    ["history that may be changed", `grant update on events to ${SYSTEM_ROLE}`],
    [
      "a column that may be changed",
      `grant update (currency) on ledger_accounts to ${TENANT_ROLE}`,
    ],
    ["a right that is lacking", `revoke insert on outbox from ${TENANT_ROLE}`],
    ["a table that is everybody's", "grant select on inbox to public"],
    ["a partition that is open", `grant select on events_default to ${TENANT_ROLE}`],
    ["an owner's function for all", "grant execute on function ensure_partitions to public"],
  ];

  it.each(HOLES)("finds %s, and migrating mends it", async (_what, make) => {
    expect(await gapsIn(t.db)).toEqual([]);
    await t.db.raw(make);
    const violations = await auditBooks(ways.db);
    expect(violations.map(({ invariant }) => invariant)).toEqual(["I16"]);
    await raiseWall(t.db);
    expect(await gapsIn(t.db)).toEqual([]);
  });
});

it("is raised by an owner who is no superuser, and may not make roles himself", async () => {
  const database = await createEmptyDatabase();
  const admin = connectAsOwner(testServerUrl());
  const owner = `landlord_${String(process.pid)}`;
  const name = new URL(database.url).pathname.slice(1);
  await admin.raw(`create role ${owner} login password 'secret'`);
  await admin.raw(`alter database ${name} owner to ${owner}`);
  const url = new URL(database.url);
  url.username = owner;
  url.password = "secret";
  try {
    await expect(migrate({ databaseUrl: url.href })).rejects.toThrow("with admin option");
    await admin.raw(`grant ${TENANT_ROLE}, ${SYSTEM_ROLE} to ${owner} with admin option`);
    await migrate({ databaseUrl: url.href });
    const config = readConfig(testSettings(url.href, t.sandbox.url, {}));
    const landlords = openPatiently(config);
    const { id } = await createMerchant(landlords.db, "Shop");
    expect(await rowsIn(createTenantViews(landlords.tenantPool)(id), "merchants")).toBe(1);
    expect(await rowsIn(landlords.tenantPool, "merchants")).toBe(0);
    expect(await auditBooks(landlords.db)).toEqual([]);
    await landlords.close();
  } finally {
    await database.drop();
    await admin.raw(`drop role ${owner}`);
    await admin.destroy();
  }
});

it("the API and the workers run in their roles", async () => {
  const config = readConfig(testSettings(t.databaseUrl, t.sandbox.url, {}));
  const app = createApp(config, createLog("test", "silent"), { name: "api" });
  const who = async (db: Db) =>
    (await db.raw<{ rows: object[] }>("select current_user as role")).rows;
  expect(await who(app.db)).toEqual([{ role: SYSTEM_ROLE }]);
  expect(await who(app.tenantDb(merchantId))).toEqual([{ role: TENANT_ROLE }]);
  await app.close();
});
