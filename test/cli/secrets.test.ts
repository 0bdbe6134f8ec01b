import { randomBytes } from "node:crypto";
import { runCommandLine } from "../../src/cli/run-command-line";
import { connect } from "../../src/db/connect";
import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import { checkKeyring } from "../../src/key-rotation/check-keyring";
import { type Keyring, resealSecrets } from "../../src/key-rotation/reseal-secrets";
import { SEALED_COLUMNS } from "../../src/key-rotation/sealed-columns";
import { createMerchant } from "../../src/merchants/create-merchant";
import { createSecretBox, keyIdOf } from "../../src/security/secrets";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { PATIENT } from "../support/patience";
import { waitFor } from "../support/wait-for";

const older = randomBytes(32);
const newer = randomBytes(32);
const sealedByOlder = createSecretBox([older]);
const onlyNewer = createSecretBox([newer]);
const keyring: Keyring = {
  secrets: createSecretBox([newer, older]),
  keyIds: [keyIdOf(newer), keyIdOf(older)],
};

let database: TestDatabase;
let db: Db;
let merchantId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  db = connect({ url: database.url, poolMax: 4, applicationName: "oncepay test", ...PATIENT });
  ({ id: merchantId } = await createMerchant(db, "Shop"));
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

const UNLIMITED = {
  config: {
    webhookAllowLoopback: true,
    webhookChallenge: false,
    limits: { endpoints: { total: 0 } },
  },
  limits: { spendEndpoint: () => undefined },
};

function create(key: string): ReturnType<typeof createWebhookEndpoint> {
  return createWebhookEndpoint(
    { db, secrets: sealedByOlder, ...UNLIMITED },
    { merchantId, key, url: "http://127.0.0.1:1/", eventTypes: [], description: null },
  );
}

/** Rows as creating endpoints makes them, many at once. */
async function plant(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId("webhookEndpoint"));
  await db("webhook_endpoints").insert(
    ids.map((id) => ({
      merchant_id: merchantId,
      id,
      url: "http://127.0.0.1:1/",
      secret: sealedByOlder.seal(`secret of ${id}`, id),
      idempotency_key: id,
    })),
  );
  return ids;
}

async function secretOf(id: string, box = onlyNewer): Promise<string> {
  const [row] = await db("webhook_endpoints").where({ id }).select<{ secret: Buffer }[]>("secret");
  return box.open(row?.secret ?? Buffer.alloc(0), id);
}

async function oncepay(
  command: string,
  keys: readonly Buffer[],
): Promise<{ code: number; out: string; json: Record<string, unknown> }> {
  let out = "";
  const code = await runCommandLine([...command.split(" "), "--json"], {
    environment: {
      DATABASE_URL: database.url,
      ONCEPAY_ENCRYPTION_KEY: keys.map((key) => key.toString("base64")).join(","),
    },
    out: (text) => ((out += text), true),
    error: (text) => ((out += text), true),
  });
  if (code === 1 && !out.startsWith("{")) throw new Error(out);
  return {
    code,
    out,
    json: out.startsWith("{") ? (JSON.parse(out) as Record<string, unknown>) : {},
  };
}

