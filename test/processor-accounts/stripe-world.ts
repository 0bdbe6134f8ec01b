import type Stripe from "stripe";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { listAccountEvents } from "../../src/inbox/list-account-events";
import type { App } from "../../src/app";
import { idOf } from "../stripe-simulation/objects";
import { SECRET_KEY, type Simulation, startSimulation } from "../stripe-simulation/simulation";
import { REFUND_INTENT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";
import { CONNECT_ACCOUNT } from "../support/processor-accounts";
import { booksOf } from "../support/stripe-books";
import { attemptsOf, confirm, route, to } from "./world";

/** A merchant whose payments go to an account at Stripe: over HTTP, through the workers, to the simulation. */
export interface StripeWorld {
  readonly api: TestApi;
  readonly stripe: Simulation;
  readonly account: { readonly id: string; readonly webhookPath: string };
  /** A payment that is confirmed; workers have not seen it yet. */
  confirmed(given?: { readonly card?: string; readonly manual?: boolean }): Promise<string>;
  /** One that workers have sent, with its first attempt. */
  sent(given?: { readonly card?: string; readonly manual?: boolean }): Promise<Sent>;
  refund(id: string, amount: number): Promise<void>;
  /** Sends an event to the account's endpoint, as Stripe does; answers the status. */
  post(event: Stripe.Event): Promise<number>;
  /** Applies what is in the inbox, whatever it waits for. */
  apply(): Promise<void>;
  /** The account's list is due, and is listed to its end. */
  list(app?: App): Promise<void>;
  stop(): Promise<void>;
}

export interface Sent {
  readonly id: string;
  readonly reference: string;
  /** Stripe's PaymentIntent. */
  readonly intent: string;
}

const WEBHOOK_SECRET = "whsec_of_the_endpoint";

export async function startStripeWorld(
  settings: Readonly<Record<string, string>> = {},
): Promise<StripeWorld> {
  const stripe = await startSimulation();
  const api = await startTestApi({
    ONCEPAY_STRIPE_URL: stripe.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
    ...settings,
  });
  api.movements = booksOf(stripe);
  const input = {
    processor: "stripe",
    credentials: { secretKey: SECRET_KEY },
    webhookSecret: WEBHOOK_SECRET,
  };
  const variables = { input, key: newKey() };
  const { data, error } = await api.send({ query: CONNECT_ACCOUNT, variables });
  expect(error).toBeUndefined();
  const account = data.connectProcessorAccount.processorAccount as StripeWorld["account"];
  expect((await route(api, [to(account)])).error).toBeUndefined();

  const confirmed: StripeWorld["confirmed"] = async ({ card, manual = false } = {}) => {
    const { id } = await makeIntent(api, {
      amount: 2_500,
      ...(manual && { captureMethod: "MANUAL" }),
      ...(card !== undefined && { paymentMethod: card }),
    });
    const answer = await confirm(api, id, { returnUrl: "https://shop.example/return" });
    expect(answer.error).toBeUndefined();
    return id;
  };
  const listRow = (): Promise<{ events_to: Date | null }> =>
    api.db("processor_accounts").where({ id: account.id }).first("events_to");
  return {
    api,
    stripe,
    account,
    confirmed,
    sent: async (given) => {
      const id = await confirmed(given);
      await api.relayOnce();
      await api.runCharges();
      const [attempt] = await attemptsOf(api, id);
      const intent = [...stripe.bank.intents.values()].find(
        ({ metadata }) => metadata["oncepay_attempt"] === attempt?.id,
      );
      if (!attempt || !intent) throw new Error("nothing was sent");
      return { id, reference: attempt.id, intent: intent.id };
    },
    refund: async (id, amount) => {
      const given = { input: { paymentIntentId: id, amount }, key: newKey() };
      const answer = await api.send({ query: REFUND_INTENT, variables: given });
      expect(answer.error).toBeUndefined();
    },
    post: async (event) => {
      const { rawBody, headers } = stripe.sign(event, WEBHOOK_SECRET);
      const answer = await fetch(`${api.server.url}${account.webhookPath}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: rawBody,
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    apply: async () => {
      const due = { next_at: new Date(0) };
      await api.db("inbox").whereNotNull("next_at").update(due);
      await applyProcessorWebhooks(api.app, 1_000);
    },
    list: async (app = api.app) => {
      const isDue = { events_due_at: new Date(0) };
      await api.db("processor_accounts").where({ id: account.id }).update(isDue);
      do await listAccountEvents(app, 10);
      while ((await listRow()).events_to !== null);
    },
    stop: async () => {
      await api.stop();
      await stripe.close();
    },
  };
}

export function chargeOf({ stripe }: Pick<StripeWorld, "stripe">, intent: string): Stripe.Charge {
  const { latest_charge: named = "" } = stripe.bank.intents.get(intent) ?? {};
  const charge = stripe.bank.charges.get(idOf(named));
  if (!charge) throw new Error("nothing was charged");
  return charge;
}
