import { hash } from "node:crypto";
import type { App } from "../src/app";
import type { Message } from "../src/events/outbox";
import type { AttemptKey } from "../src/payments/attempt";
import { addressDeliveries } from "../src/webhooks/delivery-store";
import { planDeliveries } from "../src/webhooks/plan-deliveries";
import type { DeliveriesHere } from "./deliver-webhooks";
import { type JobData, type QueueName, type Queues, chunk } from "./queues";
import type { ChargesHere } from "./run-attempts";

/*
 * What outbox rows announce becomes charges and deliveries: begun by this process while it has room for them, and jobs
 * otherwise, which any process may take.
 *
 * Guarantees: when it is over, and so before the rows are deleted, each attempt is claimed or has a job, and each
 * delivery is stored, and tried, claimed or has a job. What this process has claimed and does not live to finish is found
 * by the sweeper when its lease has run out, as after any claim. Done again, because a relay died before it deleted the
 * rows, it finds what was stored, and repeats the tries that were not (src/webhooks/first-tries.ts).
 *
 * Round trips: one for charges, and at the same time one that plans deliveries and one that stores those that were begun
 * with; one more for each kind that needs jobs.
 */

/** What can begin in this process. */
export interface Here {
  readonly deliveries?: DeliveriesHere;
  readonly charges?: Pick<ChargesHere, "begin">;
}

interface Published {
  readonly messages: readonly Message[];
  readonly wanted?: "all" | "unordered";
  readonly here?: Here | undefined;
}

/** The queue is in trouble. */
export class QueueError extends Error {}

/**
 * What has not been published ahead; and all of it to endpoints that are ordered, which get nothing ahead of its turn: one
 * statement plans for them, so that they get it in order.
 */
export async function publishTheRest(
  app: App,
  queues: Queues,
  { messages, ahead }: { messages: readonly Message[]; ahead: ReadonlySet<number> },
): Promise<void> {
  const unpublished = messages.filter(({ id }) => !ahead.has(id));
  await publish(app, queues, { messages: unpublished, wanted: "unordered" });
  const { toSend } = await planDeliveries(app.db, messages.filter(isForAll), { wanted: "ordered" });
  await addJobs(queues, "deliver-webhooks", toSend);
}

/** Doing it again does no harm. */
export async function publish(
  app: App,
  queues: Queues,
  { messages, wanted = "all", here = {} }: Published,
): Promise<void> {
  if (messages.length === 0) return;
  const room = here.deliveries?.room();
  const [{ toSend, claimed }, replays] = await Promise.all([
    planDeliveries(app.db, messages.filter(isForAll), { wanted, room }),
    addressDeliveries(app.db, messages.flatMap(replayKey)),
    beginCharges(queues, here, messages.filter(hasAttempt).map(attemptKey)),
  ]);
  // Neither is still under way when the other has failed, and all of it may be done again.
  const parts = await Promise.allSettled([
    here.deliveries?.begin(claimed),
    addJobs(queues, "deliver-webhooks", [...toSend, ...replays]),
  ]);
  for (const part of parts) if (part.status === "rejected") throw part.reason;
}

async function beginCharges(
  queues: Queues,
  here: Here,
  keys: readonly AttemptKey[],
): Promise<void> {
  if (keys.length > 0 && (await here.charges?.begin(keys))) return;
  await addJobs(queues, "run-attempts", keys);
}

async function addJobs<Name extends QueueName>(
  queues: Queues,
  name: Name,
  keys: readonly JobData[Name]["keys"][number][],
): Promise<void> {
  const jobs = chunk(name, keys).map((some) => ({
    data: { keys: some } as unknown as JobData[Name],
    jobId: jobIdOf(some),
  }));
  await queues.add(name, jobs).catch((error: unknown) => {
    throw new QueueError("jobs could not be added", { cause: error });
  });
}

/**
 * Adding a job that already exists does nothing, so a batch that is relayed again creates its jobs once. But rows may
 * have been added, so that it is divided differently: a job is the same only if it carries exactly the same keys.
 */
function jobIdOf(keys: readonly { readonly id: string }[]): string {
  const ids = keys.map(({ id }) => id).join(" ");
  return `relay-${hash("sha256", ids, "hex").slice(0, 40)}`;
}

/** An event that comes with a delivery of its own, a test, is for that endpoint alone. */
function isForAll(message: Message): message is Message & { eventId: string } {
  return message.eventId !== null && message.deliveryId === null;
}

function replayKey({ merchantId, deliveryId }: Message): { merchantId: string; id: string }[] {
  return deliveryId === null ? [] : [{ merchantId, id: deliveryId }];
}

function hasAttempt(message: Message): message is Message & { attemptId: string } {
  return message.attemptId !== null;
}

function attemptKey(message: Message & { attemptId: string }): { merchantId: string; id: string } {
  return { merchantId: message.merchantId, id: message.attemptId };
}
