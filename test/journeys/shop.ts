import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import {
  CREATE_ENDPOINT,
  type TestAnswer,
  type TestApi,
  newKey,
  startTestApi,
} from "../support/api";
import { startReceiver } from "../support/receiver";

const SECRET = "what the sandbox signs with";

/**
 * A shop that asks over HTTP and receives webhooks, over a whole system: its card network announces what it decides, and
 * workers are run by hand.
 */
export interface Shop {
  readonly api: TestApi;
  ask(query: string, input: object): Promise<TestAnswer>;
  /** The code of what is refused, with its details; "done" for what is not. */
  outcome(query: string, input: object): Promise<unknown>;
  intentOf(id: string): Promise<Shown>;
  /** The types of an intent's events, as they were received, in the order of its versions. */
  heardOf(id: string): string[];
  /** Workers work, on what the network has announced as well. */
  work(): Promise<void>;
  stop(): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- It comes as JSON; the expectations check its shape.
type Shown = any;

const SHOW = `query ($id: ID!) { paymentIntent(id: $id) {
  status amount amountCaptured amountCapturable amountRefunded amountRefundable version
  cancellationReason cancellationRequestedAt description
  authorizationExpiresAt authorizationExpiredAt authorizationExpiryPolicy
  allowedActions { action allowed because } lastPaymentError { code declineCode retryable }
  nextAction { ... on RedirectToUrl { redirectUrl expiresAt } }
  refunds { edges { node { status amount } } }
} }`;

export async function openShop(settings: Readonly<Record<string, string>> = {}): Promise<Shop> {
  const [api, receiver] = await Promise.all([
    startTestApi({ ONCEPAY_SANDBOX_WEBHOOK_SECRET: SECRET, ...settings }),
    startReceiver(),
  ]);
  const ask: Shop["ask"] = (query, input) =>
    api.send({ query, variables: { input, key: newKey() } });
  const { data } = await ask(CREATE_ENDPOINT, { url: receiver.url });
  const secret = data.createWebhookEndpoint.secret as string;
  await api.sandbox.post("/admin/webhooks", {
    url: `${api.server.url}/processors/sandbox/webhooks`,
    secret: SECRET,
  });
  return {
    api,
    ask,
    outcome: async (query, input) => {
      const { error } = await ask(query, input);
      if (!error) return "done";
      const { code, details } = error.extensions;
      return { code, details };
    },
    intentOf: async (id) => (await api.send({ query: SHOW, variables: { id } })).data.paymentIntent,
    heardOf: (id) => {
      const events = receiver.received.map((webhook) => ({
        ...receiver.verify(webhook, secret),
        ...(JSON.parse(webhook.body) as { subjectId: string }),
      }));
      const own = events.filter(({ subjectId }) => subjectId === id);
      return own.sort((a, b) => a.sequence - b.sequence).map(({ type }) => type);
    },
    work: async () => {
      await applyProcessorWebhooks(api.app, 100);
      await api.drain();
    },
    stop: async () => {
      await api.stop();
      await receiver.close();
    },
  };
}
