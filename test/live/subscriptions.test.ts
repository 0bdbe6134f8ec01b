import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { NetworkError } from "graphql-sse";
import { limitRefusals } from "../../src/observability/metrics";
import { type Server, startServer } from "../../src/server";
import { storeApiKey } from "../support/api-keys";
import {
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  REVOKE_API_KEY,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";
import { WATCH, type Watching, firstState, statuses, watch } from "./watch";

/* Frontends watch a payment: over real HTTP, from two API processes' worth of apps. */

let api: TestApi;
let second: Server;
const opened: Watching[] = [];

beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_CORS_ORIGINS: "https://shop.example",
    ONCEPAY_LIMIT_SUBSCRIPTIONS: "secret=2,key=40",
  });
  second = await startServer(api.anotherApp(), { host: "127.0.0.1", port: 0 });
});
afterEach(() => {
  for (const watching of opened.splice(0)) watching.stop();
});
afterAll(async () => {
  await second.close();
  await api.stop();
});

function watchAs(
  options: { id: string; key?: string; clientSecret?: string; query?: string },
  url = api.server.url,
): Watching {
  const watching = watch(url, { key: api.merchant.secretKey, ...options });
  opened.push(watching);
  return watching;
}

function watchAsShopper({ id, clientSecret }: { id: string; clientSecret: string }, url?: string) {
  return watchAs({ id, clientSecret, key: api.merchant.publishableKey }, url);
}

async function confirm(id: string): Promise<void> {
  const answer = await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  });
  if (answer.error) throw new Error(JSON.stringify(answer.body));
}

test("a shopper's page sees the payment go from confirmation to its end, whichever process it asks", async () => {
  const intent = await makeIntent(api);
  const here = watchAsShopper(intent);
  const there = watchAsShopper(intent, second.url);
  for (const watching of [here, there]) {
    expect(await firstState(watching)).toEqual({
      id: intent.id,
      status: "REQUIRES_CONFIRMATION",
      version: 1,
    });
  }
  await confirm(intent.id);
  for (const watching of [here, there]) {
    await waitFor("PROCESSING", () => statuses(watching).includes("PROCESSING"));
  }
  await api.drain();
  for (const watching of [here, there]) {
    await waitFor("the end", () => watching.end() !== undefined);
    expect(watching.end()).toBe("complete");
    expect(statuses(watching).at(-1)).toBe("SUCCEEDED");
    const versions = watching.states.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(watching.errors).toEqual([]);
  }
});

test("what has ended is shown once, and completed", async () => {
  const { id } = await makePaid(api);
  const watching = watchAs({ id });
  await waitFor("the end", () => watching.end() !== undefined);
  expect(watching.end()).toBe("complete");
  expect(statuses(watching)).toEqual(["SUCCEEDED"]);
});

test("urql's own fetch exchange reads it, whatever else it accepts", async () => {
  const intent = await makeIntent(api);
  const client = new Client({
    url: `${api.server.url}/graphql`,
    preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange],
    fetchSubscriptions: true,
    fetchOptions: {
      headers: {
        authorization: `Bearer ${api.merchant.publishableKey}`,
        "oncepay-client-secret": intent.clientSecret,
      },
    },
  });
  const seen: string[] = [];
  const watching = client
    .subscription<{ paymentIntentUpdated: { status: string } }>(WATCH, { id: intent.id })
    .subscribe(({ data, error }) => {
      seen.push(error ? error.message : (data?.paymentIntentUpdated.status ?? "nothing"));
    });
  await waitFor("the state now", () => seen.length > 0);
  await confirm(intent.id);
  await api.drain();
  await waitFor("the end", () => seen.at(-1) === "SUCCEEDED");
  watching.unsubscribe();
  // By GET, as it asks queries by default, and with event streams among what it accepts.
  const asked = new Client({
    url: `${api.server.url}/graphql`,
    exchanges: [fetchExchange],
    preferGetMethod: true,
    fetchOptions: { headers: { authorization: `Bearer ${api.merchant.secretKey}` } },
  });
  const answer = await asked.query<{ merchant: { name: string } }>("{ merchant { name } }", {});
  expect(answer.error).toBeUndefined();
  expect(answer.data?.merchant.name).toBe("Merchant");
});

