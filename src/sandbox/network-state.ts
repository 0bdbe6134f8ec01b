import { applyDispute, type Dispute } from "./dispute";
import type { BookRow, Movement, Tombstone, Verdict } from "./movement";
import type { MoneyRequest, Operation, OperationKind } from "./operation";
import { newNetworkId, type NetworkIdPrefix } from "./network-id";
import { HOLD_MS, testCardOf } from "./test-cards";

/** A charge or an authorisation, and what has been done to it since. */
export interface Charge {
  readonly id: string;
  readonly reference: string;
  readonly source: string;
  readonly currency: string;
  /** When what is held and not captured by then is let go of. It needs no row of its own: the card says how long. */
  readonly expiresAtMs: number;
  authorizedMinor: number;
  capturedMinor: number;
  refundedMinor: number;
  /** Refunds accepted and not yet decided, held so that together they cannot exceed the captures. */
  refundPendingMinor: number;
  /** What shoppers' banks have taken back, for now or for good. */
  disputedMinor: number;
  /** The final capture or the void that released what was left. */
  closedBy?: string;
}

export interface ReferenceEntry {
  operations: Operation[];
  /** Requests that came in under this reference, those that were lost included. */
  requests: number;
  reversed: boolean;
  /** The row of its tombstone. */
  reversedAtPosition: number;
}

/**
 * Everything the network knows, in memory, so that deciding is synchronous: between two requests
 * there is no await in which both could spend the same remainder. It follows from the books alone
 * (applyRow), and is rebuilt from them at start.
 */
export interface NetworkState {
  /** Whose it is; "" for the account that has no name. */
  readonly account: string;
  readonly references: Map<string, ReferenceEntry>;
  readonly charges: Map<string, Charge>;
  readonly challenges: Map<string, Operation>;
  /** By their own ids, and for good: what was prepared is sent, and asked about, by its id. */
  readonly prepared: Map<string, Operation>;
  readonly disputes: Map<string, Dispute>;
}

const ID_PREFIX_OF: Record<OperationKind, NetworkIdPrefix> = {
  charge: "ch",
  authorize: "ch",
  capture: "cp",
  refund: "rf",
  void: "vd",
};

export function createNetworkState(account = ""): NetworkState {
  return {
    account,
    references: new Map(),
    charges: new Map(),
    challenges: new Map(),
    prepared: new Map(),
    disputes: new Map(),
  };
}

export function entryOf(state: NetworkState, reference: string): ReferenceEntry {
  let entry = state.references.get(reference);
  if (entry === undefined) {
    entry = { operations: [], requests: 0, reversed: false, reversedAtPosition: 0 };
    state.references.set(reference, entry);
  }
  return entry;
}

/** Takes a request in: from here on a lookup finds it, as processing. */
export function beginOperation(state: NetworkState, request: MoneyRequest): Operation {
  const id = newNetworkId(ID_PREFIX_OF[request.kind], state.account);
  const isCharge = request.kind === "charge" || request.kind === "authorize";
  const operation: Operation = {
    id,
    kind: request.kind,
    reference: request.reference,
    source: shared(request.source ?? ""),
    final: request.final,
    atMs: Date.now(),
    chargeId: isCharge ? id : "",
    amountMinor: request.amountMinor,
    currency: shared(request.currency ?? ""),
    feeMinor: 0,
    status: "processing",
    position: 0,
  };
  addOperation(entryOf(state, request.reference), operation);
  return operation;
}

function addOperation(entry: ReferenceEntry, operation: Operation): void {
  // Nearly all have one operation for ever, and an empty array that is pushed to makes room for 17.
  if (entry.operations.length === 0) entry.operations = [operation];
  else entry.operations.push(operation);
}

const SHARED_MAX = 1_000;
const sharedTexts = new Map<string, string>();

/** One copy in memory of the few tokens and currencies that all operations are made of. */
function shared(text: string): string {
  const known = sharedTexts.get(text);
  if (known !== undefined) return known;
  if (sharedTexts.size < SHARED_MAX) sharedTexts.set(text, text);
  return text;
}

/** The charge that captures, refunds and voids under this reference act on: the first that was approved. */
export function findCharge(state: NetworkState, reference: string): Charge | undefined {
  for (const operation of state.references.get(reference)?.operations ?? []) {
    const charge = state.charges.get(operation.id);
    if (charge !== undefined && operation.status === "succeeded") return charge;
  }
  return undefined;
}

/** What has been neither captured nor let go of, in time or not. */
export function uncapturedOf(charge: Charge): number {
  return charge.closedBy === undefined ? charge.authorizedMinor - charge.capturedMinor : 0;
}

/** Whether something was still held when the authorisation's time was up. */
export function hasExpired(charge: Charge): boolean {
  return uncapturedOf(charge) > 0 && Date.now() >= charge.expiresAtMs;
}

/** What may still be refunded, or disputed. */
export function refundableOf(charge: Charge): number {
  const { capturedMinor, refundedMinor, refundPendingMinor, disputedMinor } = charge;
  return capturedMinor - refundedMinor - refundPendingMinor - disputedMinor;
}

