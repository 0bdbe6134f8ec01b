import { Client, type Exchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import type { ClientOptions } from "../../src/sdk/client-options";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { oncepayExchange, oncepayKeys } from "../../src/sdk/urql";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../support/api";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";
import { losing } from "./losing";

/* urql itself with its normalised cache, in a shopper's browser, against the whole API. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const INTENT = gql`
  query intent($id: ID!) {
    paymentIntent(id: $id) {
      id
      status
      version
      allowedActions {
        action
        allowed
      }
    }
  }
`;
const CONFIRM = gql`
  mutation Pay($input: ConfirmPaymentIntentInput!, $idempotencyKey: String = "") {
    confirmPaymentIntent(input: $input, idempotencyKey: $idempotencyKey) {
      paymentIntent {
        id
        status
        version
      }
      idempotency {
        status
      }
    }
  }
`;

const warnings: unknown[] = [];

function clientFor(
  { clientSecret }: MadeIntent,
  options: Partial<ClientOptions> = {},
  keys = oncepayKeys(),
): Client {
  const url = `${api.server.url}/graphql`;
  const exchange = oncepayExchange({
    url,
    apiKey: api.merchant.publishableKey,
    clientSecret,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { baseMs: 1, capMs: 2, triesMax: 3 },
    budget: createRetryBudget({ initial: 100 }),
    ...options,
  });
  const cache: Exchange = cacheExchange({
    keys,
    logger: (severity, message) => {
      if (severity !== "debug") warnings.push(message);
    },
  });
  return new Client({ url, exchanges: [cache, exchange], preferGetMethod: false });
}

async function confirm(client: Client, id: string, idempotencyKey?: string) {
  const variables = { input: { paymentIntentId: id }, idempotencyKey };
  const { data, error } = await client.mutation(CONFIRM, variables).toPromise();
  if (error) throw error;
  return data.confirmPaymentIntent;
}

function shown(client: Client, id: string): unknown {
  const variables = { id };
  const found = client.readQuery(INTENT, variables, { requestPolicy: "cache-only" });
  return found?.data?.paymentIntent.status;
}

test("pays, and what it shows follows the payment", async () => {
  const intent = await makeIntent(api);
  const client = clientFor(intent);
  const seen: unknown[] = [];
  const watched = client.query(INTENT, { id: intent.id }).subscribe(({ data }) => {
    if (data && seen.at(-1) !== data.paymentIntent.status) seen.push(data.paymentIntent.status);
  });
  await client.query(INTENT, { id: intent.id }).toPromise();
  expect(await confirm(client, intent.id)).toMatchObject({
    paymentIntent: { status: "PROCESSING" },
    idempotency: { status: "EXECUTED" },
  });
  await api.drain();
  await client.query(INTENT, { id: intent.id }, { requestPolicy: "network-only" }).toPromise();
  await waitFor("the news on the screen", () => seen.at(-1) === "SUCCEEDED");
  watched.unsubscribe();
  expect(seen).toEqual(["REQUIRES_CONFIRMATION", "PROCESSING", "SUCCEEDED"]);
  expect(warnings).toEqual([]);
});

test.each([
  ["with the keys a replay changes nothing on the screen", oncepayKeys(), "SUCCEEDED"],
  ["without them it turns SUCCEEDED back into PROCESSING", {}, "PROCESSING"],
])("%s", async (_what, keys, status) => {
  const intent = await makeIntent(api);
  const client = clientFor(intent, {}, keys);
  await confirm(client, intent.id, "pay-once");
  await api.drain();
  await client.query(INTENT, { id: intent.id }).toPromise();
  expect(shown(client, intent.id)).toBe("SUCCEEDED");
  // The payload is the payment as it was then.
  expect(await confirm(client, intent.id, "pay-once")).toMatchObject({
    paymentIntent: { status: "PROCESSING" },
    idempotency: { status: "REPLAYED" },
  });
  expect(shown(client, intent.id)).toBe(status);
});

test.each([
  ["once", 1],
  ["for good", 3],
])(
  "an answer that was lost %s is had all the same, and the payment is made once",
  async (_how, lost) => {
    const intent = await makeIntent(api);
    const client = clientFor(intent, { fetch: losing(lost) });
    expect(await confirm(client, intent.id)).toMatchObject({
      paymentIntent: { status: "PROCESSING" },
      idempotency: { status: "REPLAYED" },
    });
    await api.drain();
    const charged = await api.db("attempts").where({ payment_intent_id: intent.id }).count();
    expect(charged).toEqual([{ count: 1 }]);
  },
);

test("what the API refuses are GraphQL errors, with their code", async () => {
  const intent = await makeIntent(api);
  const client = clientFor(intent);
  await confirm(client, intent.id);
  await expect(confirm(client, intent.id)).rejects.toMatchObject({
    graphQLErrors: [{ extensions: { code: "INVALID_STATE" } }],
  });
  await api.drain();
});

test("what is not known ends with OUTCOME_UNKNOWN, and the next tap is the same payment", async () => {
  const intent = await makeIntent(api);
  const client = clientFor(intent, { fetch: losing(4) });
  await expect(confirm(client, intent.id)).rejects.toMatchObject({
    networkError: { code: "OUTCOME_UNKNOWN" },
  });
  expect(await confirm(client, intent.id)).toMatchObject({ idempotency: { status: "REPLAYED" } });
  await api.drain();
});
