import { connect } from "../db/connect";
import type { Db } from "../db/db";
import { createMerchant } from "../merchants/create-merchant";
import { createPlatformKey } from "../merchants/create-platform-key";
import { findMerchant } from "../merchants/merchant-store";
import { newId } from "../ids";
import { createSecretBox, parseEncryptionKeys } from "../security/secrets";
import { newWebhookSecret } from "../webhooks/sign";
import { readJson, writePrivateJson } from "./dev-files";

export interface Seed {
  readonly merchantId: string;
  readonly secretKey: string;
  readonly publishableKey: string;
  readonly operatorKey: string;
  readonly platformKey: string;
  readonly endpointId: string;
  readonly webhookSecret: string;
}

type KeptSeed = Omit<Seed, "platformKey"> & Partial<Pick<Seed, "platformKey">>;

export interface SeedOptions {
  readonly databaseUrl: string;
  readonly encryptionKey: string;
  /** Keys are shown once and stored hashed, so the demo's own are kept in this file, for each database. */
  readonly statePath: string;
}

/** Nobody listens there. The receiver's address is known only once it listens. */
const NOWHERE = "http://127.0.0.1:9/webhooks";

/**
 * A demo merchant with keys and a webhook endpoint, made once in each database. Which of the stored seeds belongs to a
 * database is found by looking for the merchant: an address can be written in many ways, and a database can be dropped.
 */
export async function seedDemo(options: SeedOptions): Promise<Seed> {
  return withSeedDb(options.databaseUrl, async (db) => {
    const kept = readSeeds(options.statePath);
    for (const seed of kept) {
      if (!(await findMerchant(db, seed.merchantId))) continue;
      if (seed.platformKey !== undefined) return { ...seed, platformKey: seed.platformKey };
      // It was planted before there were platform operators.
      const grown = { ...seed, platformKey: await createPlatformKey(db, "npm start") };
      const others = kept.filter((other) => other !== seed);
      writePrivateJson(options.statePath, { seeds: [grown, ...others] });
      return grown;
    }
    const seed = await plantSeed(db, options.encryptionKey);
    writePrivateJson(options.statePath, { seeds: [seed, ...kept] });
    return seed;
  });
}

/** The demo's endpoint follows the receiver, whose port may have changed. */
export async function pointEndpoint(databaseUrl: string, seed: Seed, url: string): Promise<void> {
  await withSeedDb(databaseUrl, async (db) => {
    const { merchantId, endpointId } = seed;
    await db("webhook_endpoints")
      .where({ merchant_id: merchantId, id: endpointId })
      .update({ url });
  });
}

async function plantSeed(db: Db, encryptionKey: string): Promise<Seed> {
  const { id: merchantId, ...merchant } = await createMerchant(db, "Demo shop");
  const endpointId = newId("webhookEndpoint");
  const webhookSecret = newWebhookSecret();
  const secrets = createSecretBox(parseEncryptionKeys(encryptionKey));
  await db("webhook_endpoints").insert({
    merchant_id: merchantId,
    id: endpointId,
    url: NOWHERE,
    description: "the receiver that npm start runs",
    secret: secrets.seal(webhookSecret, endpointId),
    idempotency_key: "npm-start",
  });
  const { secretKey, publishableKey, operatorKey } = merchant;
  const platformKey = await createPlatformKey(db, "npm start");
  const keys = { secretKey, publishableKey, operatorKey, platformKey };
  return { merchantId, ...keys, endpointId, webhookSecret };
}

async function withSeedDb<Result>(
  databaseUrl: string,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  const db = connect({ url: databaseUrl, poolMax: 2, applicationName: "oncepay seed" });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** Earlier versions kept one seed, whatever the database was. */
function readSeeds(file: string): readonly KeptSeed[] {
  const kept = readJson(file) as { seeds: readonly KeptSeed[] } | KeptSeed | undefined;
  if (kept === undefined) return [];
  return "seeds" in kept ? kept.seeds : [kept];
}
