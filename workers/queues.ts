import { type Processor, Queue, Worker, createPostgresBackend } from "bullmq";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "../src/config";
import type { QUEUE_NAMES } from "../src/db/queue-schema";
import { withoutWords } from "../src/observability/describe-error";
import { createRunning } from "../src/under-way";
import type { AttemptKey } from "../src/payments/attempt";
import type { AddressedDelivery, EndpointKey } from "../src/webhooks/delivery";
import { type Closing, endingWith, openQueuePool } from "./queue-pool";
import { openQueueRedis } from "./queue-redis";

/**
 * BullMQ owns timers and nothing else: jobs carry ids, and whether there is anything to do is decided
 * by the rows. If every job vanishes, the sweeper makes them again.
 */
export interface JobData extends Record<QueueName, object> {
  "run-attempts": { readonly keys: readonly AttemptKey[] };
  "deliver-webhooks": {
    readonly keys: readonly AddressedDelivery[];
    /** Those that have something held. */
    readonly endpoints?: readonly EndpointKey[];
  };
}
export type QueueName = (typeof QUEUE_NAMES)[number];

// Adding in bulk makes temporary tables on the PostgreSQL backend, which costs as much as some six single additions.
const SINGLES_MAX = 4;

// A job is repeated when its worker has not renewed the lock for this long. The rows are leased separately, by the
// database's clock, so this only decides how soon a killed worker's job is taken up again.
const LOCK_MS = 30_000;

// A worker killed over a job counts as a stall. Giving a job up is harmless, because the sweeper finds its rows.
const STALLS_MAX = 3;

const JOB_OPTIONS = {
  removeOnComplete: true,
  removeOnFail: true,
  attempts: 3,
  backoff: { type: "exponential", delay: 1_000 },
} as const;

export interface Queues {
  add<Name extends QueueName>(
    name: Name,
    jobs: readonly { data: JobData[Name]; jobId?: string; delayMs?: number }[],
  ): Promise<void>;
  work<Name extends QueueName>(
    name: Name,
    options: { concurrency: number; onError: (error: Error) => void },
    processor: (data: JobData[Name]) => Promise<void>,
  ): JobWorker;
  /** How many jobs wait for a worker. */
  waitingJobs(name: QueueName): Promise<number>;
  close(): Promise<void>;
}

/** What is used of BullMQ's worker, the same on both backends. */
export interface JobWorker {
  run(): Promise<void>;
  close(): Promise<void>;
}

export function openQueues(config: Config, onError: (error: Error) => void): Queues {
  const queues = new Map<QueueName, ReturnType<typeof openQueue>>();
  const queueOf = (name: QueueName): ReturnType<typeof openQueue> => {
    const queue = queues.get(name) ?? openQueue(config, name, onError);
    queues.set(name, queue);
    return queue;
  };
  return {
    async add(name, jobs) {
      if (jobs.length === 0) return;
      const queue = queueOf(name);
      const made = jobs.map(({ data, jobId, delayMs }) => ({
        name,
        data,
        opts: {
          ...JOB_OPTIONS,
          ...(jobId !== undefined && { jobId }),
          ...(delayMs !== undefined && { delay: Math.round(delayMs) }),
        },
      }));
      const added =
        made.length > SINGLES_MAX
          ? queue.addBulk(made)
          : Promise.all(made.map((job) => queue.add(job.name, job.data, job.opts)));
      await (config.redisUrl ? orGiveUp(added) : added);
    },
    work(name, options, processor) {
      return openWorker(config, name, {
        ...options,
        // BullMQ stores the words of an error with the job.
        run: (job) =>
          processor(job.data as JobData[typeof name]).catch((error: unknown) => {
            throw withoutWords(error);
          }),
      });
    },
    waitingJobs: (name) => {
      const count = queueOf(name).getWaitingCount();
      return config.redisUrl ? orGiveUp(count) : count;
    },
    async close() {
      const closed = Promise.all([...queues.values()].map((queue) => queue.close()));
      await Promise.race([closed, pause(CLOSE_IDLE_MS, undefined, { ref: false })]);
      for (const queue of queues.values()) void queue.disconnect().catch(() => undefined);
    },
  };
}

