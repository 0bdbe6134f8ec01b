import type { Logger } from "pino";
import type { Books } from "./books";
import { answerOf, type Answer } from "./operation-answer";
import type { ActiveFault } from "./faults";
import type { Keys } from "./keys";
import type { Latency } from "./latency";
import { decideLateRefund } from "./decide";
import type { BookRow, MovementKind } from "./movement";
import { applyRow, type NetworkState } from "./network-state";
import type { Operation } from "./operation";
import { testCardOf } from "./test-cards";
import type { WebhookSender } from "./webhook-sender";

export interface Stats {
  /** Requests by operation, lost ones included. */
  readonly requests: Record<string, number>;
  readonly movements: Record<MovementKind, number>;
  readonly faultsFired: Record<string, number>;
  concurrent: number;
  concurrentMax: number;
  requestsByReferenceMax: number;
}

/** One running network: what its routes work on. */
export interface Network {
  readonly state: NetworkState;
  readonly books: Books;
  readonly latency: Latency;
  readonly faults: ActiveFault[];
  readonly webhooks: WebhookSender;
  readonly stats: Stats;
  readonly log: Logger;
  readonly seed: number;
  readonly keys: Keys;
  /** The other accounts, by their names; see accounts.ts. */
  readonly accounts: Map<string, Network>;
  readonly revokedKeys: Set<string>;
  /** Challenges whose outcome is being decided right now, by their id. */
  readonly settling: Map<string, Promise<void>>;
  readonly timers: Set<NodeJS.Timeout>;
  readonly instanceId: string;
  /** Where a shopper's browser reaches this network. */
  publicUrl: string;
  outage: boolean;
  closed: boolean;
}

export function createStats(): Stats {
  return {
    requests: {},
    movements: { authorize: 0, capture: 0, refund: 0, void: 0, reverse: 0 },
    faultsFired: {},
    concurrent: 0,
    concurrentMax: 0,
    requestsByReferenceMax: 0,
  };
}

/**
 * Writes rows to the books and to memory in the same turn, and gives back what to wait for before
 * saying anything about them.
 */
export function book(network: Network, rows: readonly BookRow[]): Promise<void> | undefined {
  network.books.append(rows);
  let position = 0;
  for (const row of rows) {
    applyRow(network.state, row);
    position = row.position;
    if (row.type === "movement") network.stats.movements[row.kind] += 1;
  }
  return network.books.durable(position);
}

/** Tells the webhook's receiver where an operation stands now. Call it only after its rows are durable. */
export function announce(network: Network, operation: Operation): void {
  const { settings } = network.webhooks;
  if (!settings.enabled || settings.url === undefined) return;
  const answer = answerOf(network.state, operation, network.publicUrl);
  network.webhooks.announce(eventTypeOf(answer), answer);
}

function eventTypeOf(answer: Answer): string {
  const noun = answer.operation === "authorize" ? "charge" : answer.operation;
  const verb = answer.status === "declined" ? "failed" : answer.status;
  return `${noun}.${verb}`;
}

/** Refunds of some cards are decided, or fail, a while after they were answered. */
export function scheduleLateRefund(network: Network, operation: Operation): void {
  if (operation.kind !== "refund" || testCardOf(operation.source).refunds === undefined) return;
  runLater(network, network.latency.lateMs, async () => {
    const rows = decideLateRefund(operation);
    if (rows.length === 0) return;
    await book(network, rows);
    announce(network, operation);
  });
}

/** A timer that neither keeps the process alive nor outlives the network. */
export function runLater(network: Network, waitMs: number, work: () => Promise<void>): void {
  const timer = setTimeout(() => {
    network.timers.delete(timer);
    if (!network.closed) void work();
  }, waitMs);
  timer.unref();
  network.timers.add(timer);
}
