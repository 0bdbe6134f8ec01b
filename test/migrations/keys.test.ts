import knex from "knex";
import { MIGRATIONS } from "../../migrations/index";
import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import { type TestDatabase, createEmptyDatabase } from "../support/database";

/** What becomes of the keys that were stored before tenants' operators and platform operators were apart. */

const NAME = "20261122000100_keys";

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createEmptyDatabase();
  db = knex({ client: "pg", connection: database.url, pool: { min: 0, max: 1 } });
  await db.transaction(async (tx) => {
    for (const [name, migration] of Object.entries(MIGRATIONS)) {
      if (name < NAME) await migration.up?.(tx);
    }
  });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

test("operators lose what is the platform's, key makers may see keys, merchants are in test mode", async () => {
  await db("merchants").insert({ id: "mer_a", name: "Shop" });
  const stored = [
    ["OPERATOR", ["payments:read", "keys:write", "operations:write", "merchants:write"]],
    ["RESTRICTED", ["merchants:write", "events:read"]],
    ["SECRET", ["payments:write", "keys:write"]],
    ["PUBLISHABLE", ["payments:confirm"]],
  ] as const;
  await db("api_keys").insert(
    stored.map(([kind, scopes], n) => ({
      merchant_id: "mer_a",
      id: newId("apiKey"),
      kind,
      scopes,
      secret_hash: Buffer.alloc(32, n),
      hint: "x",
    })),
  );
  await db.transaction(async (tx) => MIGRATIONS[NAME]?.up?.(tx));
  const rows = await db("api_keys").select("kind", "scopes", "allowed_addresses");
  const byKind = Object.fromEntries(rows.map(({ kind, scopes }) => [kind, scopes]));
  expect(byKind).toEqual({
    OPERATOR: ["payments:read", "keys:write", "keys:read"],
    RESTRICTED: ["events:read"],
    SECRET: ["payments:write", "keys:write", "keys:read"],
    PUBLISHABLE: ["payments:confirm"],
  });
  expect(await db("merchants").where({ id: "mer_a" }).select("mode")).toEqual([{ mode: "TEST" }]);

  // A tenant has no platform operators, and the installation no other keys.
  const key = { id: newId("apiKey"), scopes: [], secret_hash: Buffer.alloc(32, 9), hint: "x" };
  for (const [merchant_id, kind] of [
    ["mer_a", "PLATFORM"],
    ["mer_00000000000000000000000000", "SECRET"],
  ]) {
    const wrong = db("api_keys").insert({ ...key, merchant_id, kind });
    await expect(wrong).rejects.toThrow("api_keys_platform_check");
  }
});
