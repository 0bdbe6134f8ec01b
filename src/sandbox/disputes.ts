import type { Dispute } from "./dispute";
import type { DisputeRow, DisputeStep } from "./movement";
import { book, runLater, type Network } from "./network";
import { newNetworkId } from "./network-id";
import { refundableOf, type Charge } from "./network-state";
import type { Operation } from "./operation";
import { testCardOf } from "./test-cards";

/** After Stripe's network reason codes. */
export const DISPUTE_REASONS = [
  "credit_not_processed",
  "duplicate",
  "fraudulent",
  "general",
  "product_not_received",
  "product_unacceptable",
  "subscription_canceled",
  "unrecognized",
] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

// As Stripe does, the network keeps its fee also when the merchant wins.
const FEE_MINOR = 1_500;
const ANSWER_WITHIN_MS = 7 * 86_400_000;

/**
 * Takes an amount of a charge back from the merchant, all that is left of it unless told otherwise. Undefined when that
 * much is not left: what is refunded, or about to be, or disputed already, is not disputed again.
 */
export async function openDispute(
  network: Network,
  charge: Charge,
  order: { readonly amountMinor?: number | undefined; readonly reason: DisputeReason },
): Promise<Dispute | undefined> {
  const left = refundableOf(charge);
  const amount = order.amountMinor ?? left;
  if (amount < 1 || amount > left) return undefined;
  const at = Date.now();
  const id = newNetworkId("dsp");
  await take(network, {
    type: "dispute",
    position: 0,
    id,
    step: "opened",
    charge_id: charge.id,
    reference: charge.reference,
    amount,
    currency: charge.currency,
    fee: FEE_MINOR,
    reason: order.reason,
    due_at: at + ANSWER_WITHIN_MS,
    at,
  });
  return network.state.disputes.get(id);
}

/** Decides a dispute that is open; one that is decided stays as it is. */
export async function closeDispute(
  network: Network,
  dispute: Dispute,
  step: Exclude<DisputeStep, "opened">,
): Promise<void> {
  if (dispute.status !== "open") return void (await network.books.durable(dispute.position));
  await take(network, {
    type: "dispute",
    position: 0,
    id: dispute.id,
    step,
    charge_id: dispute.chargeId,
    reference: dispute.reference,
    amount: dispute.amountMinor,
    currency: dispute.currency,
    fee: dispute.feeMinor,
    reason: dispute.reason,
    due_at: dispute.dueAtMs,
    at: Date.now(),
  });
}

async function take(network: Network, row: DisputeRow): Promise<void> {
  const booked = book(network, [row]);
  const dispute = network.state.disputes.get(row.id);
  // As it stands after this step, whatever happens until it is on disk.
  const told = dispute && newsOf(dispute);
  await booked;
  const verb = row.step === "opened" ? "created" : row.step;
  if (told) network.webhooks.announce(`dispute.${verb}`, told);
}

/** What a webhook tells. It has all there is to know, so that the first to arrive is enough. */
function newsOf(dispute: Dispute): object {
  return {
    id: dispute.id,
    object: "dispute",
    reference: dispute.reference,
    charge_id: dispute.chargeId,
    status: dispute.status,
    amount: dispute.amountMinor,
    currency: dispute.currency,
    fee: dispute.feeMinor,
    reason: dispute.reason,
    evidence_due_by: timeText(dispute.dueAtMs),
    opened_at: timeText(dispute.openedAtMs),
    closed_at: dispute.closedAtMs === undefined ? null : timeText(dispute.closedAtMs),
  };
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** The charges of one card are disputed a while after they were captured. */
export function scheduleDispute(network: Network, operation: Operation): void {
  const isCapture = operation.kind === "charge" || operation.kind === "capture";
  if (!isCapture || operation.status !== "succeeded") return;
  if (testCardOf(operation.source).disputed !== true) return;
  runLater(network, network.latency.lateMs, async () => {
    const charge = network.state.charges.get(operation.chargeId);
    if (charge === undefined || wasDisputed(network, charge)) return;
    await openDispute(network, charge, { reason: "fraudulent" });
  });
}

function wasDisputed(network: Network, charge: Charge): boolean {
  return [...network.state.disputes.values()].some(({ chargeId }) => chargeId === charge.id);
}
