import type { App } from "../src/app";
import { type Deliveries, openDeliveries } from "../src/webhooks/deliveries";
import type { Delivered } from "../src/webhooks/deliver-webhook";
import type { Room } from "../src/webhooks/lanes";
import type { JobData, Queues } from "./queues";

type Job = JobData["deliver-webhooks"];

/** For the relay of the same process: what it plans it may claim at once. */
export type DeliveriesHere = Pick<Deliveries, "room" | "begin">;

export interface DeliveryJobs {
  readonly here: DeliveriesHere;
  /** Job deliver-webhooks: over when all that it carries is in the air or held. What fails gets a job of its own, later. */
  take(data: Job): Promise<void>;
  /** The same, over when everything is recorded that came of it. */
  run(data: Job): Promise<void>;
  stop(): Promise<void>;
}

export function openDeliveryJobs(app: App, queues: Pick<Queues, "add">, room?: Room): DeliveryJobs {
  const later = addTogether(app, queues);
  const deliveries = openDeliveries(app, (delivered) => later.add(delivered), room);
  const begin = ({ keys, endpoints = [] }: Job): ReturnType<typeof deliveries.deliver> => {
    const { taken, done } = deliveries.deliver(keys);
    return {
      taken: Promise.all([taken, deliveries.callUp(endpoints)]).then(() => undefined),
      done,
    };
  };
  return {
    here: deliveries,
    take: async (data) => {
      const { taken, done } = begin(data);
      // Its rows are leased: when the lease runs out, the sweeper finds them.
      done.catch((error: unknown) => {
        app.log.error({ err: error }, "a delivery was begun and not recorded");
      });
      await taken;
    },
    run: async (data) => {
      const { taken, done } = begin(data);
      await Promise.all([taken, done]);
      await deliveries.idle();
      await later.added();
    },
    stop: async () => {
      await deliveries.stop();
      await later.added();
    },
  };
}

/** Jobs for next tries: those that fail while others are being added go together with the next ones. */
function addTogether(
  app: App,
  queues: Pick<Queues, "add">,
): { add(delivered: Delivered): void; added(): Promise<void> } {
  let waiting: { data: Job; delayMs: number }[] = [];
  let adding: Promise<void> | undefined;
  const addAll = async (): Promise<void> => {
    // What is read in the same turn of the event loop goes together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const jobs = waiting;
      waiting = [];
      await queues.add("deliver-webhooks", jobs).catch((error: unknown) => {
        // The rows say when they are due.
        app.log.warn({ err: error, count: jobs.length }, "no jobs for next tries");
      });
    }
    adding = undefined;
  };
  return {
    add: ({ merchantId, id, endpointId, dueInMs }) => {
      if (dueInMs === null) return;
      waiting.push({ data: { keys: [{ merchantId, id, endpointId }] }, delayMs: dueInMs });
      adding ??= addAll();
    },
    added: async () => {
      await adding;
    },
  };
}
