import { setTimeout as pause } from "node:timers/promises";
import { failpoint } from "../failpoints";
import { claims } from "../observability/metrics";
import type { AddressedDelivery, EndpointKey } from "./delivery";
import type { Delivered, WebhookSender } from "./deliver-webhook";
import { type ClaimedDelivery, claimDeliveries } from "./delivery-store";
import { insertFirstTries, openFirstTries } from "./first-tries";
import { holdDeliveries } from "./held-store";
import {
  type Air,
  type Line,
  background,
  callUpLine,
  enter,
  lineOf,
  newAir,
  refill,
} from "./in-the-air";
import { type Room, isQuick } from "./lanes";

/*
 * Guarantees: deliveries come by job, or from the relay of this process, and go into their endpoints' lanes. As many as
 * there is room for are claimed, posted and settled, each on its own, and nothing waits for a slow one but what goes to
 * the same endpoint. What there is no room for is held in the database, and claimed from there, oldest first, when there
 * is. A process that dies leaves leases that run out, or, of what the relay planned and had not written, outbox rows.
 *
 * Round trips for a job of any size: one that claims, and shared ones that record. More only for endpoints that have a
 * rate, get more than they take, or are not well.
 */
export interface Deliveries {
  /**
   * `taken` when each is claimed, held, or not due: then the job is over. `done` when each that was claimed is
   * recorded.
   */
  deliver(keys: readonly AddressedDelivery[]): {
    readonly taken: Promise<void>;
    readonly done: Promise<void>;
  };
  /** How many may come claimed: few enough to be posted at once, so that other processes have a share of what piles up. */
  room(): number;
  /**
   * Those that were planned for this process, and have no row yet. Over when they have, which is after `before`: then most
   * have been tried.
   */
  begin(planned: readonly ClaimedDelivery[], before?: Promise<void>): Promise<void>;
  /** What is held for these endpoints; of those that are back, also what waits for its next try. */
  callUp(endpoints: readonly EndpointKey[]): Promise<void>;
  /** Resolves when nothing is in the air. */
  idle(): Promise<void>;
  /** The same, and takes nothing more from the moment it is called. */
  stop(): Promise<void>;
}

export function openDeliveries(
  sender: WebhookSender,
  onDelivered: (delivered: Delivered) => void,
  room?: Room,
): Deliveries {
  const told = (delivered: Delivered): void => {
    onDelivered(delivered);
    goOn(air, delivered.next);
  };
  const air: Air = newAir(sender, told, room);
  const idle = (): Promise<void> => air.begun.idle();
  return {
    deliver: (keys) => {
      const done: Promise<void>[] = [];
      const taken = air.isStopped ? Promise.resolve() : air.begun.follow(take(air, keys, done));
      return { taken, done: taken.then(() => Promise.all(done)).then(() => undefined) };
    },
    room: () => (air.isStopped ? 0 : Math.max(0, CLAIMED_MAX - air.room.taken())),
    begin: (planned, before) => air.begun.follow(beginPlanned(air, planned, before)),
    callUp: async (endpoints) => {
      const lines = endpoints.map(({ merchantId, id }) => lineOf(air, merchantId, id));
      await Promise.all(lines.map((line) => air.begun.follow(callUpLine(air, line))));
    },
    idle,
    stop: () => {
      air.isStopped = true;
      return idle();
    },
  };
}

// Some kilobytes each.
const CLAIMED_MAX = 1_024;

/**
 * How long rows wait to be written for the outcomes of what goes to endpoints that answer in time: longer when they are
 * many, which take longer to be posted, and whose rows are then written once.
 */
const WRITTEN_WITHIN = { ms: 25, msEach: 1, mostMs: 500 };
/** An endpoint that takes longer gets nothing before its rows are there, however many they are. */
const IN_TIME_MS = 100;

function patienceFor(count: number): number {
  const { ms, msEach, mostMs } = WRITTEN_WITHIN;
  return Math.min(mostMs, ms + count * msEach);
}

async function beginPlanned(
  air: Air,
  planned: readonly ClaimedDelivery[],
  before?: Promise<void>,
): Promise<void> {
  if (planned.length === 0) return;
  claims.inc({ what: "delivery", outcome: "claimed" }, planned.length);
  const fired = failpoint("webhook.after_claim");
  if (fired) await fired;
  const withinMs = patienceFor(planned.length);
  const untilMs = performance.now() + withinMs;
  const { now, later, held } = seatPlanned(air, planned, withinMs);
  const tries = openFirstTries();
  for (const [line, those] of now) {
    begin(
      air,
      line,
      those.map((delivery) => tries.of(delivery)),
    );
  }
  try {
    await before;
    const known = await tries.close(untilMs - performance.now());
    const claimed = [...now, ...later].flatMap(([, those]) => those);
    await insertFirstTries(air.sender.db, { claimed, known, held, leaseMs: air.leaseMs });
  } catch (error) {
    tries.over(error);
    for (const [line, those] of later) air.room.giveBack(line.lane, those.length);
    throw error;
  }
  tries.over();
  for (const [line, those] of later) begin(air, line, those);
  for (const line of byLine(air, held).keys()) {
    line.hasHeld = true;
    refill(air, line);
  }
}

function begin(air: Air, line: Line, deliveries: readonly ClaimedDelivery[]): void {
  background(air, enter(air, line, deliveries), "what was planned here was not recorded");
}

type InLines = readonly (readonly [Line, readonly ClaimedDelivery[]])[];

