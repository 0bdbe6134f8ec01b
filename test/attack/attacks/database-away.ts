import { readFileSync } from "node:fs";
import path from "node:path";
import { waitUntil } from "../../../src/dev/wait-until";
import { answersOk } from "../child";
import { type Attack, type Context, limitMs } from "../attack";
import { onServer } from "../cluster";
import type { Installation } from "../installation";
import { type Load, missingFrom, startLoad } from "../load";
import { openShop } from "../shop";
import { isWholePostgresAnswer } from "../tcp-proxy";
import { networkOf, settledWithin } from "../witness";

const SIZES = {
  full: { terminations: 5, awayMs: 10_000, answers: 5, atOnce: 12, readyAgainMs: 5_000 },
  short: { terminations: 1, awayMs: 2_000, answers: 1, atOnce: 6, readyAgainMs: 300_000 },
};

/** Statements whose answer is lost after they were done: what commits in one statement, and COMMIT itself. */
const LOST: readonly (readonly [string, RegExp])[] = [
  ["create_payment_intents", /create_payment_intents/],
  ["confirm_payment_intents", /confirm_payment_intents/],
  ["claim_attempts", /claim_attempts/],
  ["COMMIT", /COMMIT;/i],
  ["record_deliveries", /record_(successful_)?deliveries/],
  ["mark_relayed", /mark_relayed/],
];

/** The database goes, in every way it can, while customers go on buying. */
export const databaseAway: Attack = {
  name: "database-away",
  promise:
    "Connections ended, restart -m immediate, 10 s away, COMMIT's answer lost: nothing acknowledged is missing.",
  durable: true,
  // A proxy breaks connections where a server that is not there refuses them: both kinds are met. The relay is among
  // those whose answers can be lost.
  options: {
    workers: 3,
    direct: ["api-1", "worker-2"],
    workerArgs: (index) => (index === 2 ? ["--only", "charges,webhooks,sweeper"] : []),
  },
  run: async (context) => {
    const { installation, check, progress } = context;
    const { terminations, awayMs, readyAgainMs } = SIZES[context.size];
    const postgres = context.cluster.postgres;
    if (!postgres) throw new Error("this attack needs a server of its own");
    const { atOnce } = SIZES[context.size];
    const load = startLoad(installation, { prefix: `away-${String(context.seed)}`, atOnce });
    const enough = (count: number): Promise<boolean> =>
      waitUntil(() => load.confirmed.size >= count, { timeoutMs: limitMs(context) });
    await enough(10);

    let ended = 0;
    for (let time = 0; time < terminations; time += 1) {
      ended += await terminateAll(installation, context.cluster.serverUrl);
      await enough(load.confirmed.size + 10);
    }
    progress(`${ended} connections ended`);

    await postgres.stop("immediate");
    await postgres.restart();
    const afterRestartMs = await readyAgain(context);
    progress(`restarted -m immediate; ready after ${afterRestartMs} ms`);
    await enough(load.confirmed.size + 10);

    const away = await goAway(context, awayMs);
    progress(`away for ${away.awayMs} ms; ready after ${away.readyMs} ms`);
    await enough(load.confirmed.size + 10);

    const lost = await loseAnswers(context, load);
    progress(`answers lost: ${JSON.stringify(lost)}`);
    const wanted = await load.stop();
    const settledMs = await settledWithin(installation, limitMs(context));

    const missing = await missingFrom(installation, load);
    const movements = await networkOf(installation).movements();
    const captures = movements.filter(({ kind }) => kind === "capture").length;
    const logged = countLogLines(installation);
    const exits = [...installation.apis, ...installation.workers].flatMap(({ exits }) => exits);
    check.equal("acknowledged creations that are missing", missing.created, 0);
    check.equal("acknowledged confirmations that are missing", missing.confirmed, 0);
    check.equal("payments that customers never got an answer for", load.confirmed.size, wanted);
    check.equal("captures that stand, and payments confirmed", captures, wanted);
    check.equal("processes that exited", exits.length, 0);
    check.equal("codes seen while it was away", away.codes, ["UNAVAILABLE"]);
    check.holds("UNAVAILABLE came with Retry-After", away.withRetryAfter === away.refused);
    check.equal("readiness while it was away", away.statuses, [503]);
    check.holds(
      `ready within ${readyAgainMs / 1_000} s after the restart (${afterRestartMs} ms)`,
      afterRestartMs <= readyAgainMs,
    );
    check.holds(
      `ready within ${readyAgainMs / 1_000} s after the absence (${away.readyMs} ms)`,
      away.readyMs <= readyAgainMs,
    );
    return {
      figures: {
        "payments meanwhile": wanted,
        "connections ended by the server": ended,
        "ready again after restart -m immediate, ms": afterRestartMs,
        "ready again after an absence, ms": away.readyMs,
        "readiness while away": away.statuses.join(", "),
        "answers while away": `${away.refused} × ${away.codes.join(", ")}, ${away.withRetryAfter} with Retry-After`,
        "answers lost after the statement was done": Object.entries(lost)
          .map(([name, count]) => `${name} ${count}`)
          .join(", "),
        "acknowledged mutations missing": missing.created + missing.confirmed,
        "processes that exited": exits.length,
        "captures in the network's books": captures,
        "lines that each worker logged": logged.join(", "),
        "settled afterwards, ms": settledMs,
      },
      sometimes: {
        "connections ended": ended,
        "requests while it was away": away.refused,
        ...Object.fromEntries(LOST.map(([name]) => [`answer of ${name} lost`, lost[name] ?? 0])),
      },
    };
  },
};

