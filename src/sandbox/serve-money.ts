import type { ServerResponse } from "node:http";
import { answerOf, operationToShow, reversedAnswer } from "./operation-answer";
import { decide, decideReversal } from "./decide";
import { scheduleDispute } from "./disputes";
import { drawFault, type FaultKind, type FaultyOperation } from "./faults";
import { sendError, sendJson } from "./http-exchange";
import { underKey } from "./keys";
import { waitLatency } from "./latency";
import { announce, book, scheduleLateRefund, type Network } from "./network";
import { beginOperation, entryOf } from "./network-state";
import type { MoneyRequest, Operation } from "./operation";
import { armChallengeExpiry } from "./challenges";

/**
 * One money-moving request, from its arrival to its answer. It is not idempotent, on purpose, unless it comes with a
 * key: a second request under the same reference moves money a second time.
 */
export async function serveMoney(
  network: Network,
  request: MoneyRequest,
  response: ServerResponse,
): Promise<void> {
  const fault = meetRequest(network, request.kind);
  countReference(network, request.reference);
  if (fault === "reset") return resetConnection(response);
  const known = underKey(network, request);
  if (known) return serveRepeat(network, known, { fault, response });
  const begin = () => beginOperation(network.state, request);
  await carryOut(network, request, { fault, response, begin });
}

interface Exchange {
  readonly fault: FaultKind | undefined;
  readonly response: ServerResponse;
}

/** Moves money, or says why not; `begin` takes the request in, unless it is lost on the way. */
export async function carryOut(
  network: Network,
  request: MoneyRequest,
  { fault, response, begin }: Exchange & { readonly begin: () => Operation },
): Promise<void> {
  const { stats } = network;
  stats.concurrent += 1;
  stats.concurrentMax = Math.max(stats.concurrentMax, stats.concurrent);
  try {
    const operation = fault === "lose_request" ? undefined : begin();
    const waiting = waitLatency(network.latency);
    if (waiting !== undefined) await waiting;
    if (operation === undefined) return dropConnection(response);
    const booked = book(network, decide(network.state, operation, request));
    if (booked !== undefined) await booked;
    armChallengeExpiry(network, operation);
    scheduleLateRefund(network, operation);
    scheduleDispute(network, operation);
    announce(network, operation);
    if (fault === "error_after") network.keys.failed.add(operation.reference);
    answerUnless(fault, response, () => {
      sendJson(response, 200, answerOf(network.state, operation, network.publicUrl));
    });
  } finally {
    stats.concurrent -= 1;
  }
}

/** What a request that was known before gets: the answer to the first, a failure included. */
export async function serveRepeat(
  network: Network,
  operation: Operation,
  { fault, response }: Exchange,
): Promise<void> {
  if (fault === "lose_request") return dropConnection(response);
  if (operation.position === 0 || isBeingSent(operation)) {
    return sendError(response, 409, "A request under this key is being carried out.");
  }
  await network.books.durable(operation.position);
  const failed = network.keys.failed.has(operation.reference);
  answerUnless(failed ? "error_after" : fault, response, () => {
    sendJson(response, 200, answerOf(network.state, operation, network.publicUrl));
  });
}

/** Only refunds are decided later; of a charge that was prepared, it means that this is happening now. */
function isBeingSent({ kind, status }: Operation): boolean {
  return status === "processing" && (kind === "charge" || kind === "authorize");
}

/** What is known under a reference, for any operation. Says nothing that is not on disk yet. */
export async function serveLookup(
  network: Network,
  reference: string,
  response: ServerResponse,
): Promise<void> {
  const fault = meetRequest(network, "lookup");
  if (fault === "reset") return resetConnection(response);
  if (fault === "lose_request") return dropConnection(response);
  const entry = network.state.references.get(reference);
  const operation = entry === undefined ? undefined : operationToShow(entry);
  await network.books.durable(Math.max(operation?.position ?? 0, entry?.reversedAtPosition ?? 0));
  answerUnless(fault, response, () => {
    if (operation !== undefined) {
      sendJson(response, 200, answerOf(network.state, operation, network.publicUrl));
    } else if (entry?.reversed === true) {
      sendJson(response, 200, reversedAnswer(reference, entry));
    } else {
      const error = { code: "not_found", message: "Nothing is known under this reference." };
      sendJson(response, 404, { found: false, reference, error });
    }
  });
}

/** Reversal by reference; asking again, or for something never seen, is acknowledged just the same. */
export async function serveReversal(
  network: Network,
  reference: string,
  response: ServerResponse,
): Promise<void> {
  const fault = meetRequest(network, "reverse");
  if (fault === "reset") return resetConnection(response);
  if (fault === "lose_request") return dropConnection(response);
  const entry = entryOf(network.state, reference);
  const moved = entry.operations.filter((operation) => operation.status === "succeeded");
  const rows = decideReversal(network.state, reference);
  await (rows.length > 0
    ? book(network, rows)
    : network.books.durable(latestPositionOf(entry.operations, entry.reversedAtPosition)));
  for (const operation of moved) announce(network, operation);
  answerUnless(fault, response, () => sendJson(response, 200, reversedAnswer(reference, entry)));
}

function latestPositionOf(operations: readonly Operation[], atLeast: number): number {
  return operations.reduce((latest, operation) => Math.max(latest, operation.position), atLeast);
}

export function answerUnless(
  fault: FaultKind | undefined,
  response: ServerResponse,
  answer: () => void,
): void {
  if (fault === "lose_response") return dropConnection(response);
  if (fault === "hang") return;
  if (fault === "error_after") return sendError(response, 500, "Something went wrong.");
  answer();
}

export function dropConnection(response: ServerResponse): void {
  response.socket?.destroy();
}

export function resetConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

/** Counts a request, and says which fault befalls it. */
export function meetRequest(network: Network, operation: FaultyOperation): FaultKind | undefined {
  const { requests, faultsFired } = network.stats;
  requests[operation] = (requests[operation] ?? 0) + 1;
  const fault = drawFault(network.faults, operation);
  if (fault !== undefined) faultsFired[fault] = (faultsFired[fault] ?? 0) + 1;
  return fault;
}

export function countReference(network: Network, reference: string): void {
  const entry = entryOf(network.state, reference);
  entry.requests += 1;
  const { stats } = network;
  stats.requestsByReferenceMax = Math.max(stats.requestsByReferenceMax, entry.requests);
}
