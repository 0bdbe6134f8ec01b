import type { ServerResponse } from "node:http";
import type { App } from "../../src/app";
import type { Authenticator } from "../../src/merchants/authenticate";
import { openSubscriptions } from "../../src/observability/metrics";
import { unavailable } from "../failures";
import { type PlaceOwner, createPlaces } from "./places";
import { type StreamTimes, careFor } from "./stream-care";

/*
 * The streams of server-sent events that this process has open, and everything that ends them beside their own end:
 *
 * - their key is no longer live: asked four times a second, of an authenticator that believes no answer for longer than
 *   0.9 s, so that a revoked key's streams end within a second or so;
 * - they are as old as ONCEPAY_SUBSCRIPTION_SECONDS says, so that clients spread over the processes there are;
 * - their reader has not taken what was sent for ten seconds;
 * - the process is stopping.
 *
 * None of these completes the subscription: the client is meant to ask again, perhaps elsewhere. One timer for all.
 */

const LOOK_EVERY_MS = 250;

/** A comment: the connection is alive, and nobody in between closes it as idle. */
const PING = ":\n\n";

export interface Streams {
  /** A place for one more; throws when there is none. */
  enter(owner: StreamOwner): () => void;
  open(response: ServerResponse, owner: StreamOwner): Stream;
  /** Ends all, and accepts no more. */
  readonly drain: () => void;
}

export interface StreamOwner extends PlaceOwner {
  readonly secret: string;
  readonly address: string;
}

export interface Stream {
  /** Resolves when the reader can take more, or is gone. */
  readonly send: (text: string) => Promise<void>;
  readonly isOpen: () => boolean;
  /** After what was sent. */
  readonly end: () => void;
  /** Calls it once, however the stream ends. */
  readonly onEnd: (listener: () => void) => void;
}

interface Open extends StreamTimes {
  readonly owner: StreamOwner;
  pingedAtMs: number;
  fullSinceMs: number | undefined;
  readonly response: ServerResponse;
}

export function createStreams(app: App, authenticator: Authenticator): Streams {
  const all = new Set<Open>();
  const enter = createPlaces(app.config.limits.subscriptions);
  const endRevoked = createRevocations(authenticator);
  const maxAgeMs = app.config.subscriptionSeconds * 1_000;
  let isDraining = false;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const nowMs = performance.now();
    for (const open of all) tend(open, { nowMs, maxAgeMs });
    void endRevoked(all);
  };
  const forget = (open: Open): void => {
    all.delete(open);
    openSubscriptions.set(all.size);
    if (all.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    enter: (owner) => {
      if (isDraining) throw unavailable();
      return enter(owner);
    },
    open: (response, owner) => {
      const nowMs = performance.now();
      const times = { openedAtMs: nowMs, pingedAtMs: nowMs, fullSinceMs: undefined };
      const open: Open = { owner, response, ...times };
      all.add(open);
      openSubscriptions.set(all.size);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      // A connection that breaks closes, which is all that there is to know.
      response.on("error", () => undefined);
      response.once("close", () => forget(open));
      // It may have been opened while the others were ended.
      if (isDraining) endForGood(response);
      return streamOf(open);
    },
    drain: () => {
      isDraining = true;
      for (const { response } of all) endForGood(response);
    },
  };
}

/** Asks about each key once, however many streams it has, and never while it is still asking. */
function createRevocations(authenticator: Authenticator): (all: Iterable<Open>) => Promise<void> {
  let isAsking = false;
  return async (all) => {
    if (isAsking) return;
    isAsking = true;
    const bySecret = new Map<string, Open[]>();
    for (const open of all) {
      const name = `${open.owner.secret} ${open.owner.address}`;
      const others = bySecret.get(name);
      if (others) others.push(open);
      else bySecret.set(name, [open]);
    }
    await Promise.all(
      [...bySecret.values()].map(async (streams) => {
        const [first] = streams;
        if (!first || (await isLive(authenticator, first.owner))) return;
        for (const { response } of streams) response.end();
      }),
    );
    isAsking = false;
  };
}

/** The process waits until its connections are closed, and nobody is to ask anything more on this one. */
function endForGood(response: ServerResponse): void {
  const { socket } = response;
  response.end(() => socket?.destroySoon());
}

function tend(open: Open, { nowMs, maxAgeMs }: { nowMs: number; maxAgeMs: number }): void {
  const { response } = open;
  if (response.destroyed || response.writableEnded) return;
  if (!response.writableNeedDrain) open.fullSinceMs = undefined;
  else open.fullSinceMs ??= nowMs;
  switch (careFor(open, { nowMs, maxAgeMs })) {
    case "LEAVE":
      return;
    case "DESTROY":
      response.destroy();
      return;
    case "END":
      response.end();
      return;
    case "PING":
      open.pingedAtMs = nowMs;
      response.write(PING);
  }
}

/** Whether the database is away says nothing about a key; nothing is read from it meanwhile, either. */
async function isLive(
  authenticator: Authenticator,
  { secret, address }: StreamOwner,
): Promise<boolean> {
  try {
    const caller = await authenticator.authenticate(secret, address);
    return caller !== undefined && !caller.isElsewhere;
  } catch {
    return true;
  }
}

function streamOf({ response }: Open): Stream {
  return {
    send: (text) =>
      new Promise((resolve) => {
        if (response.writableEnded || response.destroyed || response.write(text)) {
          resolve();
          return;
        }
        const done = (): void => {
          response.off("drain", done);
          response.off("close", done);
          resolve();
        };
        response.once("drain", done);
        response.once("close", done);
      }),
    isOpen: () => !response.writableEnded && !response.destroyed,
    end: () => void response.end(),
    onEnd: (listener) => {
      response.once("close", listener);
      if (response.closed) listener();
    },
  };
}
