import { approveOrDecline, failAuthentication } from "./decide";
import { waitLatency } from "./latency";
import { announce, book, runLater, type Network } from "./network";
import type { Operation } from "./operation";

export type ChallengeResult = "completed" | "failed" | "expired";

/**
 * Ends a challenge: completed, it moves the money; failed or expired, it declines. Only the first
 * end counts: a second click, or a click after the reference was reversed, changes nothing and
 * waits for what the first one comes to.
 */
export async function endChallenge(
  network: Network,
  challengeId: string,
  result: ChallengeResult,
): Promise<Operation | undefined> {
  const operation = network.state.challenges.get(challengeId);
  if (operation === undefined) return undefined;
  const settling = network.settling.get(challengeId);
  if (settling !== undefined) await settling;
  else if (operation.status === "requires_action") {
    const ending = settle(network, operation, result);
    network.settling.set(challengeId, ending);
    await ending.finally(() => network.settling.delete(challengeId));
  }
  await network.books.durable(operation.position);
  return operation;
}

async function settle(
  network: Network,
  operation: Operation,
  result: ChallengeResult,
): Promise<void> {
  const expired = Date.now() >= (operation.challenge?.expiresAtMs ?? 0);
  if (result === "completed") await waitLatency(network.latency);
  // While the network was thinking, the charge may have been reversed or canceled.
  if (operation.status !== "requires_action") return;
  if (result === "failed") {
    await book(network, [failAuthentication(operation, "authentication_failed")]);
  } else if (result === "expired" || expired) {
    await book(network, [failAuthentication(operation, "authentication_expired")]);
  } else {
    await book(network, [approveOrDecline(operation)]);
  }
  announce(network, operation);
}

/** A challenge that nobody answers is declined when its time is up. */
export function armChallengeExpiry(network: Network, operation: Operation): void {
  const { challenge } = operation;
  if (challenge === undefined || operation.status !== "requires_action") return;
  runLater(network, Math.max(0, challenge.expiresAtMs - Date.now()), async () => {
    await endChallenge(network, challenge.id, "expired");
  });
}
