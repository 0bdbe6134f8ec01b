import { type Db, type Statement, type Tx, run } from "../db/db";
import { IN_SQL, type Page, type PageArguments, byId, readPage } from "../pagination";
import type { ReplayPlan, ReplayPlanStatus } from "./replay-plan";

/** The rows of replay plans. What they are made from is in create-replay-plan.ts, what they do in run-replay-plans.ts. */

export const PLAN_COLUMNS = `
  p.id as "id", p.status as "status", p.reason as "reason", p.filter as "filter",
  p.horizon as "horizon", p.letters as "letters", p.superseded as "superseded",
  p.has_more as "hasMore", p.counts -> 'endpoints' as "endpoints", p.counts -> 'types' as "types",
  p.counts -> 'causes' as "causes", p.sample_ids as "sampleIds", p.per_second as "perSecond",
  p.sent as "sent", p.skipped as "skipped", p.created_by as "createdBy",
  iso(p.created_at) as "createdAt", iso(p.started_at) as "startedAt",
  iso(p.finished_at) as "finishedAt", iso(p.updated_at) as "updatedAt"`;

const FIND: Statement = {
  name: "find_replay_plans",
  text: `select ${PLAN_COLUMNS} from replay_plans p where p.merchant_id = ? and p.id = any(?)`,
};

/** The plans with these ids, in no particular order; those that do not exist are left out. */
export async function findReplayPlans(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<ReplayPlan[]> {
  return run<ReplayPlan>(db, FIND, [merchantId, ids]);
}

const FIND_BY_KEY: Statement = {
  name: "find_replay_plan_by_key",
  text: `
    select ${PLAN_COLUMNS} from replay_plans p
    where p.merchant_id = ? and p.idempotency_key = ?`,
};

export async function findReplayPlanByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<ReplayPlan | undefined> {
  const [row] = await run<ReplayPlan>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

function list(direction: keyof typeof IN_SQL): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_replay_plans_${direction}`,
    text: `
      select ${PLAN_COLUMNS} from replay_plans p
      where p.merchant_id = ? and p.id ${beyond} ? order by p.id ${order} limit ?`,
  };
}

const LISTS = { older: list("older"), newer: list("newer") };
const BY_ID = byId("replayPlan");

/** Newest first. */
export async function listReplayPlans(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<ReplayPlan>> {
  return readPage<ReplayPlan, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<ReplayPlan>(db, LISTS[direction], [merchantId, from ?? BY_ID.ends[direction], limit]),
    },
    page,
  );
}

const LOCK: Statement = {
  name: "lock_replay_plan",
  text: `
    select ${PLAN_COLUMNS} from replay_plans p
    where p.merchant_id = ? and p.id = ? for update`,
};

export async function lockReplayPlan(
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<ReplayPlan | undefined> {
  const [row] = await run<ReplayPlan>(tx, LOCK, [merchantId, id]);
  return row;
}

const STEER: Statement = {
  name: "steer_replay_plan",
  // From this moment on its rate counts: what was not sent while it stood still is not made up for.
  text: `
    update replay_plans p
    set status = s.status, per_second = coalesce(s.per_second, p.per_second),
      version = p.version + 1, updated_at = now(),
      started_at = case when s.status = 'RUNNING' then coalesce(p.started_at, now())
        else p.started_at end,
      spent_until = case when s.status = 'RUNNING' then now() else p.spent_until end,
      finished_at = case when s.status = 'CANCELED' then now() end
    from (select ?::text as status, ?::int as per_second) s
    where p.merchant_id = ? and p.id = ? returning ${PLAN_COLUMNS}`,
};

export async function updateCourse(
  tx: Tx,
  plan: { readonly merchantId: string; readonly id: string },
  to: { readonly status: ReplayPlanStatus; readonly perSecond: number | null },
): Promise<ReplayPlan> {
  const rows = await run<ReplayPlan>(tx, STEER, [
    to.status,
    to.perSecond,
    plan.merchantId,
    plan.id,
  ]);
  return rows[0] as ReplayPlan;
}
