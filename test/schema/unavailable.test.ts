import type { App } from "../../src/app";
import { createClient } from "../../src/sdk/client";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { type Server, startServer } from "../../src/server";
import { type TcpProxy, isWholePostgresAnswer, startTcpProxy } from "../attack/tcp-proxy";
import {
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  type TestAnswer,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";

/*
 * UNAVAILABLE says whether something may be stored all the same: the API reaches its database through a proxy
 * that loses answers and refuses connections, and what is really there is asked of an API with a sound connection.
 */

let api: TestApi;
let proxy: TcpProxy;
let app: App;
let server: Server;

beforeAll(async () => {
  api = await startTestApi();
  const url = new URL(api.databaseUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  app = api.anotherApp({ DATABASE_URL: url.href });
  server = await startServer(app, { host: "127.0.0.1", port: 0 });
});
afterEach(() => {
  proxy.loseAnswers(undefined);
  proxy.refuse(false);
});
afterAll(async () => {
  await server.close();
  await api.stop();
  await proxy.close();
});

const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };

interface Mutation {
  readonly name: string;
  readonly query: string;
  readonly input: object;
  readonly key: string;
}

const ask = ({ query, input: variables, key }: Mutation): Promise<TestAnswer> =>
  send(server.url, {
    query,
    variables: { input: variables, key },
    key: api.merchant.secretKey,
  });

const create = (): Mutation => ({
  name: "createPaymentIntent",
  query: CREATE_INTENT,
  input,
  key: newKey(),
});

async function confirm(): Promise<Mutation> {
  const { id } = await makeIntent(api);
  const what = { name: "confirmPaymentIntent", query: CONFIRM_INTENT };
  return { ...what, input: { paymentIntentId: id }, key: newKey() };
}

async function capture(): Promise<Mutation> {
  const { id } = await makePaid(api, { captureMethod: "MANUAL" });
  const what = { name: "capturePaymentIntent", query: CAPTURE_INTENT };
  return { ...what, input: { paymentIntentId: id }, key: newKey() };
}

/** The next answer to what holds this text is lost, after the database has made up its mind. */
function loseAnswerTo(text: string): void {
  proxy.loseAnswers({
    matches: (request) => request.includes(text),
    isWhole: isWholePostgresAnswer,
    timesMax: 1,
  });
}

function expectUnavailable(answer: TestAnswer, mayHaveExecuted: boolean): void {
  expect(answer.error?.extensions).toMatchObject({
    code: "UNAVAILABLE",
    retryable: true,
    details: { mayHaveExecuted },
  });
}

async function operationStatus({ name, key }: Mutation): Promise<string> {
  const { data } = await api.send({
    query:
      "query ($name: String!, $key: String!) { operation(name: $name, idempotencyKey: $key) { status } }",
    variables: { name, key },
  });
  return data.operation.status as string;
}

/** Through the proxy, so that the connection and the caller's key are there already. */
async function warmUp(): Promise<void> {
  await waitFor("the proxy to let a request through", async () => !(await ask(create())).error);
}

test.each([
  ["a creation", create, "create_payment_intents"],
  ["a confirmation", confirm, "confirm_payment_intents"],
  ["a capture's COMMIT", capture, "COMMIT"],
])("the answer to %s was lost: it may be executed, and it is", async (_what, prepare, text) => {
  const mutation = await prepare();
  await warmUp();
  loseAnswerTo(text);
  expectUnavailable(await ask(mutation), true);
  expect(await operationStatus(mutation)).toBe("SUCCEEDED");
  const again = await ask(mutation);
  expect(again.data[mutation.name].idempotency.status).toBe("REPLAYED");
});

test.each(["find_idempotency_key", "insert_idempotency_key"])(
  "the connection was lost at %s, before COMMIT was sent: nothing is stored",
  async (text) => {
    const mutation = await capture();
    await warmUp();
    loseAnswerTo(text);
    expectUnavailable(await ask(mutation), false);
    // Until Postgres has noticed that nobody is there any more, the request counts as one that is executing.
    let status = "";
    await waitFor("Postgres to roll back", async () => {
      status = await operationStatus(mutation);
      return status !== "IN_PROGRESS";
    });
    expect(status).toBe("NOT_SEEN");
  },
);

test("no connection can be had: nothing is stored, whatever was asked", async () => {
  const mutations = [create(), await confirm(), await capture()];
  await warmUp();
  proxy.refuse(true);
  // What is sent on a connection whose end has not been heard of yet may have been executed, for all one knows.
  await waitFor("the pool to notice", async () => {
    const { error } = await ask(create());
    return error?.extensions.details["mayHaveExecuted"] === false;
  });
  for (const mutation of mutations) {
    expectUnavailable(await ask(mutation), false);
    expect(await operationStatus(mutation)).toBe("NOT_SEEN");
  }
});

test("a caller who could not be recognised has had nothing executed", async () => {
  proxy.refuse(true);
  const mutation = create();
  const answer = await send(server.url, {
    query: mutation.query,
    variables: { input, key: mutation.key },
    key: api.stranger.secretKey,
  });
  expectUnavailable(answer, false);
});

test("a query executes nothing, whatever becomes of it", async () => {
  const { id } = await makeIntent(api);
  await warmUp();
  loseAnswerTo(id);
  const answer = await send(server.url, {
    query: `{ paymentIntent(id: "${id}") { id } }`,
    key: api.merchant.secretKey,
  });
  expectUnavailable(answer, false);
});

test("a client whose every answer is lost ends with the outcome, or says that it is unknown", async () => {
  const clientOf = (url: string) =>
    createClient({
      url: `${url}/graphql`,
      apiKey: api.merchant.secretKey,
      retry: { triesMax: 1 },
      budget: createRetryBudget({ initial: 100 }),
    });
  const client = clientOf(server.url);
  await warmUp();
  loseAnswerTo("create_payment_intents");
  // The answer to the mutation is lost, and the one to `operation` is not.
  const asked = await client.createPaymentIntent(input);
  expect(asked.idempotency.status).toBe("REPLAYED");
  await warmUp();
  // This time nobody can be asked what became of it, either.
  proxy.loseAnswers({
    matches: (request) => request.includes("create_payment_intents"),
    isWhole: (answer) => {
      const isWhole = isWholePostgresAnswer(answer);
      if (isWhole) setImmediate(() => proxy.refuse(true));
      return isWhole;
    },
    timesMax: 1,
  });
  const wish = { ...input, merchantReference: "order-42" };
  const error = await client.createPaymentIntent(wish).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code: "OUTCOME_UNKNOWN",
    cause: { code: "UNAVAILABLE", details: { mayHaveExecuted: true } },
  });
  proxy.refuse(false);
  // The same call again is the same wish: the payment that is there already comes back.
  const again = await waitFor("the API to reach its database", () =>
    client.createPaymentIntent(wish).catch(() => false as const),
  );
  expect(again.idempotency.status).toBe("REPLAYED");
  const { rows } = await api.db.raw<{ rows: { count: number }[] }>(
    "select count(*) from payment_intents where merchant_reference = 'order-42'",
  );
  expect(rows[0]?.count).toBe(1);
});
