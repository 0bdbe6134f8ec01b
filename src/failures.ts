import { type IdKind, idKind } from "./ids";

/**
 * Every failure a caller may see, as a closed list (the edge maps it to GraphQL in schema/failures.ts).
 * A failure is thrown, because only a throw rolls a transaction back. Whatever else is thrown is a bug.
 */
export const FAILURE_CODES = [
  "BAD_USER_INPUT",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "IDEMPOTENCY_KEY_IN_USE",
  "INVALID_STATE",
  "IDEMPOTENCY_KEY_REUSED",
  "DUPLICATE_REFERENCE",
  "AMOUNT_TOO_LARGE",
  "RATE_LIMITED",
  "UNAVAILABLE",
  "INTERNAL",
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** Verdicts of the domain: stored under the idempotency key and replayed like any other result. */
export const STORED_FAILURE_CODES = [
  "NOT_FOUND",
  "INVALID_STATE",
  "DUPLICATE_REFERENCE",
  "AMOUNT_TOO_LARGE",
] as const;
export type StoredFailureCode = (typeof STORED_FAILURE_CODES)[number];

export type FailureDetails = Readonly<Record<string, unknown>>;

export class Failure extends Error {
  override readonly name = "Failure";

  /** How long to wait before the same request is worth repeating. */
  retryAfterMs: number | undefined;

  constructor(
    readonly code: FailureCode,
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message);
  }

  retryAfter(ms: number): this {
    this.retryAfterMs = ms;
    return this;
  }
}

/** What lets a person act on INVALID_STATE: why it is refused, and what may be done instead. */
export interface StateDetails extends FailureDetails {
  readonly id: string;
  readonly because: string;
  readonly currentState: string;
  readonly allowedActions: readonly string[];
}

/** A verdict as it is stored: no message, which is made from the code and the details when it is shown. */
export type StoredFailure =
  | { readonly code: "INVALID_STATE"; readonly details: StateDetails }
  | {
      readonly code: Exclude<StoredFailureCode, "INVALID_STATE">;
      readonly details: FailureDetails;
    };

/** As it was stored, by this version or an older one, which said less. */
interface KeptFailure {
  readonly code: StoredFailureCode;
  readonly details: FailureDetails;
}

/** The details are in the order in which jsonb keeps them, so that a repeat is answered to the letter. */
export function wrongState(details: StateDetails): StoredFailure {
  const names = Object.keys(details).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const ordered = Object.fromEntries(names.map((name) => [name, details[name]]));
  return { code: "INVALID_STATE", details: ordered as StateDetails };
}

export function verdict(kept: KeptFailure): Failure {
  return new Failure(kept.code, verdictMessage(kept), kept.details);
}

function verdictMessage({ code, details }: KeptFailure): string {
  switch (code) {
    case "NOT_FOUND":
      return `There is no ${text(details.object, "object")} ${text(details.id, "")}.`.replace(
        " .",
        ".",
      );
    case "INVALID_STATE":
      if (typeof details.limit === "number")
        return `There may be ${String(details.limit)} at most.${sentence(details.because)}`;
      if (typeof details.expectedVersion === "number")
        return `The payment intent is at version ${text(details.version, "?")}, and not at ${text(details.expectedVersion, "?")}.`;
      if (typeof details.personalDataErasedAt === "string")
        return "Its personal data was erased, and there can be no new one.";
      if (details.waiting === 0) return "Nothing that matches waits for its next attempt.";
      if (details.needs === "override")
        return `The processor may yet say itself what came of ${nameOf(details.id)}, which was asked ${text(details.lookups, "0")} times: to resolve it before ${text(details.resolvableAt, "")}, say override: true.`;
      if (details.needs === "force")
        return `It has been ${details.currentState === "SUCCEEDED" ? "delivered" : "replayed"} already: to repeat it, say force: true.`;
      return `This is not possible while ${nameOf(details.id)} is ${text(details.currentState, "in its state")}.${sentence(details.because)}`;
    case "DUPLICATE_REFERENCE":
      return `The payment intent ${text(details.id, "")} holds this merchant reference.`;
    case "AMOUNT_TOO_LARGE":
      if (typeof details.because === "string") return details.because;
      if (typeof details.disputed === "number")
        return `The amount exceeds the remaining ${text(details.remaining, "?")}: ${String(details.disputed)} are disputed.`;
      if (details.limitedBy === "MERCHANT_BALANCE")
        return `The amount exceeds the ${text(details.remaining, "?")} that are on the merchant's account.`;
      return `The amount exceeds the remaining ${text(details.remaining, "?")}.`;
  }
}

function sentence(words: unknown): string {
  return typeof words === "string" ? ` ${words}` : "";
}

function nameOf(id: unknown): string {
  const kind = typeof id === "string" ? idKind(id) : undefined;
  return kind === undefined ? "it" : `the ${NAMES[kind] ?? "object"}`;
}

const NAMES: Partial<Record<IdKind, string>> = {
  paymentIntent: "payment intent",
  attempt: "attempt",
  webhookEndpoint: "webhook endpoint",
  webhookDelivery: "delivery",
  processorAccount: "processor account",
  replayPlan: "replay plan",
  reconciliationBreak: "reconciliation break",
  apiKey: "API key",
};

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
}

export function notFound(object: string, id: string): StoredFailure {
  return { code: "NOT_FOUND", details: { object, id } };
}
