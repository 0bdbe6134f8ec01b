import { type Db, type Statement, run } from "../db/db";
import { type ReportedGauge, reportGauges } from "./report-gauges";

/**
 * What the continuous audit and the sealer have written down, the breaks that are open, the oldest of what is to be
 * cleared, how far each processor's lists and settlement files are compared, and how many lists cannot be read: two rows,
 * two small indexes, a probe for each kind of account, and three for each processor.
 */

const LOOK: Statement = {
  name: "observe_reconciliation",
  text: `
    with recursive compared as (
      (select processor, source from reconciliation_runs where processor_account_id is null
        order by processor, source limit 1)
      union all
      select n.* from compared c cross join lateral (
        select r.processor, r.source from reconciliation_runs r
        where (r.processor, r.source) > (c.processor, c.source)
          and r.processor_account_id is null
        order by r.processor, r.source limit 1) n
    )
    select s.differences as "differences",
      extract(epoch from s.last_clean_pass_at)::float8 as "cleanAt",
      extract(epoch from l.sealed_up_to)::float8 as "sealedAt",
      (select coalesce(json_agg(b), '[]') from (
        select kind, count(*)::int as count,
          extract(epoch from now() - min(found_at))::float8 as seconds
        from reconciliation_breaks where status <> 'RESOLVED' group by kind) b) as "breaks",
      (select coalesce(json_agg(json_build_object('processor', c.processor, 'source', c.source,
        'upTo', extract(epoch from l.period_to)::float8)), '[]')
        from compared c cross join lateral (
          select r.period_to from reconciliation_runs r
          where r.processor = c.processor and r.source = c.source and r.status = 'COMPLETED'
            and r.processor_account_id is null
          order by r.period_to desc limit 1) l) as "reconciled",
      (select coalesce(json_agg(f), '[]') from (
        select processor, failure, count(*)::int as count from reconciliation_runs
        where failure is not null group by processor, failure) f) as "unread",
      (select coalesce(json_agg(json_build_object('processor', c.processor,
          'at', extract(epoch from p.changed_at)::float8)), '[]')
        from (select distinct processor from compared) c cross join lateral (
          select p.changed_at from payouts p
          where p.processor = c.processor order by p.changed_at desc limit 1) p) as "paidOut",
      (select coalesce(extract(epoch from greatest(now() - min(p.arrives_at), '0')), 0)::float8
        from payouts p where p.status = 'IN_TRANSIT') as "overdue",
      (select coalesce(json_agg(json_build_object('account', k.kind,
          'seconds', extract(epoch from now() - i.open_since)::float8)), '[]')
        from unnest(array['SUSPENSE', 'DISPUTES', 'PAYOUTS']) as k (kind) cross join lateral (
          select i.open_since from clearing_items i
          where i.kind = k.kind order by i.open_since limit 1) i) as "clearing"
    from audit_state s cross join seal_state l`,
};

interface Looked {
  readonly differences: Readonly<Record<string, string>>;
  readonly cleanAt: number | null;
  readonly sealedAt: number;
  readonly breaks: readonly {
    readonly kind: string;
    readonly count: number;
    readonly seconds: number;
  }[];
  readonly reconciled: readonly {
    readonly processor: string;
    readonly source: string;
    readonly upTo: number;
  }[];
  readonly unread: readonly {
    readonly processor: string;
    readonly failure: string;
    readonly count: number;
  }[];
  readonly paidOut: readonly { readonly processor: string; readonly at: number }[];
  readonly overdue: number;
  readonly clearing: readonly { readonly account: string; readonly seconds: number }[];
}

const GAUGES: readonly ReportedGauge<Looked>[] = [
  {
    name: "oncepay_trial_balance_difference",
    help: "Debits less credits of everything that the continuous audit has added up, in minor units: anything but 0 is an alarm.",
    labelNames: ["currency"],
    samples: ({ differences }) =>
      Object.entries(differences).map(([currency, value]) => [{ currency }, Number(value)]),
  },
  {
    name: "oncepay_reconciliation_breaks",
    help: "Reconciliation breaks that are not resolved.",
    labelNames: ["kind"],
    samples: ({ breaks }) => breaks.map(({ kind, count }) => [{ kind }, count]),
  },
  {
    name: "oncepay_reconciliation_oldest_break_seconds",
    help: "Age of the oldest break that is not resolved.",
    labelNames: ["kind"],
    samples: ({ breaks }) => breaks.map(({ kind, seconds }) => [{ kind }, seconds]),
  },
  {
    name: "oncepay_books_clean_timestamp_seconds",
    help: "When the continuous audit last ended a pass and nothing of the ledger differed; absent until it has.",
    samples: ({ cleanAt }) => (cleanAt === null ? [] : [[{}, cleanAt]]),
  },
  {
    name: "oncepay_reconciled_timestamp_seconds",
    help: "Up to when what a processor of the installation's own lists, or its settlement files, has been compared; absent until there was one.",
    labelNames: ["processor", "source"],
    samples: ({ reconciled }) =>
      reconciled.map(({ processor, source, upTo }) => [{ processor, source }, upTo]),
  },
  {
    name: "oncepay_lists_unread",
    help: "Lists of processors, or of merchants' accounts, that could not be read when they were last asked for, by why.",
    labelNames: ["processor", "failure"],
    samples: ({ unread }) =>
      unread.map(({ processor, failure, count }) => [{ processor, failure }, count]),
  },
  {
    name: "oncepay_clearing_oldest_seconds",
    help: "Age of the oldest item in accounts that should be empty: money in suspense, disputes, payouts on their way; absent where there is none.",
    labelNames: ["account"],
    samples: ({ clearing }) => clearing.map(({ account, seconds }) => [{ account }, seconds]),
  },
  {
    name: "oncepay_payout_overdue_seconds",
    help: "For how long the payout that is most overdue should have arrived; 0 where none is.",
    samples: ({ overdue }) => [[{}, overdue]],
  },
  {
    name: "oncepay_paid_out_timestamp_seconds",
    help: "When a processor's newest payout was sent, arrived or failed; absent until there was one.",
    labelNames: ["processor"],
    samples: ({ paidOut }) => paidOut.map(({ processor, at }) => [{ processor }, at]),
  },
  {
    name: "oncepay_sealed_timestamp_seconds",
    help: "Up to when everything that was committed is under seal, but for postings of the last minute.",
    samples: ({ sealedAt }) => [[{}, sealedAt]],
  },
];

export function observeReconciliation(db: Db, isReporter: () => boolean): void {
  const look = async (): Promise<Looked | undefined> => (await run<Looked>(db, LOOK, []))[0];
  reportGauges(GAUGES, { look, isReporter });
}
