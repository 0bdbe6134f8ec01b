import { createHash } from "node:crypto";
import type { Db } from "../../src/db/db";
import { connect } from "../../src/db/connect";
import { newId } from "../../src/ids";
import { newApiKey } from "../../src/merchants/api-key";
import { insertApiKeys } from "../../src/merchants/api-key-store";
import { type Authenticator, createAuthenticator } from "../../src/merchants/authenticate";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import { storeApiKey } from "../support/api-keys";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { PATIENT } from "../support/patience";
import { waitFor } from "../support/wait-for";

/*
 * How long a key is accepted, to the millisecond, by clocks that stand still unless they are moved: the database's
 * now() reads a table, and the process's clock is a variable. Both move together, as clocks do.
 */

let database: TestDatabase;
let db: Db;
let merchant: CreatedMerchant;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { poolMax: 4, applicationName: "test", ...PATIENT };
  const first = connect({ url: database.url, ...settings });
  await first.raw(`
    create schema clock;
    create table clock.moment (at timestamptz);
    insert into clock.moment values ('2027-01-01T00:00:00Z');
    create function clock.now() returns timestamptz language sql stable
      as 'select at from clock.moment';
    alter database ${new URL(database.url).pathname.slice(1)}
      set search_path = clock, pg_catalog, public;`);
  await first.destroy();
  db = connect({ url: database.url, ...settings });
  merchant = await createMerchant(db, "Shop");
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

let nowMs = 1_000_000;
const START = Date.parse("2027-01-01T00:00:00Z") - nowMs;
const momentIn = (ms: number): string => new Date(START + nowMs + ms).toISOString();

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  await db.raw("update clock.moment set at = ?", [momentIn(0)]);
}

let lookups = 0;
beforeAll(() => {
  (db.client as NodeJS.EventEmitter).on("query", ({ sql }: { sql: string }) => {
    if (sql.includes("unnest") && sql.includes("from api_keys") && !/^\s*update/.test(sql)) {
      lookups += 1;
    }
  });
});

function open(): Authenticator {
  return createAuthenticator(db, () => nowMs);
}

const isAccepted = async (authenticator: Authenticator, secret: string): Promise<boolean> =>
  (await authenticator.authenticate(secret, "127.0.0.1")) !== undefined;

const ask = async (authenticator: Authenticator, secret: string, times: number) => {
  const before = lookups;
  for (let time = 0; time < times; time += 1) await isAccepted(authenticator, secret);
  return lookups - before;
};

describe("an expiry", () => {
  test.each([
    ["a process that has not seen the key", () => open()],
    ["a process that remembers it", () => undefined],
  ])("is exact in %s", async (_what, fresh) => {
    const { secret } = await storeApiKey(db, merchant, { expiresAt: momentIn(700) });
    const kept = open();
    const at = (): Authenticator => fresh() ?? kept;
    expect(await isAccepted(at(), secret)).toBe(true);
    await pass(300);
    expect(await isAccepted(at(), secret)).toBe(true);
    await pass(399);
    expect(await isAccepted(at(), secret)).toBe(true);
    await pass(1);
    expect(await isAccepted(at(), secret)).toBe(false);
  });

  test("is the database's: a process whose clock runs slow asks in time, one that runs fast does not refuse early", async () => {
    const { secret } = await storeApiKey(db, merchant, { expiresAt: momentIn(600) });
    const fast = createAuthenticator(db, () => nowMs + 3_600_000);
    const slow = createAuthenticator(db, () => nowMs - 3_600_000);
    for (const process of [fast, slow]) expect(await isAccepted(process, secret)).toBe(true);
    await pass(599);
    for (const process of [fast, slow]) expect(await isAccepted(process, secret)).toBe(true);
    await pass(1);
    for (const process of [fast, slow]) expect(await isAccepted(process, secret)).toBe(false);
  });
});

describe("a revocation", () => {
  const revoke = (id: string) =>
    db("api_keys")
      .where({ id })
      .update({ revoked_at: momentIn(0) });

  test("is known within a second, though the database is not asked for every request", async () => {
    const { id, secret } = await storeApiKey(db, merchant, {});
    const process = open();
    expect(await ask(process, secret, 50)).toBe(1);
    await revoke(id);
    await pass(899);
    // Still remembered; but this is what makes the process ask.
    await isAccepted(process, secret);
    await waitFor("the process to know", async () => !(await isAccepted(process, secret)));
  });

  test("is known after 0.9 s at the latest, also when nothing was asked in the background", async () => {
    const { id, secret } = await storeApiKey(db, merchant, {});
    const process = open();
    expect(await isAccepted(process, secret)).toBe(true);
    await revoke(id);
    await pass(900);
    expect(await isAccepted(process, secret)).toBe(false);
  });

  test("costs one statement at most every 0.4 s for all keys in use", async () => {
    const process = open();
    const keys = await Promise.all(Array.from({ length: 40 }, () => storeApiKey(db, merchant, {})));
    for (const { secret } of keys) await isAccepted(process, secret);
    await pass(400);
    const before = lookups;
    const asked = async (): Promise<void> => {
      for (const { secret } of keys) expect(await isAccepted(process, secret)).toBe(true);
    };
    await asked();
    await waitFor("the keys to be asked about", () => lookups > before);
    for (let round = 0; round < 10; round += 1) {
      await pass(40);
      await asked();
    }
    await pass(400);
    await asked();
    // One for those that were used since, in each of at most three turns; a set takes 500 keys.
    expect(lookups - before).toBeLessThanOrEqual(4);
  });
});

