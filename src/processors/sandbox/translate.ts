import { z } from "zod";
import type { DisputeNews, DisputeReason } from "../dispute";
import type {
  DeclineAdvice,
  Declined,
  LookupOutcome,
  PrepareOutcome,
  ProcessorRequest,
  ReverseOutcome,
  SendOutcome,
  Unknown,
} from "../processor";
import { redact } from "../../security/sensitive";
import type { ProcessorIdentity } from "../kind";
import type { Exchanged } from "../exchange";

/** Their words <-> ours. Total: whatever comes back has an outcome, and what proves nothing is unknown. */

export interface SandboxCall {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const answerShape = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("succeeded"),
    charge_id: z.string(),
    amount: z.int().min(0),
    fee: z.int().min(0).nullable(),
    fee_currency: z.string().optional(),
    authorization_expires_at: z.string().optional(),
  }),
  z.object({
    status: z.literal("declined"),
    code: z.string(),
    decline_code: z.string().optional(),
    message: z.string(),
    advice_code: z.string().optional(),
    network_decline_code: z.string().optional(),
  }),
  z.object({
    status: z.literal("requires_action"),
    redirect_url: z.string(),
    expires_at: z.string(),
  }),
  z.object({ status: z.literal("processing") }),
  z.object({ status: z.literal("reversed") }),
]);

const accountShape = z.object({ id: z.string().min(1), livemode: z.boolean() });
const errorShape = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const preparedShape = z.object({ prepared_id: z.string() });
const notSentShape = z.object({ status: z.literal("prepared") });
const notFoundShape = z.object({ found: z.literal(false) });

// "Try again later" is not a verdict on the payment; nor is that a request under its key is being carried out.
const NO_VERDICT_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** What prepares a charge is what would send it. */
export function toPreparation(request: ProcessorRequest): SandboxCall {
  return { ...toCall(request), path: "/v1/prepared" };
}

export function toSending(request: ProcessorRequest & { processorRef: string }): SandboxCall {
  const id = encodeURIComponent(request.processorRef);
  return { path: `/v1/prepared/${id}/send`, body: { return_url: request.returnUrl } };
}

export function toCall(request: ProcessorRequest): SandboxCall {
  const { reference, amountMinor: amount, currency } = request;
  const target = encodeURIComponent(request.targetReference ?? "");
  switch (request.operation) {
    case "charge":
    case "authorize":
      return {
        path: "/v1/charges",
        body: {
          reference,
          amount,
          currency,
          source: request.paymentMethod,
          capture: request.operation === "charge",
          return_url: request.returnUrl,
        },
      };
    case "capture":
      return {
        path: `/v1/charges/by-reference/${target}/capture`,
        body: { reference, amount, currency, final: request.final ?? true },
      };
    case "void":
      return { path: `/v1/charges/by-reference/${target}/void`, body: { reference } };
    case "refund":
      return {
        path: "/v1/refunds",
        body: { reference, charge_reference: request.targetReference, amount, currency },
      };
  }
}

export function toSendOutcome(result: Exchanged): SendOutcome {
  if (result.kind === "unsent") return { kind: "unsent", reason: result.reason };
  if (result.kind === "unanswered") return unknown(result.reason);
  const { status } = result;
  if (status === 200) {
    const outcome = toOutcome(parse(result.text));
    // Somebody has reversed the reference in the meantime. Whoever resolves it will see that by looking it up.
    return outcome.kind === "reversed" ? unknown("reversed by reference") : outcome;
  }
  if (isRefusedKey(result)) return { kind: "unsent", reason: "the credentials were refused" };
  if (status >= 400 && status < 500 && !NO_VERDICT_STATUSES.has(status)) {
    const error = errorShape.safeParse(parse(result.text));
    if (error.success) return rejected(error.data.error.message);
  }
  return unknown(`answered ${status}`);
}

/** The network looks at the key first, so nothing was done. It may be given a valid one. */
function isRefusedKey({ status, text }: Exchanged & { readonly kind: "answered" }): boolean {
  return (status === 401 || status === 403) && errorShape.safeParse(parse(text)).success;
}

/** Whose key it is; undefined unless the network says so itself. */
export function toIdentity(result: Exchanged): ProcessorIdentity | undefined {
  if (result.kind !== "answered") throw new Error(result.reason);
  if (isRefusedKey(result)) return undefined;
  const { id, livemode } = accountShape.parse(parse(result.text));
  return { externalAccountId: id, mode: livemode ? "LIVE" : "TEST" };
}

/** Nothing has moved, whatever came back: only a refusal is final. */
export function toPrepareOutcome(result: Exchanged): PrepareOutcome {
  if (result.kind !== "answered") return { kind: "unsent", reason: result.reason };
  const prepared = preparedShape.safeParse(parse(result.text));
  if (result.status === 200 && prepared.success) {
    return { kind: "prepared", processorRef: prepared.data.prepared_id };
  }
  const outcome = toSendOutcome(result);
  if (outcome.kind === "declined") return outcome;
  return { kind: "unsent", reason: `preparing was answered with ${String(result.status)}` };
}

