import knex from "knex";
import { MIGRATIONS } from "../../migrations/index";
import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import { type TestDatabase, createEmptyDatabase } from "../support/database";

/** What becomes of deliveries that died when only words said why. */

const NAME = "20261126000100_dead_letters";

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

const SAID: [number | null, string, string][] = [
  [410, "answered 410 Gone", "GONE"],
  [301, "answered 301; redirects are not followed", "REDIRECT"],
  [429, "answered 429", "CLIENT_ERROR"],
  [503, "answered 503", "SERVER_ERROR"],
  [null, "no answer within 15 seconds", "TIMEOUT"],
  [null, "connection refused", "CONNECTION"],
  [null, "host unreachable", "CONNECTION"],
  [null, "the host name does not resolve", "DNS"],
  [null, "the TLS certificate is not valid", "TLS"],
  [null, "TLS failed", "TLS"],
  [null, "the address is not on the public internet", "BLOCKED"],
  [null, "the answer is not valid HTTP", "PROTOCOL"],
  [null, "it could not be signed", "SIGNING"],
  [null, "the request failed", "OTHER"],
];

test("each is given the class of its words, and says by what it was replayed", async () => {
  await db("merchants").insert({ id: "mer_a", name: "Shop" });
  const endpoint = { merchant_id: "mer_a", id: newId("webhookEndpoint") };
  await db("webhook_endpoints").insert({
    ...endpoint,
    url: "https://a.example/hooks",
    secret: Buffer.alloc(48),
    idempotency_key: "a",
  });
  const delivery = {
    merchant_id: "mer_a",
    endpoint_id: endpoint.id,
    event_id: newId("event"),
    next_at: null,
  };
  const dead = SAID.map(([status_code, error, error_class]) => ({
    row: { ...delivery, id: newId("webhookDelivery"), status: "DEAD", status_code, error },
    error_class,
  }));
  await db("webhook_deliveries").insert(dead.map(({ row }) => row));
  const replay = { ...delivery, id: newId("webhookDelivery"), replay_of: dead[0]?.row.id };
  await db("webhook_deliveries").insert({ ...replay, status: "SUCCEEDED" });
  await db.transaction(async (tx) => MIGRATIONS[NAME]?.up?.(tx));
  const rows = await db("webhook_deliveries").select("id", "error_class", "replayed_as");
  expect(new Map(rows.map((row) => [row.id, [row.error_class, row.replayed_as]]))).toEqual(
    new Map([
      ...dead.map(({ row, error_class }, n) => [row.id, [error_class, n === 0 ? replay.id : null]]),
      [replay.id, [null, null]],
    ] as [string, unknown][]),
  );
});
