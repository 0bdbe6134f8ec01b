import type { App } from "../src/app";
import { isDatabaseAway } from "../src/db/errors";
import {
  type Message,
  acquitMessages,
  blameMessages,
  countSetAside,
  findLast,
  markRelayed,
  readMessages,
  suspectMessages,
} from "../src/events/outbox";
import { failpoint } from "../src/failpoints";
import { relayed } from "../src/observability/metrics";
import {
  type InHand,
  awaitInHand,
  holdInHand,
  idsInHand,
  lastInHand,
  nothingInHand,
} from "./in-hand";
import { type Backlog, allowanceOf } from "./backlog";
import { type Here, QueueError, publish, publishTheRest } from "./publish-messages";
import type { Queues } from "./queues";
import { traceMessages } from "./trace-messages";

/*
 * Guarantees: every outbox row becomes jobs and deliveries and then a place in the feed, in this order, so that a relay
 * that dies in between repeats and loses nothing. For one relay at a time. While what a batch began with is being
 * answered, the next ones are begun with (in-hand.ts); they end in their order.
 *
 * A row that relays die over is found and set aside. The first rows of a relay that takes over are those that the one
 * before it may have died of: they are marked before it begins. Whatever is marked and still there is begun with alone,
 * and set aside when that ends like that again. In ordinary times nothing is marked.
 *
 * With a rate (ONCEPAY_RELAY_RATE) what has piled up is relayed no faster than that, while what is new is published at
 * once, ahead of it. It gets its place in the feed only in its turn: a feed's order is the order of its events.
 *
 * Round trips: four for a batch, which is read, planned, begun with or made jobs of, and marked. The last of what is in
 * hand is read again with each batch after it, and all of it now and then.
 */
export const RELAY_LIMIT = 500;
/** How many batches are under way at once: as many deliveries as may be claimed for one endpoint. */
const IN_HAND_MAX = 2;
// Rows commit in another order than they are numbered in: those that come a little later are seen at once, others in time.
const LOOK_BACK = 200;
const READ_WHOLE_MS = 500;

export interface Relay {
  /** Whether what it reads first may be what the relay before it died of. */
  isWary: boolean;
  /** Whether its last batch did. */
  hasFailed: boolean;
  /** Rows a second of what has piled up; 0: as fast as it goes. */
  readonly rate: number;
  /** What is being caught up with; undefined: nothing. */
  backlog: Backlog | undefined;
  /** Who in this process begins with what there is no need of a job for. */
  readonly here: Here;
  readonly inHand: InHand;
  /** When the outbox was last read from its beginning. */
  readWholeAtMs: number;
}

export function newRelay(rate = 0, here: Here = {}): Relay {
  const state = { inHand: nothingInHand(), readWholeAtMs: 0, backlog: undefined };
  return { isWary: false, hasFailed: false, rate, here, ...state };
}

/** Relays a batch. Returns how many rows it has dealt with. */
export async function relayOnce(app: App, queues: Queues, relay = newRelay()): Promise<number> {
  const count = await relayNext(app, queues, relay);
  await endRelay(relay);
  return count;
}

/** The same, over when the batch is begun with: the next call, or `endRelay`, throws what it fails of after that. */
export async function relayNext(app: App, queues: Queues, relay: Relay): Promise<number> {
  await awaitBatches(relay, IN_HAND_MAX - 1);
  const messages = await readNew(app, relay);
  if (messages.length === 0) {
    relay.backlog = undefined;
    relay.isWary = false;
    return 0;
  }
  await failpoint("relay.after_claim");
  const isBehind = relay.rate > 0 && messages.some(({ isOld }) => isOld);
  return isBehind || relay.backlog
    ? catchUp(app, queues, { relay, messages })
    : relayWarily(app, queues, { relay, messages });
}

async function readNew(app: App, relay: Relay): Promise<readonly Message[]> {
  const inHand = idsInHand(relay.inHand);
  const nowMs = performance.now();
  const isWhole = inHand.size === 0 || nowMs - relay.readWholeAtMs > READ_WHOLE_MS;
  if (isWhole) relay.readWholeAtMs = nowMs;
  const after = isWhole ? 0 : Math.max(0, ...inHand) - LOOK_BACK;
  const again = isWhole ? inHand.size : LOOK_BACK;
  const read = await readMessages(app.db, RELAY_LIMIT + again, after);
  return read.filter(({ id }) => !inHand.has(id)).slice(0, RELAY_LIMIT);
}

/** Waits for all that is under way. */
export async function endRelay(relay: Relay): Promise<void> {
  await awaitBatches(relay, 0);
}

async function awaitBatches(relay: Relay, most: number): Promise<void> {
  try {
    await awaitInHand(relay.inHand, most);
  } catch (error) {
    noteFailure(relay, error);
    throw error;
  }
}

function noteFailure(relay: Relay, error: unknown): void {
  relay.isWary = !isNobodysFault(error);
  relay.hasFailed = true;
}

/** Says how many rows are set aside, which somebody should look at. */
export async function sayWhatIsAside(app: App): Promise<void> {
  const count = await countSetAside(app.db);
  if (count > 0) app.log.error({ count }, "outbox rows are set aside: relays died over them");
}

interface Batch {
  readonly relay: Relay;
  readonly messages: readonly Message[];
  /** Those of them that are published already. */
  readonly ahead?: ReadonlySet<number> | undefined;
}

const ALONE_MAX = 20;

