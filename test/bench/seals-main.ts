import { checkSeals } from "../../src/seals/check-seals";
import { sealMerchants } from "../../src/seals/seal-merchants";
import { createSecretBox } from "../../src/security/secrets";
import { createInstallation, type Installation } from "./installation";
import { confirmSeeded, seedPayments } from "./parts/seed";
import { startServer } from "./server";
import { cpuSecondsOfTree } from "./usage";

/*
 * What sealing costs, and what checking it does:
 *
 *     node -r ./test/attack/register.js test/bench/seals-main.ts [PAYMENTS]
 *
 * Payments are created and confirmed by the product's own statements, in the books of one merchant, each with a journal
 * of two postings.
 */

const PAYMENTS = 5_000;

const RELAY = `
  insert into event_feed (merchant_id, position, event_id, type)
  select merchant_id, row_number() over (partition by merchant_id order by id), id, type from events;
  delete from outbox`;

const POST = `
  insert into ledger_accounts (merchant_id, id, kind, currency)
  select id, 'acct_' || kind, kind, 'USD' from merchants
  cross join (values ('PROCESSOR_RECEIVABLE'), ('MERCHANT_BALANCE'), ('PROCESSING_FEES')) k (kind);
  insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
  select merchant_id, 'jrn_' || substr(id, 4), 'bench', id, id from payment_intents;
  insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
    currency, pending, created_at)
  select merchant_id, id, line, 'acct_PROCESSOR_RECEIVABLE', 'acct_MERCHANT_BALANCE', 2599, 'USD', false,
    -- Of so many transactions, not of one.
    now() + n * interval '1 microsecond'
  from (select *, row_number() over (order by id) as n from journals) j
  cross join generate_series(1, 2) line;
  update balance_horizon set before = now() + interval '1 minute'`;

async function fill(installation: Installation, count: number): Promise<void> {
  const payments = await seedPayments(installation, count);
  await confirmSeeded(installation, payments);
  for (const statement of [RELAY, POST, "vacuum analyze"]) await installation.db.raw(statement);
}

async function main(): Promise<void> {
  const count = Number(process.argv[2] ?? PAYMENTS);
  const server = await startServer();
  try {
    const installation = await createInstallation(server, { name: "seals", source: true });
    const { db, encryptionKey } = installation;
    await fill(installation, count);
    const secrets = createSecretBox([Buffer.from(encryptionKey, "base64")]);
    const timed = async (what: string, work: () => Promise<string>): Promise<void> => {
      const [ours, theirs] = [process.cpuUsage(), cpuSecondsOfTree(server.pid) ?? 0];
      const beganMs = performance.now();
      const done = await work();
      const took = performance.now() - beganMs;
      const { user, system } = process.cpuUsage(ours);
      const postgres = (cpuSecondsOfTree(server.pid) ?? 0) - theirs;
      const events = 2 * count;
      const each = (ms: number): string => ((ms * 1_000) / events).toFixed(1);
      process.stdout.write(
        `${what}: ${done} in ${(took / 1_000).toFixed(2)} s; for each event ${each(took)} µs, ` +
          `${each((user + system) / 1_000)} of processor time in Node and ${each(postgres * 1_000)} in Postgres\n`,
      );
    };
    await timed("sealed", async () => {
      const { seals, leaves } = await sealMerchants({ db, secrets }, { limit: 1_000_000 });
      return `${String(leaves)} rows under ${String(seals)} seals`;
    });
    await timed("checked", async () => {
      const found = await db.transaction((tx) => checkSeals(tx, { violationsMax: 100 }));
      return `${String(found.length)} violations`;
    });
    const { rows } = await db.raw<{ rows: { bytes: number }[] }>(
      "select pg_total_relation_size('seals') as bytes",
    );
    process.stdout.write(
      `stored: ${String(Math.round((rows[0]?.bytes ?? 0) / (2 * count)))} bytes for each event\n`,
    );
    await installation.stop();
  } finally {
    await server.remove();
  }
}

void main();
