import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { challengeOf } from "../../src/sdk/challenge";
import { verifyWebhook } from "../../src/sdk/verify-webhook";
import { challengeEndpoints } from "../../src/webhooks/challenge-endpoints";
import { type TestApi, UPDATE_ENDPOINT, makeIntent, startTestApi } from "../support/api";
import { anEndpoint, change, disable, enable, shown, statuses } from "./endpoints";

/** Nobody is sent events who has not agreed to it by echoing a challenge. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_WEBHOOK_CHALLENGE: "true",
    ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off",
  });
});
afterAll(() => api.stop());

interface Webhook {
  readonly type: string;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body?: string;
}

type Answers = (webhook: Webhook, challenge: string | undefined) => Answer | Promise<Answer>;

interface Receiver {
  readonly url: string;
  readonly received: Webhook[];
  secret: string | undefined;
  answers: Answers;
}

const agrees: Answers = (_webhook, challenge) => ({ status: 200, body: challenge ?? "" });

const servers: Server[] = [];
afterEach(async () => {
  // What was made for one test is told nothing by the next.
  await api.db("webhook_endpoints").update({ event_types: ["refund.failed"] });
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A merchant's server, which verifies what it gets with the SDK, once it knows the secret. */
async function startReceiver(answers: Answers = agrees): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { type } = JSON.parse(body) as { type: string };
      receiver.received.push({ type, body });
      const { secret = "whsec_AAAA", answers: answer } = receiver;
      verifyWebhook({ secret, headers: request.headers, body })
        .then((webhook) => answer({ type, body }, challengeOf(webhook)))
        .then(
          ({ status, body: said }) => response.writeHead(status).end(said),
          () => response.writeHead(401).end(),
        );
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}/hooks`;
  const receiver: Receiver = { url, received: [], secret: undefined, answers };
  return receiver;
}

async function endpointAt(receiver: Receiver): Promise<string> {
  const { id, secret } = await anEndpoint(api, receiver.url, {
    eventTypes: ["payment_intent.created"],
  });
  receiver.secret = secret;
  return id;
}

const rowOf = (id: string) => api.db("webhook_endpoints").where({ id }).first();
const makeDue = (id: string) =>
  api
    .db("webhook_endpoints")
    .where({ id, status: "PENDING" })
    .update({ challenge_at: new Date(0) });
const typesOf = ({ received }: Receiver) => received.map(({ type }) => type);

/** An event, and everything that workers do. */
async function anEvent(): Promise<void> {
  await makeIntent(api);
  await api.sweepOnce();
  await api.drain();
}

const CHALLENGE = "webhook_endpoint.challenge";
const EVENT = "payment_intent.created";

test("an endpoint that echoes its challenge gets everything that was kept for it, and nothing before", async () => {
  const receiver = await startReceiver();
  const id = await endpointAt(receiver);
  expect(await rowOf(id)).toMatchObject({ status: "PENDING", proven_url: null });
  await anEvent();
  expect(receiver.received).toEqual([]);
  expect(await statuses(api, id)).toEqual({ PAUSED: 1 });
  expect(await challengeEndpoints(api.app)).toBe(1);
  expect(typesOf(receiver)).toEqual([CHALLENGE]);
  expect(await rowOf(id)).toMatchObject({
    status: "ENABLED",
    proven_url: receiver.url,
    challenge_at: null,
    challenges: 0,
  });
  await anEvent();
  expect(typesOf(receiver)).toEqual([CHALLENGE, EVENT, EVENT]);
  expect(await challengeEndpoints(api.app)).toBe(0);
  expect(typesOf(receiver)).toHaveLength(3);
});

test("an answer in JSON echoes, too", async () => {
  const receiver = await startReceiver((_webhook, challenge) => ({
    status: 202,
    body: JSON.stringify({ challenge }),
  }));
  const id = await endpointAt(receiver);
  await challengeEndpoints(api.app);
  expect(await rowOf(id)).toMatchObject({ status: "ENABLED" });
});

test.each<[string, Answers]>([
  ["says only that it is well", () => ({ status: 200, body: "ok" })],
  ["says nothing", () => ({ status: 204 })],
  ["repeats whatever it is sent", ({ body }) => ({ status: 200, body })],
  [
    "repeats it as JSON",
    ({ body }) => ({
      status: 200,
      body: JSON.stringify({ received: JSON.parse(body) as unknown }),
    }),
  ],
  ["echoes with a failure", (_webhook, challenge) => ({ status: 500, body: challenge ?? "" })],
  [
    "says it in another case",
    (_webhook, challenge) => ({ status: 200, body: (challenge ?? "").toUpperCase() }),
  ],
])("a server that %s has not agreed", async (_what, answers) => {
  const receiver = await startReceiver(answers);
  const id = await endpointAt(receiver);
  expect(await challengeEndpoints(api.app)).toBe(0);
  const row = await rowOf(id);
  expect(row).toMatchObject({ status: "PENDING", challenges: 1 });
  expect(row.challenge_error).toMatch(/^(it was not echoed|answered 500)$/);
  await anEvent();
  expect(typesOf(receiver)).toEqual([CHALLENGE]);
  expect(await statuses(api, id)).toEqual({ PAUSED: 1 });
});

test("a server that hangs, or is not there, is asked nine times and no more, and again when somebody says so", async () => {
  const receiver = await startReceiver(() => ({ status: 503 }));
  const id = await endpointAt(receiver);
  for (let asked = 0; asked < 12; asked += 1) {
    await makeDueIfAny(id);
    await challengeEndpoints(api.app);
  }
  expect(typesOf(receiver)).toEqual(Array.from({ length: 9 }, () => CHALLENGE));
  expect(await rowOf(id)).toMatchObject({ status: "PENDING", challenge_at: null });
  const { data } = await api.send({
    query: `{ node(id: "${id}") { ... on WebhookEndpoint { status verifiedAt verificationError } } }`,
  });
  expect(data.node).toEqual({
    status: "PENDING",
    verifiedAt: null,
    verificationError: "answered 503",
  });
  receiver.answers = agrees;
  await enable(api, id);
  expect(await challengeEndpoints(api.app)).toBe(1);
  expect(await rowOf(id)).toMatchObject({ status: "ENABLED", challenge_error: null });
});

async function makeDueIfAny(id: string): Promise<void> {
  const { challenge_at: at } = await rowOf(id);
  if (at !== null) await makeDue(id);
}

test("each challenge is sent once, whoever looks at the same time", async () => {
  const receiver = await startReceiver();
  const id = await endpointAt(receiver);
  const echoed = await Promise.all(Array.from({ length: 5 }, () => challengeEndpoints(api.app)));
  expect(echoed.sort()).toEqual([0, 0, 0, 0, 1]);
  expect(typesOf(receiver)).toEqual([CHALLENGE]);
  expect(await rowOf(id)).toMatchObject({ status: "ENABLED" });
});

test("an echo of the URL before proves nothing about the new one", async () => {
  const elsewhere = await startReceiver(() => ({ status: 200, body: "no" }));
  const receiver = await startReceiver();
  const id = await endpointAt(receiver);
  receiver.answers = async (webhook, challenge) => {
    shown(await change(api, UPDATE_ENDPOINT, id, { url: elsewhere.url }));
    return agrees(webhook, challenge);
  };
  expect(await challengeEndpoints(api.app)).toBe(0);
  expect(await rowOf(id)).toMatchObject({
    status: "PENDING",
    url: elsewhere.url,
    proven_url: null,
  });
});

test("another URL is asked before it gets anything, and the same one is not", async () => {
  const receiver = await startReceiver();
  const id = await endpointAt(receiver);
  await challengeEndpoints(api.app);
  shown(await change(api, UPDATE_ENDPOINT, id, { url: receiver.url, description: "the shop" }));
  expect(await rowOf(id)).toMatchObject({ status: "ENABLED" });
  const elsewhere = await startReceiver();
  elsewhere.secret = receiver.secret;
  const { webhookEndpoint } = shown(await change(api, UPDATE_ENDPOINT, id, { url: elsewhere.url }));
  expect(webhookEndpoint).toMatchObject({ status: "PENDING", url: elsewhere.url });
  await anEvent();
  expect(typesOf(receiver)).toEqual([CHALLENGE]);
  expect(elsewhere.received).toEqual([]);
  await challengeEndpoints(api.app);
  await anEvent();
  expect(typesOf(elsewhere)).toEqual([CHALLENGE, EVENT, EVENT]);
});

test("one that was disabled is asked when it is enabled, unless its URL has answered before", async () => {
  const receiver = await startReceiver(() => ({ status: 503 }));
  const id = await endpointAt(receiver);
  await challengeEndpoints(api.app);
  await disable(api, id);
  await makeDue(id);
  expect(await challengeEndpoints(api.app)).toBe(0);
  expect(typesOf(receiver)).toEqual([CHALLENGE]);
  receiver.answers = agrees;
  await anEvent();
  await enable(api, id, { catchUp: "NONE" });
  expect(await rowOf(id)).toMatchObject({ status: "PENDING" });
  await anEvent();
  await challengeEndpoints(api.app);
  await anEvent();
  // What was kept while it was disabled is discarded, as was asked for; what came later is not.
  expect(await statuses(api, id)).toEqual({ DISCARDED: 1, SUCCEEDED: 2 });
  await disable(api, id);
  await enable(api, id);
  expect(await rowOf(id)).toMatchObject({ status: "ENABLED" });
});
