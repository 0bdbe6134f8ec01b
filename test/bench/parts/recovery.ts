import { waitUntil } from "../../../src/dev/wait-until";
import { OUTBOX_CHANNEL } from "../../../src/events/outbox";
import { ask } from "../ask";
import { type Bench, withInstallation } from "../bench";
import type { Installation } from "../installation";
import type { Results } from "../results";
import { confirmSeeded, seedPayments, settleTables } from "./seed";

// So many are confirmed, and the worker is killed when about a thousand are left: it has hundreds of calls open then.
const PAYMENTS = 1_700;
const IN_FLIGHT = 1_100;
const TIMEOUT_MS = 120_000;

/** A worker is killed while a slow network works on a thousand payments; another one is started at once. */
export async function measureRecovery(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("recovery")) return {};
  const latencyMs = [100, 800] as const;
  return withInstallation(bench, { name: "recovery", latencyMs }, async (installation) => {
    await confirmSeeded(installation, await seedPayments(installation, PAYMENTS));
    await holdOutbox(installation);
    await settleTables(installation);
    await installation.start("sandbox");
    const worker = await installation.start("worker");
    await releaseOutbox(installation);
    await waitUntil(async () => (await count(installation)).unsettled <= IN_FLIGHT, {
      timeoutMs: TIMEOUT_MS,
      everyMs: 2,
    });
    await worker.kill();
    const atKill = await count(installation);
    const startedAt = performance.now();
    await installation.start("worker");
    const settled = await waitUntil(async () => (await count(installation)).unsettled === 0, {
      timeoutMs: TIMEOUT_MS,
      everyMs: 20,
    });
    if (!settled) throw new Error("payments whose worker was killed were not settled");
    const seconds = (performance.now() - startedAt) / 1_000;
    const recovery = { inFlight: atKill.unsettled, sent: atKill.sent, seconds };
    bench.say(
      `recovery: ${String(recovery.inFlight)} in flight (${String(recovery.sent)} sent), ` +
        `all settled ${seconds.toFixed(1)} s after the restart`,
    );
    return { recovery };
  });
}

interface Counts {
  readonly unsettled: number;
  readonly sent: number;
}

async function count({ db }: Installation): Promise<Counts> {
  const rows = await ask<Counts>(
    db,
    `
    select count(*) filter (where settled_at is null)::int as unsettled,
      count(*) filter (where status = 'SENT')::int as sent from attempts`,
  );
  return rows[0] ?? { unsettled: 0, sent: 0 };
}

async function holdOutbox({ db }: Installation): Promise<void> {
  await db.raw("create table bench_held as select * from outbox; delete from outbox");
}

async function releaseOutbox({ db }: Installation): Promise<void> {
  await db.raw(`insert into outbox (merchant_id, event_id, attempt_id)
    select merchant_id, event_id, attempt_id from bench_held order by id`);
  await db.raw(`select pg_notify('${OUTBOX_CHANNEL}', '')`);
}
