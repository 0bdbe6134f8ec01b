import { ApolloClient, InMemoryCache } from "@apollo/client";
import { Client as UrqlClient } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { apolloDocument, oncepayLink, oncepayTypePolicies } from "../../src/sdk/apollo";
import { type ClientOptions, createClient } from "../../src/sdk/client";
import type { Connection } from "../../src/sdk/subscribe";
import { documents } from "../../src/sdk/typed-documents";
import { oncepayExchange, oncepayKeys, urqlDocument } from "../../src/sdk/urql";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../support/api";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";

/* Each client watches a payment of the whole API to its end, in a shopper's browser. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

function optionsFor({ clientSecret }: MadeIntent): ClientOptions {
  return {
    url: `${api.server.url}/graphql`,
    apiKey: api.merchant.publishableKey,
    clientSecret,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
  };
}

/** What was shown, without repetitions. */
function createScreen() {
  const shown: string[] = [];
  return {
    shown,
    show: (status: string | undefined) => {
      if (status !== undefined && shown.at(-1) !== status) shown.push(status);
    },
    shows: (status: string) => waitFor(`${status} on the screen`, () => shown.at(-1) === status),
  };
}

const WHOLE = ["REQUIRES_CONFIRMATION", "PROCESSING", "SUCCEEDED"];

test("the SDK's client watches to the end and gives the last state", async () => {
  const intent = await makeIntent(api);
  const client = createClient(optionsFor(intent));
  const { shown, show, shows } = createScreen();
  const last = client.paymentIntentUpdated(
    { id: intent.id },
    { onNext: ({ status }) => show(status) },
  );
  await shows("REQUIRES_CONFIRMATION");
  await client.confirmPaymentIntent({ paymentIntentId: intent.id });
  await shows("PROCESSING");
  await api.drain();
  expect(await last).toMatchObject({ id: intent.id, status: "SUCCEEDED", amountCaptured: 2_500 });
  expect(shown).toEqual(WHOLE);
});

test("a connection that is cut is made again, and what happened meanwhile is told", async () => {
  const intent = await makeIntent(api);
  const cut = new AbortController();
  let opened = 0;
  const client = createClient({
    ...optionsFor(intent),
    random: () => 0,
    fetch: (url, init) => {
      opened += 1;
      if (opened > 1) return fetch(url, init);
      // The network goes away under the client.
      init?.signal?.addEventListener("abort", () => cut.abort());
      return fetch(url, { ...init, signal: cut.signal });
    },
  });
  const { shown, show, shows } = createScreen();
  const connections: Connection[] = [];
  const merchant = createClient({ ...optionsFor(intent), apiKey: api.merchant.secretKey });
  const last = client.paymentIntentUpdated(
    { id: intent.id },
    {
      onNext: ({ status }) => show(status),
      onConnection: (connection) => {
        connections.push(connection);
      },
    },
  );
  await shows("REQUIRES_CONFIRMATION");
  await merchant.confirmPaymentIntent({ paymentIntentId: intent.id });
  await shows("PROCESSING");
  cut.abort();
  await api.drain();
  expect(await last).toMatchObject({ status: "SUCCEEDED" });
  expect(shown).toEqual(WHOLE);
  expect(connections.map(({ isLive }) => isLive)).toEqual([true, false, true]);
});

test("somebody else's payment cannot be watched, and it is said at once", async () => {
  const [mine, other] = [await makeIntent(api), await makeIntent(api)];
  const client = createClient(optionsFor(mine));
  const watching = client.paymentIntentUpdated({ id: other.id }, { onNext: () => undefined });
  await expect(watching).rejects.toMatchObject({ retryable: false, tries: 1 });
});

test("Apollo Client: what a query shows follows the subscription, and a replay does not undo it", async () => {
  const intent = await makeIntent(api);
  const client = new ApolloClient({
    link: oncepayLink(optionsFor(intent)),
    cache: new InMemoryCache({ typePolicies: oncepayTypePolicies() }),
  });
  const variables = { id: intent.id };
  const { shown, show, shows } = createScreen();
  const query = apolloDocument(documents.paymentIntent);
  client.watchQuery({ query, variables }).subscribe(({ data }) => {
    const seen = data as { paymentIntent?: { status?: string } | null } | undefined;
    show(seen?.paymentIntent?.status);
  });
  await shows("REQUIRES_CONFIRMATION");
  let isComplete = false;
  client
    .subscribe({ query: apolloDocument(documents.paymentIntentUpdated), variables })
    .subscribe({ complete: () => (isComplete = true) });
  const mutation = apolloDocument(documents.confirmPaymentIntent);
  const input = { paymentIntentId: intent.id };
  const confirm = { mutation, variables: { input, idempotencyKey: "once" } };
  await client.mutate(confirm);
  await shows("PROCESSING");
  await api.drain();
  await waitFor("the end of the subscription", () => isComplete);
  await shows("SUCCEEDED");
  const { data } = await client.mutate(confirm);
  expect(data?.confirmPaymentIntent.idempotency.status).toBe("REPLAYED");
  expect(client.readQuery({ query, variables })?.paymentIntent?.status).toBe("SUCCEEDED");
  expect(shown).toEqual(WHOLE);
});

test("urql: what a query shows follows the subscription, and a replay does not undo it", async () => {
  const intent = await makeIntent(api);
  const options = optionsFor(intent);
  const exchanges = [cacheExchange({ keys: oncepayKeys() }), oncepayExchange(options)];
  const client = new UrqlClient({ url: options.url, exchanges, preferGetMethod: false });
  const variables = { id: intent.id };
  const { shown, show, shows } = createScreen();
  client
    .query(urqlDocument(documents.paymentIntent), variables)
    .subscribe(({ data }) => show(data?.paymentIntent?.status));
  await shows("REQUIRES_CONFIRMATION");
  client.subscription(urqlDocument(documents.paymentIntentUpdated), variables).subscribe(() => {});
  const mutation = urqlDocument(documents.confirmPaymentIntent);
  const input = { input: { paymentIntentId: intent.id }, idempotencyKey: "once" };
  await client.mutation(mutation, input).toPromise();
  await shows("PROCESSING");
  await api.drain();
  await shows("SUCCEEDED");
  const { data } = await client.mutation(mutation, input).toPromise();
  expect(data?.confirmPaymentIntent.idempotency.status).toBe("REPLAYED");
  const found = client.readQuery(urqlDocument(documents.paymentIntent), variables);
  expect(found?.data?.paymentIntent?.status).toBe("SUCCEEDED");
  expect(shown).toEqual(WHOLE);
});
