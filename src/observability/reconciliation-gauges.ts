import { Gauge } from "prom-client";
import { type Db, type Statement, run } from "../db/db";
import { registry } from "./metrics";

/** What the continuous audit has written down, and the breaks that are open: one row, and a small partial index. */

const LOOK: Statement = {
  name: "observe_reconciliation",
  text: `
    select s.differences as "differences",
      extract(epoch from s.last_clean_pass_at)::float8 as "cleanAt",
      (select coalesce(json_agg(b), '[]') from (
        select kind, count(*)::int as count,
          extract(epoch from now() - min(found_at))::float8 as seconds
        from reconciliation_breaks where status <> 'RESOLVED' group by kind) b) as "breaks"
    from audit_state s`,
};

interface Looked {
  readonly differences: Readonly<Record<string, string>>;
  readonly cleanAt: number | null;
  readonly breaks: readonly {
    readonly kind: string;
    readonly count: number;
    readonly seconds: number;
  }[];
}

/** While the database is away they are absent. */
export function observeReconciliation(db: Db): void {
  const look = lookOnce(db);
  const register = (
    name: string,
    options: { readonly help: string; readonly label?: string },
    read: (looked: Looked) => readonly (readonly [label: string, value: number])[],
  ): void => {
    const { help, label } = options;
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: label === undefined ? [] : [label],
        registers: [],
        async collect() {
          this.reset();
          const looked = await look();
          for (const [value, amount] of looked ? read(looked) : []) {
            if (label === undefined) this.set(amount);
            else this.set({ [label]: value }, amount);
          }
        },
      }),
    );
  };
  register(
    "oncepay_trial_balance_difference",
    {
      help: "Debits less credits of everything that the continuous audit has added up, in minor units: anything but 0 is an alarm.",
      label: "currency",
    },
    ({ differences }) =>
      Object.entries(differences).map(([currency, value]) => [currency, Number(value)]),
  );
  register(
    "oncepay_reconciliation_breaks",
    { help: "Reconciliation breaks that are not resolved.", label: "kind" },
    ({ breaks }) => breaks.map(({ kind, count }) => [kind, count]),
  );
  register(
    "oncepay_reconciliation_oldest_break_seconds",
    { help: "Age of the oldest break that is not resolved.", label: "kind" },
    ({ breaks }) => breaks.map(({ kind, seconds }) => [kind, seconds]),
  );
  register(
    "oncepay_books_clean_timestamp_seconds",
    { help: "When the continuous audit last ended a pass and nothing of the ledger differed." },
    ({ cleanAt }) => (cleanAt === null ? [] : [["", cleanAt]]),
  );
}

const LOOKED_FOR_MS = 1_000;

/** One query for all the gauges of a scrape. */
function lookOnce(db: Db): () => Promise<Looked | undefined> {
  let looked: { readonly atMs: number; readonly row: Promise<Looked | undefined> } | undefined;
  return () => {
    if (!looked || performance.now() - looked.atMs > LOOKED_FOR_MS) {
      const row = run<Looked>(db, LOOK, [])
        .then((rows) => rows[0])
        .catch(() => undefined);
      looked = { atMs: performance.now(), row };
    }
    return looked.row;
  };
}
