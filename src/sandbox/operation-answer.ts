import { entryOf, type NetworkState, type ReferenceEntry } from "./network-state";
import { testCardOf } from "./test-cards";
import type { Operation, OperationKind, OperationStatus } from "./operation";

/** What callers are told about an operation: as the answer, from a lookup, and in a webhook. */
export interface Answer {
  readonly found: true;
  readonly reference: string;
  readonly status: OperationStatus;
  /** How many requests are known under this reference. */
  readonly count: number;
  readonly id?: string;
  readonly operation?: OperationKind;
  readonly charge_id?: string;
  readonly amount?: number;
  readonly currency?: string;
  /** Null when it is told only where everything is listed. */
  readonly fee?: number | null;
  readonly fee_currency?: string;
  readonly created?: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly message?: string;
  readonly advice_code?: string;
  readonly network_decline_code?: string;
  readonly redirect_url?: string;
  readonly expires_at?: string;
  readonly authorization_expires_at?: string;
}

export function answerOf(state: NetworkState, operation: Operation, publicUrl: string): Answer {
  const entry = entryOf(state, operation.reference);
  const { decline, challenge } = operation;
  const status = entry.reversed ? "reversed" : operation.status;
  const charge = state.charges.get(operation.id);
  return {
    found: true,
    id: operation.id,
    operation: operation.kind,
    reference: operation.reference,
    charge_id: operation.chargeId,
    status,
    amount: operation.amountMinor,
    currency: operation.currency,
    ...feeTold(operation),
    count: entry.operations.length,
    created: new Date(operation.atMs).toISOString(),
    ...(status === "declined" ? decline : undefined),
    ...(status === "succeeded" && operation.kind === "authorize" && charge !== undefined
      ? { authorization_expires_at: new Date(charge.expiresAtMs).toISOString() }
      : undefined),
    ...(status === "requires_action" && challenge !== undefined
      ? {
          redirect_url: `${publicUrl}/3ds/${challenge.id}`,
          expires_at: new Date(challenge.expiresAtMs).toISOString(),
        }
      : undefined),
  };
}

function feeTold({
  source,
  feeMinor,
  feeCurrency,
}: Operation): Pick<Answer, "fee" | "fee_currency"> {
  if (testCardOf(source).fee === "later" && feeMinor > 0) return { fee: null };
  return { fee: feeMinor, ...(feeCurrency !== undefined && { fee_currency: feeCurrency }) };
}

export function reversedAnswer(reference: string, entry: ReferenceEntry): Answer {
  return { found: true, reference, status: "reversed", count: entry.operations.length };
}

/**
 * The operation a reference speaks for. There is one unless somebody sent twice: then the first
 * that succeeded, because the first of all may be a decline while money moved under the second;
 * then one still open; then the first.
 */
export function operationToShow(entry: ReferenceEntry): Operation | undefined {
  const { operations } = entry;
  return (
    operations.find((operation) => operation.status === "succeeded") ??
    operations.find(
      (operation) => operation.status === "processing" || operation.status === "requires_action",
    ) ??
    operations[0]
  );
}
