import { connect } from "../../src/db/connect";
import type { Db } from "../../src/db/db";
import { transact } from "../../src/db/transact";
import { newId } from "../../src/ids";
import { bookDispute } from "../../src/ledger/journals";
import { insertJournals } from "../../src/ledger/ledger-store";
import { createInstallation, type Installation } from "./installation";
import { median } from "./load/latency";
import { type Server, startServer } from "./server";
import { cpuSecondsOfTree } from "./usage";

/*
 * Whether a merchant's books are a hot row, and what the indexes by account cost:
 *
 *     node -r ./test/attack/register.js test/bench/postings-main.ts [ROUNDS] [SECONDS]
 *
 * 64 clients post disputes, each a transaction of its own, in turns to one merchant and each to a merchant of its own;
 * then the latter again in turns without the two indexes. Medians of the rounds.
 */

const CLIENTS = 64;
const ROUNDS = 7;
const SECONDS = 3;
const AMOUNTS = { disputed: 2_599, fee: 105 };

const INDEXES = ["postings_by_debit", "postings_by_credit"];
interface Measured {
  /** Journals of two postings, a second. */
  readonly rate: number;
  /** Of Postgres, for each journal, in microseconds. */
  readonly processorUs: number;
}

interface Ground {
  readonly server: Server;
  readonly db: Db;
  readonly seconds: number;
}

async function post(db: Db, merchantId: string): Promise<void> {
  const fact = { merchantId, paymentIntentId: null, currency: "USD" };
  const journal = bookDispute({ ...fact, sourceId: newId("attempt") }, AMOUNTS);
  await transact(db, (tx) => insertJournals(tx, [journal]));
}

async function measure(
  { server, db, seconds }: Ground,
  merchantIds: readonly string[],
): Promise<Measured> {
  const usedBefore = cpuSecondsOfTree(server.pid) ?? 0;
  const beganMs = performance.now();
  const endMs = beganMs + seconds * 1_000;
  let posted = 0;
  const client = async (number: number): Promise<void> => {
    const merchantId = merchantIds[number % merchantIds.length] ?? "";
    while (performance.now() < endMs) {
      await post(db, merchantId);
      posted += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  const took = (performance.now() - beganMs) / 1_000;
  const used = (cpuSecondsOfTree(server.pid) ?? 0) - usedBefore;
  return { rate: posted / took, processorUs: (used * 1e6) / posted };
}

function say(what: string, measured: readonly Measured[]): void {
  const rate = Math.round(median(measured.map((one) => one.rate)));
  const used = Math.round(median(measured.map((one) => one.processorUs)));
  process.stdout.write(
    `${what}: ${String(rate)} journals/s, ${String(used)} µs in Postgres each\n`,
  );
}

function sayRatio(what: string, ratios: readonly number[]): void {
  const sorted = ratios.toSorted((one, other) => one - other);
  const [low = 0, high = 0] = [sorted[0], sorted.at(-1)];
  process.stdout.write(
    `${what}: ${median(sorted).toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)})\n`,
  );
}

async function compareMerchants(
  ground: Ground,
  { merchants }: Installation,
  rounds: number,
): Promise<void> {
  const ids = merchants.map(({ id }) => id);
  const [one, many]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    one.push(await measure(ground, ids.slice(0, 1)));
    many.push(await measure(ground, ids));
  }
  say("64 clients, one merchant", one);
  say(`64 clients, ${String(ids.length)} merchants`, many);
  sayRatio(
    "slower with one merchant, times",
    one.map(({ rate }, round) => (many[round]?.rate ?? 0) / rate),
  );
}

async function compareIndexes(
  ground: Ground,
  { merchants, db }: Installation,
  rounds: number,
): Promise<void> {
  const ids = merchants.map(({ id }) => id);
  const [withThem, without]: [Measured[], Measured[]] = [[], []];
  const definitions = await db("pg_indexes")
    .whereIn("indexname", INDEXES)
    .pluck<string[]>("indexdef");
  if (definitions.length !== INDEXES.length) throw new Error("the indexes by account are missing");
  for (let round = 0; round < rounds; round += 1) {
    withThem.push(await measure(ground, ids));
    for (const index of INDEXES) await db.raw("drop index ??", [index]);
    without.push(await measure(ground, ids));
    for (const definition of definitions) await db.raw(definition);
  }
  say("with the indexes by account", withThem);
  say("without them", without);
  sayRatio(
    "processor time of Postgres with them, times",
    withThem.map(({ processorUs }, round) => processorUs / (without[round]?.processorUs ?? 1)),
  );
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? ROUNDS);
  const seconds = Number(process.argv[3] ?? SECONDS);
  const server = await startServer();
  try {
    const options = { name: "postings", merchants: CLIENTS, source: true };
    const installation = await createInstallation(server, options);
    const { databaseUrl: url } = installation;
    const db = connect({ url, poolMax: CLIENTS, applicationName: "oncepay bench" });
    const ground = { server, db, seconds };
    // Accounts, connections and plans are there before anything is measured.
    await measure(
      { ...ground, seconds: 1 },
      installation.merchants.map(({ id }) => id),
    );
    await compareMerchants(ground, installation, rounds);
    await compareIndexes(ground, installation, rounds);
    await db.destroy();
    await installation.stop();
  } finally {
    await server.remove();
  }
}

void main();
