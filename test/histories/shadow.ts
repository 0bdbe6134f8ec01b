/**
 * What a payment must be after whatever was done with it, in the fewest words: amounts, a status, what is at the
 * processor. It is written from the contract and shares no code with what it is held against.
 */

export type CardName = keyof typeof CARDS;

/** What the network makes of each card. */
export const CARDS = {
  pm_card_visa: "approved",
  pm_card_chargeDeclinedInsufficientFunds: "soft",
  pm_card_chargeDeclinedStolenCard: "hard",
  // 3-D Secure without asking the shopper anything.
  pm_card_threeDSecureOptional: "approved",
  // Its refunds are decided after they were answered.
  pm_card_pendingRefund: "approved",
  pm_card_threeDSecureRequired: "challenge",
  pm_card_threeDSecureRequiredProcessingError: "challenge, then soft",
} as const;

export const CARD_NAMES = Object.keys(CARDS) as CardName[];

export interface Setup {
  readonly amount: number;
  readonly currency: "JPY" | "USD" | "KWD";
  readonly manual: boolean;
  readonly card: CardName | null;
  /** What is done about a hold that is about to expire. */
  readonly policy: Policy;
}

export type Policy = "CAPTURE" | "VOID" | "NOTIFY";

export type Status =
  | "REQUIRES_PAYMENT_METHOD"
  | "REQUIRES_CONFIRMATION"
  | "REQUIRES_ACTION"
  | "PROCESSING"
  | "REQUIRES_CAPTURE"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELED";

export interface Shadow {
  readonly status: Status;
  readonly amount: number;
  readonly manual: boolean;
  readonly policy: Policy;
  readonly card: CardName | null;
  /** How many cards were tried. */
  readonly tries: number;
  readonly authorized: number;
  readonly captured: number;
  readonly refunded: number;
  /** Refunds that the processor has not answered. */
  readonly refunding: readonly number[];
  readonly pending: Pending | null;
  /** What the shopper's bank took back, in the order in which it did. */
  readonly disputes: readonly Disputed[];
  /** How much of that was heard of, less what came back. */
  readonly disputed: number;
  /** The time of what was held is over, and a capture is under way. */
  readonly expired: boolean;
}

interface Disputed {
  readonly amount: number;
  readonly status: "open" | "won" | "lost";
}

type Pending =
  | { readonly what: "charge" | "release" }
  /** The shopper has been there; nobody has told us yet. */
  | { readonly what: "challenge"; readonly ending: "complete" | "fail" }
  | { readonly what: "capture"; readonly amount: number; readonly final: boolean };

export type Step =
  | { readonly do: "confirm"; readonly card: CardName | null }
  | { readonly do: "capture"; readonly amount: number | null; readonly final: boolean }
  | { readonly do: "cancel" }
  | { readonly do: "refund"; readonly amount: number | null }
  | { readonly do: "update"; readonly amount: number }
  | { readonly do: "authenticate"; readonly ending: "complete" | "fail" }
  | { readonly do: "dispute"; readonly amount: number | null; readonly late: boolean }
  | {
      readonly do: "decide";
      readonly which: number;
      readonly outcome: "won" | "lost";
      readonly late: boolean;
    }
  | { readonly do: "expire" }
  | { readonly do: "nearly expire" };

/** Refused: by the network. */
export type Verdict = "done" | "refused" | "INVALID_STATE" | "AMOUNT_TOO_LARGE";

export interface Judged {
  readonly verdict: Verdict;
  readonly next: Shadow;
}

const TRIES_MAX = 5;

export function created({ amount, manual, card, policy }: Setup): Shadow {
  return {
    status: card === null ? "REQUIRES_PAYMENT_METHOD" : "REQUIRES_CONFIRMATION",
    amount,
    manual,
    policy,
    card,
    tries: 0,
    authorized: 0,
    captured: 0,
    refunded: 0,
    refunding: [],
    pending: null,
    disputes: [],
    disputed: 0,
    expired: false,
  };
}

