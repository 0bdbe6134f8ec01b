import type { Log } from "./observability/log";
import { redisCommands } from "./observability/metrics";
import { connectRedis } from "./redis-places";

/*
 * The API's only way to Redis. Redis is never the guard of anything here, so it must never be waited for: a command has
 * a few milliseconds, and after some that were not answered in time nobody asks any more until a probe was answered. So
 * a Redis that is frozen, partitioned away or gone delays some requests by one deadline, once, and none after that.
 *
 * Whoever asks is told "undefined" and carries on as if there were no Redis. What was sent may have been done all the
 * same: only send what does no harm when it is done late, or twice.
 */

export type RedisReply = Buffer | number | null | readonly RedisReply[];

export interface Redis {
  /** One command. Undefined: there is no answer, because Redis was late, away, or refused it. Never throws. */
  ask(
    command: string,
    ...args: readonly (string | number | Buffer)[]
  ): Promise<RedisReply | undefined>;
  close(): void;
}

export interface RedisOptions {
  readonly url: string;
  readonly deadlineMs: number;
  readonly log: Log;
}

/** So many late answers in a row, and nobody asks any more. */
const LATE_MAX = 3;
const PROBE_MS = 250;
// A connection on which nothing is answered for so long is given up for a new one.
const SILENT_MS = 2_000;
const CONNECT_MS = 1_000;
const RECONNECT_MAX_MS = 1_000;
const LOG_EVERY_MS = 60_000;

const LATE = Symbol("late");

/** Connects when it is asked for the first time. */
export function openRedis({ url, deadlineMs, log }: RedisOptions): Redis {
  const client = connectRedis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    // What cannot be sent now fails now; what was sent on a connection that broke fails with it, and is not sent again.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(50 * tries, RECONNECT_MAX_MS) * (0.5 + Math.random() / 2),
    // The primary has become a replica: its address leads to another one by now.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  });
  const complain = atMostEvery(LOG_EVERY_MS, (error: Error) => {
    log.warn({ reason: error.message }, "Redis cannot be used; carrying on without it");
  });
  client.on("error", complain);
  let lateInARow = 0;
  let probing: NodeJS.Timeout | undefined;

  const send = async (
    command: string,
    args: readonly (string | number | Buffer)[],
  ): Promise<RedisReply | undefined> => {
    try {
      const asked = client.callBuffer(command, [...args]) as Promise<RedisReply>;
      const reply = await inTime(asked, deadlineMs);
      if (reply === LATE) {
        redisCommands.inc({ outcome: "late" });
        lateInARow += 1;
        if (lateInARow >= LATE_MAX) stopAsking();
        return undefined;
      }
      redisCommands.inc({ outcome: "answered" });
      lateInARow = 0;
      return reply;
    } catch (error) {
      // A refusal costs no time, so it is no reason to stop asking.
      redisCommands.inc({ outcome: "refused" });
      complain(error as Error);
      return undefined;
    }
  };

  const stopAsking = (): void => {
    if (probing) return;
    log.warn("Redis does not answer in time; carrying on without it");
    probing = setInterval(() => void probe(), PROBE_MS);
    probing.unref();
  };
  const probe = async (): Promise<void> => {
    if (client.status !== "ready" || (await send("PING", [])) === undefined || !probing) return;
    clearInterval(probing);
    probing = undefined;
    log.info("Redis answers again");
  };

  return {
    ask: (command, ...args) => {
      if (client.status === "wait") void client.connect().catch(() => undefined);
      if (client.status === "ready" && !probing) return send(command, args);
      redisCommands.inc({ outcome: "not_asked" });
      return Promise.resolve(undefined);
    },
    close: () => {
      clearInterval(probing);
      client.disconnect();
    },
  };
}

/**
 * The answer, if it is there within the time. A process that was busy itself finds its timers due before it has read
 * what arrived meanwhile, so it looks once more before it says that the other side was late.
 */
function inTime(asked: Promise<RedisReply>, deadlineMs: number): Promise<RedisReply | typeof LATE> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(resolve, LATE), deadlineMs);
    asked.then(
      (reply) => {
        clearTimeout(timer);
        resolve(reply);
      },
      (error: Error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function atMostEvery<Argument>(
  ms: number,
  work: (argument: Argument) => void,
): (argument: Argument) => void {
  let notBefore = -Infinity;
  return (argument) => {
    if (performance.now() < notBefore) return;
    notBefore = performance.now() + ms;
    work(argument);
  };
}
