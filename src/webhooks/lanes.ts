import { createTally } from "../tally";

/*
 * Who may have how many deliveries in the air: pure counting, in the memory of one process.
 *
 * Each endpoint has a lane. What it may have under way follows from how long it takes to answer, so that one that hangs
 * takes up next to nothing, and a quick one is never the limit. Endpoints share nothing but the room of the process, of
 * which no tenant gets more than half.
 */
export interface LaneSettings {
  /** The endpoint's own; null: as its answers suggest. */
  readonly concurrency: number | null;
  readonly rateLimit: number | null;
  readonly failures: number;
}

/** An endpoint gets as many places as a minute of its answers fills: 8 when it hangs, 64 up to a second. */
const BUSY_MS = 64_000;
const PLACES_MIN = 8;
const PLACES_MAX = 64;
/** Of one that keeps failing: what is tried is tried for nothing. */
const FAILING_FROM = 3;
const PLACES_FAILING = 4;
/** Before anything is known of it. */
const MEAN_MS = 250;
/**
 * How much the latest answer counts: more when it is quicker, because a busy process makes all of them look slow; and
 * when it took very long, which no process does.
 */
const WEIGHTS = { quicker: 1 / 2, slower: 1 / 16, hanging: 1 / 4 };
const HANGING_MS = 2_000;
/**
 * What it is about to be sent is claimed with what is under way, so that many are claimed at a time: what holds for so
 * long, which is little of a lease. Should it turn out to take longer, what is too much is released.
 */
const AHEAD_MS = 2_000;
const AHEAD_MAX = 1_024;

/** In one process: sockets, and bodies in memory. */
const TAKEN_MAX = 4_096;
const TAKEN_BY_ONE_TENANT_MAX = TAKEN_MAX / 2;

export interface Lane {
  readonly merchantId: string;
  readonly endpointId: string;
  settings: LaneSettings;
  meanMs: number;
  /** Claimed or about to be: all that counts. */
  taken: number;
  posting: number;
}

export function newLane(merchantId: string, endpointId: string): Lane {
  const settings = { concurrency: null, rateLimit: null, failures: 0 };
  return { merchantId, endpointId, settings, meanMs: MEAN_MS, taken: 0, posting: 0 };
}

/** How many posts to it may be under way. */
export function placesOf({ settings, meanMs }: Lane): number {
  const { concurrency, failures } = settings;
  const places = concurrency ?? clamp(Math.floor(BUSY_MS / meanMs), PLACES_MIN, PLACES_MAX);
  return failures >= FAILING_FROM ? Math.min(places, PLACES_FAILING) : places;
}

/** How many deliveries may be claimed for it, those under way included. */
export function reachOf(lane: Lane): number {
  const places = placesOf(lane);
  if (lane.settings.failures >= FAILING_FROM) return places;
  const ahead = clamp(Math.ceil((places / lane.meanMs) * AHEAD_MS), 1, AHEAD_MAX);
  return Math.min(places + ahead, lane.settings.rateLimit ?? Infinity);
}

/** Answers a second. */
const QUICK_FROM = 100;

/**
 * Whether room is worth waiting for: it comes many times a second. Not of an endpoint that has a rate, whatever it is:
 * jobs that waited for its next second would keep others' events waiting behind them.
 */
export function isQuick(lane: Lane): boolean {
  if (lane.settings.rateLimit !== null) return false;
  return (placesOf(lane) / lane.meanMs) * 1_000 >= QUICK_FROM;
}

export function learn(lane: Lane, answer: { durationMs: number; settings: LaneSettings }): void {
  const moreMs = answer.durationMs - lane.meanMs;
  const isHanging = answer.durationMs > HANGING_MS;
  const weight = moreMs < 0 ? WEIGHTS.quicker : isHanging ? WEIGHTS.hanging : WEIGHTS.slower;
  lane.meanMs = Math.max(1, lane.meanMs + moreMs * weight);
  lane.settings = answer.settings;
}

/** How many are claimed that should not be, because it answers more slowly than was thought. */
export function surplusOf(lane: Lane): number {
  return isQuick(lane) ? 0 : Math.max(0, lane.taken - reachOf(lane));
}

/** The lanes of a process, and how much each tenant has taken. */
export interface Room {
  laneOf(merchantId: string, endpointId: string): Lane;
  /** How many can be taken. */
  free(lane: Lane): number;
  /** Takes up to so many places, and says how many. */
  take(lane: Lane, wanted: number): number;
  giveBack(lane: Lane, count: number): void;
  /** In all lanes. */
  taken(): number;
}

// A lane that has nothing to do is a memory of how quick its endpoint is.
const LANES_MAX = 20_000;

export function createRoom(): Room {
  const lanes = new Map<string, Lane>();
  const takenBy = createTally();
  let taken = 0;
  const change = (lane: Lane, count: number): void => {
    lane.taken += count;
    taken += count;
    takenBy.add(lane.merchantId, count);
  };
  const free = (lane: Lane): number => {
    const own = TAKEN_BY_ONE_TENANT_MAX - takenBy.of(lane.merchantId);
    return Math.max(0, Math.min(reachOf(lane) - lane.taken, own, TAKEN_MAX - taken));
  };
  return {
    laneOf: (merchantId, endpointId) => {
      const name = `${merchantId} ${endpointId}`;
      const lane = lanes.get(name) ?? newLane(merchantId, endpointId);
      if (!lanes.has(name)) {
        if (lanes.size >= LANES_MAX) dropIdle(lanes);
        lanes.set(name, lane);
      }
      return lane;
    },
    free,
    take: (lane, wanted) => {
      const count = Math.min(wanted, free(lane));
      if (count > 0) change(lane, count);
      return count;
    },
    giveBack: (lane, count) => {
      if (count !== 0) change(lane, -count);
    },
    taken: () => taken,
  };
}

function dropIdle(lanes: Map<string, Lane>): void {
  for (const [name, lane] of lanes) if (lane.taken === 0) lanes.delete(name);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
