import { type Socket, connect } from "node:net";
import { Client } from "pg";
import type { App } from "../../src/app";
import { CHANGES_CHANNEL, readChanges } from "../../src/live/announce-changes";
import { type Server, startServer } from "../../src/server";
import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import {
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { openAtNetwork } from "../support/disputes";
import { aboutToExpire, expired, moveHold } from "../support/holds";
import { waitFor } from "../support/wait-for";
import { type Watching, firstState, statuses, watch } from "./watch";

/* A payment, from a shopper's confirmation at one API process to the end of the stream that another one serves. */

const SECRET = "what the sandbox signs with";

let api: TestApi;
let secondApp: App;
let second: Server;
let worker: RunningWorker;

beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_SWEEP_MS: "50",
    ONCEPAY_LOOKUP_SCHEDULE_MS: "50",
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: SECRET,
  });
  secondApp = api.anotherApp();
  second = await startServer(secondApp, { host: "127.0.0.1", port: 0 });
  worker = await startWorker(api.anotherApp(), ROLES);
});
afterAll(async () => {
  await worker.stop();
  await second.close();
  await api.stop();
});

const shopper = ({ id, clientSecret }: { id: string; clientSecret: string }): Watching =>
  watch(second.url, { id, clientSecret, key: api.merchant.publishableKey });

async function confirm(id: string, clientSecret: string, paymentMethod: string): Promise<void> {
  const input = { paymentIntentId: id, paymentMethod, returnUrl: "https://shop.example/done" };
  const answer = await send(api.server.url, {
    query: CONFIRM_INTENT,
    variables: { input, key: newKey() },
    key: api.merchant.publishableKey,
    headers: { "oncepay-client-secret": clientSecret },
  });
  if (answer.error) throw new Error(JSON.stringify(answer.body));
}

test("it is confirmed, processed and paid, and the stream completes", async () => {
  const intent = await makeIntent(api);
  const watching = shopper(intent);
  await firstState(watching);
  const { heard, stop } = await listen();
  await confirm(intent.id, intent.clientSecret, "pm_card_visa");
  await waitFor("the end", () => watching.end() !== undefined);
  expect(watching.end()).toBe("complete");
  expect(statuses(watching).at(-1)).toBe("SUCCEEDED");
  // By the process that confirmed it, and by the worker that settled it.
  const announced = () => heard.filter((id) => id === intent.id).length;
  await waitFor("both changes to be announced", () => announced() === 2);
  await stop();
});

test("a card that is declined leaves the stream open, and another one ends it", async () => {
  const intent = await makeIntent(api);
  const watching = shopper(intent);
  await firstState(watching);
  await confirm(intent.id, intent.clientSecret, "pm_card_chargeDeclinedInsufficientFunds");
  await waitFor("the decline", () => statuses(watching).at(-1) === "REQUIRES_PAYMENT_METHOD");
  expect(watching.end()).toBeUndefined();
  await confirm(intent.id, intent.clientSecret, "pm_card_visa");
  await waitFor("the end", () => watching.end() === "complete");
  expect(statuses(watching).at(-1)).toBe("SUCCEEDED");
});

/** Who listens as API processes do: the intents that are said to have changed, in the order of their changes. */
async function listen(): Promise<{ heard: string[]; stop: () => Promise<void> }> {
  const heard: string[] = [];
  const client = new Client({ connectionString: api.databaseUrl });
  client.on("notification", ({ payload = "" }) => {
    heard.push(...(readChanges(payload) ?? []).map(({ paymentIntentId }) => paymentIntentId));
  });
  await client.connect();
  await client.query(`listen ${CHANGES_CHANNEL}`);
  return { heard, stop: () => client.end() };
}