describe("what is refused", () => {
  const codeOf = async (watching: Watching): Promise<unknown> => {
    await waitFor("the end", () => watching.end() !== undefined);
    expect(watching.states).toEqual([]);
    expect(watching.end()).toBe("complete");
    return watching.errors.map(({ extensions }) => extensions["code"]).join();
  };

  test("is told in the stream, as the protocol has it, where the operation is at fault", async () => {
    const intent = await makeIntent(api);
    const other = await makeIntent(api);
    const key = api.merchant.publishableKey;
    const restricted = await storeApiKey(api.db, api.merchant, { scopes: ["ledger:read"] });
    const { secretKey } = api.stranger;
    expect(await codeOf(watchAs({ id: intent.id, key: secretKey }))).toBe("NOT_FOUND");
    expect(await codeOf(watchAs({ id: intent.id, key }))).toBe("FORBIDDEN");
    expect(await codeOf(watchAsShopper({ id: intent.id, clientSecret: other.clientSecret }))).toBe(
      "FORBIDDEN",
    );
    expect(await codeOf(watchAs({ id: intent.id, key: restricted.secret }))).toBe("FORBIDDEN");
    expect(await codeOf(watchAs({ id: "no id" }))).toBe("BAD_USER_INPUT");
    const unknownField = "subscription ($id: ID!) { paymentIntentUpdated(id: $id) { nothing } }";
    expect(await codeOf(watchAs({ id: intent.id, query: unknownField }))).toBe("BAD_USER_INPUT");
    for (const query of [
      "subscription ($id: ID!) { paymentIntentUpdated(id: $id) @skip(if: true) { id } }",
      "subscription ($id: ID!) { ...A } fragment A on Subscription { paymentIntentUpdated(id: $id) @include(if: false) { id } }",
      "subscription { __typename }",
    ]) {
      expect(await codeOf(watchAs({ id: intent.id, query }))).toContain("BAD_USER_INPUT");
    }
    const tooMuch = `subscription ($id: ID!) { paymentIntentUpdated(id: $id) { ${Array.from(
      { length: 20 },
      (_, n) => `a${String(n)}: attempts(first: 100) { edges { node { id evidence { source } } } }`,
    ).join(" ")} } }`;
    expect(await codeOf(watchAs({ id: intent.id, query: tooMuch }))).toBe("BAD_USER_INPUT");
    expect(api.app.intentWatch.watching()).toBe(0);
  });

  test("is told by the status where nobody is known, or there are too many", async () => {
    const intent = await makeIntent(api);
    const unknown = watchAs({ id: intent.id, key: "sk_nobody" });
    await waitFor("the refusal", () => unknown.end() !== undefined);
    expect(unknown.end()).toBeInstanceOf(NetworkError);
    expect((unknown.end() as NetworkError<Response>).response?.status).toBe(401);
    // Two streams for a client secret, as many tabs as are usual.
    for (let tab = 0; tab < 2; tab += 1) await firstState(watchAsShopper(intent));
    const third = watchAsShopper(intent);
    await waitFor("the refusal", () => third.end() !== undefined);
    const { response } = third.end() as NetworkError<Response>;
    expect(response?.status).toBe(429);
    expect(Number(response?.headers.get("retry-after"))).toBeGreaterThan(0);
    const shown = (await response?.json()) as { errors: { extensions: object }[] };
    expect(shown.errors[0]?.extensions).toMatchObject({
      code: "RATE_LIMITED",
      details: { policy: "subscriptions-secret", limit: 2 },
    });
    opened[1]?.stop();
    await waitFor("a place", async () => {
      const again = watchAsShopper(intent);
      await waitFor("an answer", () => again.end() !== undefined || again.states.length > 0);
      return again.states.length > 0;
    });
  });

  test("there are as many for an API key as it may have, of whatever payments", async () => {
    const app = api.anotherApp({ ONCEPAY_LIMIT_SUBSCRIPTIONS: "key=2" });
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    const ids = await Promise.all([1, 2, 3].map(async () => (await makeIntent(api)).id));
    const [id = ""] = ids;
    const [first, second, third] = ids.map((one) => () => watchAs({ id: one }, server.url));
    const former = first?.();
    for (const watching of [former, second?.()]) await firstState(watching as Watching);
    const refused = third?.() as Watching;
    await waitFor("the refusal", () => refused.end() !== undefined);
    const { response } = refused.end() as NetworkError<Response>;
    expect(response?.status).toBe(429);
    expect(await response?.json()).toMatchObject({
      errors: [{ extensions: { details: { policy: "subscriptions-key", limit: 2 } } }],
    });
    // Another key has places of its own.
    const other = await storeApiKey(api.db, api.merchant, { scopes: ["payments:read"] });
    await firstState(watchAs({ id, key: other.secret }, server.url));
    former?.stop();
    await waitFor("a place", async () => {
      const again = third?.() as Watching;
      await waitFor("an answer", () => again.end() !== undefined || again.states.length > 0);
      return again.states.length > 0;
    });
    await server.close();
  });

  test("a subscription that does not ask for a stream is told how, and a query that asks for nothing else too", async () => {
    const { id } = await makeIntent(api);
    const plain = await api.send({ query: WATCH, variables: { id } });
    expect(plain.error?.extensions.code).toBe("BAD_USER_INPUT");
    expect(plain.error?.message).toContain("Accept: text/event-stream");
    const streamed = await api.send({
      query: "{ merchant { id } }",
      headers: { accept: "text/event-stream" },
    });
    expect(streamed.status).toBe(406);
    const byGet = await fetch(
      `${api.server.url}/graphql?${new URLSearchParams({ query: WATCH }).toString()}`,
      {
        headers: { authorization: `Bearer ${api.merchant.secretKey}`, accept: "text/event-stream" },
      },
    );
    expect([byGet.status, byGet.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

test("its headers keep proxies from holding it, and let a page of another origin read it", async () => {
  const { id } = await makeIntent(api);
  const control = new AbortController();
  const response = await fetch(`${api.server.url}/graphql`, {
    method: "POST",
    signal: control.signal,
    headers: {
      authorization: `Bearer ${api.merchant.secretKey}`,
      "content-type": "application/json",
      accept: "text/html;q=0.1, Text/Event-Stream, multipart/mixed",
      origin: "https://shop.example",
      "x-request-id": "mine",
    },
    body: JSON.stringify({ query: WATCH, variables: { id } }),
  });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "x-request-id": "mine",
    "access-control-allow-origin": "https://shop.example",
    "x-content-type-options": "nosniff",
  });
  expect(response.headers.get("ratelimit")).toContain("query-cost");
  control.abort();
  await waitFor("nobody to be watching", () => api.app.intentWatch.watching() === 0);
});

test("a key that is revoked ends its streams, and not those of others", async () => {
  const { id } = await makeIntent(api);
  const key = await storeApiKey(api.db, api.merchant, { scopes: ["payments:read"] });
  const watching = watchAs({ id, key: key.secret });
  const other = watchAs({ id });
  await firstState(watching);
  await firstState(other);
  const revoked = await api.send({
    query: REVOKE_API_KEY,
    variables: { input: { apiKeyId: key.id }, key: newKey() },
  });
  expect(revoked.error).toBeUndefined();
  await waitFor("the end", () => watching.end() !== undefined);
  // It did not complete: whoever has another key may ask again.
  expect(watching.end()).toBeInstanceOf(NetworkError);
  expect(other.end()).toBeUndefined();
});

test("a server that is stopping ends its streams without completing them, and waits for none", async () => {
  const { id } = await makeIntent(api);
  const server = await startServer(api.anotherApp(), { host: "127.0.0.1", port: 0 });
  const watching = watchAs({ id }, server.url);
  await firstState(watching);
  await server.close();
  await waitFor("the end", () => watching.end() !== undefined);
  expect(watching.end()).toBeInstanceOf(NetworkError);
});

test("a stream that is old enough ends, for the client to ask again", async () => {
  const { id } = await makeIntent(api);
  const app = api.anotherApp({ ONCEPAY_SUBSCRIPTION_SECONDS: "1" });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  const watching = watchAs({ id }, server.url);
  await firstState(watching);
  await waitFor("the end", () => watching.end() !== undefined);
  expect(watching.end()).toBeInstanceOf(NetworkError);
  await server.close();
});

test("each state is paid for: with nothing left to spend, the stream waits and then shows the newest", async () => {
  const refusals = async (): Promise<number> => {
    const { values } = await limitRefusals.get();
    return values.find(({ labels }) => labels.policy === "query-cost-key")?.value ?? 0;
  };
  const before = await refusals();
  const intent = await makeIntent(api);
  // Opening the stream costs all that there is in ten seconds, and so does each further state.
  const app = api.anotherApp({ ONCEPAY_LIMIT_QUERY_COST: "key=4" });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  const watching = watchAsShopper(intent, server.url);
  await firstState(watching);
  await confirm(intent.id);
  await waitFor("the next state to wait", async () => (await refusals()) > before);
  await api.drain();
  await waitFor("the end", () => watching.end() !== undefined);
  expect(watching.end()).toBe("complete");
  expect(statuses(watching).at(-1)).toBe("SUCCEEDED");
  await server.close();
});

test("a process whose session is ended again and again still sees every change", async () => {
  const intent = await makeIntent(api, { captureMethod: "MANUAL" });
  const watching = watchAs({ id: intent.id });
  await firstState(watching);
  const end = (): Promise<unknown> =>
    api.db.raw(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'oncepay live' and datname = current_database()",
    );
  await end();
  const ending = setInterval(() => void end(), 100);
  try {
    await confirm(intent.id);
    await waitFor("PROCESSING", () => statuses(watching).includes("PROCESSING"));
  } finally {
    clearInterval(ending);
  }
  await api.drain();
  await waitFor("REQUIRES_CAPTURE", () => statuses(watching).at(-1) === "REQUIRES_CAPTURE");
  const captured = await api.send({
    query: CAPTURE_INTENT,
    variables: { input: { paymentIntentId: intent.id }, key: newKey() },
  });
  expect(captured.error).toBeUndefined();
  await api.drain();
  await waitFor("the end", () => watching.end() === "complete");
});
