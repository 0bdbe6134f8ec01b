import { ApolloClient, CombinedGraphQLErrors, InMemoryCache, gql } from "@apollo/client";
import { oncepayLink, oncepayTypePolicies } from "../../src/sdk/apollo";
import type { ClientOptions } from "../../src/sdk/client-options";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../support/api";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";
import { losing } from "./losing";

/* Apollo Client itself, in a shopper's browser, against the whole API. */

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

interface Shown {
  readonly paymentIntent: { readonly status: string; readonly version: number };
}
interface Confirmed {
  readonly confirmPaymentIntent: Shown & { readonly idempotency: { readonly status: string } };
}

function clientFor(
  { clientSecret }: MadeIntent,
  options: Partial<ClientOptions> = {},
  typePolicies: ConstructorParameters<typeof InMemoryCache>[0] = {
    typePolicies: oncepayTypePolicies(),
  },
): ApolloClient {
  const link = oncepayLink({
    url: `${api.server.url}/graphql`,
    apiKey: api.merchant.publishableKey,
    clientSecret,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { baseMs: 1, capMs: 2, triesMax: 3 },
    budget: createRetryBudget({ initial: 100 }),
    ...options,
  });
  return new ApolloClient({ link, cache: new InMemoryCache(typePolicies) });
}

async function confirm(client: ApolloClient, id: string, idempotencyKey?: string) {
  const variables = { input: { paymentIntentId: id }, idempotencyKey };
  const { data } = await client.mutate<Confirmed>({ mutation: CONFIRM, variables });
  return data?.confirmPaymentIntent;
}

function shown(client: ApolloClient, id: string): string | undefined {
  const found = client.readQuery<Shown>({ query: INTENT, variables: { id } });
  return found?.paymentIntent.status;
}

test("pays, and what it shows follows the payment", async () => {
  const intent = await makeIntent(api);
  const client = clientFor(intent);
  const query = { query: INTENT, variables: { id: intent.id } };
  const seen: unknown[] = [];
  const watched = client.watchQuery<Shown>(query).subscribe(({ data }) => {
    const { paymentIntent } = (data ?? {}) as Partial<Shown>;
    if (paymentIntent && seen.at(-1) !== paymentIntent.status) seen.push(paymentIntent.status);
  });
  await client.query(query);
  expect(await confirm(client, intent.id)).toMatchObject({
    paymentIntent: { status: "PROCESSING" },
    idempotency: { status: "EXECUTED" },
  });
  await api.drain();
  await client.query({ ...query, fetchPolicy: "network-only" });
  await waitFor("the news on the screen", () => seen.at(-1) === "SUCCEEDED");
  watched.unsubscribe();
  expect(seen).toEqual(["REQUIRES_CONFIRMATION", "PROCESSING", "SUCCEEDED"]);
});

test.each([
  ["with the policies a replay changes nothing on the screen", oncepayTypePolicies(), "SUCCEEDED"],
  ["without them it turns SUCCEEDED back into PROCESSING", {}, "PROCESSING"],
])("%s", async (_what, typePolicies, status) => {
  const intent = await makeIntent(api);
  const client = clientFor(intent, {}, { typePolicies });
  const query = { query: INTENT, variables: { id: intent.id } };
  await confirm(client, intent.id, "pay-once");
  await api.drain();
  await client.query(query);
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
  const error: unknown = await confirm(client, intent.id).catch((thrown: unknown) => thrown);
  expect(CombinedGraphQLErrors.is(error)).toBe(true);
  expect(error).toMatchObject({ errors: [{ extensions: { code: "INVALID_STATE" } }] });
  await api.drain();
});

test("what is not known ends with OUTCOME_UNKNOWN, and the next tap is the same payment", async () => {
  const intent = await makeIntent(api);
  const client = clientFor(intent, { fetch: losing(4) });
  await expect(confirm(client, intent.id)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  expect(await confirm(client, intent.id)).toMatchObject({ idempotency: { status: "REPLAYED" } });
  await api.drain();
});