// Without being announced, all of it would be seen by polling, and somewhat later: so it is the announcements that count.
test("what the sweeper and the inbox change is announced, and shown as it comes", async () => {
  const url = `${api.server.url}/processors/sandbox/webhooks`;
  await api.sandbox.post("/admin/webhooks", { url, secret: SECRET });
  const intent = await makeIntent(api, { captureMethod: "MANUAL" });
  const watching = shopper(intent);
  await firstState(watching);
  await confirm(intent.id, intent.clientSecret, "pm_card_visa");
  const isHeld = () => statuses(watching).at(-1) === "REQUIRES_CAPTURE";
  await waitFor("the hold", isHeld);
  await api.send({
    query: CAPTURE_INTENT,
    variables: { input: { paymentIntentId: intent.id, amount: 500, final: false }, key: newKey() },
  });
  await waitFor("the capture", () => watching.states.length > 3 && isHeld());
  const { heard, stop } = await listen();
  const told = async (what: string): Promise<void> => {
    const states = watching.states.length;
    await waitFor(`${what} to be announced`, () => heard.splice(0).includes(intent.id));
    await waitFor(`${what} to be shown`, () => watching.states.length > states);
  };
  await openAtNetwork(api, intent.id, { amount: 300 });
  await told("the dispute");
  await moveHold(api, intent.id, aboutToExpire);
  await told("the expiry to come");
  await moveHold(api, intent.id, expired);
  await told("the expiry");
  expect(statuses(watching).at(-1)).toBe("SUCCEEDED");
  await waitFor("the end", () => watching.end() === "complete");
  await stop();
});

interface Raw {
  readonly socket: Socket;
  readonly text: () => string;
  readonly isOver: () => boolean;
}

/** A stream as bytes. */
function open(id: string, query: string): Raw {
  const { hostname, port } = new URL(second.url);
  const body = JSON.stringify({ query, variables: { id } });
  let text = "";
  let isOver = false;
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${api.merchant.secretKey}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
    );
  });
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.on("close", () => (isOver = true));
  socket.on("error", () => undefined);
  return { socket, text: () => text, isOver: () => isOver };
}

const SMALL = "subscription ($id: ID!) { paymentIntentUpdated(id: $id) { version } }";
// Some 700 kB for each state: metadata of its greatest size, under as many names as there may be.
const LARGE = `subscription ($id: ID!) { paymentIntentUpdated(id: $id) { version ${Array.from(
  { length: 28 },
  (_, n) => `m${String(n)}: metadata`,
).join(" ")} } }`;

test("a quiet stream is pinged; one that nobody reads is ended, and holds up no other", async () => {
  const metadata = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [`key-${String(n)}`, "x".repeat(500)]),
  );
  const { id, clientSecret } = await makeIntent(api, { captureMethod: "MANUAL", metadata });
  const quiet = open((await makeIntent(api)).id, SMALL);
  const unread = open(id, LARGE);
  const read = open(id, SMALL);
  await waitFor("its first state", () => unread.text().includes("event: next"));
  unread.socket.pause();
  await confirm(id, clientSecret, "pm_card_visa");
  const version = (): number =>
    Math.max(0, ...[...read.text().matchAll(/"version":(\d+)/g)].map(([, text]) => Number(text)));
  // More and more of it, until what is between here and there is full.
  let captured = 0;
  const isOver = (): boolean => secondApp.intentWatch.watching() === 2;
  await waitFor("all three to be watching", () => secondApp.intentWatch.watching() === 3);
  await waitFor("it to be ended", async () => {
    const before = version();
    const answer = await api.send({
      query: CAPTURE_INTENT,
      variables: { input: { paymentIntentId: id, amount: 1, final: false }, key: newKey() },
    });
    if (!answer.error) {
      captured += 1;
      await waitFor("the other one to see it", () => version() > before);
    }
    return isOver();
  });
  expect(captured).toBeGreaterThan(0);
  await waitFor("a ping", () => /\r\n:\n\n\r\n/.test(quiet.text()));
  expect(quiet.isOver()).toBe(false);
  for (const { socket } of [quiet, unread, read]) socket.destroy();
});
