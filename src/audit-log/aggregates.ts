import type { FailureCode } from "../failures";
import { newId } from "../ids";
import {
  type Actor,
  type AuditAction,
  type AuditDetails,
  type AuditOutcome,
  addressOf,
} from "./entry";

/** Something that is recorded together with its like. */
export interface Noted {
  /** Null when no tenant is known: it then belongs to the installation. */
  readonly merchantId: string | null;
  readonly action: AuditAction;
  readonly operation: string | null;
  readonly outcome: AuditOutcome;
  readonly errorCode: FailureCode | null;
  readonly actor: Actor;
  readonly scope?: string | undefined;
  /** What it was about. */
  readonly ids?: readonly string[];
  readonly objects?: number;
}

/** A row to write: its id is made once, so that writing it again after a lost answer changes nothing. */
export interface CountedEntry {
  readonly id: string;
  readonly noted: Omit<Noted, "ids" | "objects" | "scope">;
  readonly subjectId: string | null;
  readonly count: number;
  readonly at: string;
  readonly lastAt: string;
  readonly details: AuditDetails;
}

export interface Aggregates {
  note(noted: Noted, nowMs: number): void;
  /** The use of a valid key: on the path of every request, so it costs a look-up and two assignments. */
  noteUse(key: KeyUse, nowMs: number): void;
  /** What is to be written now: what is new, and what else was counted in minutes and days that are over. */
  take(nowMs: number): CountedEntry[];
  /** All that was counted, for a process that stops. */
  takeAll(): CountedEntry[];
  /** Whether anything has been counted that take() has not given yet. */
  isEmpty(): boolean;
}

export interface KeyUse {
  /** The key's. */
  readonly id: string;
  readonly merchantId: string;
  /** Asked only for the first use of the day. */
  readonly actor: () => Actor;
}

interface Group {
  readonly noted: Noted;
  count: number;
  firstMs: number;
  lastMs: number;
  ids: string[];
  objects: number;
}

/*
 * How many rows a minute of anything can make. What one caller does is told apart this finely, and all of it counts
 * together beyond; what callers do is told apart for so many callers, and the rest counts together beyond.
 */
const APART_BY_CALLER: Readonly<Record<AuditAction, number>> = {
  AUTHENTICATION_REFUSED: 5,
  ACCESS_REFUSED: 5,
  // A key holder's own, each by a field of ours: all of them are told apart, and of writes what came of them.
  READ: 60,
  WRITE: 100,
  API_KEY_USED: 1,
  COMMAND: 1,
};
const APART_MAX = 300;
const CALLERS_MAX = 100;
const KEYS_USED_MAX = 10_000;
const IDS_MAX = 10;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Counts what is alike within a minute, and the uses of a key within a day. Each group gives one row as soon as it
 * appears, and one more when its minute is over, if it has grown: so an entry is seen at once, a process that dies loses
 * little, and no flood makes more rows than the limits above say.
 */
export function createAggregates(onDropped: (count: number) => void): Aggregates {
  let window = newWindow(0);
  let uses = { day: 0, groups: new Map<string, Group>() };
  let fresh: Group[] = [];
  let closed: CountedEntry[] = [];

  function add(groups: Map<string, Group>, key: string, noted: Noted): Group {
    const group = { noted, count: 0, firstMs: 0, lastMs: 0, ids: [], objects: 0 };
    groups.set(key, group);
    fresh.push(group);
    return group;
  }

  function turn(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== window.minute) {
      close(window.groups);
      window = newWindow(minute);
    }
    const day = Math.floor(nowMs / DAY_MS);
    if (day !== uses.day) {
      close(uses.groups);
      uses = { day, groups: new Map() };
    }
  }

  function close(groups: ReadonlyMap<string, Group>): void {
    for (const group of groups.values()) if (group.count > 0) closed.push(entryOf(group));
    fresh = fresh.filter(({ count }) => count > 0);
  }

  function takeFresh(): CountedEntry[] {
    const entries = [...closed, ...fresh.filter(({ count }) => count > 0).map(entryOf)];
    fresh = [];
    closed = [];
    return entries;
  }

  return {
    note: (noted, nowMs) => {
      turn(nowMs);
      const { key, keep } = window.placeOf(noted);
      countIn(window.groups.get(key) ?? add(window.groups, key, keep(noted)), nowMs, noted);
    },
    noteUse: ({ id, merchantId, actor }, nowMs) => {
      let group = uses.groups.get(id);
      if (!group || nowMs >= (uses.day + 1) * DAY_MS) {
        turn(nowMs);
        if (uses.groups.size >= KEYS_USED_MAX) {
          onDropped(1);
          return;
        }
        group = add(uses.groups, id, usedBy(merchantId, actor()));
      }
      if (group.count === 0) group.firstMs = nowMs;
      group.count += 1;
      group.lastMs = nowMs;
    },
    take: (nowMs) => {
      turn(nowMs);
      return takeFresh();
    },
    takeAll: () => {
      close(window.groups);
      close(uses.groups);
      return takeFresh();
    },
    isEmpty: () =>
      closed.length === 0 && !isAnyCounted(window.groups) && !isAnyCounted(uses.groups),
  };
}

