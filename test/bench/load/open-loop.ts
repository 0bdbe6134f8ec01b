import { type Connection, openConnection } from "./connection";
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

interface Place {
  connection?: Connection;
  isBusy: boolean;
  isClosed: boolean;
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
  const places: Place[] = [];
  const idle: Place[] = [];
  const openPlace = async (): Promise<void> => {
    const place: Place = { isBusy: false, isClosed: false };
    places.push(place);
    place.connection = await openConnection(plan.port, (error) => {
      // A server may close what has been idle for long, as it may for anybody.
      if (place.isBusy) return broken(error);
      place.isClosed = true;
      places.splice(places.indexOf(place), 1);
      if (idle.includes(place)) idle.splice(idle.indexOf(place), 1);
    });
    if (!place.isClosed) idle.push(place);
  };
  // As a gateway has them. Node accepts one connection in each turn of its event loop, so that two hundred that are
  // opened in the middle of a stall wait for most of a second: a stall that only the load generator has made.
  await Promise.all(Array.from({ length: plan.clients }, openPlace));
  // A machine that is too busy for one in this time is still asked once.
  const count = Math.max(1, Math.floor(plan.perSecond * plan.seconds));
  let timer: NodeJS.Timeout | undefined;
  const work = new Promise<void>((done) => {
    const startedAt = performance.now();
    const dueAt = (index: number): number => startedAt + (index * 1_000) / plan.perSecond;
    let asked = 0;
    const isDue = (): boolean => asked < count && dueAt(asked) <= performance.now();
    const askDue = (): void => {
      while (isDue() && idle.length > 0) askNext(idle.pop());
      if (isDue() && places.length < plan.clients) openPlace().then(askDue, broken);
    };
    const askNext = (place: Place | undefined): void => {
      const request = next();
      if (!place?.connection || !request) return broken(new Error("there is nothing left to ask"));
      const wasDueAt = dueAt(asked);
      asked += 1;
      place.isBusy = true;
      place.connection.ask(request.text, (head, body) => {
        place.isBusy = false;
        const wrong = complaint(head, body);
        if (wrong !== undefined) return broken(new Error(wrong));
        latencies.push(performance.now() - wasDueAt);
        idle.push(place);
        if (latencies.length === count) return done();
        askDue();
      });
    };
    // A millisecond is as fine as timers are; being late by that counts as well.
    timer = setInterval(askDue, 1);
  });
  try {
    await Promise.race([work, breaks]);
  } finally {
    clearInterval(timer);
    for (const { connection } of places) connection?.close();
  }
  return { count, latency: summarize(latencies) };
}
