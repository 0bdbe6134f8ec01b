import type { ServerResponse } from "node:http";
import { prepare } from "./decide";
import { sendError, sendJson } from "./http-exchange";
import { book, type Network } from "./network";
import { beginOperation, entryOf } from "./network-state";
import type { MoneyRequest, Operation } from "./operation";
import {
  answerUnless,
  carryOut,
  countReference,
  dropConnection,
  meetRequest,
  resetConnection,
  serveLookup,
  serveRepeat,
} from "./serve-money";

/**
 * Charges in two steps, as some processors have them: prepared under a reference, which moves nothing, and sent by the
 * id that this gave. What was prepared is sent once, however often and however late that is asked for.
 */

/** Prepared again under the same reference, it is the same as before. */
export async function servePreparation(
  network: Network,
  request: MoneyRequest,
  response: ServerResponse,
): Promise<void> {
  const fault = meetRequest(network, "prepare");
  if (fault === "reset") return resetConnection(response);
  if (fault === "lose_request") return dropConnection(response);
  const { operations } = entryOf(network.state, request.reference);
  const known = operations.find(({ id }) => network.state.prepared.has(id));
  const operation = known ?? beginOperation(network.state, request);
  const booked = known
    ? network.books.durable(operation.position)
    : book(network, [prepare(operation)]);
  if (booked !== undefined) await booked;
  answerUnless(fault, response, () => sendJson(response, 200, { prepared_id: operation.id }));
}

export async function serveSending(
  network: Network,
  preparedId: string,
  { returnUrl, response }: { readonly returnUrl?: string; readonly response: ServerResponse },
): Promise<void> {
  const operation = network.state.prepared.get(preparedId);
  if (!operation) return sendError(response, 404, "Nothing was prepared under this id.");
  const fault = meetRequest(network, operation.kind);
  countReference(network, operation.reference);
  if (fault === "reset") return resetConnection(response);
  if (operation.status !== "prepared") {
    return serveRepeat(network, operation, { fault, response });
  }
  const request = { ...requestOf(operation), ...(returnUrl !== undefined && { returnUrl }) };
  const begin = (): Operation => Object.assign(operation, { status: "processing" });
  await carryOut(network, request, { fault, response, begin });
}

export async function servePreparedLookup(
  network: Network,
  preparedId: string,
  response: ServerResponse,
): Promise<void> {
  const operation = network.state.prepared.get(preparedId);
  return serveLookup(network, operation?.reference ?? "", response);
}

function requestOf({ kind, reference, amountMinor, currency, source }: Operation): MoneyRequest {
  return { kind, reference, amountMinor, currency, source, final: false };
}
