import { runCommandLine } from "../../src/cli/run-command-line";
import { runReplayPlans } from "../../src/webhooks/run-replay-plans";
import {
  CREATE_ENDPOINT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";

/** The operators' commands against a real API, with an operator's key. */

let api: TestApi;
let receiver: TestReceiver;
let endpointId: string;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
  const input = { url: receiver.url, eventTypes: ["payment_intent.created"] };
  const made = await api.send({ query: CREATE_ENDPOINT, variables: { input, key: newKey() } });
  endpointId = made.data.createWebhookEndpoint.webhookEndpoint.id as string;
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

async function ops(args: readonly string[], environment: Record<string, string> = {}) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(["ops", ...args], {
    environment: {
      ONCEPAY_URL: `${api.server.url}/graphql`,
      ONCEPAY_OPERATOR_KEY: api.merchant.operatorKey,
      ...environment,
    },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

async function json(...args: string[]) {
  const { code, out, error } = await ops([...args, "--json"]);
  expect([code, error]).toEqual([0, ""]);
  return JSON.parse(out) as Record<string, never>;
}

async function aLetter(): Promise<string> {
  await makeIntent(api);
  await api.drain();
  const [row] = await api
    .db("webhook_deliveries")
    .whereNull("replay_of")
    .orderBy("id", "desc")
    .limit(1);
  const died = { status: "DEAD", next_at: null, status_code: 503, error_class: "SERVER_ERROR" };
  await api.db("webhook_deliveries").where({ id: row.id }).update(died);
  return row.id as string;
}

const countReplays = async (): Promise<number> =>
  (await api.db("webhook_deliveries").whereNotNull("replay_of")).length;

test("letters are listed, shown, replayed and discarded; a dry run changes nothing", async () => {
  const [one, two] = [await aLetter(), await aLetter()];
  const listed = await ops(["dead-letters", "list", "--endpoint", endpointId]);
  expect(listed.out).toContain(one);
  expect(listed.out).toContain("SERVER_ERROR");
  const shown = await json("dead-letters", "show", "--id", one);
  expect(shown).toMatchObject({ id: one, status: "DEAD", cause: "SERVER_ERROR" });
  const before = await api.countRows();
  await json("dead-letters", "replay", "--id", one, "--dry-run");
  await json("dead-letters", "discard", "--id", two, "--reason", "not wanted", "--dry-run");
  expect(await api.countRows()).toBe(before);
  expect(await json("dead-letters", "replay", "--id", one)).toMatchObject({ replayOf: one });
  const again = await ops(["dead-letters", "replay", "--id", one]);
  expect(again.code).toBe(1);
  expect(again.error).toContain("INVALID_STATE");
  await json("dead-letters", "discard", "--id", two, "--reason", "not wanted");
  expect(await json("dead-letters", "list")).toEqual({ deadLetters: [] });
  await api.drain();
});

test("one command recovers what failed at an endpoint since a moment, once", async () => {
  for (let n = 0; n < 4; n += 1) await aLetter();
  const retrying = await aLetter();
  const later = { status: "RETRYING", next_at: "2099-01-01T00:00:00Z" };
  await api.db("webhook_deliveries").where({ id: retrying }).update(later);
  const wanted = ["--endpoint", endpointId, "--since", "1h", "--reason", "it is back"];
  const before = [await api.countRows(), await countReplays()];
  expect(await json("recover", ...wanted, "--dry-run")).toMatchObject({
    letters: 4,
    retrying: 1,
    causes: { SERVER_ERROR: 4 },
  });
  expect([await api.countRows(), await countReplays()]).toEqual(before);
  let isOver = false;
  const recovered = json("recover", ...wanted).finally(() => {
    isOver = true;
  });
  // The worker that runs plans.
  while (!isOver) await Promise.all([runReplayPlans(api.app), api.sweepOnce()]);
  expect(await recovered).toMatchObject({
    plan: { status: "FINISHED", letters: 4, sent: 4, skipped: 0 },
    hurried: 1,
  });
  await api.drain();
  const again = await json("recover", ...wanted);
  expect(again).toMatchObject({ plan: { status: "CANCELED", letters: 0 }, hurried: 0 });
  expect(await countReplays()).toBe((before[1] ?? 0) + 4);
  const plans = await ops(["plans", "list"]);
  expect(plans.out).toContain("it is back");
});

test("lists for people and for scripts", async () => {
  expect((await ops(["endpoints"])).out).toContain(receiver.url);
  expect(await json("deliveries", "--endpoint", endpointId, "--limit", "1")).toMatchObject({
    webhookDeliveries: [{ endpointId }],
  });
  expect((await ops(["events", "--types", "payment_intent.created"])).out).toContain("pi_");
  expect((await ops(["unknown", "list"])).out).toBe("There are none.\n");
});

test("says whether the books balance, and what waits for somebody", async () => {
  await makePaid(api);
  await api.drain();
  const letter = await aLetter();
  expect(await json("verify")).toMatchObject({
    balanced: true,
    currencies: [{ currency: "USD" }],
    waiting: { unknownAttempts: 0, deadLetters: 1, idleEndpoints: 0 },
  });
  expect((await ops(["verify"])).out).toContain("balanced");
  await json("dead-letters", "discard", "--id", letter, "--reason", "seen to");
});

test("the exit code says what is wrong", async () => {
  expect((await ops(["dead-letters", "show"])).code).toBe(2);
  expect((await ops(["dead-letters", "list", "--since", "yesterday"])).code).toBe(2);
  expect((await ops(["endpoints"], { ONCEPAY_URL: "" })).code).toBe(78);
  expect((await ops(["endpoints"], { ONCEPAY_OPERATOR_KEY: "" })).code).toBe(78);
  const stranger = await ops(["endpoints"], { ONCEPAY_OPERATOR_KEY: "ok_nobody" });
  expect([stranger.code, stranger.error]).toEqual([1, expect.stringContaining("UNAUTHENTICATED")]);
  const help = await ops(["recover", "--help"]);
  expect([help.code, help.out]).toEqual([0, expect.stringContaining("--dry-run")]);
});
