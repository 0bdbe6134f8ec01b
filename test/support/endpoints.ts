import { randomUUID } from "node:crypto";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import type { TestApp } from "./app";
import { createCommand } from "./factories";

/** Endpoints as merchants make them, and their settings, which are set in the row. */
export interface MadeEndpoint {
  readonly id: string;
  readonly secret: string;
}

export async function anEndpoint(
  t: Pick<TestApp, "app" | "db">,
  merchantId: string,
  given: { readonly url: string; readonly eventTypes?: readonly string[]; readonly row?: object },
): Promise<MadeEndpoint> {
  const { url, eventTypes = [], row } = given;
  const input = { merchantId, key: randomUUID(), url, eventTypes, description: null };
  const { result, secret } = await createWebhookEndpoint(t.app, input);
  if (row) await t.db("webhook_endpoints").where({ id: result.id }).update(row);
  return { id: result.id, secret: secret ?? "" };
}

/** So many events, each of a payment of its own. */
export async function makeEvents(
  t: Pick<TestApp, "app">,
  merchantId: string,
  count: number,
): Promise<void> {
  const commands = Array.from({ length: count }, () => createCommand(merchantId));
  await Promise.all(commands.map((command) => t.app.createPaymentIntent(command)));
}
