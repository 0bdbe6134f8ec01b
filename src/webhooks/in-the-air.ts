import { type Running, createRunning } from "../under-way";
import { type Beat, createBeat } from "./beat";
import type { EndpointKey } from "./delivery";
import { type Claimed, type Delivered, type WebhookSender, deliver } from "./deliver-webhook";
import type { ClaimedDelivery } from "./delivery-store";
import { callUp, claimHeld, releaseDeliveries } from "./held-store";
import { type Lane, type Room, createRoom, learn, placesOf, surplusOf } from "./lanes";
import { type Sends, nextSendFromMs, noteSend, reserveSends } from "./send-rate";

/** What one process has claimed, by endpoint: posted when the endpoint's lane has a place, each on its own. */
export interface Air {
  readonly sender: WebhookSender;
  readonly leaseMs: number;
  readonly onDelivered: (delivered: Delivered) => void;
  readonly room: Room;
  readonly beat: Beat;
  /** How many are posted and not recorded yet. */
  recording: number;
  readonly lines: WeakMap<Lane, Line>;
  /** Lines that have something held and found no room, because of others. */
  readonly hungry: Set<Line>;
  /** Everything that has been begun and is not over. */
  readonly begun: Running;
  isStopped: boolean;
}

/** An endpoint's lane, and what stands in it. */
export interface Line {
  readonly lane: Lane;
  readonly claimed: Standing[];
  /** Of an endpoint that has a rate. */
  readonly sends: Sends;
  /** Whether something may be held for it in the database. */
  hasHeld: boolean;
  isRefilling: boolean;
  timer?: NodeJS.Timeout;
  soon?: NodeJS.Immediate;
}

