import type { DevState } from "../../src/dev/dev-files";
import { waitUntil } from "../../src/dev/wait-until";
import { createClient } from "../../src/sdk";
import { ensureBuilt } from "../attack/built";
import { testServerUrl } from "../support/database";
import {
  type Command,
  clearCommands,
  newDatabase,
  newDirectory,
  runCommand,
  stateIn,
  whenReady,
} from "../support/npm-start";

/** The whole of `npm start`, as real processes: how it comes up beside another one, and how it refuses to. */

beforeAll(() => ensureBuilt(), 180_000);
afterAll(() => clearCommands(), 60_000);

async function start(environment: NodeJS.ProcessEnv = {}): Promise<Command> {
  const { url } = await newDatabase();
  return runCommand("start", {
    directory: newDirectory(),
    environment: { DATABASE_URL: url, ...environment },
  });
}

async function getJson<Body>(url: string): Promise<Body> {
  return (await (await fetch(url)).json()) as Body;
}

/** Pays once and answers with our references of what the card network moved for it. */
async function pay(state: DevState): Promise<readonly string[]> {
  const client = createClient({ url: state.graphqlUrl, apiKey: state.secretKey });
  const { paymentIntent } = await client.createPaymentIntent({
    amount: 700,
    currency: "USD",
    paymentMethod: "pm_card_visa",
  });
  await client.confirmPaymentIntent({ paymentIntentId: paymentIntent.id });
  const isPaid = async (): Promise<boolean> => {
    const query = "query ($id: ID!) { paymentIntent(id: $id) { status } }";
    const answer = await client.query<{ paymentIntent: { status: string } }>(query, {
      id: paymentIntent.id,
    });
    return answer.paymentIntent.status === "SUCCEEDED";
  };
  expect(await waitUntil(isPaid, { timeoutMs: 60_000 })).toBe(true);
  const { movements } = await getJson<{ movements: { reference: string }[] }>(
    `${state.sandboxUrl}/admin/movements`,
  );
  return movements.map(({ reference }) => reference);
}

test("two that are started at the same moment each get processes and a card network of their own", async () => {
  const both = await Promise.all([start(), start()]);
  const states = await Promise.all(both.map(whenReady));
  for (const { processes } of states) {
    expect(Object.keys(processes).sort()).toEqual(["api", "receiver", "sandbox", "worker"]);
    for (const { url, instance } of Object.values(processes)) {
      expect(await getJson(`${url}/health/live`)).toMatchObject({ instance });
    }
  }
  const urls = states.flatMap(({ processes }) => Object.values(processes).map(({ url }) => url));
  expect(new Set(urls).size).toBe(8);
  const moved = await Promise.all(states.map(pay));
  // One movement each, in its own network's books, and none in the other's.
  expect(moved.map((references) => references.length)).toEqual([1, 1]);
  expect(moved[0]).not.toEqual(moved[1]);
  expect(states[0]?.secretKey).not.toBe(states[1]?.secretKey);
}, 200_000);

function addressWith(change: { readonly hostname?: string; readonly password?: string }): string {
  return Object.assign(new URL(testServerUrl()), change).href;
}

test.each([
  [
    "a setting that does not exist",
    { ONCEPAY_FOO: "1" },
    "ONCEPAY_FOO: this setting does not exist",
  ],
  [
    "a short key",
    { ONCEPAY_ENCRYPTION_KEY: "c2hvcnQ=" },
    "ONCEPAY_ENCRYPTION_KEY: key 1 is not base64",
  ],
  ["a port that is none", { PORT: "abc" }, "PORT: must be a port, 0 to 65535"],
  [
    "a port where no database listens",
    { DATABASE_URL: "postgres://u:p@127.0.0.1:1/shop" },
    "DATABASE_URL: nothing listens at 127.0.0.1:1",
  ],
  [
    "a host that does not exist",
    { DATABASE_URL: addressWith({ hostname: "nosuch.invalid" }) },
    "DATABASE_URL: there is no host called nosuch.invalid.",
  ],
  [
    "a wrong password",
    { DATABASE_URL: addressWith({ password: "wrong" }) },
    "does not accept the password of the user postgres.",
  ],
  [
    "another kind of database",
    { DATABASE_URL: "mysql://u:p@127.0.0.1:1/shop" },
    "DATABASE_URL: must be an address such as postgres://",
  ],
  [
    "settings that contradict each other",
    { ONCEPAY_SANDBOX_MIN_MS: "9", ONCEPAY_SANDBOX_MAX_MS: "1" },
    "ONCEPAY_SANDBOX_MIN_MS must not",
  ],
])(
  "%s ends it, with that as its last word",
  async (_what, environment, message) => {
    const one = await start(environment);
    const code = await one.ended;
    const lines = one.output().trim().split("\n");
    expect([code, lines.slice(-3).join("\n")]).toEqual([78, expect.stringContaining(message)]);
    expect(stateIn(one.directory)).toBeUndefined();
  },
  100_000,
);
