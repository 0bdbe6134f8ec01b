import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { newId } from "../ids";
import { CAUSE, type LetterFilter, lettersLike } from "./dead-letter";
import {
  PLAN_COUNTS_MAX,
  PLAN_LETTERS_MAX,
  PLAN_SAMPLES,
  type PlanCounts,
  type ReplayPlan,
} from "./replay-plan";
import { PLAN_COLUMNS, findReplayPlanByKey } from "./replay-plan-store";

/*
 * Guarantees: a plan is about the dead letters that match its filter at this moment, and that nobody has replayed; they
 * are written down, so that a letter that dies later is never in it. Nothing is sent: what it counts is the dry run.
 *
 * Cost: a row for each letter, of which there are 25,000 at most, in a transaction of eight round trips.
 */

export interface CreateReplayPlan {
  readonly merchantId: string;
  readonly key: string;
  readonly filter: LetterFilter;
  readonly reason: string;
  readonly actor: string;
  readonly audit?: AuditedWrite | undefined;
}

export const createPlanOperation: KeyedOperation<ReplayPlan> = {
  name: "createReplayPlan",
  findMade: madeBy(findReplayPlanByKey),
  spentKey: "replay_plans_spent_key",
};

export async function createReplayPlan(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: CreateReplayPlan,
): Promise<Outcome<ReplayPlan>> {
  const { merchantId, key, reason, audit } = command;
  const filter = given(command.filter);
  const hash = fingerprint(createPlanOperation.name, { filter, reason }).toString("hex");
  return once<ReplayPlan>(
    db,
    { merchantId, key, replays, fingerprint: hash, audit },
    {
      operation: createPlanOperation,
      execute: (tx) => execute(tx, { ...command, filter }),
      // Two plans of one reason and one filter are the same wish.
      isSame: ({ result }) =>
        fingerprint(createPlanOperation.name, {
          filter: given(result.filter),
          reason: result.reason,
        }).toString("hex") === hash,
    },
  );
}

/** What is not asked for is left out, so that a filter is written in one way. */
function given(filter: LetterFilter): LetterFilter {
  const isAsked = (value: unknown): boolean =>
    Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined;
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => isAsked(value)));
}

const COUNT: Statement = {
  name: "count_replay_plan",
  // Each letter's event and object are probed by their keys. Events without a sequence are about a part of the payment.
  text: `
    with letters as materialized (
      select l.delivery_id as id, d.endpoint_id, e.type, ${CAUSE} as cause,
        case when e.sequence is not null then e.sequence < coalesce(pi.version,
            (select d.version from disputes d
              where d.merchant_id = l.merchant_id and d.id = e.subject_id))
          else e.object ->> 'status' <> coalesce(
            (select r.status from refunds r
              where r.merchant_id = l.merchant_id and r.id = e.object ->> 'id'),
            (select c.status from captures c
              where c.merchant_id = l.merchant_id and c.id = e.object ->> 'id')) end as superseded
      from replay_plan_letters l
      join webhook_deliveries d on d.merchant_id = l.merchant_id and d.id = l.delivery_id
      join events e on e.merchant_id = l.merchant_id and e.id = d.event_id
      left join payment_intents pi on pi.merchant_id = l.merchant_id and pi.id = e.subject_id
      where l.merchant_id = ? and l.plan_id = ?
    )
    select count(*)::int as "letters", max(id) as "horizon",
      (count(*) filter (where superseded))::int as "superseded",
      coalesce((select array_agg(s.id) from (select id from letters order by id desc limit ?) s),
        '{}') as "sampleIds",
      (select json_build_object(
        'endpoints', (select coalesce(json_agg(x), '[]') from (
          select endpoint_id as "endpointId", count(*)::int as letters from letters
          group by endpoint_id order by 2 desc, 1 limit ?) x),
        'types', (select coalesce(json_agg(x), '[]') from (
          select type, count(*)::int as letters from letters
          group by type order by 2 desc, 1 limit ?) x),
        'causes', (select coalesce(json_agg(x), '[]') from (
          select cause, count(*)::int as letters from letters
          group by cause order by 2 desc, 1 limit ?) x))) as "counts"
    from letters`,
};

const INSERT: Statement = {
  name: "insert_replay_plan",
  text: `
    insert into replay_plans as p (merchant_id, id, reason, filter, horizon, letters, superseded,
      has_more, counts, sample_ids, created_by, idempotency_key)
    values (?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?::jsonb, ?, ?, ?) returning ${PLAN_COLUMNS}`,
};

interface Counted {
  readonly letters: number;
  readonly horizon: string | null;
  readonly superseded: number;
  readonly sampleIds: readonly string[];
  readonly counts: PlanCounts;
}

async function execute(
  tx: Tx,
  command: CreateReplayPlan,
): Promise<Execution<ReplayPlan, undefined>> {
  const { merchantId, filter, reason, actor, key } = command;
  const id = newId("replayPlan");
  const hasMore = await writeLettersDown(tx, { merchantId, id, filter });
  const most = PLAN_COUNTS_MAX;
  const rows = await run<Counted>(tx, COUNT, [merchantId, id, PLAN_SAMPLES, most, most, most]);
  const counted = rows[0] as Counted;
  const made = await run<ReplayPlan>(tx, INSERT, [
    merchantId,
    id,
    reason,
    JSON.stringify(filter),
    counted.horizon,
    counted.letters,
    counted.superseded,
    hasMore,
    JSON.stringify(counted.counts),
    counted.sampleIds,
    actor,
    key,
  ]);
  const audited = { after: { status: "READY", letters: counted.letters } };
  return { result: made[0] as ReplayPlan, audited };
}

/** The oldest first. Whether there are more than a plan may have. */
async function writeLettersDown(
  tx: Tx,
  plan: { readonly merchantId: string; readonly id: string; readonly filter: LetterFilter },
): Promise<boolean> {
  const like = lettersLike(plan.filter);
  const where = like.texts.map((text) => `and ${text}`).join(" ");
  // Not prepared: there are many combinations of filters, and each is seldom asked for.
  const { rows } = await tx.raw<{ rows: { hasMore: boolean }[] }>(
    `
    with found as materialized (
      select d.merchant_id, d.id from webhook_deliveries d
      where d.merchant_id = ? and d.status = 'DEAD' and d.replayed_as is null ${where}
      order by d.id limit ?
    ), written as (
      insert into replay_plan_letters (merchant_id, plan_id, delivery_id)
      select f.merchant_id, ?, f.id from found f order by f.id limit ?
    )
    select count(*) > ? as "hasMore" from found`,
    [
      plan.merchantId,
      ...like.values,
      PLAN_LETTERS_MAX + 1,
      plan.id,
      PLAN_LETTERS_MAX,
      PLAN_LETTERS_MAX,
    ] as string[],
  );
  return rows[0]?.hasMore ?? false;
}
