import { runCommandLine } from "../../src/cli/run-command-line";
import { type TestApi, makeIntent, makePaid, startTestApi } from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";

/** Events on a developer's machine, which no webhook reaches. */

let api: TestApi;
let receiver: TestReceiver;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async function listen(args: readonly string[]) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(["listen", "--forward-to", receiver.url, ...args], {
    environment: {
      ONCEPAY_URL: `${api.server.url}/graphql`,
      ONCEPAY_OPERATOR_KEY: api.merchant.operatorKey,
      ONCEPAY_LISTEN_SECRET: SECRET,
    },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

test("each event is posted once, in order, signed, and as its webhook would be", async () => {
  await makeIntent(api);
  await api.drain();
  const since = new Date().toISOString();
  const { id } = await makePaid(api);
  await api.drain();
  const { code, out } = await listen(["--since", since, "--count", "3", "--json"]);
  expect(code).toBe(0);
  const types = receiver.received.map((webhook) => receiver.verify(webhook, SECRET).type);
  expect(types).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
  const bodies = receiver.received.map(({ body }) => JSON.parse(body) as { subjectId: string });
  expect(bodies.map(({ subjectId }) => subjectId)).toEqual([id, id, id]);
  const { forwarded, failed, after } = JSON.parse(out) as Record<string, unknown>;
  expect([forwarded, failed]).toEqual([3, 0]);
  // It goes on where it was, with events of these types.
  await makePaid(api);
  await api.drain();
  await listen(["--after", String(after), "--types", "payment_intent.succeeded", "--count", "1"]);
  const [last] = receiver.received.slice(3);
  if (last) expect(receiver.verify(last, SECRET).type).toBe("payment_intent.succeeded");
  expect(receiver.received).toHaveLength(4);
});

test("events that occur while it listens are forwarded, and what the URL answers is shown", async () => {
  receiver.answerWith(500);
  const listening = listen(["--count", "2"]);
  await makeIntent(api);
  await makeIntent(api);
  await api.drain();
  const { code, out, error } = await listening;
  expect(code).toBe(0);
  const said = out + error;
  expect(said).toMatch(/payment_intent\.created {2}evt_\w{26} {2}500 {2}\d+ ms/);
  expect(said).toMatch(/payment_intent\.created {2}evt_\w{26} {2}204 {2}\d+ ms/);
  expect(said).toContain("2 forwarded, of which 1 were not answered with 2xx");
});

test.each(["ftp://localhost/", "hooks"])("refuses to forward to %s", async (url) => {
  const { code, error } = await listen(["--forward-to", url]);
  expect(code).toBe(2);
  expect(error).toContain("--forward-to");
});
