import { feeOf } from "./fee";
import type { BookRow, Movement, MovementKind, Verdict } from "./movement";
import { newNetworkId } from "./network-id";
import {
  entryOf,
  findCharge,
  hasExpired,
  refundableOf,
  uncapturedOf,
  type Charge,
  type NetworkState,
} from "./network-state";
import type { Decline, MoneyRequest, Operation } from "./operation";
import { testCardOf } from "./test-cards";

const CHALLENGE_LIFETIME_MS = 15 * 60_000;

/**
 * The consequences of a request, as rows for the books. Nothing here changes state or waits: the caller applies the
 * rows in the same turn, so no other request can be decided in between.
 */
export function decide(
  state: NetworkState,
  operation: Operation,
  request: MoneyRequest,
): readonly BookRow[] {
  if (entryOf(state, request.reference).reversed)
    return [verdict(operation, { status: "reversed" })];
  if (request.kind === "charge" || request.kind === "authorize")
    return [decideCharge(operation, request)];
  const charge = findCharge(state, request.chargeReference ?? "");
  if (request.kind === "void") return decideVoid(state, operation, request);
  if (charge === undefined) return [refuse(operation, "charge_not_found", "No such charge.")];
  if (request.currency !== undefined && request.currency !== charge.currency) {
    return [refuse(operation, "currency_mismatch", `The charge is in ${charge.currency}.`)];
  }
  actOn(operation, charge);
  if (request.kind === "capture") return [decideCapture(operation, charge)];
  return [decideRefund(operation, charge)];
}

function decideCharge(operation: Operation, request: MoneyRequest): BookRow {
  const card = testCardOf(operation.source);
  if (card.challenge === true) {
    const challenge = {
      id: newNetworkId("tds"),
      expiresAtMs: Date.now() + CHALLENGE_LIFETIME_MS,
      ...(request.returnUrl === undefined ? {} : { returnUrl: request.returnUrl }),
    };
    return verdict(operation, { status: "requires_action", challenge });
  }
  return approveOrDecline(operation);
}

/** Nothing moves until it is sent. */
export function prepare(operation: Operation): BookRow {
  return verdict(operation, { status: "prepared" });
}

/** What the issuer says once nothing stands in the way, a completed challenge included. */
export function approveOrDecline(operation: Operation): BookRow {
  const { decline } = testCardOf(operation.source);
  if (decline !== undefined) return verdict(operation, { status: "declined", decline });
  if (operation.kind === "authorize") return movement(operation, "authorize");
  return movement(operation, "capture", feeFor(operation));
}

/** Some cards are charged for in another currency. */
function feeFor({ source, currency, amountMinor }: Operation) {
  const isForeign = testCardOf(source).fee === "in_euros" && currency !== "EUR";
  return { fee: feeOf(amountMinor), feeCurrency: isForeign ? "EUR" : null };
}

function decideCapture(operation: Operation, charge: Charge): BookRow {
  if (hasExpired(charge)) return refuseExpired(operation);
  const capturable = uncapturedOf(charge);
  if (operation.amountMinor > capturable) {
    return refuse(operation, "amount_too_large", `Only ${capturable} can be captured.`);
  }
  return movement(operation, "capture", feeFor(operation));
}

function decideRefund(operation: Operation, charge: Charge): BookRow {
  const refundable = refundableOf(charge);
  if (operation.amountMinor > refundable) {
    return refuse(operation, "amount_too_large", `Only ${refundable} can be refunded.`);
  }
  if (testCardOf(charge.source).refunds === "decided_later") {
    return verdict(operation, { status: "processing" });
  }
  return movement(operation, "refund");
}

function decideVoid(
  state: NetworkState,
  operation: Operation,
  request: MoneyRequest,
): readonly BookRow[] {
  const charge = findCharge(state, request.chargeReference ?? "");
  if (charge === undefined) return cancelChallenge(state, operation, request);
  actOn(operation, charge);
  if (hasExpired(charge)) return [refuseExpired(operation)];
  const released = uncapturedOf(charge);
  if (released === 0) {
    return [refuse(operation, "nothing_to_void", "Nothing is held by this authorisation.")];
  }
  return [movement(operation, "void", { amount: released })];
}

/** Voiding what still waits for the shopper: nothing is held, so nothing moves. */
function cancelChallenge(
  state: NetworkState,
  operation: Operation,
  request: MoneyRequest,
): readonly BookRow[] {
  const operations = state.references.get(request.chargeReference ?? "")?.operations ?? [];
  const waiting = operations.find((candidate) => candidate.status === "requires_action");
  if (waiting === undefined) return [refuse(operation, "charge_not_found", "No such charge.")];
  operation.chargeId = waiting.id;
  operation.currency = waiting.currency;
  const canceled = refuse(waiting, "canceled", "The charge was canceled before authentication.");
  return [canceled, verdict(operation, { status: "succeeded" })];
}

