import { type Connection, openConnection } from "./connection";
import {
  type Created,
  type PreparedRequest,
  type RequestPlan,
  complaint,
  createRequests,
  idIn,
} from "./requests";
import { type Latency, summarize } from "./latency";

export interface LoopPlan extends RequestPlan {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  /** Ends it earlier. */
  readonly requestsMax?: number;
  /** Create: whether the answers are kept, to ask for what was created later. */
  readonly remember?: boolean;
}

export interface LoopResult {
  readonly count: number;
  readonly seconds: number;
  readonly throughput: number;
  readonly latency: Latency;
  readonly created: readonly Created[];
}

/** Each client asks, waits for the answer, and asks again. Any answer that is not a good one ends the run. */
export function runClosedLoop(plan: LoopPlan): Promise<LoopResult> {
  const next = createRequests(plan);
  return askInLoops(plan, next);
}

export async function askInLoops(
  plan: Pick<LoopPlan, "port" | "clients" | "seconds" | "requestsMax" | "remember">,
  next: () => PreparedRequest | undefined,
): Promise<LoopResult> {
  const latencies: number[] = [];
  const created: Created[] = [];
  let broken: (error: Error) => void = () => undefined;
  const breaks = new Promise<never>((_, reject) => {
    broken = reject;
  });
  breaks.catch(() => undefined);
  const connections = await Promise.all(
    Array.from({ length: plan.clients }, () => openConnection(plan.port, (error) => broken(error))),
  );
  const startedAt = performance.now();
  const deadline = startedAt + plan.seconds * 1_000;
  let left = plan.requestsMax ?? Infinity;
  let firstAnswerAt: number | undefined;
  let lastAnswerAt = startedAt;
  let ranOut = false;

  const loop = (connection: Connection): Promise<void> =>
    new Promise((done) => {
      const askNext = (): void => {
        const sentAt = performance.now();
        if (sentAt >= deadline) return done();
        left -= 1;
        const request = left < 0 ? undefined : next();
        if (!request) {
          ranOut = true;
          return done();
        }
        connection.ask(request.text, (head, body) => {
          const now = performance.now();
          const wrong = complaint(head, body);
          if (wrong !== undefined) return broken(new Error(wrong));
          lastAnswerAt = now;
          firstAnswerAt ??= now;
          // A machine that is too busy for one answer in time is still measured: by that one.
          if (now <= deadline || now === firstAnswerAt) latencies.push(now - sentAt);
          if (plan.remember && request.created)
            created.push({ id: idIn(body), ...request.created });
          askNext();
        });
      };
      askNext();
    });
  try {
    await Promise.race([Promise.all(connections.map(loop)), breaks]);
  } finally {
    for (const connection of connections) connection.close();
  }
  const until = Math.max(deadline, firstAnswerAt ?? deadline);
  const endedAt = ranOut ? Math.min(lastAnswerAt, until) : until;
  const seconds = (endedAt - startedAt) / 1_000;
  const count = latencies.length;
  return { count, seconds, throughput: count / seconds, latency: summarize(latencies), created };
}
