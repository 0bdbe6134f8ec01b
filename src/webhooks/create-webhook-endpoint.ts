import { isDeepStrictEqual } from "node:util";
import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { API_VERSION } from "../events/event-types";
import { Failure } from "../failures";
import { findChange, keepChange } from "../idempotency/change-once";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import type { SecretBox } from "../security/secrets";
import { ENDPOINT_CHANGES } from "./change-endpoint-once";
import { type Pace, type WebhookEndpoint, NO_PACE } from "./delivery";
import { countEndpoints, findEndpointByKey, insertEndpoint } from "./endpoint-store";
import { checkEndpointUrl } from "./endpoint-url";
import { newWebhookSecret, secretHint } from "./sign";

/*
 * Guarantees: one endpoint for one (merchant, key), for ever: it keeps its key. Its secret is shown in the answer, and
 * to the same key for a day. It is stored sealed: once for the deliveries, and once with the key for that day.
 * Where it is required, it gets no events before it has echoed a challenge (challenge-endpoints.ts).
 * A merchant has no more of them than it may, because every event goes to each: without a bound, whoever makes
 * payments could have them amplified into any number of requests. That refusal is not stored; the key stays usable.
 */

export interface CreateWebhookEndpoint extends Partial<Pace> {
  readonly merchantId: string;
  readonly key: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ordered?: boolean;
  readonly audit?: AuditedWrite | undefined;
}

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly config: {
    readonly webhookAllowLoopback: boolean;
    readonly webhookChallenge: boolean;
    readonly limits: { readonly endpoints: { readonly total: number } };
  };
  readonly limits: { spendEndpoint(merchantId: string): void };
}

interface Secret {
  readonly secret: string;
}

const NAME = "createWebhookEndpoint";

export const createEndpointOperation: KeyedOperation<WebhookEndpoint, Secret> = {
  name: NAME,
  findMade: async (db, merchantId, key) => {
    const made = await findEndpointByKey(db, merchantId, key);
    if (!made) return undefined;
    // One from before changes were kept has not been changed, either.
    const kept = await findChange<WebhookEndpoint>(db, ENDPOINT_CHANGES, {
      merchantId,
      operation: NAME,
      key,
    });
    return kept ?? { firstSeenAt: made.createdAt, result: made };
  },
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
  const { metadata = {}, ordered = false } = input;
  const url = checkEndpointUrl(config, input.url);
  const endpoint = { ...NO_PACE, ...input, metadata, ordered, url };
  // As before there were metadata and an order, so that an older request's repeat is the same request.
  const asked = {
    ...endpoint,
    metadata: Object.keys(metadata).length > 0 ? metadata : null,
    ordered: ordered || null,
  };
  const print = fingerprint(NAME, asked).toString("hex");
  const request = {
    merchantId,
    key,
    fingerprint: print,
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
      const result = await insertEndpoint(tx, {
        ...endpoint,
        merchantId,
        id,
        key,
        apiVersion: API_VERSION,
        status: config.webhookChallenge ? "PENDING" : "ENABLED",
        secret: secrets.seal(secret, id),
        secretHint: secretHint(secret),
      });
      await keepChange(tx, ENDPOINT_CHANGES, {
        merchantId,
        operation: NAME,
        key,
        id,
        fingerprint: print,
      });
      return { result, secret: { secret } };
    },
    isSame: ({ result, fingerprint: kept }) =>
      kept === undefined ? isAsAsked(result, endpoint) : kept === print,
  });
  return { ...outcome, secret: beside?.secret ?? null };
}

function isAsAsked(
  made: WebhookEndpoint,
  asked: Pick<WebhookEndpoint, "url" | "description" | "eventTypes">,
): boolean {
  return (
    made.url === asked.url &&
    made.description === asked.description &&
    isDeepStrictEqual([...made.eventTypes].sort(), [...asked.eventTypes].sort())
  );
}

async function checkCount(tx: Tx, merchantId: string, max: number): Promise<void> {
  if (max === 0 || (await countEndpoints(tx, merchantId, max)) < max) return;
  throw new Failure(
    "FORBIDDEN",
    `The merchant has as many webhook endpoints as it may have, which is ${String(max)}.`,
    { limit: max },
  );
}