const sum = (amounts: readonly number[]): number => amounts.reduce((a, b) => a + b, 0);

export const capturable = (is: Shadow): number =>
  is.status === "REQUIRES_CAPTURE" ? is.authorized - is.captured : 0;

export const refundable = (is: Shadow): number =>
  Math.max(0, is.captured - is.refunded - sum(is.refunding) - is.disputed);

/** In disputes that are open or lost. */
export const taken = ({ disputes }: Pick<Shadow, "disputes">): number =>
  sum(disputes.filter(({ status }) => status !== "won").map(({ amount }) => amount));

/** What is answered to a step, and what is there then. */
export function judge(is: Shadow, step: Step): Judged {
  const refused = (verdict: Verdict): Judged => ({ verdict, next: is });
  const done = (change: Partial<Shadow>): Judged => ({
    verdict: "done",
    next: { ...is, ...change },
  });
  switch (step.do) {
    case "confirm": {
      const card = step.card ?? is.card;
      const mayBe =
        is.status === "REQUIRES_CONFIRMATION" || is.status === "REQUIRES_PAYMENT_METHOD";
      if (!mayBe || card === null) return refused("INVALID_STATE");
      const pending = { what: "charge" as const };
      return done({ status: "PROCESSING", card, tries: is.tries + 1, pending });
    }
    case "capture": {
      if (is.status !== "REQUIRES_CAPTURE") return refused("INVALID_STATE");
      const amount = step.amount ?? capturable(is);
      if (amount > capturable(is)) return refused("AMOUNT_TOO_LARGE");
      const pending = { what: "capture" as const, amount, final: step.final };
      return done({ status: "PROCESSING", pending });
    }
    case "cancel": {
      if (["SUCCEEDED", "FAILED", "CANCELED"].includes(is.status) || is.captured > 0) {
        return refused("INVALID_STATE");
      }
      // A capture cannot be called back, and a cancellation under way is one.
      if (is.pending?.what === "capture" || is.pending?.what === "release") {
        return refused("INVALID_STATE");
      }
      // A charge that no worker has sent is never sent.
      const isHeld = is.status === "REQUIRES_CAPTURE" || is.status === "REQUIRES_ACTION";
      if (!isHeld) return done({ status: "CANCELED", pending: null });
      return done({ status: "PROCESSING", pending: { what: "release" } });
    }
    case "refund": {
      if (is.captured === 0) return refused("INVALID_STATE");
      const amount = step.amount ?? refundable(is);
      if (amount === 0 || amount > refundable(is)) return refused("AMOUNT_TOO_LARGE");
      return done({ refunding: [...is.refunding, amount] });
    }
    case "update": {
      const mayBe =
        is.status === "REQUIRES_CONFIRMATION" || is.status === "REQUIRES_PAYMENT_METHOD";
      return mayBe ? done({ amount: step.amount }) : refused("INVALID_STATE");
    }
    case "authenticate":
      // Only the first end of a challenge counts.
      if (is.status !== "REQUIRES_ACTION" || is.pending !== null) return done({});
      return done({ pending: { what: "challenge", ending: step.ending } });
    case "dispute": {
      // By what the network knows: it has not been asked for the refunds that are under way.
      const left = is.captured - is.refunded - taken(is);
      const amount = step.amount ?? left;
      if (amount < 1 || amount > left) return refused("refused");
      return done(heard(is, [...is.disputes, { amount, status: "open" }], step.late));
    }
    case "decide": {
      const open = is.disputes.filter(({ status }) => status === "open");
      const decided = open[step.which % open.length];
      if (!decided) return done({});
      const status = step.outcome;
      const disputes = is.disputes.map((one) => (one === decided ? { ...one, status } : one));
      return done(heard(is, disputes, step.late));
    }
    case "expire":
      if (is.status === "REQUIRES_CAPTURE") return done(ended(is));
      return done({ expired: is.pending?.what === "capture" });
    case "nearly expire":
      return done(is.status === "REQUIRES_CAPTURE" ? actedOn(is) : {});
  }
}