describe("what is no key", () => {
  test("is not asked for when it is malformed or mistyped", async () => {
    const process = open();
    const { secretKey } = merchant;
    const bad = [
      "",
      "sk_test_",
      secretKey.slice(0, -1),
      `${secretKey}0`,
      secretKey.replace("sk_test", "sk_live"),
      secretKey.replace("sk_", "ok_"),
      secretKey.replace(/.$/, (last) => (last === "a" ? "b" : "a")),
      secretKey.toUpperCase(),
    ];
    for (const secret of bad) expect(await ask(process, secret, 3)).toBe(0);
    expect(await isAccepted(process, secretKey)).toBe(true);
  });

  test("is asked for once, whoever repeats it", async () => {
    const process = open();
    const bad = Array.from({ length: 500 }, () => newApiKey("SECRET", merchant).secret);
    const before = lookups;
    await Promise.all(bad.map((secret) => isAccepted(process, secret)));
    const first = lookups - before;
    // In sets, one at a time.
    expect(first).toBeLessThanOrEqual(5);
    for (let time = 0; time < 20; time += 1) {
      const accepted = await Promise.all(bad.map((secret) => isAccepted(process, secret)));
      expect(accepted.filter(Boolean)).toEqual([]);
    }
    expect(lookups - before).toBe(first);
  });

  test("does not crowd out a key that is one, nor stay refused for ever", async () => {
    const process = open();
    const { secret, hash, hint } = newApiKey("SECRET", merchant);
    expect(await isAccepted(process, secret)).toBe(false);
    const row = { merchantId: merchant.id, id: newId("apiKey"), name: "late", hash, hint };
    await db.transaction((tx) =>
      insertApiKeys(tx, [{ ...row, kind: "SECRET", scopes: ["payments:read"] }]),
    );
    expect(await isAccepted(process, secret)).toBe(false);
    await pass(60_000);
    expect(await isAccepted(process, secret)).toBe(true);
  });
});

test("an error of the database is no refusal", async () => {
  const process = open();
  const { secret } = await storeApiKey(db, merchant, {});
  await db.raw("alter table api_keys rename to api_keys_away");
  await expect(isAccepted(process, secret)).rejects.toThrow("api_keys");
  await db.raw("alter table api_keys_away rename to api_keys");
  expect(await isAccepted(process, secret)).toBe(true);
});

test("a key of the earlier form, which names no mode, is still good", async () => {
  const secret = `sk_${merchant.id.slice(4)}_${"Ab1".repeat(15)}`;
  const hash = createHash("sha256").update(secret).digest();
  await storeApiKey(db, merchant, { kind: "SECRET", hash, hint: "sk_…1Ab1" });
  const caller = await open().authenticate(secret, "127.0.0.1");
  expect(caller).toMatchObject({ merchantId: merchant.id, kind: "SECRET", mode: "TEST" });
});

test("scopes that a kind of key cannot have are none, wherever they are stored", async () => {
  const cases = [
    ["OPERATOR", ["operations:read", "operations:write", "merchants:write"], ["operations:read"]],
    ["RESTRICTED", ["merchants:write", "payments:write"], ["payments:write"]],
    ["PUBLISHABLE", ["payments:confirm", "payments:read"], ["payments:confirm"]],
  ] as const;
  for (const [kind, scopes, effective] of cases) {
    const { secret } = await storeApiKey(db, merchant, { kind, scopes });
    expect((await open().authenticate(secret, "127.0.0.1"))?.scopes).toEqual(effective);
  }
});

describe("the use of a key", () => {
  const usesOf = async (id: string) => {
    const [row] = await db("api_keys").where({ id }).select("first_used_at", "last_used_at");
    const { first_used_at, last_used_at } = row as Record<string, Date | null>;
    return [first_used_at?.toISOString() ?? null, last_used_at?.toISOString() ?? null];
  };

  test("is written once a minute, and not while a request waits", async () => {
    const process = open();
    const { id, secret } = await storeApiKey(db, merchant, {});
    expect(await usesOf(id)).toEqual([null, null]);
    const first = momentIn(0);
    await ask(process, secret, 5);
    expect(await usesOf(id)).toEqual([null, null]);
    await process.close();
    expect(await usesOf(id)).toEqual([first, first]);
    await pass(59_000);
    await ask(process, secret, 5);
    await process.close();
    expect(await usesOf(id)).toEqual([first, first]);
    await pass(1_000);
    const later = momentIn(0);
    await ask(process, secret, 5);
    await process.close();
    expect(await usesOf(id)).toEqual([first, later]);
  });

  test("is left out rather than waited for, and never fails a request", async () => {
    const process = open();
    const { id, secret } = await storeApiKey(db, merchant, {});
    const holder = await db.transaction();
    await holder.raw("select 1 from api_keys where id = ? for update", [id]);
    expect(await isAccepted(process, secret)).toBe(true);
    await process.close();
    await holder.rollback();
    expect(await usesOf(id)).toEqual([null, null]);
  });
});