/** What is posted before its row is written; what is posted after that; and what there is no place for. */
function seatPlanned(
  air: Air,
  planned: readonly ClaimedDelivery[],
  withinMs: number,
): { now: InLines; later: InLines; held: readonly ClaimedDelivery[] } {
  const seated = [...byLine(air, planned)].map(([line, those]) => {
    const places = air.isStopped ? 0 : air.room.take(line.lane, those.length);
    return { line, own: those.slice(0, places), held: those.slice(places) };
  });
  const answersInTime = (line: Line): boolean => line.lane.meanMs <= Math.min(withinMs, IN_TIME_MS);
  const inLines = (which: (line: Line) => boolean): InLines =>
    seated.filter(({ line }) => which(line)).map(({ line, own }) => [line, own]);
  return {
    now: inLines(answersInTime),
    later: inLines((line) => !answersInTime(line)),
    held: seated.flatMap(({ held }) => held),
  };
}

function byLine<Delivery extends AddressedDelivery>(
  air: Air,
  deliveries: readonly Delivery[],
): Map<Line, Delivery[]> {
  const found = new Map<Line, Delivery[]>();
  for (const delivery of deliveries) {
    const line = lineFor(air, delivery);
    const those = found.get(line);
    if (those) those.push(delivery);
    else found.set(line, [delivery]);
  }
  return found;
}

/** What this process has let go in a line, it begins with. Its rows are due: should it die, the sweeper finds them. */
function goOn(air: Air, keys: readonly AddressedDelivery[]): void {
  if (keys.length === 0 || air.isStopped) return;
  const done: Promise<void>[] = [];
  const work = take(air, keys, done).then(() => Promise.all(done));
  air.begun.follow(work).catch((error: unknown) => {
    air.sender.log.error({ err: error }, "the next webhooks of a line were not begun");
  });
}

/** How long a job waits for room in lanes that are quick; it is not held up by others. */
const WAITS_MAX = 10;
const WAIT_MS = 50;

async function take(
  air: Air,
  keys: readonly AddressedDelivery[],
  done: Promise<void>[],
): Promise<void> {
  let left = keys;
  for (let waits = 0; left.length > 0; waits += 1) {
    const { now, later } = sortOut(air, left, waits < WAITS_MAX);
    if (now.size > 0) {
      const claimed = await claimTaken(air, now);
      for (const [line, deliveries] of claimed)
        done.push(air.begun.follow(enter(air, line, deliveries)));
    }
    left = later;
    if (waits >= WAITS_MAX || !left.some((key) => isQuick(lineFor(air, key).lane))) break;
    await pause(WAIT_MS);
  }
  await holdDeliveries(air.sender.db, left);
  for (const line of new Set(left.map((key) => lineFor(air, key)))) {
    line.hasHeld = true;
    refill(air, line);
  }
}

function lineFor(air: Air, { merchantId, endpointId }: AddressedDelivery): Line {
  return lineOf(air, merchantId, endpointId);
}

/**
 * Which of these to claim now, their places taken. In a quick lane either all that a job has for it or, for a while,
 * none: several jobs that claim a few each as places become free would cost a statement each time.
 */
function sortOut(
  air: Air,
  keys: readonly AddressedDelivery[],
  isPatient: boolean,
): { now: Map<Line, readonly AddressedDelivery[]>; later: AddressedDelivery[] } {
  const now = new Map<Line, readonly AddressedDelivery[]>();
  const later: AddressedDelivery[] = [];
  for (const [line, those] of byLine(air, keys)) {
    const { lane } = line;
    const isWorthIt = isPatient && isQuick(lane) && air.room.free(lane) < those.length;
    // Of an endpoint that has a rate, what is held is older, and is claimed many at a time.
    const isBehind = line.hasHeld && lane.settings.rateLimit !== null;
    const count = isWorthIt || isBehind ? 0 : air.room.take(lane, those.length);
    if (count > 0) now.set(line, those.slice(0, count));
    later.push(...those.slice(count));
  }
  return { now, later };
}

async function claimTaken(
  air: Air,
  taken: ReadonlyMap<Line, readonly AddressedDelivery[]>,
): Promise<Map<Line, ClaimedDelivery[]>> {
  let found = new Map<Line, ClaimedDelivery[]>();
  try {
    const claimed = await claimDeliveries(air.sender.db, [...taken.values()].flat(), air.leaseMs);
    countClaims([...taken.values()].flat().length, claimed);
    const fired = failpoint("webhook.after_claim");
    if (fired) await fired;
    found = byLine(air, claimed.deliveries);
    // What is over its rate can be claimed when what was claimed is out; what is paused cannot.
    for (const key of claimed.held) {
      const line = lineFor(air, key);
      if (found.has(line)) line.hasHeld = true;
    }
  } finally {
    // Also of a lane that the job did not name: those of an earlier release did not know their endpoints.
    for (const line of new Set([...taken.keys(), ...found.keys()])) {
      air.room.giveBack(line.lane, (taken.get(line)?.length ?? 0) - (found.get(line)?.length ?? 0));
    }
  }
  return found;
}

/** What is held is neither: it is claimed later. A job of an earlier release may have named more than was taken. */
function countClaims(
  asked: number,
  { deliveries, held }: Awaited<ReturnType<typeof claimDeliveries>>,
): void {
  claims.inc({ what: "delivery", outcome: "claimed" }, deliveries.length);
  const lost = Math.max(0, asked - deliveries.length - held.length);
  claims.inc({ what: "delivery", outcome: "lost" }, lost);
}