/**
 * Undoes whatever moved under a reference, and plants the tombstone that keeps anything under it
 * from moving later. When asked again, it finds nothing left to undo.
 */
export function decideReversal(state: NetworkState, reference: string): readonly BookRow[] {
  const entry = entryOf(state, reference);
  const rows: BookRow[] = [];
  if (!entry.reversed) {
    const { account } = state;
    rows.push({ type: "tombstone", position: 0, account, reference, at: Date.now() });
  }
  for (const operation of entry.operations) {
    if (operation.status !== "succeeded") continue;
    const charge = state.charges.get(operation.chargeId);
    const amount = charge === undefined ? 0 : reversibleOf(operation, charge);
    if (amount > 0) rows.push(movement(operation, "reverse", { amount }));
    else rows.push(verdict(operation, { status: "reversed" }));
  }
  return rows;
}

/** One of several that moved under a reference; undefined when what it moved is not all there to be taken back. */
export function decideMovementReversal(
  state: NetworkState,
  operation: Operation,
): readonly BookRow[] | undefined {
  if (operation.status === "reversed") return [];
  const charge = state.charges.get(operation.chargeId);
  const amount = charge === undefined ? 0 : reversibleOf(operation, charge);
  if (operation.status !== "succeeded" || amount < operation.amountMinor) return undefined;
  return [movement(operation, "reverse", { amount })];
}

function reversibleOf(operation: Operation, charge: Charge): number {
  switch (operation.kind) {
    case "authorize":
      // Of one that has expired as well: whoever reverses it is to find nothing of it standing.
      return uncapturedOf(charge);
    case "charge":
    case "capture":
      return Math.min(operation.amountMinor, refundableOf(charge));
    case "refund":
    case "void":
      return operation.amountMinor;
  }
}

/** The second half of a refund that was answered before it was really decided. */
export function decideLateRefund(operation: Operation): readonly BookRow[] {
  if (operation.pendingRefund === true) return [movement(operation, "refund")];
  const fails = testCardOf(operation.source).refunds === "fail_later";
  if (!fails || operation.kind !== "refund" || operation.status !== "succeeded") return [];
  const message = "The card's bank sent the refund back.";
  const failed = refuse(operation, "refund_failed", message);
  return [movement(operation, "reverse"), failed];
}

function actOn(operation: Operation, charge: Charge): void {
  operation.chargeId = charge.id;
  operation.currency = charge.currency;
  operation.source = charge.source;
}

/** A refusal by the network's own rules: the same request will be refused again, so it is a hard one. */
export function refuse(operation: Operation, code: string, message: string): Verdict {
  const decline: Decline = { code, message, advice_code: "do_not_try_again" };
  return verdict(operation, { status: "declined", decline });
}

function refuseExpired(operation: Operation): Verdict {
  return refuse(operation, "authorization_expired", "The authorization has expired.");
}

/** The shopper did not authenticate; with another card, or another try, it may go through. */
export function failAuthentication(operation: Operation, code: string): Verdict {
  const message = "The shopper could not be authenticated.";
  const decline: Decline = { code, message, advice_code: "confirm_card_data" };
  return verdict(operation, { status: "declined", decline });
}

function rowOf(operation: Operation) {
  return {
    position: 0,
    operation_id: operation.id,
    operation: operation.kind,
    reference: operation.reference,
    charge_id: operation.chargeId,
    amount: operation.amountMinor,
    currency: operation.currency,
    source: operation.source,
    final: operation.final,
    at: Date.now(),
  };
}

function movement(
  operation: Operation,
  kind: MovementKind,
  overrides: {
    readonly amount?: number;
    readonly fee?: number;
    readonly feeCurrency?: string | null;
  } = {},
): Movement {
  return {
    ...rowOf(operation),
    type: "movement",
    id: newNetworkId("mov"),
    kind,
    fee: overrides.fee ?? 0,
    fee_currency: overrides.feeCurrency ?? null,
    amount: overrides.amount ?? operation.amountMinor,
  };
}

function verdict(
  operation: Operation,
  outcome: Pick<Verdict, "status"> & Partial<Pick<Verdict, "decline" | "challenge">>,
): Verdict {
  return {
    ...rowOf(operation),
    type: "verdict",
    status: outcome.status,
    decline: outcome.decline ?? null,
    challenge: outcome.challenge ?? null,
  };
}
