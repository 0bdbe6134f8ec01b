import { isDeepStrictEqual } from "node:util";
import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { Failure } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import type { SecretBox } from "../security/secrets";
import type { WebhookEndpoint } from "./delivery";
import { countEndpoints, findEndpointByKey, insertEndpoint } from "./endpoint-store";
import { newWebhookSecret } from "./sign";
import { checkWebhookUrl } from "./url-guard";

/*
 * Guarantees: one endpoint for one (merchant, key), for ever: it keeps its key. Its secret is shown in the answer, and
 * to the same key for a day. It is stored sealed: once for the deliveries, and once with the key for that day.
 * A merchant has no more of them than it may, because every event goes to each: without a bound, whoever makes
 * payments could have them amplified into any number of requests. That refusal is not stored; the key stays usable.
 */

export interface CreateWebhookEndpoint {
  readonly merchantId: string;
  readonly key: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string | null;
  readonly audit?: AuditedWrite | undefined;
}

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly config: {
    readonly webhookAllowLoopback: boolean;
    readonly limits: { readonly endpoints: { readonly total: number } };
  };
  readonly limits: { spendEndpoint(merchantId: string): void };
}

interface Secret {
  readonly secret: string;
}

export const createEndpointOperation: KeyedOperation<WebhookEndpoint, Secret> = {
  name: "createWebhookEndpoint",
  findMade: madeBy(findEndpointByKey),
  spentKey: "webhook_endpoints_spent_key",
};

export interface CreatedEndpoint extends Outcome<WebhookEndpoint> {
  /** Null once it is no longer shown. */
  readonly secret: string | null;
}

export async function createWebhookEndpoint(
  { db, secrets, config, limits }: Needs,
  { merchantId, key, audit, ...input }: CreateWebhookEndpoint,
): Promise<CreatedEndpoint> {
  const checked = checkWebhookUrl(input.url, { allowLoopback: config.webhookAllowLoopback });
  if (!checked.ok) {
    throw new Failure("BAD_USER_INPUT", `This URL cannot receive webhooks: ${checked.reason}`, {
      field: "input.url",
    });
  }
  // As the parser writes it, so that what was checked is what will be connected to.
  const endpoint = { ...input, url: checked.url.href };
  const request = {
    merchantId,
    key,
    fingerprint: fingerprint(createEndpointOperation.name, endpoint).toString("hex"),
    audit,
  };
  const { beside, ...outcome } = await once<WebhookEndpoint, Secret>(db, request, {
    operation: createEndpointOperation,
    secrets,
    execute: async (tx) => {
      limits.spendEndpoint(merchantId);
      await checkCount(tx, merchantId, config.limits.endpoints.total);
      const id = newId("webhookEndpoint");
      const secret = newWebhookSecret();
      const row = { ...endpoint, merchantId, id, key, secret: secrets.seal(secret, id) };
      return { result: await insertEndpoint(tx, row), secret: { secret } };
    },
    isSame: ({ result }) =>
      result.url === endpoint.url &&
      result.description === endpoint.description &&
      isDeepStrictEqual([...result.eventTypes].sort(), [...endpoint.eventTypes].sort()),
  });
  return { ...outcome, secret: beside?.secret ?? null };
}

async function checkCount(tx: Tx, merchantId: string, max: number): Promise<void> {
  if (max === 0 || (await countEndpoints(tx, merchantId, max)) < max) return;
  throw new Failure(
    "FORBIDDEN",
    `The merchant has as many webhook endpoints as it may have, which is ${String(max)}.`,
    { limit: max },
  );
}
