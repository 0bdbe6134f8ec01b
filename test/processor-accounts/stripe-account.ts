import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { SECRET_KEY, type Simulation } from "../stripe-simulation/simulation";
import { type TestApi, makeIntent, newKey } from "../support/api";
import { CONNECT_ACCOUNT } from "../support/processor-accounts";
import { attemptsOf, confirm, statusOf } from "./world";

/** An account at the simulation, and payments that are taken through it. */

export const WEBHOOK_SECRET = "whsec_of_the_endpoint";

export interface StripeAccount {
  readonly id: string;
  readonly webhookPath: string;
}

export async function connectStripe(api: TestApi, secretKey = SECRET_KEY): Promise<StripeAccount> {
  const input = {
    processor: "stripe",
    credentials: { secretKey },
    webhookSecret: WEBHOOK_SECRET,
  };
  const { data, error } = await api.send({
    query: CONNECT_ACCOUNT,
    variables: { input, key: newKey() },
  });
  expect(error).toBeUndefined();
  const account = data.connectProcessorAccount.processorAccount as StripeAccount;
  expect(account).toMatchObject({ processor: "stripe", mode: "TEST", status: "ACTIVE" });
  return account;
}

/** Sends everything that Stripe has to tell, as Stripe does, and applies it. */
export async function tellAll(
  api: TestApi,
  stripe: Simulation,
  { webhookPath }: StripeAccount,
): Promise<void> {
  for (const event of stripe.bank.events.splice(0)) {
    const { rawBody, headers } = stripe.sign(event, WEBHOOK_SECRET);
    const answer = await fetch(`${api.server.url}${webhookPath}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: rawBody,
    });
    expect([event.type, answer.status]).toEqual([event.type, 200]);
  }
  await applyProcessorWebhooks(api.app, 100);
}

export interface Paid {
  readonly id: string;
  readonly reference: string;
}

/** Confirmed, and whatever came of that. */
export async function tried(
  api: TestApi,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Paid> {
  const { id } = await makeIntent(api, { amount: 2_500, ...input });
  const { error } = await confirm(api, id, { returnUrl: "https://shop.example/return" });
  expect(error).toBeUndefined();
  await api.drain();
  const [attempt] = await attemptsOf(api, id);
  return { id, reference: attempt?.id ?? "" };
}

export async function paid(api: TestApi): Promise<Paid> {
  const made = await tried(api);
  expect(await statusOf(api, made.id)).toBe("SUCCEEDED");
  return made;
}
