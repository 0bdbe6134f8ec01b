import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Dispute } from "./dispute";
import { closeDispute, DISPUTE_REASONS, openDispute, timeText } from "./disputes";
import { BadRequest, readJson, sendError, sendJson } from "./http-exchange";
import type { Network } from "./network";
import { findCharge, type Charge } from "./network-state";

const openBody = z.strictObject({
  reference: z.string().min(1).optional(),
  chargeId: z.string().min(1).optional(),
  amount: z.int().min(1).optional(),
  reason: z.enum(DISPUTE_REASONS).default("fraudulent"),
});

const decideBody = z.strictObject({ outcome: z.enum(["won", "lost"]) });

/**
 * `GET /admin/disputes` lists them (?reference= filters), `POST /admin/disputes` opens one on what was captured under a
 * reference, and `POST /admin/disputes/<id>` decides it.
 */
export async function routeDisputes(
  network: Network,
  url: URL,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const id = decodeURIComponent(url.pathname.slice("/admin/disputes".length + 1));
  if (request.method === "GET" && id === "") {
    return list(network, url.searchParams.get("reference"), response);
  }
  if (request.method === "POST" && id === "") return open(network, request, response);
  const dispute = network.state.disputes.get(id);
  if (request.method !== "POST" || dispute === undefined) {
    return sendError(response, 404, "No such dispute.");
  }
  const { outcome } = await readJson(request, decideBody);
  await closeDispute(network, dispute, outcome);
  if (dispute.status !== outcome) throw new BadRequest(`The dispute is ${dispute.status}.`, 409);
  sendJson(response, 200, shown(dispute));
}

async function list(
  network: Network,
  reference: string | null,
  response: ServerResponse,
): Promise<void> {
  const disputes = [...network.state.disputes.values()].filter(
    (dispute) => reference === null || dispute.reference === reference,
  );
  await network.books.durable(Math.max(0, ...disputes.map(({ position }) => position)));
  sendJson(response, 200, { disputes: disputes.map(shown) });
}

async function open(
  network: Network,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { amount, reason, ...named } = await readJson(request, openBody);
  const charge = chargeOf(network, named);
  if (charge === undefined) return sendError(response, 404, "No such charge.");
  const dispute = await openDispute(network, charge, { amountMinor: amount, reason });
  if (dispute === undefined) throw new BadRequest("That much is not left of the charge.", 409);
  sendJson(response, 200, shown(dispute));
}

function chargeOf(
  network: Network,
  { reference, chargeId }: { reference?: string | undefined; chargeId?: string | undefined },
): Charge | undefined {
  if (chargeId !== undefined) return network.state.charges.get(chargeId);
  return reference === undefined ? undefined : findCharge(network.state, reference);
}

/** As the witness shows it. */
function shown(dispute: Dispute) {
  const { id, reference, chargeId, status, currency, reason, closedAtMs } = dispute;
  return {
    id,
    reference,
    chargeId,
    status,
    amount: dispute.amountMinor,
    currency,
    fee: dispute.feeMinor,
    reason,
    evidenceDueBy: timeText(dispute.dueAtMs),
    openedAt: timeText(dispute.openedAtMs),
    closedAt: closedAtMs === undefined ? null : timeText(closedAtMs),
  };
}
