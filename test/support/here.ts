import { randomUUID } from "node:crypto";
import { renewLease } from "../../src/payments/worker-leases";
import { createClaimant } from "../../src/payments/claimant";
import { createRoom } from "../../src/webhooks/lanes";
import { openDeliveryJobs } from "../../workers/deliver-webhooks";
import type { Here } from "../../workers/publish-messages";
import { type Relay, newRelay, relayOnce } from "../../workers/relay-outbox";
import { openChargesHere } from "../../workers/run-attempts";
import type { TestApp } from "./app";

/** A process whose relay, charges and webhooks are one: what it relays it begins with itself. */
export interface WholeProcess {
  readonly here: Here;
  readonly relay: Relay;
  relayOnce(): Promise<number>;
  /** When all that was begun is over. Its lease goes with it. */
  end(): Promise<void>;
}

/** `quick`: an endpoint that it knows to answer at once, so that its first tries come before their rows. */
export async function aWholeProcess(
  t: TestApp,
  quick?: { readonly merchantId: string; readonly id: string },
): Promise<WholeProcess> {
  const room = createRoom();
  if (quick) room.laneOf(quick.merchantId, quick.id).meanMs = 1;
  const workerId = randomUUID();
  await renewLease(t.app.db, workerId, 60_000);
  const deliveries = openDeliveryJobs(t.app, t.queues, room);
  const charges = openChargesHere(t.app, t.queues, createClaimant(workerId));
  const here = { deliveries: deliveries.here, charges };
  const relay = newRelay(0, here);
  return {
    here,
    relay,
    relayOnce: () => relayOnce(t.app, t.queues, relay),
    end: async () => {
      await Promise.all([deliveries.stop(), charges.stop()]);
      await t.db("worker_leases").where({ worker_id: workerId }).del();
    },
  };
}