export function toLookupOutcome(result: Exchanged): LookupOutcome {
  if (result.kind !== "answered") return unknown(result.reason);
  const value = parse(result.text);
  if (result.status === 200) {
    return notSentShape.safeParse(value).success ? { kind: "not_found" } : toOutcome(value);
  }
  // Only the network's own words: a proxy's 404 says nothing about a charge.
  if (result.status === 404 && notFoundShape.safeParse(value).success) return { kind: "not_found" };
  return unknown(`answered ${result.status}`);
}

export function toReverseOutcome(result: Exchanged): ReverseOutcome {
  if (result.kind !== "answered") return unknown(result.reason);
  if (result.status !== 200) return unknown(`answered ${result.status}`);
  const outcome = toOutcome(parse(result.text));
  return outcome.kind === "reversed" ? outcome : unknown("not acknowledged as reversed");
}

/** Whether it has the status of an answer, and not the rest of it: that is no news of another kind, but malformed. */
export function isHalfAnAnswer(value: unknown): boolean {
  const status = (value as { status?: unknown } | null)?.status;
  const known = answerShape.options.some(({ shape }) => shape.status.value === status);
  return known && !answerShape.safeParse(value).success;
}

/** What an answer, a lookup and a webhook's data say; they share one shape. */
export function toOutcome(value: unknown): Exclude<LookupOutcome, { kind: "not_found" }> {
  const checked = answerShape.safeParse(value);
  if (!checked.success) return unknown("the answer could not be understood");
  const answer = checked.data;
  switch (answer.status) {
    case "succeeded":
      return {
        kind: "approved",
        processorChargeId: answer.charge_id,
        amountMinor: answer.amount,
        feeMinor: answer.fee,
        ...(answer.fee_currency !== undefined && { feeCurrency: answer.fee_currency }),
        ...(answer.authorization_expires_at !== undefined && {
          authorizationExpiresAt: answer.authorization_expires_at,
        }),
      };
    case "declined":
      return {
        kind: "declined",
        code: redact(answer.code),
        ...(answer.decline_code !== undefined && { declineCode: redact(answer.decline_code) }),
        // It may quote what it was sent.
        message: redact(answer.message),
        ...codesSaid(answer),
        ...(answer.code === "authorization_expired" && { authorizationExpired: true as const }),
      };
    case "requires_action":
      return {
        kind: "action_required",
        redirectUrl: answer.redirect_url,
        expiresAt: answer.expires_at,
      };
    case "processing":
      return { kind: "pending" };
    case "reversed":
      return { kind: "reversed" };
  }
}

const REASONS = {
  credit_not_processed: "CREDIT_NOT_PROCESSED",
  duplicate: "DUPLICATE",
  fraudulent: "FRAUDULENT",
  general: "GENERAL",
  product_not_received: "PRODUCT_NOT_RECEIVED",
  product_unacceptable: "PRODUCT_UNACCEPTABLE",
  subscription_canceled: "SUBSCRIPTION_CANCELED",
  unrecognized: "UNRECOGNIZED",
} as const satisfies Record<string, DisputeReason>;

const disputeShape = z.object({
  id: z.string(),
  status: z.enum(["open", "won", "lost"]),
  amount: z.int(),
  currency: z.string(),
  fee: z.int(),
  reason: z.string(),
  evidence_due_by: z.string().nullable(),
  opened_at: z.string(),
  closed_at: z.string().nullable(),
});

/** News of a dispute; undefined when it is none. A reason that the network has invented since is a general one. */
export function toDisputeNews(value: unknown): DisputeNews | undefined {
  const checked = disputeShape.safeParse(value);
  if (!checked.success) return undefined;
  const { id, status, amount, currency, fee, reason, ...times } = checked.data;
  return {
    kind: "dispute",
    status: status === "open" ? "OPEN" : status === "won" ? "WON" : "LOST",
    processorDisputeId: id,
    amountMinor: amount,
    currency,
    feeMinor: fee,
    reason: Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS] : "GENERAL",
    evidenceDueBy: times.evidence_due_by,
    openedAt: times.opened_at,
    closedAt: times.closed_at,
  };
}

const ADVICE: Readonly<Record<string, DeclineAdvice>> = {
  try_again_later: "TRY_AGAIN_LATER",
  confirm_card_data: "CONFIRM_CARD_DATA",
  try_another_card: "TRY_ANOTHER_CARD",
  do_not_try_again: "DO_NOT_TRY_AGAIN",
};

function codesSaid(answer: {
  readonly advice_code?: string | undefined;
  readonly network_decline_code?: string | undefined;
}): Pick<Declined, "hard" | "adviceCode" | "networkDeclineCode"> {
  const { advice_code: advice = "", network_decline_code: network } = answer;
  const adviceCode = Object.hasOwn(ADVICE, advice) ? ADVICE[advice] : undefined;
  return {
    hard: adviceCode === "DO_NOT_TRY_AGAIN",
    ...(adviceCode && { adviceCode }),
    ...(network !== undefined && { networkDeclineCode: redact(network) }),
  };
}

/** The network did not understand us, and did nothing; nor will it, however often it is asked. */
function rejected(message: string): Declined {
  return { kind: "declined", code: "processor_rejected", message: redact(message), hard: true };
}

function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