function openQueue(
  config: Config,
  name: QueueName,
  onError: (error: Error) => void,
): Pick<Queue, "add" | "addBulk" | "getWaitingCount" | "close" | "disconnect"> {
  if (config.redisUrl) {
    const redis = openQueueRedis(config, config.redisUrl, { name, timeoutMs: ANSWER_MS });
    const made = new Queue(name, { connection: redis.connection, prefix: redis.prefix });
    return endingWith(made.on("error", onError), redis);
  }
  const pool = openQueuePool(config.databaseUrl, QUEUE_POOL_MAX);
  const queue = new Queue(name, { connection: pool.connection }, createPostgresBackend);
  return endingWith(queue.on("error", onError), pool);
}

function openWorker(
  config: Config,
  name: QueueName,
  given: { concurrency: number; onError: (error: Error) => void; run: Processor },
): JobWorker {
  const options = {
    concurrency: given.concurrency,
    lockDuration: LOCK_MS,
    maxStalledCount: STALLS_MAX,
    autorun: false,
  };
  const jobs = countJobs(given.run);
  const open = (): Closing & { run(): Promise<void> } => {
    if (config.redisUrl) {
      const redis = openQueueRedis(config, config.redisUrl, { name, timeoutMs: null });
      const { connection, prefix } = redis;
      const made = new Worker(name, jobs.run, { ...options, connection, prefix });
      return endingWith(made.on("error", given.onError), redis);
    }
    const pool = openQueuePool(config.databaseUrl, WORKER_POOL_MAX);
    const { connection } = pool;
    const made = new Worker(name, jobs.run, { ...options, connection }, createPostgresBackend);
    return endingWith(made.on("error", given.onError), pool);
  };
  const worker = open();
  return {
    run: () => worker.run(),
    close: async () => {
      const patience = jobs.idle().then(() => pause(CLOSE_IDLE_MS, undefined, { ref: false }));
      await Promise.race([worker.close(), patience]);
      // Nothing to do where it has closed.
      void worker.disconnect().catch(() => undefined);
    },
  };
}

// BullMQ waits for its backend while it closes, which may be away for good. What it would tell the backend then is only
// that jobs are done, which their rows say as well.
const CLOSE_IDLE_MS = 2_000;

/** Counts the jobs under way, so that closing can wait for our own work and for nothing else. */
function countJobs(processor: Processor): { run: Processor; idle(): Promise<void> } {
  const running = createRunning();
  return {
    run: (...job) => running.follow(Promise.resolve(processor(...job))),
    idle: () => running.idle(),
  };
}

const QUEUE_POOL_MAX = 3;
// One of them listens. More made it slower when measured.
const WORKER_POOL_MAX = 9;

// Whoever adds a job has rows that say so, and will try again: failing now is better than waiting and holding up a
// stop.
const ANSWER_MS = 2_000;

/** The client's own time-outs begin when it is connected, which a frozen Redis never lets it be. */
async function orGiveUp<Answer>(asked: Promise<Answer>): Promise<Answer> {
  const late = new AbortController();
  const givenUp = pause(ANSWER_MS, undefined, { signal: late.signal }).then((): never => {
    throw new Error(`the queue has not answered within ${String(ANSWER_MS)} ms`);
  });
  // Either may fail after the other has decided.
  asked.catch(() => undefined);
  givenUp.catch(() => undefined);
  try {
    return await Promise.race([asked, givenUp]);
  } finally {
    late.abort();
  }
}

// Below this a set is one job: a job costs the queue several statements, while a row in it costs next to nothing.
const CHUNK_MIN = 64;

// A job's calls go out together: many small jobs spread better over workers than a few large ones. A full batch of
// deliveries is four jobs, because from five on the queue adds them in bulk, which takes longer.
const CHUNK_MAX: Readonly<Record<QueueName, number>> = {
  "run-attempts": 64,
  "deliver-webhooks": 125,
};

/**
 * When there is a backlog a job carries many ids, and there are some jobs to share between workers; when there is
 * none, a job carries one.
 */
export function chunk<Item>(name: QueueName, items: readonly Item[]): Item[][] {
  const size = Math.min(CHUNK_MAX[name], Math.max(CHUNK_MIN, Math.ceil(items.length / 4)));
  const chunks: Item[][] = [];
  for (let start = 0; start < items.length; start += size) {
    chunks.push(items.slice(start, start + size));
  }
  return chunks;
}