interface Standing {
  readonly delivery: Claimed;
  /** Not before this moment of performance.now(), for the sake of its rate. */
  readonly fromMs: number;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** How long a worker may take for one try before another may begin it, as a multiple of the receiver's time-out. */
const LEASE_TIMEOUTS = 2;
const CALLED_UP_AT_ONCE = 500;

export function newAir(
  sender: WebhookSender,
  onDelivered: Air["onDelivered"],
  room = createRoom(),
): Air {
  return {
    sender,
    leaseMs: LEASE_TIMEOUTS * sender.config.webhookTimeoutMs,
    onDelivered,
    room,
    beat: createBeat(),
    recording: 0,
    lines: new WeakMap(),
    hungry: new Set(),
    begun: createRunning(),
    isStopped: false,
  };
}

export function lineOf(air: Air, merchantId: string, endpointId: string): Line {
  const lane = air.room.laneOf(merchantId, endpointId);
  const known = air.lines.get(lane);
  if (known) return known;
  const line = {
    lane,
    claimed: [],
    sends: { spentUntilMs: 0 },
    hasHeld: false,
    isRefilling: false,
  };
  air.lines.set(lane, line);
  return line;
}

/** Nobody waits for it, and the rows are leased: an error is heard of here alone. */
export function background(air: Air, work: Promise<unknown>, what: string): void {
  air.begun.follow(work).catch((error: unknown) => {
    air.sender.log.error({ err: error }, what);
  });
}

/** Each is posted when its line comes to it. Settles when all are recorded. */
export async function enter(air: Air, line: Line, deliveries: readonly Claimed[]): Promise<void> {
  const [first] = deliveries;
  if (!first) return;
  const { rateLimit, concurrency, failures, merchantId, endpointId: id } = first;
  line.lane.settings = { rateLimit, concurrency, failures };
  let delaysMs: readonly number[] | undefined;
  if (rateLimit !== null) {
    try {
      delaysMs = await reserveSends(air.sender.db, { merchantId, id }, deliveries.length);
    } catch (error) {
      air.room.giveBack(line.lane, deliveries.length);
      throw error;
    }
  }
  const nowMs = performance.now();
  const recorded = deliveries.map(
    (delivery, index) =>
      new Promise<void>((done, failed) => {
        line.claimed.push({ delivery, fromMs: nowMs + (delaysMs?.[index] ?? 0), done, failed });
      }),
  );
  advance(air, line);
  await Promise.all(recorded);
}

function advance(air: Air, line: Line): void {
  const { lane, claimed, sends } = line;
  const { rateLimit } = lane.settings;
  while (lane.posting < placesOf(lane)) {
    const [next] = claimed;
    if (!next) return;
    const nowMs = performance.now();
    const fromMs = rateLimit === null ? 0 : Math.max(next.fromMs, nextSendFromMs(sends));
    const waitMs = fromMs - nowMs;
    if (waitMs > 0) {
      line.timer ??= setTimeout(() => {
        delete line.timer;
        advance(air, line);
      }, waitMs);
      return;
    }
    claimed.shift();
    if (rateLimit !== null) noteSend(sends, { rateLimit, nowMs });
    lane.posting += 1;
    void post(air, line, next);
  }
}

/** After all the answers that have arrived by now: doing one thing many times is cheaper than taking turns. */
function advanceSoon(air: Air, line: Line): void {
  line.soon ??= setImmediate(() => {
    delete line.soon;
    advance(air, line);
  });
}

/** Never rejects. */
async function post(air: Air, line: Line, { delivery, done, failed }: Standing): Promise<void> {
  const { lane } = line;
  try {
    // Its place is the next one's while it is being recorded: so more are recorded together.
    const delivered = await deliver(air.sender, delivery, () => {
      lane.posting -= 1;
      advanceSoon(air, line);
      air.recording += 1;
      // Its row waits for it.
      return delivery.first ? undefined : air.beat.join(air.recording);
    });
    learn(lane, delivered);
    air.onDelivered(delivered);
    if (delivered.recovered) background(air, callUpLine(air, line), "deliveries not called up");
    done();
  } catch (error) {
    failed(error);
  }
  air.recording -= 1;
  air.room.giveBack(lane, 1);
  shed(air, line);
  refill(air, line);
  for (const other of air.hungry) refill(air, other);
}

/**
 * Gives back what was claimed for an endpoint that turns out to hang: it would stand here until its lease has run out.
 * The newest, so that they stay in their order.
 */
function shed(air: Air, line: Line): void {
  const surplus = Math.min(surplusOf(line.lane), line.claimed.length);
  if (surplus === 0) return;
  const released = line.claimed.splice(line.claimed.length - surplus);
  air.room.giveBack(line.lane, surplus);
  line.hasHeld = true;
  const work = release(
    air,
    released.map(({ delivery }) => delivery),
  );
  background(air, work, "what was claimed for a slow endpoint was not released");
  for (const { done } of released) done();
}

async function release(air: Air, deliveries: readonly Claimed[]): Promise<void> {
  for (const { first } of deliveries) await first?.written;
  await releaseDeliveries(air.sender.db, deliveries);
}

/** Claims what is held, when there is room: not one by one, but when half of the lane's places are free. */
export function refill(air: Air, line: Line): void {
  const { lane } = line;
  if (!line.hasHeld || line.isRefilling || air.isStopped) return;
  if (lane.taken > placesOf(lane) / 2) return;
  const places = air.room.take(lane, placesOf(lane));
  if (places === 0) {
    air.hungry.add(line);
    return;
  }
  air.hungry.delete(line);
  line.isRefilling = true;
  background(air, claimIntoLine(air, line, places), "what is held was not claimed");
}

async function claimIntoLine(air: Air, line: Line, places: number): Promise<void> {
  const { lane } = line;
  let claimed: ClaimedDelivery[] = [];
  // Before it is asked, so that what is held in the meantime is not forgotten.
  line.hasHeld = false;
  try {
    const limits = { limit: places, leaseMs: air.leaseMs };
    claimed = await claimHeld(air.sender.db, keyOf(lane), limits);
    // Fewer: none is left, or it is paused. One that has a rate gets no more than a second's worth.
    if (claimed.length >= Math.min(places, claimed[0]?.rateLimit ?? places)) line.hasHeld = true;
  } catch (error) {
    line.hasHeld = true;
    throw error;
  } finally {
    line.isRefilling = false;
    air.room.giveBack(lane, places - claimed.length);
  }
  if (claimed.length === 0) refill(air, line);
  await enter(air, line, claimed);
}

/** What is held for an endpoint; if it is back, also what waits for its next try, a slice at a time. */
export async function callUpLine(air: Air, line: Line): Promise<void> {
  for (let called = CALLED_UP_AT_ONCE; called === CALLED_UP_AT_ONCE && !air.isStopped;) {
    called = await callUp(air.sender.db, keyOf(line.lane), CALLED_UP_AT_ONCE);
    line.hasHeld = true;
    refill(air, line);
  }
}

function keyOf({ merchantId, endpointId }: Lane): EndpointKey {
  return { merchantId, id: endpointId };
}
