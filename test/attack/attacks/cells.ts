import { randomBytes } from "node:crypto";
import type { Movement } from "../../../src/audit/compare-movements";
import { runCommandLine } from "../../../src/cli/run-command-line";
import { waitUntil } from "../../../src/dev/wait-until";
import { createMerchant } from "../../../src/merchants/create-merchant";
import { createClient } from "../../../src/sdk/client";
import { type CellRouter, startCellRouter } from "../../support/haproxy";
import { type Attack, type Context, limitMs } from "../attack";
import { startCluster } from "../cluster";
import type { Installation, WitnessedNetwork } from "../installation";
import { askew, describe, reasons } from "../rolling/account-for";
import { hasHaproxy } from "../rolling/balancer";
import { type Load, startLoad } from "../rolling/load";
import { effectsAt, networkOf, settledWithin } from "../witness";

/** Orders that have to go through in each phase. */
const BETWEEN = 40;
const LANES = 3;

/**
 * Two cells, each with a Postgres server and processes of its own, at one card network and behind one HAProxy. One is
 * killed whole; then a merchant who goes on selling moves to the other and back.
 */
export const cells: Attack = {
  name: "cells",
  promise:
    "Cells: one killed leaves the other untouched; a merchant moves under load and back: no caller's error, payments once.",
  options: { apis: 0, workers: 0, proxied: [] },
  skip: ({ size }) =>
    size === "short"
      ? "its long form is an attack; test/cells moves merchants"
      : hasHaproxy()
        ? undefined
        : "haproxy is not on the PATH (Debian's package is called haproxy)",
  run: async (context) => {
    const site = await setUp(context);
    const { moving, staying, other } = site;
    const phase = (name: string): void => {
      context.progress(name);
      for (const load of [moving, staying, other]) load.begin(name);
    };
    const more = (...loads: Load[]) => Promise.all(loads.map((load) => load.more(BETWEEN)));
    await more(moving, staying, other);
    phase(AWAY);
    await kill(site.b);
    await more(moving, staying);
    phase("cell b is back");
    await bringBack(site.b);
    await more(moving, staying, other);
    phase("a merchant moves from a to b");
    const there = await move(site, "b");
    await more(moving, staying, other);
    phase("and back");
    const back = await move(site, "a");
    await more(moving, staying, other);
    const settled = () =>
      Promise.all([site.a, site.b.cell].map((cell) => settledWithin(cell, limitMs(context))));
    await Promise.all([moving, staying, other].map((load) => load.stop(settled)));
    return compare(context, site, [there, back]);
  },
};

/** Its API, its worker and its Postgres. */
const AWAY = "cell b is killed";

interface Site {
  readonly a: Installation;
  readonly b: Killable;
  readonly router: CellRouter;
  readonly oncepay: (...args: readonly string[]) => Promise<void>;
  /** Callers of a merchant who moves, of one who stays in the same cell, and of one of the other cell. */
  readonly moving: Load;
  readonly staying: Load;
  readonly other: Load;
}

interface Killable {
  readonly cell: Installation;
  readonly postgres: { stop(mode: "immediate"): Promise<void>; restart(): Promise<void> };
}

async function setUp(context: Context): Promise<Site> {
  const { install, cluster, seed, random } = context;
  const encryptionKey = randomBytes(32).toString("base64");
  const one = { apis: 1, workers: 1, encryptionKey };
  const places: { a?: Installation; b?: Installation } = {};
  const own = (name: "a" | "b"): WitnessedNetwork => ({
    movements: () => movementsOf(places, name),
    close: () => Promise.resolve(),
  });
  const a = await install({ ...one, name: "cell-a", network: own("a") });
  places.a = a;
  const server = await startCluster({ durable: true });
  context.after(() => server.remove());
  const { postgres } = server;
  if (!postgres) throw new Error("the other cell needs a server of its own");
  const env = { ONCEPAY_SANDBOX_URL: a.sandbox.url };
  const b = await install({ ...one, name: "cell-b", env, network: own("b") }, server);
  places.b = b;
  // They would all come to one of the cells.
  await networkOf(a).webhooks({ enabled: false });

  const router = await startCellRouter({ a: portOf(a), b: portOf(b) });
  context.after(() => router.stop());
  const environment = {
    ONCEPAY_DIRECTORY_URL: await cluster.createDatabase("empty"),
    CELL_A_URL: a.databaseUrl,
    CELL_B_URL: b.databaseUrl,
  };
  const oncepay = (...args: readonly string[]) => carryOut(args, environment);
  const stays = await createMerchant(a.db, "A shop that stays");
  await oncepay("cells", "add", "--name", "a", "--database-url-env", "CELL_A_URL");
  await oncepay("cells", "add", "--name", "b", "--database-url-env", "CELL_B_URL");
  await oncepay("cells", "assign", "--cell", "a");
  await oncepay("cells", "assign", "--cell", "b");
  await oncepay("cells", "map", "--file", router.map, "--reload", router.reload);

  const load = (apiKey: string, amountFrom: number): Load =>
    startLoad({
      // Each as a program of its own: they share no retries.
      createClient: (options) => createClient({ ...options, budget: {} }),
      url: `${router.url}/graphql`,
      apiKey,
      phase: "both cells",
      lanes: LANES,
      prefix: `cells-${String(seed)}-${String(amountFrom)}`,
      amountFrom,
      random,
      limitMs: limitMs(context),
    });
  for (const { secretKey } of [a.merchant, stays, b.merchant]) await known(router, secretKey);
  return {
    a,
    b: { cell: b, postgres },
    router,
    oncepay,
    moving: load(a.merchant.secretKey, 100_000),
    staying: load(stays.secretKey, 300_000),
    other: load(b.merchant.secretKey, 500_000),
  };
}

