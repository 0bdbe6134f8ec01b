import { Gauge } from "prom-client";
import { type Db, type Statement, run } from "../db/db";
import { registry } from "./counted";
import { within } from "./ready";

/** What each process says of itself when it is scraped: its connections, and whether the database answers it. */

interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

export function observeProcess(db: Db, ...others: readonly Db[]): void {
  observePools([db, ...others].map(({ client }) => (client as { pool: Pool }).pool));
  let asked: Promise<number | undefined> | undefined;
  // Both gauges of a scrape are about one question.
  const ask = (): Promise<number | undefined> => {
    asked ??= clockOffset(db).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  registry.registerMetric(
    new Gauge({
      name: "oncepay_db_answers",
      help: "Whether the database answered this process when it was scraped: 1 or 0.",
      registers: [],
      async collect() {
        this.set((await ask()) === undefined ? 0 : 1);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "oncepay_clock_offset_seconds",
      help: "How far this process's clock is ahead of the database's; absent while that does not answer.",
      registers: [],
      async collect() {
        const offset = await ask();
        if (offset === undefined) this.remove();
        else this.set(offset);
      },
    }),
  );
}

function observePools(pools: readonly Pool[]): void {
  const sum = (count: (pool: Pool) => number): number =>
    pools.reduce((total, pool) => total + count(pool), 0);
  registry.registerMetric(
    new Gauge({
      name: "oncepay_db_pool_connections",
      help: "Connections to Postgres by state; `waiting` counts callers without a connection.",
      labelNames: ["state"] as const,
      registers: [],
      collect() {
        const set = (state: string, count: (pool: Pool) => number): void => {
          this.set({ state }, sum(count));
        };
        set("used", (pool) => pool.numUsed());
        set("free", (pool) => pool.numFree());
        set("waiting", (pool) => pool.numPendingAcquires());
      },
    }),
  );
}

const CLOCK: Statement = {
  name: "read_clock",
  text: `select extract(epoch from clock_timestamp())::float8 as "seconds"`,
};

const ANSWERS_WITHIN_MS = 2_000;

/** By the middle of the question's time on its way; undefined: there was no answer. */
async function clockOffset(db: Db): Promise<number | undefined> {
  const before = Date.now();
  const asked = run<{ seconds: number }>(db, CLOCK, []).then(
    (rows) => rows[0]?.seconds,
    () => undefined,
  );
  const seconds = await within(ANSWERS_WITHIN_MS, asked, undefined);
  return seconds === undefined ? undefined : (before + Date.now()) / 2_000 - seconds;
}
