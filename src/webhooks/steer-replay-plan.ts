import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import {
  PER_SECOND_DEFAULT,
  type ReplayPlan,
  type ReplayPlanStatus,
  STEERING,
  type Steering,
  refusePlan,
} from "./replay-plan";
import { lockReplayPlan, updateCourse } from "./replay-plan-store";

/*
 * Guarantees: a plan is started, paused, resumed or cancelled once for one key, and only from where that is possible: of
 * two operators who start it at the same time, one is told that it is running. A slice that is under way is waited for;
 * after a pause or a cancellation has been answered, nothing of the plan is sent until it is resumed.
 */

export interface SteerReplayPlan {
  readonly merchantId: string;
  readonly key: string;
  readonly planId: string;
  /** Only when it starts or goes on; null: as it was, or the default. */
  readonly perSecond: number | null;
  readonly reason: string | null;
  readonly audit?: AuditedWrite | undefined;
}

function operationOf(name: Steering): KeyedOperation<ReplayPlan> {
  return { name };
}

// What is done to a plan creates nothing that could keep the key.
export const STEERING_OPERATIONS: readonly KeyedOperation<ReplayPlan>[] = (
  Object.keys(STEERING) as Steering[]
).map(operationOf);

export async function steerReplayPlan(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  name: Steering,
  command: SteerReplayPlan,
): Promise<Outcome<ReplayPlan>> {
  const { merchantId, key, planId, perSecond, reason, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(name, { planId, perSecond, reason }).toString("hex"),
    audit,
  };
  return once<ReplayPlan>(db, request, {
    operation: operationOf(name),
    execute: (tx) => execute(tx, name, command),
  });
}

async function execute(
  tx: Tx,
  name: Steering,
  { merchantId, planId, perSecond }: SteerReplayPlan,
): Promise<Execution<ReplayPlan, undefined>> {
  const plan = await lockReplayPlan(tx, merchantId, planId);
  if (!plan) {
    return { failure: { code: "NOT_FOUND", details: { object: "replay plan", id: planId } } };
  }
  const { from, to } = STEERING[name];
  const allowed: readonly ReplayPlanStatus[] = from;
  if (!allowed.includes(plan.status)) return { failure: refusePlan(plan) };
  const rate = name === "startReplayPlan" ? (perSecond ?? PER_SECOND_DEFAULT) : perSecond;
  const result = await updateCourse(
    tx,
    { merchantId, id: planId },
    { status: to, perSecond: rate },
  );
  return { result, audited: { before: courseOf(plan), after: courseOf(result) } };
}

function courseOf(plan: ReplayPlan): Readonly<Record<string, string | number | null>> {
  const { status, perSecond, sent, skipped } = plan;
  return { status, perSecond, sent, skipped };
}
