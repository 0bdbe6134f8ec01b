import { openConnection } from "./connection";
import type { LoopPlan } from "./closed-loop";
import { type Latency, summarize } from "./latency";
import { complaint, createRequests } from "./requests";

export interface OpenLoopPlan extends Omit<LoopPlan, "requestsMax" | "remember"> {
  /** How many requests become due a second, whether or not earlier ones have been answered. */
  readonly perSecond: number;
}

export interface OpenLoopResult {
  readonly count: number;
  /** From when a request was due, and not from when it could be sent: who waits for a connection waits too. */
  readonly latency: Latency;
}

/**
 * Requests at a fixed rate. A closed loop asks less when it is answered late, and so does not see most of what a stall
 * does to those who come meanwhile ("coordinated omission": Gil Tene, "How NOT to Measure Latency", 2013).
 */
export async function runOpenLoop(plan: OpenLoopPlan): Promise<OpenLoopResult> {
  const next = createRequests(plan);
  const latencies: number[] = [];
  let broken: (error: Error) => void = () => undefined;
  const breaks = new Promise<never>((_, reject) => {
    broken = reject;
  });
  breaks.catch(() => undefined);
  const connections = await Promise.all(
    Array.from({ length: plan.clients }, () => openConnection(plan.port, (error) => broken(error))),
  );
  const count = Math.floor(plan.perSecond * plan.seconds);
  let timer: NodeJS.Timeout | undefined;
  const work = new Promise<void>((done) => {
    const idle = [...connections];
    const startedAt = performance.now();
    const dueAt = (index: number): number => startedAt + (index * 1_000) / plan.perSecond;
    let asked = 0;
    const askDue = (): void => {
      while (asked < count && idle.length > 0 && dueAt(asked) <= performance.now()) {
        const connection = idle.pop();
        const request = next();
        if (!connection || !request) return broken(new Error("there is nothing left to ask"));
        const wasDueAt = dueAt(asked);
        asked += 1;
        connection.ask(request.text, (head, body) => {
          const wrong = complaint(head, body);
          if (wrong !== undefined) return broken(new Error(wrong));
          latencies.push(performance.now() - wasDueAt);
          idle.push(connection);
          if (latencies.length === count) return done();
          askDue();
        });
      }
    };
    // A millisecond is as fine as timers are; being late by that counts as well.
    timer = setInterval(askDue, 1);
  });
  try {
    await Promise.race([work, breaks]);
  } finally {
    clearInterval(timer);
    for (const connection of connections) connection.close();
  }
  return { count, latency: summarize(latencies) };
}
