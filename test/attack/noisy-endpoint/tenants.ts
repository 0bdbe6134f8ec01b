import { newId } from "../../../src/ids";
import { OUTBOX_CHANNEL } from "../../../src/events/outbox";
import { createMerchant } from "../../../src/merchants/create-merchant";
import { createPaymentIntents } from "../../../src/payments/create-payment-intent";
import { createCommand } from "../../support/factories";
import type { Installation } from "../installation";
import type { Manner, Receivers } from "./receivers";

/** A tenant with one endpoint. */
export interface Tenant {
  readonly merchantId: string;
  readonly manner: Manner;
}

/** Each with an endpoint of its own; sealed with what the installation's own endpoint is sealed with. */
export async function makeTenants(
  installation: Installation,
  receivers: Receivers,
  given: { readonly manner: Manner; readonly count: number },
): Promise<Tenant[]> {
  const { db } = installation;
  const { manner, count } = given;
  const tenants: Tenant[] = [];
  for (let index = 0; index < count; index += 1) {
    const merchant = await createMerchant(db, `${manner} ${String(index)}`);
    tenants.push({ merchantId: merchant.id, manner });
    const answer = await fetch(installation.graphqlUrls[0] ?? "", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${merchant.secretKey}`,
      },
      body: JSON.stringify({
        query: `mutation ($input: CreateWebhookEndpointInput!) {
          createWebhookEndpoint(input: $input, idempotencyKey: "hook") { webhookEndpoint { id } } }`,
        variables: { input: { url: receivers.urlOf(manner, index) } },
      }),
    });
    const { errors } = (await answer.json()) as { errors?: unknown };
    if (errors !== undefined) throw new Error(`no endpoint was made: ${JSON.stringify(errors)}`);
  }
  return tenants;
}

/** An event of each, in one commit. */
export async function makeEvent(
  { db }: Pick<Installation, "db">,
  tenants: readonly Tenant[],
): Promise<void> {
  if (tenants.length === 0) return;
  const commands = tenants.map(({ merchantId }) =>
    createCommand(merchantId, { key: newId("paymentIntent") }),
  );
  await createPaymentIntents(db, commands);
  await db.raw(`select pg_notify('${OUTBOX_CHANNEL}', '')`);
}

export const idsOf = (tenants: readonly Tenant[]): string[] =>
  tenants.map(({ merchantId }) => merchantId);

/** How long events since then waited for their webhooks, by the database's clock: from their commit to the record. */
export async function waitsSince(
  { installation }: { readonly installation: Pick<Installation, "db"> },
  tenants: readonly Tenant[],
  from: Date,
): Promise<{ p50: number; p95: number }> {
  const { rows } = await installation.db.raw<{ rows: { p50: number; p95: number }[] }>(
    `select round(percentile_cont(0.5) within group (order by w.ms)::numeric, 1)::float as p50,
       round(percentile_cont(0.95) within group (order by w.ms)::numeric, 1)::float as p95
     from (
       select extract(epoch from d.updated_at - e.created_at) * 1000 as ms
       from webhook_deliveries d
       join events e on e.merchant_id = d.merchant_id and e.id = d.event_id
       where d.merchant_id = any(?) and e.created_at >= ? and d.status = 'SUCCEEDED'
     ) w`,
    [idsOf(tenants), from],
  );
  return rows[0] ?? { p50: 0, p95: 0 };
}
