import type { App } from "../app";
import { type Statement, run } from "../db/db";
import { violatedConstraint } from "../db/errors";
import { Failure } from "../failures";
import { type Outcome, keyReused } from "../idempotency/keys";
import { newId } from "../ids";
import type { WebhookEndpoint } from "./delivery";
import { newWebhookSecret } from "./sign";
import { checkWebhookUrl } from "./url-guard";

/*
 * Guarantees: one endpoint for one (merchant, key), whose secret is shown in the answer, also in a replay, and is
 * stored sealed. The key is on the endpoint itself, for ever: one insert is the whole of it.
 */

export interface CreateWebhookEndpoint {
  readonly merchantId: string;
  readonly key: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string | null;
}

export const ENDPOINT_COLUMNS = `
  w.id as "id", w.url as "url", w.description as "description", w.event_types as "eventTypes", w.status as "status",
  iso(w.created_at) as "createdAt", iso(w.updated_at) as "updatedAt"`;

const FIND_BY_KEY: Statement = {
  name: "find_webhook_endpoint_by_key",
  text: `
    select ${ENDPOINT_COLUMNS}, w.secret as "sealed" from webhook_endpoints w
    where w.merchant_id = ? and w.idempotency_key = ?`,
};

const INSERT: Statement = {
  name: "insert_webhook_endpoint",
  text: `
    insert into webhook_endpoints (merchant_id, id, url, description, event_types, secret, idempotency_key)
    values (?, ?, ?, ?, ?, ?, ?)`,
};

export type CreatedEndpoint = Outcome<WebhookEndpoint> & { readonly secret: string };

export async function createWebhookEndpoint(
  app: App,
  command: CreateWebhookEndpoint,
): Promise<CreatedEndpoint> {
  const checked = checkWebhookUrl(command.url, { allowLoopback: app.config.webhookAllowLoopback });
  if (!checked.ok) {
    throw new Failure("BAD_USER_INPUT", `This URL cannot receive webhooks: ${checked.reason}`, {
      field: "url",
    });
  }
  // As the parser writes it: what was checked is what will be connected to.
  const normalised = { ...command, url: checked.url.href };
  return createChecked(app, normalised);
}

async function createChecked(app: App, command: CreateWebhookEndpoint): Promise<CreatedEndpoint> {
  const known = await findByKey(app, command);
  if (known) return replayEndpoint(command, known);
  const id = newId("webhookEndpoint");
  try {
    await run(app.db, INSERT, [
      command.merchantId,
      id,
      command.url,
      command.description,
      command.eventTypes,
      app.secrets.seal(newWebhookSecret(), id),
      command.key,
    ]);
  } catch (error) {
    if (violatedConstraint(error) !== "webhook_endpoints_spent_key") throw error;
  }
  const created = await findByKey(app, command);
  if (!created) throw new Error("a webhook endpoint that was just created is not there");
  return created.endpoint.id === id
    ? outcome("EXECUTED", created)
    : replayEndpoint(command, created);
}

interface Found {
  readonly endpoint: WebhookEndpoint;
  readonly secret: string;
}

async function findByKey(app: App, command: CreateWebhookEndpoint): Promise<Found | undefined> {
  const [row] = await run<WebhookEndpoint & { sealed: Buffer }>(app.db, FIND_BY_KEY, [
    command.merchantId,
    command.key,
  ]);
  if (!row) return undefined;
  const { sealed, ...endpoint } = row;
  return { endpoint, secret: app.secrets.open(sealed, endpoint.id) };
}

function replayEndpoint(command: CreateWebhookEndpoint, found: Found): CreatedEndpoint {
  const { endpoint } = found;
  const same =
    endpoint.url === command.url &&
    endpoint.description === command.description &&
    JSON.stringify(endpoint.eventTypes) === JSON.stringify(command.eventTypes);
  if (!same) {
    const name = { ...command, operation: "createWebhookEndpoint" };
    throw keyReused(name, endpoint.createdAt);
  }
  return outcome("REPLAYED", found);
}

function outcome(status: "EXECUTED" | "REPLAYED", { endpoint, secret }: Found): CreatedEndpoint {
  return { status, firstSeenAt: endpoint.createdAt, result: endpoint, secret };
}
