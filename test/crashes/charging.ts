import type { FailpointName } from "../../src/failpoints";

/** Where a worker that charges may die. */
export const CHARGING: readonly FailpointName[] = [
  "charge.after_claim",
  "charge.before_call",
  "charge.after_call",
  "charge.before_settle",
  "settle.inside_transaction",
  "charge.after_settle",
];

/** From the outbox to the end of the job. */
export const RELAYED: readonly FailpointName[] = [
  "relay.after_claim",
  "relay.after_publish",
  "relay.after_mark",
  ...CHARGING,
  "charge.before_job_done",
];

/** And where what is charged is prepared first. */
export const PREPARING: readonly FailpointName[] = ["prepare.after_call", "prepare.after_commit"];

/** What is charged, how it is asked for, and how it ends. */
export const CHARGES = [
  ["a charge", {}, { status: "SUCCEEDED", amountCaptured: 1_000 }],
  [
    "an authorisation",
    { captureMethod: "MANUAL" as const },
    { status: "REQUIRES_CAPTURE", amountAuthorized: 1_000 },
  ],
] as const;
