import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Movement } from "../../src/audit/compare-movements";
import { clusterOn } from "../attack/cluster";
import { type Order, eachLimited, openShop, orders, pay } from "../attack/shop";
import { networkOf, settledWithin } from "../attack/witness";
import {
  type ArchivedPostgres,
  backupIsMissing,
  startArchivedPostgres,
} from "../support/archived-postgres";
import { settlementOf } from "./break-found";
import type { Drill, Scene } from "./drill";
import { WAIT_MS, numberOf } from "./scene";

const CLI = path.resolve(__dirname, "../../dist/src/cli/oncepay.js");

let server: ArchivedPostgres | undefined;
/** What somebody paid for before the moment that is restored. */
let kept: readonly Order[] = [];
/** And after it: a charge of each, and some refunds. */
let lost: readonly Order[] = [];

/**
 * The database's machine is gone. A backup that was taken under load is restored, with the archive, to a moment before the
 * last payments; some had been queued at that moment, and were charged after it.
 */
export const restored: Drill = {
  name: "restored",
  what: "The database is restored from a backup, to a moment before the last payments.",
  alert: "OncepayPromotedDatabase",
  mends: true,
  skip: backupIsMissing,
  prepare: async () => {
    const started = await startArchivedPostgres({ max_connections: "200" });
    server = started;
    const cluster = await clusterOn(started.url, started.directory);
    return { env: {}, cluster, close: () => started.remove() };
  },
  breaks: async (scene) => {
    const { installation, progress } = scene;
    const { apis, workers, logDirectory } = installation;
    const [postgres, client] = [serverOf(), openShop(installation).client()];
    const paid = some("paid", { count: 60, from: 10_000 });
    const queued = some("queued", { count: 8, from: 20_000 });
    lost = some("lost", { count: 5, from: 30_000 });
    kept = [...paid, ...queued];
    const payAll = (wanted: readonly Order[]) =>
      eachLimited(wanted, 8, (order) => pay(client, order));
    progress("taking a backup under load");
    const load = payAll(paid);
    await postgres.backUp();
    const ids = await load;
    await settledWithin(installation, WAIT_MS);
    for (const worker of workers) await worker.kill();
    await payAll(queued);
    const moment = await postgres.now();
    for (const worker of workers) await worker.start();
    await payAll(lost);
    for (const id of ids.slice(0, 2))
      await client.refundPaymentIntent({ paymentIntentId: id, amount: 10 });
    await settledWithin(installation, WAIT_MS);
    await postgres.archived();
    for (const child of [...apis, ...workers]) await child.kill();
    await postgres.lose();
    progress(`the server and its files are gone; restoring ${moment}`);
    const tookMs = await postgres.restoreTo(moment);
    progress(`restored after ${(tookMs / 1_000).toFixed(1)} s`);
    for (const child of [...apis, ...workers]) await child.start();
    const file = path.join(logDirectory, "settlement.csv");
    writeFileSync(file, await settlementOf(installation.sandbox.url));
    const { status } = verify(scene);
    if (status !== 1) throw new Error("verify does not see that anything is gone");
    return { SETTLEMENT: file };
  },
  ends: async (scene) => {
    const { installation } = scene;
    const client = openShop(installation).client();
    // Whoever repeats what was known at that moment moves nothing.
    const again = await eachLimited(kept, 8, (order) => pay(client, order));
    await settledWithin(installation, WAIT_MS);
    const { status, text } = verify(scene);
    scene.progress(text.slice(text.lastIndexOf("\n\n") + 2).trim());
    return [
      ...(status === 0 ? [] : [`verify ended with ${String(status)}: ${text}`]),
      ...(new Set(again).size === kept.length ? [] : ["a repeated call made another payment"]),
      ...chargedOnce(await networkOf(installation).movements()),
      ...((await numberOf(scene, GONE)) === 0 ? [] : ["what came later was not lost"]),
    ];
  },
};

/** Amounts of the lost orders, which no payment here has. */
const GONE = "select count(*) from payment_intents where amount >= 30000 and amount < 40000";

/** Each with an amount of its own, by which the network's books know it. */
function some(what: string, of: { readonly count: number; readonly from: number }): Order[] {
  const prefix = `restored-${what}-${String(process.pid)}-${String(Date.now())}`;
  return orders(of.count, { prefix, amount: (index) => of.from + index });
}

function serverOf(): ArchivedPostgres {
  if (!server) throw new Error("the server was not started");
  return server;
}

/** The network's word: one charge stands of each order. */
function chargedOnce(movements: readonly Movement[]): string[] {
  const standing = new Map<number, number>();
  const undone = movements.filter(({ kind }) => kind === "reverse").map((one) => one.reference);
  for (const { kind, amount, reference } of movements) {
    if (kind !== "capture" || undone.includes(reference)) continue;
    standing.set(amount, (standing.get(amount) ?? 0) + 1);
  }
  return [...kept, ...lost].flatMap(({ id, amount }) => {
    const charges = standing.get(amount) ?? 0;
    return charges === 1 ? [] : [`${id} was charged ${String(charges)} times`];
  });
}

function verify({ installation }: Scene): { status: number | null; text: string } {
  const { databaseUrl, sandbox, env } = installation;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, "verify", "--sandbox-url", sandbox.url, "--against-network"],
    { env: { ...env, DATABASE_URL: databaseUrl }, encoding: "utf8" },
  );
  return { status, text: stdout + stderr };
}
