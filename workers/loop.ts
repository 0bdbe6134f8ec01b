import type { Log } from "../src/observability/log";

/** A piece of work that is done again and again until it is stopped. Tests call the work itself. */
export interface Loop {
  /** Do it now rather than when the wait is over. */
  wake(): void;
  /** Stops after what is being done at this moment. */
  stop(): Promise<void>;
}

const FAILURE_WAIT_MS = 500;

/** `work` returns how long to wait before the next time, milliseconds. A failure is logged and it goes on. */
export function startLoop(name: string, log: Log, work: () => Promise<number>): Loop {
  let stopped = false;
  let woken = false;
  let wakeUp: (() => void) | undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const done = (async () => {
    while (!stopped) {
      woken = false;
      let waitMs = FAILURE_WAIT_MS;
      try {
        waitMs = await work();
      } catch (error) {
        log.error({ loop: name, err: error }, "failed; it will be done again");
      }
      if (!stopped && !woken && waitMs > 0) await pause(waitMs);
      wakeUp = undefined;
    }
  })();
  const wake = (): void => {
    woken = true;
    wakeUp?.();
  };
  return {
    wake,
    stop: async () => {
      stopped = true;
      wake();
      await done;
    },
  };
}