/** By itself, what the payment's policy asks for. */
function actedOn(is: Shadow): Partial<Shadow> {
  switch (is.policy) {
    case "NOTIFY":
      return {};
    case "VOID":
      return { status: "PROCESSING", pending: { what: "release" } };
    case "CAPTURE": {
      const pending = { what: "capture" as const, amount: capturable(is), final: true };
      return { status: "PROCESSING", pending };
    }
  }
}

/** Whatever is not late brings with it all that is. */
function heard(is: Shadow, disputes: readonly Disputed[], late: boolean): Partial<Shadow> {
  return { disputes, disputed: late ? is.disputed : taken({ disputes }) };
}

/** Nothing is held any more. */
function ended({ captured }: Shadow): Partial<Shadow> {
  return { status: captured > 0 ? "SUCCEEDED" : "CANCELED", expired: false };
}

function authenticated(is: Shadow, ending: "complete" | "fail"): Partial<Shadow> {
  const card = is.card === null ? "hard" : CARDS[is.card];
  const approves = ending === "complete" && card === "challenge";
  return approves ? charged(is) : declined(is, false);
}

function charged({ amount, manual }: Shadow): Partial<Shadow> {
  if (manual) return { status: "REQUIRES_CAPTURE", authorized: amount, pending: null };
  return { status: "SUCCEEDED", authorized: amount, captured: amount, pending: null };
}

function declined(is: Shadow, hard: boolean): Partial<Shadow> {
  if (hard || is.tries >= TRIES_MAX) return { status: "FAILED", pending: null };
  return { status: "REQUIRES_PAYMENT_METHOD", card: null, pending: null };
}

/** What there may be once the processor has answered everything, and everything was heard of. */
export function settled(is: Shadow): Shadow[] {
  const { pending } = is;
  const left = is.captured - is.refunded - taken(is);
  const capturing = pending?.what === "capture" ? pending.amount : 0;
  return refundsOf(is.refunding, left, capturing).map((refunded) => {
    const change = pending === null ? {} : answered(is, pending);
    const now = { ...is, refunded: is.refunded + refunded, refunding: [], ...change };
    const isOver = is.expired && now.status === "REQUIRES_CAPTURE";
    return { ...now, disputed: taken(is), expired: false, ...(isOver && ended(now)) };
  });
}

/**
 * How much may have been refunded where more was asked for than is left, since a dispute has come in between: it depends
 * on which refund, or capture, the network is asked for first.
 */
function refundsOf(refunding: readonly number[], left: number, capturing: number): number[] {
  if (sum(refunding) <= left) return [sum(refunding)];
  const totals = new Set<number>();
  for (const amount of new Set(refunding)) {
    const rest = refunding.toSpliced(refunding.indexOf(amount), 1);
    const given = amount <= left ? amount : 0;
    for (const total of refundsOf(rest, left - given, capturing)) totals.add(given + total);
  }
  const after = capturing > 0 ? refundsOf(refunding, left + capturing, 0) : [];
  return [...new Set([...totals, ...after])];
}

function answered(is: Shadow, pending: Pending): Partial<Shadow> {
  switch (pending.what) {
    case "charge":
      return firstAnswer(is);
    case "release":
      return { ...ended(is), pending: null };
    case "challenge":
      return authenticated(is, pending.ending);
    case "capture": {
      const captured = is.captured + pending.amount;
      const ended = pending.final || captured === is.authorized;
      const status = ended ? "SUCCEEDED" : "REQUIRES_CAPTURE";
      return { status, captured, pending: null };
    }
  }
}

function firstAnswer(is: Shadow): Partial<Shadow> {
  switch (is.card === null ? "hard" : CARDS[is.card]) {
    case "approved":
      return charged(is);
    case "soft":
      return declined(is, false);
    case "hard":
      return declined(is, true);
    case "challenge":
    case "challenge, then soft":
      return { status: "REQUIRES_ACTION", pending: null };
  }
}
