import { CONFIRM_INTENT, type TestAnswer, type TestApi, makeIntent, newKey } from "../support/api";
import { type ConnectedAccount, REPLACE_ROUTES } from "../support/processor-accounts";

/** Payments of merchants who have accounts, and what the accounts' network says of them. */

export async function route(
  api: TestApi,
  routes: readonly object[],
  key = api.merchant.secretKey,
): Promise<TestAnswer> {
  const variables = { input: { routes }, key: newKey() };
  return api.send({ query: REPLACE_ROUTES, variables, key });
}

export const to = ({ id }: Pick<ConnectedAccount, "id">, more: object = {}) => ({
  ...more,
  processorAccountId: id,
});

interface Row {
  readonly id: string;
  readonly operation: string;
  readonly status: string;
  readonly processor_account_id: string | null;
}

export async function attemptsOf(api: TestApi, paymentIntentId: string): Promise<Row[]> {
  return (await api
    .db("attempts")
    .where({ payment_intent_id: paymentIntentId })
    .orderBy("id")) as Row[];
}

export async function confirm(
  api: TestApi,
  id: string,
  more: object = {},
  { key = newKey(), by = api.merchant.secretKey } = {},
): Promise<TestAnswer> {
  const variables = { input: { paymentIntentId: id, ...more }, key };
  return api.send({ query: CONFIRM_INTENT, variables, key: by });
}

/** A payment that is confirmed, and its attempt. */
export async function confirmed(api: TestApi, input: Readonly<Record<string, unknown>> = {}) {
  const { id } = await makeIntent(api, input);
  const { error } = await confirm(api, id);
  if (error) throw new Error(JSON.stringify(error));
  const [attempt] = await attemptsOf(api, id);
  if (!attempt) throw new Error("nothing was queued");
  return { id, attempt };
}

/** The accounts that something moved at under a reference, by the network's own books; "" for the installation's. */
export async function movedAt(api: TestApi, reference: string): Promise<string[]> {
  const movements = await api.sandbox.movements(reference);
  return movements.map(({ chargeId }) => /^[a-z]+_([a-z0-9]+)_/.exec(chargeId)?.[1] ?? "");
}

export async function statusOf(api: TestApi, id: string): Promise<string> {
  const row = await api.db("payment_intents").where({ id }).first<{ status: string }>("status");
  return row?.status ?? "";
}

/** A switch of the network, for one account alone. */
export async function atNetwork(
  api: TestApi,
  { secretKey }: Pick<ConnectedAccount, "secretKey">,
  path: string,
  body?: object,
): Promise<void> {
  const response = await fetch(`${api.sandbox.url}/admin/${path}`, {
    method: body ? "POST" : "DELETE",
    headers: { authorization: `Bearer ${secretKey}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`the network answered ${String(response.status)}`);
}