function portOf({ apis: [api] }: Installation): number {
  return Number(new URL(api?.url ?? "").port);
}

/** Of what the network moved, that which this cell has asked for. */
async function movementsOf(
  { a, b }: { readonly a?: Installation; readonly b?: Installation },
  name: "a" | "b",
): Promise<Movement[]> {
  const cell = name === "a" ? a : b;
  if (!a || !cell) return [];
  const asked = new Set(await cell.db("attempts").pluck<string[]>("id"));
  return (await networkOf(a).movements()).filter(({ reference }) => asked.has(reference));
}

async function carryOut(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const code = await runCommandLine(args, { environment, out: say, error: say });
  if (code !== 0) throw new Error(`oncepay ${args.join(" ")}: ${said.join("")}`);
}

/** A router that has been told of a new map may take a moment. */
async function known({ url }: CellRouter, apiKey: string): Promise<void> {
  const client = createClient({ url: `${url}/graphql`, apiKey });
  const isKnown = () =>
    client.merchant().then(
      () => true,
      () => false,
    );
  if (!(await waitUntil(isKnown, { timeoutMs: 60_000 })))
    throw new Error("the router knows nobody");
}

async function kill({ cell, postgres }: Killable): Promise<void> {
  await Promise.all([...cell.apis, ...cell.workers].map((child) => child.kill()));
  await postgres.stop("immediate");
}

async function bringBack({ cell, postgres }: Killable): Promise<void> {
  await postgres.restart();
  await Promise.all([...cell.apis, ...cell.workers].map((child) => child.start()));
}

/** Returns how long it took, in milliseconds, without the time that the old cell keeps the rows for. */
async function move({ oncepay, router, a }: Site, to: string): Promise<number> {
  const startedAt = performance.now();
  await oncepay(
    ...["cells", "move", "--merchant", a.merchant.id, "--to", to, "--same-processor"],
    ...["--grace", `${String(GRACE_S)}s`, "--file", router.map, "--reload", router.reload],
  );
  return performance.now() - startedAt - GRACE_S * 1_000;
}

const GRACE_S = 5;

async function compare(context: Context, site: Site, tookMs: readonly number[]) {
  const { check } = context;
  const { a, b, moving, staying, other } = site;
  const movements = await networkOf(a).movements();
  const asked = await Promise.all(
    [a, b.cell].map(({ db }) => db("attempts").pluck<string[]>("id")),
  );
  const [inA = new Set(), inB = new Set()] = asked.map((ids) => new Set(ids));
  const owners = movements.map(
    ({ reference }) => Number(inA.has(reference)) + Number(inB.has(reference)),
  );
  check.equal(
    "movements that no cell, or both, have asked for",
    owners.filter((n) => n !== 1).length,
    0,
  );
  const { requestsByReference } = await networkOf(a).stats();
  check.equal("requests under one reference", requestsByReference.max, 1);
  for (const [who, load] of Object.entries({ moving, staying, other })) {
    check.equal(
      `orders of who is ${who} whose money is not once in the network's books`,
      askew(load, movements),
      [],
    );
    check.equal(
      `orders of who is ${who} that were another payment when asked for again`,
      load.repeats.other,
      0,
    );
  }
  // Whose cell was not killed.
  for (const { name, errors } of [...moving.phases, ...staying.phases]) {
    check.equal(`errors of callers in "${name}"`, errors, []);
  }
  for (const { name, errors } of other.phases.filter(({ name }) => !name.includes("cell b"))) {
    check.equal(`errors of the other cell's callers in "${name}"`, errors, []);
  }
  const untouched = [moving, staying].flatMap(({ phases }) =>
    phases.filter(({ name }) => name === AWAY),
  );
  check.equal(
    "requests that a cell repeated while the other was away",
    untouched.reduce((sum, { codes }) => sum + Object.keys(codes).length, 0),
    0,
  );
  const events = await a.db("events").where({ merchant_id: a.merchant.id }).pluck<string[]>("id");
  check.equal("events of who moved, in the feed as it was read", moving.fed.size, events.length);
  const consumer = await effectsAt(a);
  const sales = moving.done.filter(({ captured }) => captured).length;
  check.equal("events at the consumer of who moved", consumer.events, events.length);
  check.equal(
    "sales at the consumer of who moved",
    [consumer.sales, consumer.doubleSales],
    [sales, 0],
  );
  const rows = [
    ["who moves", moving] as const,
    ["who stays", staying] as const,
    ["the other cell", other] as const,
  ].flatMap(([who, { phases }]) =>
    phases.map((phase) => [`${who}: ${phase.name}`, describe(phase)] as const),
  );
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return {
    figures: {
      ...Object.fromEntries(rows),
      "what was asked for again, and why": reasons(
        [moving, staying, other].flatMap(({ phases }) => phases),
      ),
      "moving there and back took": tookMs.map(seconds).join(", "),
      "slowest call of who moved, with its retries": seconds(
        Math.max(...moving.phases.map(({ slowestMs }) => slowestMs)),
      ),
      "orders of all three": moving.done.length + staying.done.length + other.done.length,
    },
    sometimes: { "requests that were asked for again because of the move": retriesOf(moving) },
  };
}

function retriesOf({ phases }: Load): number {
  return phases.reduce((sum, { retries }) => sum + retries, 0);
}
