import type { Answer } from "../../src/payments/settle/answer";
import {
  ATTEMPT_STATUSES,
  type AttemptOperation,
  type AttemptStatus,
  isSettled,
} from "../../src/payments/attempt";
import type { LockedAttempt } from "../../src/payments/attempt-store";
import {
  type PaymentIntent,
  type PaymentIntentStatus,
  TRANSITIONS,
} from "../../src/payments/payment-intent";
import { settle } from "../../src/payments/settle/settle";

/** Every operation, every status, every outcome: what a processor's words come to. No database here. */

const POLICY = {
  lookupScheduleMs: [5_000, 30_000],
  authorizationExpiringMs: 86_400_000,
  authenticationMaxMs: 1_800_000,
  attemptsPerIntentMax: 5,
};
const OPERATIONS: readonly AttemptOperation[] = [
  "charge",
  "authorize",
  "capture",
  "refund",
  "void",
  "reverse",
  "compensate",
];

type Outcome = Answer["outcome"];
const OUTCOMES: Readonly<Record<Outcome["kind"], Outcome>> = {
  approved: { kind: "approved", processorChargeId: "ch_1", amountMinor: 1_000, feeMinor: 30 },
  declined: { kind: "declined", code: "card_declined", message: "No.", hard: false },
  action_required: {
    kind: "action_required",
    redirectUrl: "https://bank.example/3ds",
    expiresAt: "2026-11-20T12:00:00.000Z",
  },
  pending: { kind: "pending" },
  unknown: { kind: "unknown", reason: "no answer" },
  unsent: { kind: "unsent", reason: "refused" },
  not_found: { kind: "not_found" },
  reversed: { kind: "reversed" },
};

/** The state in which an intent is while such an attempt is under way. */
const AMOUNTS: Readonly<Record<AttemptOperation, Partial<PaymentIntent> & { capturing?: number }>> =
  {
    charge: {},
    authorize: {},
    capture: { amountAuthorized: 1_000, capturing: 1_000 },
    refund: { status: "SUCCEEDED", amountAuthorized: 1_000, amountCaptured: 1_000 },
    void: { amountAuthorized: 1_000 },
    reverse: {},
    compensate: { status: "CANCELED" },
  };

function anAttempt(
  operation: AttemptOperation,
  status: AttemptStatus,
  given: Partial<LockedAttempt> = {},
): LockedAttempt {
  const { capturing = 0, ...amounts } = AMOUNTS[operation];
  const waits: PaymentIntentStatus =
    status === "REQUIRES_ACTION" ? "REQUIRES_ACTION" : "PROCESSING";
  const snapshot = {
    id: "pi_1",
    status: waits,
    amount: 1_000,
    currency: "USD",
    paymentMethod: "pm_card_visa",
    amountAuthorized: 0,
    amountCaptured: 0,
    amountRefunded: 0,
    amountDisputed: 0,
    lastPaymentError: null,
    nextAction: null,
    cancellationReason: null,
    cancellationRequestedAt: null,
    authorizationExpiresAt: null,
    authorizationExpiredAt: null,
    ...amounts,
  } as PaymentIntent;
  return {
    merchantId: "mer_1",
    id: "att_1",
    paymentIntentId: "pi_1",
    operation,
    status,
    processor: "sandbox",
    processorAccountId: null,
    amount: 1_000,
    currency: "USD",
    paymentMethod: "pm_card_visa",
    returnUrl: null,
    final: operation === "capture" ? true : null,
    captureId: operation === "capture" ? "cap_1" : null,
    refundId: operation === "refund" ? "re_1" : null,
    targetAttemptId: null,
    processorRef: null,
    targetProcessorRef: null,
    replacesAttemptId: null,
    generation: 1,
    processorChargeId: null,
    code: null,
    declineCode: null,
    adviceCode: null,
    networkDeclineCode: null,
    message: null,
    workerId: null,
    sends: 1,
    lookups: 0,
    reversing: false,
    nextAt: null,
    sentAt: null,
    unknownSince: null,
    settledAt: null,
    createdAt: new Date(0),
    challengeExpired: false,
    challengeExpiresAt: null,
    fee: null,
    lockedAt: new Date("2026-11-20T11:00:00.000Z"),
    intent: {
      merchantId: "mer_1",
      id: "pi_1",
      version: 2,
      captureMethod: operation === "authorize" ? "MANUAL" : "AUTOMATIC",
      amountCapturing: capturing,
      amountRefunding: operation === "refund" ? 1_000 : 0,
      attemptsMade: 1,
      authorizationDueAt: null,
      snapshot,
    },
    ...given,
  };
}

