import { type StoredFailure, wrongState } from "../failures";
import type { LetterFilter } from "./dead-letter";

/**
 * A replay plan is a set of dead letters, written down when it was made, and how far their replay is. Its statuses:
 *
 * - READY: made, and nothing has been sent. What it counts is the dry run.
 * - RUNNING: a worker replays its letters, at its rate.
 * - PAUSED: it goes on where it stopped when it is resumed.
 * - FINISHED: every letter has been seen to.
 * - CANCELED: the rest of its letters stay as they are.
 */
export const REPLAY_PLAN_STATUSES = ["READY", "RUNNING", "PAUSED", "FINISHED", "CANCELED"] as const;
export type ReplayPlanStatus = (typeof REPLAY_PLAN_STATUSES)[number];

export interface PlanCounts {
  readonly endpoints: readonly { readonly endpointId: string; readonly letters: number }[];
  readonly types: readonly { readonly type: string; readonly letters: number }[];
  readonly causes: readonly { readonly cause: string; readonly letters: number }[];
}

export interface ReplayPlan extends PlanCounts {
  readonly id: string;
  readonly status: ReplayPlanStatus;
  readonly reason: string;
  readonly filter: LetterFilter;
  readonly horizon: string | null;
  readonly letters: number;
  readonly superseded: number;
  readonly hasMore: boolean;
  readonly sampleIds: readonly string[];
  readonly perSecond: number | null;
  readonly sent: number;
  readonly skipped: number;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly updatedAt: string;
}

/** More than an operator wants to look through, few enough to be written down within a request. */
export const PLAN_LETTERS_MAX = 25_000;
/** Of each kind of count, the largest. */
export const PLAN_COUNTS_MAX = 10;
export const PLAN_SAMPLES = 5;

export const PER_SECOND_DEFAULT = 50;
export const PER_SECOND_MAX = 1_000;

/** What a person may do with a plan, from which status, and where it leads. */
export const STEERING = {
  startReplayPlan: { action: "START", from: ["READY"], to: "RUNNING" },
  pauseReplayPlan: { action: "PAUSE", from: ["RUNNING"], to: "PAUSED" },
  resumeReplayPlan: { action: "RESUME", from: ["PAUSED"], to: "RUNNING" },
  cancelReplayPlan: { action: "CANCEL", from: ["READY", "RUNNING", "PAUSED"], to: "CANCELED" },
} as const satisfies Readonly<
  Record<string, { action: string; from: readonly ReplayPlanStatus[]; to: ReplayPlanStatus }>
>;
export type Steering = keyof typeof STEERING;

const IT_IS: Readonly<Record<ReplayPlanStatus, string>> = {
  READY: "It has not been started.",
  RUNNING: "It is running.",
  PAUSED: "It is paused.",
  FINISHED: "Every letter of it has been seen to.",
  CANCELED: "It was canceled.",
};

export function refusePlan({ id, status }: Pick<ReplayPlan, "id" | "status">): StoredFailure {
  const ways: readonly { action: string; from: readonly ReplayPlanStatus[] }[] =
    Object.values(STEERING);
  const allowedActions = ways
    .filter(({ from }) => from.includes(status))
    .map(({ action }) => action);
  return wrongState({ id, because: IT_IS[status], currentState: status, allowedActions });
}
