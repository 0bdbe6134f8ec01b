import { createBoundedMap } from "../bounded-map";

/*
 * How much was spent in the last so-many seconds, by whom. The count of the window that is over is taken into account
 * for the part of it that still lies within that time, as if it had been spent evenly: a limit of 100 in 10 seconds
 * means that in any ten seconds, and not 200 around the turn of a window.
 *
 * Counts are in this process. Where processes share them (shared-counts.ts), what others have spent is added to what
 * was spent here, some tenths of a second late.
 */

interface Window {
  /** Which window `now` is the count of. */
  index: number;
  now: number;
  before: number;
  /** Spent by other processes in the window and in the one before it. */
  othersNow: number;
  othersBefore: number;
  /** Spent here and not yet told to the others. */
  untold: number;
}

export interface Spent {
  /** In the last window's length. */
  readonly amount: number;
  /** Until the window that is running is over. */
  readonly resetMs: number;
}

export interface Windows {
  readonly name: string;
  readonly lengthMs: number;
  spent(who: string): Spent;
  add(who: string, amount: number): Spent;
  /** How long until there is something left of `limit` again, if nothing more is spent. */
  waitMs(who: string, limit: number): number;
  /** For those who share counts: what was spent here since the last time, by whom and in which window. */
  takeUntold(): Untold[];
  setOthers(count: OthersCount): void;
  /** What was taken, and could not be told. */
  tellAgain(untold: Untold): void;
}

export interface Untold {
  readonly who: string;
  readonly index: number;
  readonly amount: number;
}

export interface OthersCount {
  readonly who: string;
  readonly index: number;
  /** By all processes, this one included. */
  readonly total: number;
}

// Some 10 MB at most. Those are forgotten who have not been counted for the longest.
const KEPT = 25_000;

export function createWindows(
  name: string,
  lengthMs: number,
  clock: () => number = Date.now,
): Windows {
  const windows = createBoundedMap<Window>(KEPT);
  // From when somebody first asks what was spent. Where nobody does, it would grow for ever.
  let changed: Map<string, Window> | undefined;
  const find = (who: string, nowMs: number): Window | undefined => {
    const window = windows.get(who);
    return window && rolledTo(window, Math.floor(nowMs / lengthMs));
  };
  const open = (who: string, nowMs: number): Window => {
    const known = find(who, nowMs);
    if (known) return known;
    const window = { ...EMPTY, index: Math.floor(nowMs / lengthMs) };
    windows.set(who, window);
    return window;
  };
  const spentOf = (window: Window | undefined, nowMs: number): Spent => {
    const intoMs = nowMs % lengthMs;
    const amount = window ? amountOf(window, 1 - intoMs / lengthMs) : 0;
    return { amount, resetMs: lengthMs - intoMs };
  };
  const spend = (who: string, window: Window, amount: number): void => {
    window.untold += amount;
    changed?.set(who, window);
  };
  return {
    name,
    lengthMs,
    spent: (who) => {
      const nowMs = clock();
      return spentOf(find(who, nowMs), nowMs);
    },
    add: (who, amount) => {
      const nowMs = clock();
      const window = open(who, nowMs);
      window.now += amount;
      spend(who, window, amount);
      return spentOf(window, nowMs);
    },
    waitMs: (who, limit) => {
      const nowMs = clock();
      const window = find(who, nowMs);
      return window ? waitMs(window, { limit, lengthMs, intoMs: nowMs % lengthMs }) : 0;
    },
    takeUntold: () => {
      const untold: Untold[] = [];
      const index = Math.floor(clock() / lengthMs);
      // What was spent in the last moments of a window that is over is not told any more.
      for (const [who, window] of changed ?? windows.entries()) {
        if (window.index !== index || window.untold === 0) continue;
        untold.push({ who, index, amount: window.untold });
        window.untold = 0;
      }
      changed = new Map();
      return untold;
    },
    setOthers: ({ who, index, total }) => {
      const window = find(who, clock());
      if (window?.index !== index) return;
      window.othersNow = Math.max(0, total - (window.now - window.untold));
    },
    tellAgain: ({ who, index, amount }) => {
      const window = find(who, clock());
      if (window?.index === index) spend(who, window, amount);
    },
  };
}

const EMPTY: Window = { index: 0, now: 0, before: 0, othersNow: 0, othersBefore: 0, untold: 0 };

function rolledTo(window: Window, index: number): Window {
  if (window.index === index) return window;
  const isNext = window.index === index - 1;
  window.before = isNext ? window.now : 0;
  window.othersBefore = isNext ? window.othersNow : 0;
  return Object.assign(window, { index, now: 0, othersNow: 0, untold: 0 });
}

/** `part`: how much of the window before still counts. */
function amountOf({ before, othersBefore, now, othersNow }: Window, part: number): number {
  return (before + othersBefore) * part + now + othersNow;
}

function waitMs(
  window: Window,
  at: { readonly limit: number; readonly lengthMs: number; readonly intoMs: number },
): number {
  const { limit, lengthMs, intoMs } = at;
  const before = window.before + window.othersBefore;
  const now = window.now + window.othersNow;
  // While the window runs, only the one before it fades; after that, this one does.
  return now < limit
    ? Math.max(0, Math.floor(fadedAfter(before, limit - now) * lengthMs - intoMs) + 1)
    : Math.floor(lengthMs - intoMs + fadedAfter(now, limit) * lengthMs) + 1;
}

/** After which part of a window the one before it, which held `from`, counts for no more than `to`. */
function fadedAfter(from: number, to: number): number {
  return from > to ? 1 - to / from : 0;
}
