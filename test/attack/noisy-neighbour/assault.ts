/** What a tenant does to be a nuisance. Each is done by so many connections, over and over, with no pause. */
export const ASSAULTS = ["unindexed", "refunds", "bad-keys", "dear", "endpoints"] as const;
export type Assault = (typeof ASSAULTS)[number];

export const DESCRIBED: Readonly<Record<Assault, string>> = {
  unindexed: "20 clients on a filter without an index",
  refunds: "100 connections refunding one payment",
  "bad-keys": "100 connections with bad keys",
  dear: "20 clients with the dearest queries",
  endpoints: "20 clients creating webhook endpoints",
};

export const CONNECTIONS: Readonly<Record<Assault, number>> = {
  unindexed: 20,
  refunds: 100,
  "bad-keys": 100,
  dear: 20,
  endpoints: 20,
};

export interface AssaultPlan {
  readonly assault: Assault;
  readonly url: string;
  readonly key: string;
  /** A payment of the attacker's that has been captured. */
  readonly paymentIntentId: string;
  readonly seed: number;
}

/** Answers by code; OK where there was none. */
export type Codes = Readonly<Record<string, number>>;

interface Asked {
  readonly query: string;
  readonly variables?: object;
  readonly key?: string;
}

const REFUND = `mutation ($input: RefundPaymentIntentInput!, $key: String!) {
  refundPaymentIntent(input: $input, idempotencyKey: $key) { refund { id } } }`;
const CREATE_ENDPOINT = `mutation ($input: CreateWebhookEndpointInput!, $key: String!) {
  createWebhookEndpoint(input: $input, idempotencyKey: $key) { secret } }`;

const UNINDEXED = `{ paymentIntents(first: 100, filter: { metadata: { key: "sku", value: "none" } }) {
  edges { node { id } } } }`;

/** Each costs nearly all that a request may. */
const DEAR: readonly string[] = [
  `{ paymentIntents(first: 100) { edges { node { id status amount currency metadata description
    customer merchantReference version createdAt updatedAt amountCaptured amountRefunded
    amountAuthorized } } } }`,
  `{ a: events(first: 100) { edges { node { id type createdAt data } } }
     b: events(first: 90) { edges { node { id data } } } }`,
  `{ paymentIntents(first: 44) { edges { node { id
    refunds(first: 44) { edges { node { __typename amount } } }
    attempts(first: 44) { edges { node { __typename amount } } }
    transitions(first: 44) { edges { node { __typename amount } } } } } } }`,
];

/** The n-th request of an assault. */
export function requestOf(plan: AssaultPlan, n: number): Asked {
  const key = `assault-${String(plan.seed)}-${plan.assault}-${String(n)}`;
  switch (plan.assault) {
    case "unindexed":
      return { query: UNINDEXED };
    case "refunds": {
      const input = { paymentIntentId: plan.paymentIntentId, amount: 1 };
      return { query: REFUND, variables: { input, key } };
    }
    case "bad-keys":
      return {
        query: "{ paymentIntents { edges { node { id } } } }",
        // Of the right shape and of a tenant that exists, so that it has to be looked up.
        key: plan.key.slice(0, -8) + n.toString(36).padStart(8, "0"),
      };
    case "dear":
      return { query: DEAR[n % DEAR.length] ?? "" };
    case "endpoints": {
      const input = { url: "https://shop.example/hooks", eventTypes: ["refund.failed"] };
      return { query: CREATE_ENDPOINT, variables: { input, key } };
    }
  }
}