const hear = (attempt: LockedAttempt, outcome: Outcome) =>
  settle(
    attempt,
    { merchantId: "mer_1", attemptId: "att_1", paymentIntentId: "pi_1", outcome, source: "test" },
    POLICY,
  );

const every = OPERATIONS.flatMap((operation) =>
  ATTEMPT_STATUSES.flatMap((status) =>
    (Object.keys(OUTCOMES) as Outcome["kind"][]).map((kind) => ({ operation, status, kind })),
  ),
);

// A challenge belongs to a charge or an authorisation; no other attempt can wait for a shopper.
const possible = every.filter(
  ({ operation, status, kind }) =>
    operation === "charge" ||
    operation === "authorize" ||
    (status !== "REQUIRES_ACTION" && kind !== "action_required"),
);

describe("whatever is heard", () => {
  it.each(possible)("moves along legal edges only: $operation, $status, $kind", (row) => {
    const { changes } = hear(anAttempt(row.operation, row.status), OUTCOMES[row.kind]);
    let status = anAttempt(row.operation, row.status).intent.snapshot.status;
    let version = 2;
    for (const { intent } of changes) {
      if (!intent) continue;
      expect(intent.fromVersion).toBe(version);
      for (const { from, to, terminal } of intent.steps) {
        expect(from).toBe(status);
        expect(from === to || TRANSITIONS[from].includes(to)).toBe(true);
        expect(terminal).toBe(TRANSITIONS[to].length === 0);
        status = to;
        version += 1;
      }
      expect(intent.set.status).toBe(status);
    }
  });

  it.each(possible)("settles for good or not at all: $operation, $status, $kind", (row) => {
    const { changes, effect } = hear(anAttempt(row.operation, row.status), OUTCOMES[row.kind]);
    for (const { attempt } of changes) {
      if (attempt) expect(isSettled(attempt.status)).toBe(attempt.dueInMs === null);
    }
    if (["approved", "declined"].includes(row.kind) && !isSettled(row.status)) {
      expect(effect).toBe("applied");
    }
  });

  it.each(
    possible.filter(({ kind }) => ["unknown", "not_found", "unsent", "pending"].includes(kind)),
  )("takes nothing that proves nothing for a failure: $operation, $status, $kind", (row) => {
    const { changes } = hear(anAttempt(row.operation, row.status), OUTCOMES[row.kind]);
    for (const { attempt, intent, journals = [] } of changes) {
      expect(attempt && isSettled(attempt.status)).toBeFalsy();
      expect(intent?.set.status).not.toBe("FAILED");
      expect(journals.every(({ kind }) => kind.startsWith("suspense_"))).toBe(true);
    }
  });

  it.each(possible)("is in suspense while it is unknown: $operation, $status, $kind", (row) => {
    const { changes } = hear(anAttempt(row.operation, row.status), OUTCOMES[row.kind]);
    const after = changes.findLast(({ attempt }) => attempt)?.attempt?.status ?? row.status;
    const was = row.status === "UNKNOWN" ? 1_000 : 0;
    const is = after === "UNKNOWN" ? 1_000 : 0;
    const sign = { charge: 1, capture: 1, refund: -1 }[row.operation as string] ?? 0;
    const moved = changes
      .flatMap(({ journals }) => journals ?? [])
      .flatMap(({ postings }) => postings.filter(({ pending }) => pending))
      .map(({ debit, credit, amount }) =>
        credit === "SUSPENSE" ? amount : debit === "SUSPENSE" ? -amount : 0,
      )
      .filter((amount) => amount !== 0);
    // Nothing is held for a moment only.
    expect(moved).toEqual(is === was || sign === 0 ? [] : [sign * (is - was)]);
  });
});

