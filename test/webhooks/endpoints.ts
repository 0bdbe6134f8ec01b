import {
  CREATE_ENDPOINT,
  DISABLE_ENDPOINT,
  ENABLE_ENDPOINT,
  type TestAnswer,
  type TestApi,
  newKey,
} from "../support/api";

/** Endpoints of a test's own merchant, through the API. */

export interface Endpoint {
  readonly id: string;
  readonly secret: string;
}

export async function anEndpoint(api: TestApi, url: string, more: object = {}): Promise<Endpoint> {
  const variables = { input: { url, ...more }, key: newKey() };
  const { data, body } = await api.send({ query: CREATE_ENDPOINT, variables });
  expect(body.errors).toBeUndefined();
  const { webhookEndpoint, secret } = data.createWebhookEndpoint;
  return { id: webhookEndpoint.id as string, secret: secret as string };
}

/** A mutation of an endpoint, whatever comes of it. */
export function change(
  api: TestApi,
  query: string,
  id: string,
  more: object = {},
): Promise<TestAnswer> {
  const variables = { input: { webhookEndpointId: id, ...more }, key: newKey() };
  return api.send({ query, variables });
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- Answers come as JSON. */
export function shown({ data, body }: TestAnswer): any {
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, object>);
  return payload;
}

export async function disable(api: TestApi, id: string, more: object = {}): Promise<void> {
  shown(await change(api, DISABLE_ENDPOINT, id, more));
}

export async function enable(api: TestApi, id: string, more: object = {}): Promise<void> {
  shown(await change(api, ENABLE_ENDPOINT, id, more));
}

/** How many deliveries of an endpoint have each status. */
export async function statuses(api: TestApi, id: string): Promise<Record<string, number>> {
  const rows = await api
    .db("webhook_deliveries")
    .where({ endpoint_id: id })
    .groupBy("status")
    .select<{ status: string; count: string }[]>("status", api.db.raw("count(*) as count"));
  return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
}