async function terminateAll({ databaseUrl }: Installation, serverUrl: string): Promise<number> {
  const name = new URL(databaseUrl).pathname.slice(1);
  return onServer(
    serverUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`,
  );
}

async function readyAgain(context: Context): Promise<number> {
  const { apis, workers } = context.installation;
  const startedAt = Date.now();
  const all = [...apis, ...workers].map(({ url }) => `${url}/health/ready`);
  await waitUntil(async () => (await Promise.all(all.map(answersOk))).every(Boolean), {
    timeoutMs: limitMs(context),
  });
  return Date.now() - startedAt;
}

async function goAway(context: Context, forMs: number) {
  const { installation, cluster, seed } = context;
  const [api] = installation.apis;
  const impatient = openShop(installation, { retry: { triesMax: 1 } });
  await cluster.postgres?.stop("fast");
  const startedAt = Date.now();
  const statuses = new Set<number>();
  const codes = new Set<string>();
  let refused = 0;
  let withRetryAfter = 0;
  while (Date.now() - startedAt < forMs) {
    const probe = await fetch(`${api?.url ?? ""}/health/ready`);
    await probe.arrayBuffer();
    statuses.add(probe.status);
    await impatient.clients
      .at(-1)
      ?.createPaymentIntent(
        { amount: 1, currency: "EUR" },
        { idempotencyKey: `probe-${seed}-${refused}` },
      )
      .catch((error: { code: string; retryAfterMs?: number }) => {
        codes.add(error.code);
        refused += 1;
        if (error.retryAfterMs !== undefined) withRetryAfter += 1;
      });
  }
  const awayMs = Date.now() - startedAt;
  await cluster.postgres?.restart();
  const readyMs = await readyAgain(context);
  return { awayMs, readyMs, statuses: [...statuses], codes: [...codes], refused, withRetryAfter };
}

/** The statement is done and committed, and who asked for it sees a connection that breaks. */
async function loseAnswers(context: Context, load: Load): Promise<Record<string, number>> {
  const { installation, size } = context;
  const { answers } = SIZES[size];
  const proxy = installation.proxies.database;
  const lost: Record<string, number> = {};
  for (const [name, pattern] of LOST) {
    const before = proxy?.lost() ?? 0;
    proxy?.loseAnswers({
      matches: (bytes) => pattern.test(bytes),
      isWhole: isWholePostgresAnswer,
      timesMax: answers,
    });
    await waitUntil(() => (proxy?.lost() ?? 0) - before >= answers, {
      timeoutMs: limitMs(context),
    });
    proxy?.loseAnswers(undefined);
    lost[name] = (proxy?.lost() ?? 0) - before;
    const confirmed = load.confirmed.size;
    await waitUntil(() => load.confirmed.size > confirmed + 5, { timeoutMs: limitMs(context) });
  }
  return lost;
}

function countLogLines({ workers, logDirectory }: Installation): number[] {
  return workers.map(
    ({ name }) =>
      readFileSync(path.join(logDirectory, `${name}.log`), "utf8").split("\n").length - 1,
  );
}