it("knows every column that can hold a sealed value", async () => {
  const { rows } = await db.raw<{ rows: { column: string }[] }>(`
    select c.relname || '.' || a.attname as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'bytea'::regtype
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition`);
  const hashes = [
    "api_keys.secret_hash",
    "console_sessions.token_hash",
    "delivery_retries.fingerprint",
    "erasures.customer_mac",
    "idempotency_keys.fingerprint",
    "payment_intent_updates.fingerprint",
    "processor_changes.fingerprint",
    "seals.leaves",
    "seals.previous",
    "seals.root",
    // Public.
    "seals.signature",
    "signing_keys.public_key",
    "webhook_endpoint_changes.fingerprint",
  ];
  // Sealed with the payment's own key, which stands in its row so that it can be destroyed there.
  const personal = [
    "events.personal",
    "payment_intents.personal",
    "payment_intents.personal_key",
    "refunds.personal",
  ];
  const sealed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`);
  // A new column of bytes is a hash or is sealed: then it belongs into SEALED_COLUMNS.
  expect(rows.map(({ column }) => column).sort()).toEqual(
    [...hashes, ...personal, ...sealed].sort(),
  );
});

it("seals everything with the newest key, after which the older one can be taken away", async () => {
  const made = await create("first");
  const ids = await plant(450);
  expect((await oncepay("secrets status", [newer, older])).json).toMatchObject({
    keys: [
      { keyId: keyIdOf(newer), place: 1, values: 0 },
      { keyId: keyIdOf(older), place: 2, values: 452 },
    ],
    left: 452,
  });
  const { code, json } = await oncepay("secrets rotate", [newer, older]);
  expect([code, json["resealed"], json["left"], json["lost"]]).toEqual([0, 452, 0, 0]);
  for (const id of ids) expect(await secretOf(id)).toBe(`secret of ${id}`);
  expect(await secretOf(made.result.id)).toBe(made.secret);
  const again = await createWebhookEndpoint(
    { db, secrets: onlyNewer, ...UNLIMITED },
    { merchantId, key: "first", url: "http://127.0.0.1:1/", eventTypes: [], description: null },
  );
  expect([again.status, again.secret]).toEqual(["REPLAYED", made.secret]);
  expect((await oncepay("secrets rotate", [newer, older])).json["resealed"]).toBe(0);
  expect((await oncepay("secrets status", [newer])).code).toBe(0);
});

it("goes on where it was interrupted", async () => {
  const ids = await plant(500);
  const killed = new Error("killed");
  const interrupted = resealSecrets(db, keyring, () => {
    throw killed;
  });
  await expect(interrupted).rejects.toBe(killed);
  const left = (await oncepay("secrets status", [newer, older])).json["left"];
  expect(left).toBe(300);
  expect((await resealSecrets(db, keyring)).resealed).toBe(300);
  for (const id of ids) expect(await secretOf(id)).toBe(`secret of ${id}`);
});

it("does not lose what is written in the meantime", async () => {
  const ids = await plant(3);
  const [changed = ""] = ids;
  const writer = await db.transaction();
  const secret = sealedByOlder.seal("rotated by its owner", changed);
  await writer("webhook_endpoints").where({ id: changed }).update({ secret });
  const resealing = resealSecrets(db, keyring);
  await waitFor("the update to wait for the writer", async () => {
    // Not on the writer's connection: a transaction sees one state of it.
    const { rows } = await db.raw<{ rows: object[] }>(
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update webhook_endpoints%'
       and datname = current_database()`,
    );
    return rows.length > 0;
  });
  await writer.commit();
  expect((await resealing).resealed).toBe(3);
  expect(await secretOf(changed)).toBe("rotated by its owner");
});

it("says what no key opens, and does the rest", async () => {
  const [damaged = "", foreign = "", good = ""] = await plant(3);
  await db("webhook_endpoints")
    .where({ id: damaged })
    .update({ secret: sealedByOlder.seal("copied", "we_another") });
  await db("webhook_endpoints")
    .where({ id: foreign })
    .update({ secret: createSecretBox([randomBytes(32)]).seal("x", foreign) });
  const { code, out, json } = await oncepay("secrets rotate", [newer, older]);
  expect(code).toBe(1);
  expect(json).toMatchObject({
    resealed: 1,
    unreadable: [`webhook_endpoints.secret ${merchantId} ${damaged}`],
    left: 1,
    lost: 1,
  });
  expect(out).not.toContain("copied");
  expect(await secretOf(good)).toBe(`secret of ${good}`);
  expect((await oncepay("secrets status", [newer, older])).code).toBe(1);
});

it("seals nothing with a key that is known to others", async () => {
  await plant(1);
  const { code, out } = await oncepay("secrets rotate", [Buffer.alloc(32, 7), older]);
  expect([code, out]).toEqual([78, expect.stringContaining("key 1 is a pattern and not random")]);
  // The way out of it: the weak key is the older one.
  expect((await oncepay("secrets rotate", [newer, Buffer.alloc(32, 7), older])).code).toBe(0);
});

test("a process that was not given the key of what was sealed last says so when it starts", async () => {
  const lines: string[] = [];
  const log = {
    error: (fields: object, text: string) => lines.push(`${JSON.stringify(fields)} ${text}`),
  };
  const check = (...encryptionKeys: Buffer[]): Promise<void> =>
    checkKeyring({ db, log, config: { encryptionKeys } });
  await check(newer);
  expect(lines).toEqual([]);
  await create("sealed");
  await check(newer, older);
  expect(lines).toEqual([]);
  await check(newer);
  expect(lines.join()).toContain(`${keyIdOf(older)}: webhook_endpoints.secret`);
});
