import { statfsSync } from "node:fs";
import { Client } from "pg";
import { timePart } from "../../../src/ids";
import { ask } from "../ask";
import { type Bench, rounds, runLoad, warmupSeconds, withInstallation } from "../bench";
import type { Installation } from "../installation";
import type { LoopResult } from "../load/closed-loop";
import { median } from "../load/latency";
import type { Results, SizeFigures } from "../results";
import { requiredClients } from "./operations";
import { settleTables } from "./seed";

const SMALL = 10_000;
const MERCHANTS = 1_000;
const CHUNK = 50_000;
const WRITERS = 2;
// Intent, key, transition and event with their indexes, and the log that writes them.
const BYTES_A_PAYMENT = 3_000;

/** Creates with ten thousand payments in the tables, and with millions. */
export async function measureSize(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("size")) return {};
  const { size } = bench.options;
  const { bavail, bsize } = statfsSync(bench.server.directory);
  if (bavail * bsize < size * BYTES_A_PAYMENT) {
    const needed = Math.ceil((size * BYTES_A_PAYMENT) / 1e9);
    bench.say(`size: left out, because ${String(size)} payments need ${String(needed)} GB of disk`);
    return {};
  }
  return withTables(bench, SMALL, (small) =>
    withTables(bench, size, async (large) => {
      const runs = { small: [] as LoopResult[], large: [] as LoopResult[] };
      // In turns, so that what else the machine does meets both.
      for (let round = 0; round < rounds(bench); round += 1) {
        runs.small.push(await small.create(bench.options.seconds));
        runs.large.push(await large.create(bench.options.seconds));
      }
      const { fillSeconds } = large;
      return {
        size: {
          small: figuresOf(bench, SMALL, runs.small),
          large: figuresOf(bench, size, runs.large),
          fillSeconds,
          databaseGb: await databaseGb(large.installation),
        },
      };
    }),
  );
}

interface Tables {
  readonly installation: Installation;
  readonly fillSeconds: number;
  readonly create: (seconds: number) => Promise<LoopResult>;
}

/** An API over tables that hold so many payments. */
async function withTables<T>(
  bench: Bench,
  payments: number,
  work: (tables: Tables) => Promise<T>,
): Promise<T> {
  const options = { name: `size-${String(payments)}`, merchants: MERCHANTS };
  return withInstallation(bench, options, async (installation) => {
    const startedAt = performance.now();
    await fill(bench, installation, payments);
    await settleTables(installation);
    const fillSeconds = (performance.now() - startedAt) / 1_000;
    const api = await installation.start("api");
    const create = (seconds: number): Promise<LoopResult> =>
      runLoad(bench, {
        port: api.port,
        operation: "create",
        apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
        clients: requiredClients(bench.options.clients),
        seconds,
      });
    await create(warmupSeconds(bench));
    return work({ installation, fillSeconds, create });
  });
}

function figuresOf(
  bench: Bench,
  payments: number,
  runs: readonly LoopResult[],
): SizeFigures["small"] {
  const figures = {
    payments,
    throughput: median(runs.map(({ throughput }) => throughput)),
    p99: median(runs.map(({ latency }) => latency.p99)),
  };
  bench.say(
    `creates with ${String(payments)} payments in the tables: ${figures.throughput.toFixed(0)}/s, p99 ${figures.p99.toFixed(1)} ms`,
  );
  return figures;
}

async function databaseGb({ db }: Installation): Promise<number> {
  const rows = await ask<{ bytes: number }>(
    db,
    "select pg_database_size(current_database()) as bytes",
  );
  return Number(rows[0]?.bytes) / 1e9;
}

/** Payments as creates leave them, spread over the merchants and over the month so far. */
async function fill(bench: Bench, installation: Installation, payments: number): Promise<void> {
  const merchantIds = installation.merchants.map(({ id }) => id);
  const now = new Date();
  const from = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const chunks = Math.ceil(payments / CHUNK);
  let next = 0;
  let filled = 0;
  const write = async (): Promise<void> => {
    const client = new Client({ connectionString: installation.databaseUrl });
    await client.connect();
    // What is written here is right, and checking each row would take longer than writing it.
    await client.query("set session_replication_role = replica; set synchronous_commit = off");
    for (let chunk = next++; chunk < chunks; chunk = next++) {
      const [first, end] = [chunk * CHUNK, Math.min(payments, (chunk + 1) * CHUNK)];
      const moment = timePart(from + ((now.getTime() - from) * first) / payments);
      for (const text of FILL) await client.query(text, [merchantIds, first, end - 1, moment]);
      filled += end - first;
      if (chunk % 20 === 19) bench.say(`filled ${String(filled)} of ${String(payments)} payments`);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

// Payment number n: its merchant, ids that grow with n, and a key that, like a client's, is anything.
const PAYMENT = `
  from generate_series($2::bigint, $3::bigint) as n,
  lateral (select ($1::text[])[1 + n % cardinality($1::text[])] as merchant_id, $4::text || lpad(to_hex(n), 16, '0') as id,
    md5('key' || n)::uuid::text as key) as p`;

const SNAPSHOT = `'{"id" : "pi_' || p.id || '", "object" : "payment_intent", "status" : "REQUIRES_CONFIRMATION", "amount" : 2599, "currency" : "USD", "captureMethod" : "AUTOMATIC", "paymentMethod" : "pm_card_visa", "amountAuthorized" : 0, "amountCapturable" : 0, "amountCaptured" : 0, "amountRefunded" : 0, "amountRefundable" : 0, "description" : null, "customer" : null, "merchantReference" : "order-2026-0001", "metadata" : {"cart": "a1b2c3"}, "lastPaymentError" : null, "nextAction" : null, "cancellationReason" : null, "version" : 1, "createdAt" : "2026-01-01T00:00:00.000Z", "updatedAt" : "2026-01-01T00:00:00.000Z"}'`;

const FILL = [
  `insert into payment_intents (merchant_id, id, status, amount, currency, capture_method, payment_method, merchant_reference, metadata, idempotency_key)
   select p.merchant_id, 'pi_' || p.id, 'REQUIRES_CONFIRMATION', 2599, 'USD', 'AUTOMATIC', 'pm_card_visa', 'order-' || n, '{"cart": "a1b2c3"}', p.key ${PAYMENT}`,
  `insert into idempotency_keys (merchant_id, operation, key, fingerprint, event_id)
   select p.merchant_id, 'createPaymentIntent', p.key, sha256(p.key::bytea), 'evt_' || p.id ${PAYMENT}`,
  `insert into transitions (merchant_id, payment_intent_id, version, to_status, event_id, actor, cause, amount, terminal)
   select p.merchant_id, 'pi_' || p.id, 1, 'REQUIRES_CONFIRMATION', 'evt_' || p.id, 'key_bench', 'createPaymentIntent', 2599, false ${PAYMENT}`,
  `insert into events (merchant_id, id, type, api_version, subject_id, sequence, object)
   select p.merchant_id, 'evt_' || p.id, 'payment_intent.created', '2026-01-01', 'pi_' || p.id, 1, (${SNAPSHOT})::json ${PAYMENT}`,
];