/** The only way state changes, live and when the books are read back at start. */
export function applyRow(state: NetworkState, row: BookRow): void {
  if (row.type === "tombstone") return applyTombstone(state, row);
  if (row.type === "dispute") return applyDispute(state, row);
  const operation = operationOf(state, row);
  if (row.type === "movement") applyMovement(state, row, operation);
  else applyVerdict(state, row, operation);
  if (operation.position === 0) operation.atMs = row.at;
  if (operation.chargeId !== row.charge_id) operation.chargeId = row.charge_id;
  if (operation.currency !== row.currency) operation.currency = shared(row.currency);
  operation.position = row.position;
}

function operationOf(state: NetworkState, row: Movement | Verdict): Operation {
  const entry = entryOf(state, row.reference);
  const known = entry.operations.find((operation) => operation.id === row.operation_id);
  if (known !== undefined) return known;
  const operation: Operation = {
    id: row.operation_id,
    kind: row.operation,
    reference: row.reference,
    source: shared(row.source),
    final: row.final,
    atMs: 0,
    chargeId: row.charge_id === row.operation_id ? row.operation_id : row.charge_id,
    amountMinor: row.amount,
    currency: shared(row.currency),
    feeMinor: 0,
    status: "processing",
    position: 0,
  };
  addOperation(entry, operation);
  entry.requests += 1;
  return operation;
}

function applyMovement(state: NetworkState, row: Movement, operation: Operation): void {
  if (row.kind === "reverse") {
    undo(state, row, operation);
    operation.status = "reversed";
    return;
  }
  const charge = state.charges.get(row.charge_id);
  if (operation.kind === "charge" || operation.kind === "authorize") {
    state.charges.set(operation.id, openCharge(row, operation));
  } else if (charge !== undefined) {
    if (row.kind === "capture") charge.capturedMinor += row.amount;
    if (row.kind === "void" || operation.final) charge.closedBy = operation.id;
    if (row.kind === "refund") {
      releasePendingRefund(charge, operation);
      charge.refundedMinor += row.amount;
    }
  }
  operation.status = "succeeded";
  operation.amountMinor = row.amount;
  operation.feeMinor = row.fee;
  if (row.fee_currency !== null) operation.feeCurrency = row.fee_currency;
}

function openCharge(row: Movement, operation: Operation): Charge {
  return {
    id: operation.id,
    reference: operation.reference,
    source: operation.source,
    currency: operation.currency,
    expiresAtMs: row.at + (testCardOf(operation.source).holdMs ?? HOLD_MS),
    authorizedMinor: row.amount,
    capturedMinor: row.kind === "capture" ? row.amount : 0,
    refundedMinor: 0,
    refundPendingMinor: 0,
    disputedMinor: 0,
  };
}

function undo(state: NetworkState, row: Movement, operation: Operation): void {
  const charge = state.charges.get(row.charge_id);
  if (charge === undefined) return;
  if (operation.kind === "refund") charge.refundedMinor -= row.amount;
  if (operation.kind === "charge" || operation.kind === "capture") {
    charge.capturedMinor -= row.amount;
  }
  if (operation.kind === "charge" || operation.kind === "authorize") {
    charge.authorizedMinor -= row.amount;
    charge.closedBy = operation.id;
  } else if (charge.closedBy === operation.id) {
    // What this final capture or void had released is held again, so that it can be tried anew.
    delete charge.closedBy;
  }
}

function applyVerdict(state: NetworkState, row: Verdict, operation: Operation): void {
  const charge = state.charges.get(row.charge_id);
  if (charge !== undefined) releasePendingRefund(charge, operation);
  operation.status = row.status;
  if (row.status === "prepared") state.prepared.set(operation.id, operation);
  if (row.decline !== null) operation.decline = row.decline;
  if (row.challenge !== null) {
    operation.challenge = row.challenge;
    state.challenges.set(row.challenge.id, operation);
  }
  if (row.operation === "refund" && row.status === "processing" && charge !== undefined) {
    charge.refundPendingMinor += row.amount;
    operation.pendingRefund = true;
  }
}

function releasePendingRefund(charge: Charge, operation: Operation): void {
  if (operation.pendingRefund !== true) return;
  charge.refundPendingMinor -= operation.amountMinor;
  operation.pendingRefund = false;
}

function applyTombstone(state: NetworkState, row: Tombstone): void {
  const entry = entryOf(state, row.reference);
  entry.reversed = true;
  entry.reversedAtPosition = row.position;
  for (const operation of entry.operations) {
    const charge = state.charges.get(operation.chargeId);
    const wasPending = operation.pendingRefund === true;
    if (charge !== undefined) releasePendingRefund(charge, operation);
    // What has moved is undone by its own reverse movement; what still waits simply never moves.
    const isWaiting = operation.status === "requires_action" || operation.status === "prepared";
    if (wasPending || isWaiting) operation.status = "reversed";
  }
}