async function relayWarily(app: App, queues: Queues, batch: Batch): Promise<number> {
  const { relay, messages, ahead } = batch;
  const suspects = messages.filter(({ deaths }) => deaths > 0);
  const others = messages.filter(({ deaths }) => deaths === 0);
  if (relay.isWary) await suspectMessages(app.db, others);
  try {
    // What another relay may have died of is written before it is begun with. So is what this one did not get through
    // with, whoever's fault that was: webhooks are posted before their rows are there, but not again and again.
    const isCareful = relay.isWary || relay.hasFailed;
    const here = isCareful ? {} : relay.here;
    if (others.length > 0) {
      const before = lastInHand(relay.inHand);
      const { begun, finished } = relayBatch(app, queues, {
        messages: others,
        ahead,
        here,
        before,
      });
      holdInHand(relay.inHand, { ids: others.map(({ id }) => id), finished });
      await begun;
      await awaitInHand(relay.inHand, isCareful || ahead ? 0 : IN_HAND_MAX);
    }
  } catch (error) {
    if (relay.isWary && isNobodysFault(error)) await acquitMessages(app.db, others);
    noteFailure(relay, error);
    throw error;
  }
  relay.isWary = false;
  relay.hasFailed = false;
  return others.length + (await relayAlone(app, queues, suspects.slice(0, ALONE_MAX)));
}

async function relayAlone(app: App, queues: Queues, suspects: readonly Message[]): Promise<number> {
  let relayedAlone = 0;
  for (const suspect of suspects) {
    await suspectMessages(app.db, [suspect]);
    try {
      await relayBatch(app, queues, { messages: [suspect] }).finished;
    } catch (error) {
      if (!isNobodysFault(error)) {
        app.log.error({ err: error, count: suspect.deaths + 1 }, "an outbox row is not relayed");
        await blameMessages(app.db, [suspect], error);
        continue;
      }
      await acquitMessages(app.db, [suspect]);
      throw error;
    }
    relayedAlone += 1;
  }
  return relayedAlone;
}

/** The queue, or the database, is in trouble: it says nothing about the rows. */
function isNobodysFault(error: unknown): boolean {
  return error instanceof QueueError || isDatabaseAway(error);
}

interface Work {
  readonly messages: readonly Message[];
  readonly ahead?: ReadonlySet<number> | undefined;
  readonly here?: Here;
  /** Its rows are marked after that. */
  readonly before?: Promise<void> | undefined;
}

function relayBatch(
  app: App,
  queues: Queues,
  { messages: read, ahead, here, before }: Work,
): { readonly begun: Promise<void>; readonly finished: Promise<void> } {
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const finished = traceMessages(read, async (messages) => {
    const { written } = await (ahead
      ? publishTheRest(app, queues, { messages, ahead })
      : publish(app, queues, { messages, here, before }));
    tell();
    await before;
    await written;
    await failpoint("relay.after_publish");
    await markRelayed(app.db, messages);
    relayed.inc(messages.length);
    await failpoint("relay.after_mark");
  });
  const isOver = finished.catch(() => undefined);
  return { begun: Promise.race([told, isOver]), finished };
}

// --- a backlog ---

const AHEAD_MAX = 100_000;

/** As much of the backlog as its rate allows, and everything that is new. */
async function catchUp(app: App, queues: Queues, { relay, messages }: Batch): Promise<number> {
  await endRelay(relay);
  const backlog = relay.backlog ?? (await startBacklog(app));
  relay.backlog = backlog;
  const isNew = await publishAhead(app, queues, backlog);
  const allowed = allowanceOf(backlog, relay.rate);
  const due: Message[] = [];
  let spent = 0;
  for (const message of messages) {
    const isPublished = backlog.ahead.has(message.id);
    if (!isPublished && spent >= allowed) break;
    if (!isPublished) spent += 1;
    due.push(message);
  }
  backlog.allowance -= spent;
  if (due.length > 0) {
    await relayWarily(app, queues, { relay, messages: due, ahead: backlog.ahead });
    for (const { id } of due) backlog.ahead.delete(id);
  }
  const isOver = spent < allowed && due.length === messages.length && messages.length < RELAY_LIMIT;
  if (isOver || backlog.ahead.size > AHEAD_MAX) relay.backlog = undefined;
  return due.length + isNew;
}

async function startBacklog(app: App): Promise<Backlog> {
  const publishedTo = await findLast(app.db);
  app.log.info("the outbox has a backlog; it is relayed at its rate");
  const nowMs = performance.now();
  return {
    publishedTo,
    ahead: new Set(),
    publishing: undefined,
    startedAtMs: nowMs,
    allowance: 0,
    allowedAtMs: nowMs,
  };
}

/** What is new, while there is a backlog: also in the middle of a batch of it. */
export async function relayAhead(app: App, queues: Queues, { backlog }: Relay): Promise<void> {
  if (backlog) await publishAhead(app, queues, backlog);
}

/** Once at a time: who comes while it is under way waits for its end. */
function publishAhead(app: App, queues: Queues, backlog: Backlog): Promise<number> {
  backlog.publishing ??= publishNew(app, queues, backlog).finally(() => {
    backlog.publishing = undefined;
  });
  return backlog.publishing;
}

async function publishNew(app: App, queues: Queues, backlog: Backlog): Promise<number> {
  const after = Math.max(0, backlog.publishedTo - LOOK_BACK);
  const read = await readMessages(app.db, RELAY_LIMIT, after);
  const fresh = read.filter(
    ({ id, isOld, deaths }) => !isOld && deaths === 0 && !backlog.ahead.has(id),
  );
  // What they are part of decides their order: endpoints that are ordered get them in their turn.
  await traceMessages(fresh, async (messages) => {
    await publish(app, queues, { messages, wanted: "unordered" });
  });
  for (const { id } of fresh) {
    backlog.ahead.add(id);
    backlog.publishedTo = Math.max(backlog.publishedTo, id);
  }
  return fresh.length;
}
