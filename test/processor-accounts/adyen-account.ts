import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { cardOf } from "../adyen-simulation/cards";
import { deliveries } from "../adyen-simulation/delivery";
import { API_KEY, MERCHANT_ACCOUNT, type Simulation, signed } from "../adyen-simulation/simulation";
import { type TestApi, makeIntent, newKey } from "../support/api";
import { CONNECT_ACCOUNT } from "../support/processor-accounts";
import { attemptsOf, confirm, route, to } from "./world";

/** A merchant's account at the simulation of Adyen: payments through it, and what its webhooks tell. */

export const HMAC_KEY = "0a".repeat(32);

export const INPUT = {
  processor: "adyen",
  credentials: { apiKey: API_KEY },
  webhookSecret: HMAC_KEY,
  settings: { merchantAccount: MERCHANT_ACCOUNT, multipleCaptures: "enabled" },
};

export interface AdyenAccount {
  readonly id: string;
  readonly webhookPath: string;
}

/** Payments of the merchant go there from now on. */
export async function connectAdyen(api: TestApi): Promise<AdyenAccount> {
  const variables = { input: INPUT, key: newKey() };
  const { data, error } = await api.send({ query: CONNECT_ACCOUNT, variables });
  if (error) throw new Error(JSON.stringify(error));
  const account = data.connectProcessorAccount.processorAccount as AdyenAccount;
  const routed = await route(api, [to({ id: account.id })]);
  if (routed.error) throw new Error(JSON.stringify(routed.error));
  return account;
}

export async function post(
  api: TestApi,
  { webhookPath }: AdyenAccount,
  body: string,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${api.server.url}${webhookPath}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

/** Sends everything that Adyen has to tell, as Adyen may, and applies it. */
export async function tellAll(
  api: TestApi,
  account: AdyenAccount,
  { adyen, hmacKey = HMAC_KEY }: { readonly adyen: Simulation; readonly hmacKey?: string },
): Promise<void> {
  adyen.work();
  for (const items of deliveries(adyen.bank.notifications.splice(0))) {
    expect(await post(api, account, signed(items, hmacKey))).toEqual({
      ...{ status: 200, text: "[accepted]" },
    });
  }
  await applyProcessorWebhooks(api.app, 100);
}

/** A payment that was confirmed, and its attempt. */
export async function confirmedAtAdyen(
  api: TestApi,
  input: Readonly<Record<string, unknown>> = {},
  card = "visa",
): Promise<{ id: string; reference: string }> {
  const { id } = await makeIntent(api, { amount: 2_500, ...input });
  const more = { returnUrl: "https://shop.example/return", paymentMethod: cardOf(card) };
  expect((await confirm(api, id, more)).error).toBeUndefined();
  await api.drain();
  const [attempt] = await attemptsOf(api, id);
  return { id, reference: attempt?.id ?? "" };
}

/** Asked for twice. */
export async function ask(api: TestApi, query: string, input: object): Promise<void> {
  const variables = { input, key: newKey() };
  for (let times = 0; times < 2; times += 1) {
    expect((await api.send({ query, variables })).error).toBeUndefined();
  }
  await api.drain();
}
