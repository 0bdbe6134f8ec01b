import { existsSync, readFileSync } from "node:fs";
import { connect } from "../db/connect";
import { createMerchant } from "../merchants/create-merchant";
import { findMerchant } from "../merchants/merchant-store";
import { newId } from "../ids";
import { createSecretBox, parseEncryptionKeys } from "../security/secrets";
import { newWebhookSecret } from "../webhooks/sign";
import { writePrivateJson } from "./dev-files";

export interface Seed {
  readonly merchantId: string;
  readonly secretKey: string;
  readonly publishableKey: string;
  readonly operatorKey: string;
  readonly endpointId: string;
  readonly webhookSecret: string;
}

export interface SeedOptions {
  readonly databaseUrl: string;
  readonly encryptionKey: string;
  readonly webhookReceiverUrl: string;
  /** Keys are shown once and stored hashed, so the demo's own are kept in this file. */
  readonly statePath: string;
}

/** A demo merchant with keys and a webhook endpoint, made once; the endpoint follows the receiver's address. */
export async function seedDemo(options: SeedOptions): Promise<Seed> {
  const db = connect({ url: options.databaseUrl, poolMax: 2, applicationName: "oncepay seed" });
  try {
    const kept = readSeed(options.statePath);
    if (kept && (await findMerchant(db, kept.merchantId))) {
      await db("webhook_endpoints")
        .where({ merchant_id: kept.merchantId, id: kept.endpointId })
        .update({ url: options.webhookReceiverUrl });
      return kept;
    }
    const { id: merchantId, ...merchant } = await createMerchant(db, "Demo shop");
    const endpointId = newId("webhookEndpoint");
    const webhookSecret = newWebhookSecret();
    const secrets = createSecretBox(parseEncryptionKeys(options.encryptionKey));
    await db("webhook_endpoints").insert({
      merchant_id: merchantId,
      id: endpointId,
      url: options.webhookReceiverUrl,
      description: "the receiver that npm start runs",
      secret: secrets.seal(webhookSecret, endpointId),
      idempotency_key: "npm-start",
    });
    const { secretKey, publishableKey, operatorKey } = merchant;
    const seed = { merchantId, secretKey, publishableKey, operatorKey, endpointId, webhookSecret };
    writePrivateJson(options.statePath, seed);
    return seed;
  } finally {
    await db.destroy();
  }
}

function readSeed(path: string): Seed | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Seed) : undefined;
}