function isAnyCounted(groups: ReadonlyMap<string, Group>): boolean {
  for (const { count } of groups.values()) if (count > 0) return true;
  return false;
}

function usedBy(merchantId: string, actor: Actor): Noted {
  return clean({
    merchantId,
    action: "API_KEY_USED",
    operation: null,
    outcome: "SUCCEEDED",
    errorCode: null,
    actor,
  });
}

function countIn(group: Group, nowMs: number, { ids = [], objects = 0 }: Noted): void {
  if (group.count === 0) group.firstMs = nowMs;
  group.count += 1;
  group.lastMs = nowMs;
  group.objects += objects;
  for (const id of ids) {
    if (group.ids.length >= IDS_MAX) return;
    if (!group.ids.includes(id)) group.ids.push(id);
  }
}

/** What the group has counted since it was last asked. */
function entryOf(group: Group): CountedEntry {
  const { noted, ids, objects } = group;
  const entry: CountedEntry = {
    id: newId("auditEntry"),
    noted,
    subjectId: ids.length === 1 ? (ids[0] ?? null) : null,
    count: group.count,
    at: new Date(group.firstMs).toISOString(),
    lastAt: new Date(group.lastMs).toISOString(),
    details: {
      ...(noted.scope !== undefined && { scope: noted.scope }),
      ...(ids.length > 0 && { ids }),
      ...(noted.action === "READ" && { objects }),
    },
  };
  group.count = 0;
  group.ids = [];
  group.objects = 0;
  return entry;
}

interface Window {
  readonly minute: number;
  readonly groups: Map<string, Group>;
  /** The group that something counts in: as fine as the limits permit. */
  placeOf(noted: Noted): Place;
}

interface Place {
  readonly key: string;
  /** What the group says of all that counts in it. */
  readonly keep: (noted: Noted) => Noted;
}

function newWindow(minute: number): Window {
  const groups = new Map<string, Group>();
  const apart = new Map<string, number>();
  const hasRoom = (name: string, max: number): boolean => {
    const used = apart.get(name) ?? 0;
    if (used >= max) return false;
    apart.set(name, used + 1);
    return true;
  };
  return {
    minute,
    groups,
    placeOf: (noted) => {
      const { action } = noted;
      const { kind, caller, fine } = namesOf(noted);
      if (groups.has(fine)) return { key: fine, keep: clean };
      // The limit of the caller first: one caller must not use up what is there for all.
      if ((apart.get(caller) ?? 0) < APART_BY_CALLER[action] && hasRoom(action, APART_MAX)) {
        hasRoom(caller, APART_BY_CALLER[action]);
        return { key: fine, keep: clean };
      }
      if (groups.has(caller) || hasRoom(`${action} callers`, CALLERS_MAX)) {
        return { key: caller, keep: ofCaller };
      }
      return { key: kind, keep: ofNobody };
    },
  };
}

/** The names of the groups that something may count in, from the coarsest to the finest. */
function namesOf(noted: Noted): Readonly<Record<"kind" | "caller" | "fine", string>> {
  const { action, outcome, errorCode, merchantId, operation, scope, actor } = noted;
  const kind = [action, outcome, errorCode].join(" ");
  const caller = `${kind} ${actor.id ?? actor.address ?? ""}`;
  const fine = [caller, merchantId, operation, scope, actor.hint, actor.address].join(" ");
  return { kind, caller, fine };
}

function clean(noted: Noted): Noted {
  return { ...noted, actor: { ...noted.actor, address: addressOf(noted.actor.address) } };
}

/** Without what differs between the things that one caller does. Which tenant a stranger names is one of them. */
function ofCaller({ merchantId, actor, ...noted }: Noted): Noted {
  const isKnown = actor.id !== null;
  return clean({
    ...noted,
    operation: null,
    scope: undefined,
    merchantId: isKnown ? merchantId : null,
    actor: isKnown ? { ...actor, address: null } : { ...actor, hint: null },
  });
}

function ofNobody({ action, outcome, errorCode }: Noted): Noted {
  const actor: Actor = { kind: "ANONYMOUS", id: null, hint: null, address: null, requestId: null };
  return { merchantId: null, action, outcome, errorCode, operation: null, actor };
}
