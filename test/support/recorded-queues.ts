import type { JobData, QueueName, Queues } from "../../workers/queues";

interface RecordedJob {
  readonly data: unknown;
  readonly jobId: string | undefined;
  readonly delayMs: number;
}

export interface RecordedQueues extends Queues {
  /** What waits in a queue, taken out of it. As in BullMQ a job may be asked to wait; here whoever takes it decides. */
  take<Name extends QueueName>(name: Name): JobData[Name][];
  /** As if the queue's store had been wiped. */
  wipe(): void;
}

/** Queues that keep their jobs until they are asked for, so that a test decides what runs when. */
export function createRecordedQueues(): RecordedQueues {
  const queues = new Map<QueueName, RecordedJob[]>();
  const of = (name: QueueName): RecordedJob[] => {
    const jobs = queues.get(name) ?? [];
    queues.set(name, jobs);
    return jobs;
  };
  return {
    add(name, jobs) {
      for (const { data, jobId, delayMs = 0 } of jobs) {
        // A job whose id is there already is not added again; BullMQ does the same.
        const known = jobId !== undefined && of(name).some((job) => job.jobId === jobId);
        if (!known) of(name).push({ data: JSON.parse(JSON.stringify(data)), jobId, delayMs });
      }
      return Promise.resolve();
    },
    work: () => {
      throw new Error("nobody works on recorded queues: their jobs are taken");
    },
    take<Name extends QueueName>(name: Name) {
      return of(name)
        .splice(0)
        .map((job) => job.data as JobData[Name]);
    },
    waitingJobs: (name) => Promise.resolve(of(name).length),
    wipe: () => {
      queues.clear();
    },
    close: () => Promise.resolve(),
  };
}