const LIVE = ATTEMPT_STATUSES.filter(
  (status) => !isSettled(status) && status !== "REQUIRES_ACTION",
);

describe("an approval", () => {
  it.each([
    ["charge", "SUCCEEDED", ["capture"], { amountAuthorized: 1_000, amountCaptured: 1_000 }],
    [
      "authorize",
      "REQUIRES_CAPTURE",
      ["authorization"],
      { amountAuthorized: 1_000, amountCaptured: 0 },
    ],
    ["capture", "SUCCEEDED", ["capture"], { amountCaptured: 1_000, amountCapturing: 0 }],
    ["refund", "SUCCEEDED", ["refund"], { amountRefunded: 1_000, amountRefunding: 0 }],
    ["void", "CANCELED", ["release"], { amountCaptured: 0 }],
    ["reverse", "CANCELED", [], { amountCaptured: 0 }],
  ] as const)("of a %s makes its intent %s and books %j", (operation, status, kinds, set) => {
    for (const from of LIVE) {
      const { changes } = hear(anAttempt(operation, from), OUTCOMES.approved);
      expect(changes).toHaveLength(1);
      expect(changes[0]?.attempt).toMatchObject({ status: "SUCCEEDED", dueInMs: null });
      expect(changes[0]?.intent?.set).toMatchObject({ ...set, status });
      const held = from === "UNKNOWN" && ["charge", "capture", "refund"].includes(operation);
      expect((changes[0]?.journals ?? []).map(({ kind }) => kind)).toEqual([
        ...(held ? ["suspense_void"] : []),
        ...kinds,
      ]);
    }
  });

  it("after a challenge passes through PROCESSING", () => {
    const { changes } = hear(anAttempt("charge", "REQUIRES_ACTION"), OUTCOMES.approved);
    const steps = changes.flatMap(({ intent }) => intent?.steps.map(({ to }) => to));
    expect(steps).toEqual(["PROCESSING", "SUCCEEDED"]);
  });

  it("of a partial capture that is not the last leaves the rest capturable", () => {
    const attempt = anAttempt("capture", "SENT", { amount: 400, final: false });
    const { changes } = hear(attempt, { ...OUTCOMES.approved, amountMinor: 400 } as Outcome);
    expect(changes[0]?.intent?.set).toMatchObject({
      status: "REQUIRES_CAPTURE",
      amountCaptured: 400,
    });
    expect(changes[0]?.journals?.map(({ kind }) => kind)).toEqual(["capture"]);
  });

  it("of the last capture releases what it leaves", () => {
    const attempt = anAttempt("capture", "SENT", { amount: 400, final: true });
    const { changes } = hear(attempt, { ...OUTCOMES.approved, amountMinor: 400 } as Outcome);
    expect(changes[0]?.intent?.set.status).toBe("SUCCEEDED");
    expect(
      changes[0]?.journals?.map(({ kind, postings }) => [kind, postings.at(-1)?.amount]),
    ).toEqual([
      ["capture", 400],
      ["release", 600],
    ]);
  });

  it("of another amount than was asked for is left to a person", () => {
    const other = { ...OUTCOMES.approved, amountMinor: 999 } as Outcome;
    expect(hear(anAttempt("charge", "SENT"), other)).toMatchObject({
      effect: "waiting",
      changes: [{ attempt: { status: "UNKNOWN" } }],
    });
  });

  it("of an authorisation says until when it holds, and when that is to be seen to", () => {
    const outcome = { ...OUTCOMES.approved, authorizationExpiresAt: "2026-11-27T10:00:00.000Z" };
    const { changes } = hear(anAttempt("authorize", "SENT"), outcome);
    expect(changes[0]?.intent?.set).toMatchObject({
      authorizationExpiresAt: "2026-11-27T10:00:00.000Z",
      authorizationDueAt: "2026-11-26T10:00:00.000Z",
    });
    const silent = hear(anAttempt("authorize", "SENT"), OUTCOMES.approved);
    expect(silent.changes[0]?.intent?.set).toMatchObject({ authorizationDueAt: null });
  });

  it("books the processor's fee", () => {
    const { changes } = hear(anAttempt("charge", "SENT"), OUTCOMES.approved);
    expect(changes[0]?.journals?.[0]?.postings).toMatchObject([
      { debit: "PROCESSOR_RECEIVABLE", credit: "MERCHANT_BALANCE", amount: 1_000 },
      { debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 30 },
    ]);
  });
});

