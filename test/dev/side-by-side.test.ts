import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DevState } from "../../src/dev/dev-files";
import { waitUntil } from "../../src/dev/wait-until";
import { withClient } from "../../src/db/with-client";
import { createClient } from "../../src/sdk";
import { ensureBuilt } from "../attack/built";
import { createEmptyDatabase, testServerUrl, type TestDatabase } from "../support/database";

/** The whole of `npm start`, as real processes: how it comes up beside another one, and how it refuses to. */

const ENTRY = path.resolve(__dirname, "../../dist/src/dev/start.js");

interface Start {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly database: TestDatabase;
  readonly ended: Promise<unknown>;
  output(): string;
}

const starts: Start[] = [];

beforeAll(() => ensureBuilt(), 180_000);
afterAll(async () => {
  for (const { child, ended, directory, database } of starts) {
    child.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
    const sandbox = `${new URL(database.url).pathname.slice(1)}_sandbox`;
    await withClient(testServerUrl(), (client) =>
      client.query(`drop database if exists ${client.escapeIdentifier(sandbox)} with (force)`),
    );
    await database.drop();
  }
}, 60_000);

async function start(environment: NodeJS.ProcessEnv = {}): Promise<Start> {
  const database = await createEmptyDatabase();
  const directory = mkdtempSync(path.join(tmpdir(), "oncepay-start-"));
  const child = spawn(process.execPath, [ENTRY, "--directory", directory], {
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      DATABASE_URL: database.url,
      LOG_LEVEL: "warn",
      ...environment,
    },
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = once(child, "close");
  const started = { directory, child, database, ended, output: () => output };
  starts.push(started);
  return started;
}

function stateOf({ directory }: Start): DevState | undefined {
  try {
    return JSON.parse(readFileSync(path.join(directory, "dev.json"), "utf8")) as DevState;
  } catch {
    return undefined;
  }
}

async function whenReady(one: Start): Promise<DevState> {
  await waitUntil(() => stateOf(one) !== undefined || one.child.exitCode !== null, {
    timeoutMs: 120_000,
  });
  const state = stateOf(one);
  if (!state) throw new Error(`it did not come up:\n${one.output()}`);
  return state;
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

test.each([
  [{ ONCEPAY_FOO: "1" }, "ONCEPAY_FOO: this setting does not exist"],
  [{ ONCEPAY_ENCRYPTION_KEY: "c2hvcnQ=" }, "ONCEPAY_ENCRYPTION_KEY: key 1 is not base64"],
  [{ PORT: "abc" }, "PORT: must be a port, 0 to 65535"],
  [{ DATABASE_URL: "postgres://u:p@127.0.0.1:1/shop" }, "DATABASE_URL: nothing listens at"],
  [{ ONCEPAY_SANDBOX_MIN_MS: "9", ONCEPAY_SANDBOX_MAX_MS: "1" }, "ONCEPAY_SANDBOX_MIN_MS must not"],
])(
  "%j ends it, with that as its last word",
  async (environment, message) => {
    const one = await start(environment);
    const [code] = (await one.ended) as [number];
    const lines = one.output().trim().split("\n");
    expect([code, lines.slice(-3).join("\n")]).toEqual([78, expect.stringContaining(message)]);
    expect(stateOf(one)).toBeUndefined();
  },
  100_000,
);