describe("a decline", () => {
  it.each([
    ["charge", false, 1, "REQUIRES_PAYMENT_METHOD"],
    ["charge", false, 4, "REQUIRES_PAYMENT_METHOD"],
    ["charge", false, 5, "FAILED"],
    ["charge", true, 1, "FAILED"],
    ["authorize", false, 1, "REQUIRES_PAYMENT_METHOD"],
    ["authorize", true, 1, "FAILED"],
  ] as const)(
    "of a %s (hard: %s, try %i) makes its intent %s",
    (operation, hard, tries, status) => {
      const attempt = anAttempt(operation, "SENT");
      const tried = { ...attempt, intent: { ...attempt.intent, attemptsMade: tries } };
      const { changes } = hear(tried, { ...OUTCOMES.declined, hard } as Outcome);
      expect(changes[0]?.intent?.set).toMatchObject({
        status,
        lastPaymentError: {
          code: "card_declined",
          retryable: status !== "FAILED",
          attempt: "att_1",
        },
      });
      expect(changes[0]?.journals ?? []).toEqual([]);
    },
  );

  it.each([
    ["capture", "REQUIRES_CAPTURE", { amountCapturing: 0, amountCaptured: 0 }],
    ["refund", "SUCCEEDED", { amountRefunding: 0, amountRefunded: 0 }],
    ["void", "REQUIRES_CAPTURE", { cancellationReason: null }],
  ] as const)("of a %s leaves its intent %s, with nothing reserved", (operation, status, set) => {
    const { changes } = hear(anAttempt(operation, "SENT"), OUTCOMES.declined);
    expect(changes[0]?.intent?.set).toMatchObject({ ...set, status });
    expect(changes[0]?.attempt?.status).toBe("DECLINED");
  });
});

describe("proof that nothing moved", () => {
  it.each(["charge", "authorize", "capture", "refund", "void"] as const)(
    "puts a fresh attempt in the place of a %s, and leaves the intent as it is",
    (operation) => {
      const { effect, changes } = hear(anAttempt(operation, "UNKNOWN"), OUTCOMES.reversed);
      expect(effect).toBe("replaced");
      expect(changes).toMatchObject([
        {
          attempt: { status: "ABANDONED" },
          newAttempt: { operation, generation: 2, replacesAttemptId: "att_1", announce: true },
        },
      ]);
      expect(changes[0]?.intent).toBeUndefined();
    },
  );

  it("is told as a soft decline once there have been enough attempts", () => {
    const { changes } = hear(anAttempt("charge", "UNKNOWN", { generation: 4 }), OUTCOMES.reversed);
    expect(changes).toMatchObject([
      {
        attempt: { status: "ABANDONED", code: "processor_unavailable" },
        intent: { set: { status: "REQUIRES_PAYMENT_METHOD" } },
      },
    ]);
  });
});

describe("an attempt that is being reversed", () => {
  it("is settled by nothing but the acknowledgement, or an operator", () => {
    const attempt = anAttempt("charge", "UNKNOWN", { reversing: true });
    for (const outcome of Object.values(OUTCOMES)) {
      const { effect } = hear(attempt, outcome);
      expect(effect).toBe(outcome.kind === "reversed" ? "replaced" : "waiting");
    }
    const word = {
      merchantId: "mer_1",
      attemptId: "att_1",
      paymentIntentId: "pi_1",
      source: "key_1",
    };
    const answer = { ...word, outcome: OUTCOMES.approved, reason: "seen on the statement" };
    expect(settle(attempt, answer, POLICY).effect).toBe("applied");
  });
});

describe("what is not known yet", () => {
  it("is looked up when the first wait since its sending is over, then later and later", () => {
    const dueAfter = (given: Partial<LockedAttempt>) =>
      hear(anAttempt("charge", "SENT", given), OUTCOMES.unknown).changes[0]?.attempt?.dueInMs;
    const sentAt = new Date(Date.now() - 2_000);
    expect(dueAfter({ sentAt })).toBeGreaterThan(2_500);
    expect(dueAfter({ sentAt })).toBeLessThanOrEqual(3_000);
    expect(dueAfter({ sentAt: new Date(0) })).toBe(0);
    expect(dueAfter({ sentAt, lookups: 1 })).toBe(30_000);
    expect(dueAfter({ sentAt, lookups: 50 })).toBe(30_000);
  });

  it("goes back to the queue only when it surely was not sent", () => {
    const { effect, changes, dueInMs } = hear(anAttempt("charge", "SENT"), OUTCOMES.unsent);
    expect(effect).toBe("requeued");
    expect(changes).toMatchObject([{ attempt: { status: "QUEUED", dueInMs } }]);
    expect(dueInMs).toBeGreaterThanOrEqual(500);
  });
});

describe("a second answer", () => {
  it.each([
    ["charge", "SUCCEEDED"],
    ["charge", "DECLINED"],
    ["refund", "SUCCEEDED"],
    ["void", "SUCCEEDED"],
  ] as const)("that says the same of a %s that is %s changes nothing", (operation, status) => {
    const outcome = status === "SUCCEEDED" ? OUTCOMES.approved : OUTCOMES.declined;
    const settled = hear(anAttempt(operation, status, { processorChargeId: "ch_1" }), outcome);
    expect(settled).toEqual({ effect: "duplicate", changes: [] });
  });

  it("that says no of a refund that succeeded gives the amount back to the merchant", () => {
    const attempt = anAttempt("refund", "SUCCEEDED", { processorChargeId: "rf_1" });
    const refunded = { ...attempt.intent.snapshot, amountRefunded: 1_000 };
    const intent = { ...attempt.intent, amountRefunding: 0, snapshot: refunded };
    const { changes } = hear({ ...attempt, intent }, OUTCOMES.declined);
    expect(changes).toMatchObject([
      {
        attempt: { status: "DECLINED" },
        refund: { status: "REVERSED" },
        intent: { set: { amountRefunded: 0, status: "SUCCEEDED" } },
        journals: [{ kind: "refund_reversal" }],
      },
    ]);
  });

  it("that repeats the old yes of a refund that was returned meanwhile is old news", () => {
    const attempt = anAttempt("refund", "DECLINED", {
      processorChargeId: "rf_1",
      code: "refund_failed",
    });
    expect(hear(attempt, OUTCOMES.approved)).toEqual({ effect: "duplicate", changes: [] });
  });

  it.each([
    ["charge", "ABANDONED", ["suspense", "fee"]],
    ["charge", "DECLINED", ["suspense", "fee"]],
    ["capture", "ABANDONED", ["suspense", "fee"]],
    ["refund", "ABANDONED", ["suspense_release"]],
    ["authorize", "ABANDONED", undefined],
  ] as const)(
    "of money that moved after all, by a %s that is %s, has it given back",
    (operation, status, kinds) => {
      const { effect, changes } = hear(anAttempt(operation, status), OUTCOMES.approved);
      expect(effect).toBe("contradiction");
      expect(changes).toMatchObject([
        { newAttempt: { operation: "compensate", targetAttemptId: "att_1", amount: 1_000 } },
      ]);
      expect(changes[0]?.intent).toBeUndefined();
      expect(changes[0]?.journals?.map(({ kind }) => kind)).toEqual(kinds);
      const again = anAttempt(operation, status, { processorChargeId: "ch_1" });
      expect(hear(again, OUTCOMES.approved).effect).toBe("duplicate");
    },
  );
});
