import { createBreaker } from "./breaker";
import type {
  LookupOutcome,
  PrepareOutcome,
  Processor,
  ReverseOutcome,
  SendOutcome,
  Unsent,
} from "./processor";
import { createTokenBucket } from "./token-bucket";

/*
 * Guarantees: a processor that does not answer is left alone by this process after one timeout, but for a probe now and
 * then. What is refused here has not been sent: it is QUEUED again, so payments wait instead of becoming unknown, and no
 * worker waits with them. What it is asked about in the meantime stays as unknown as it was. Processors know nothing of
 * each other. A rate is kept in the same way: what is over it waits in the queue.
 *
 * Cost: some arithmetic for each call. Claiming and queueing again what is refused is two statements for a whole set,
 * at most every half second and growing to every fifteen (settle/settle.ts).
 */

export interface GuardSettings {
  /** How many calls a second it gets from this process; 0: as many as there are. */
  readonly callsPerSecond: number;
  /** Told when it is left alone, and when it answers again. */
  readonly onBreaker?: (name: string, isOpen: boolean) => void;
  readonly now?: () => number;
}

type Outcome = SendOutcome | PrepareOutcome | LookupOutcome | ReverseOutcome;

export function guardProcessor(processor: Processor, settings: GuardSettings): Processor {
  const { callsPerSecond, onBreaker, now = () => performance.now() } = settings;
  const breaker = createBreaker(now);
  const bucket = createTokenBucket(callsPerSecond, now);

  let told = false;
  const tell = (): void => {
    if (told === breaker.isOpen()) return;
    told = breaker.isOpen();
    onBreaker?.(processor.name, told);
  };
  const call = async <Heard extends Outcome>(make: () => Promise<Heard>): Promise<Heard> => {
    const beganAtMs = now();
    const outcome = await make();
    breaker.learn(outcome.kind !== "unknown" && outcome.kind !== "unsent", beganAtMs);
    tell();
    return outcome;
  };
  const send = async <Heard extends Outcome>(
    make: () => Promise<Heard>,
  ): Promise<Heard | Unsent> => {
    const waitMs = bucket.take();
    if (waitMs > 0) {
      // Not all at the same moment, or they would meet again.
      const afterMs = waitMs * (1 + Math.random());
      return { kind: "unsent", reason: "over the processor's rate", afterMs };
    }
    if (!breaker.admits()) return { kind: "unsent", reason: LEFT_ALONE };
    return call(make);
  };
  /** Few, and needed to find out what has become of money: they have precedence over what is yet to be sent. */
  const ask = async <Heard extends Outcome>(
    make: () => Promise<Heard>,
  ): Promise<Heard | { readonly kind: "unknown"; readonly reason: string }> => {
    if (!breaker.admits()) return { kind: "unknown", reason: LEFT_ALONE };
    bucket.owe();
    return call(make);
  };

  /** It throws where the others have an outcome. */
  const list = async <Page>(make: () => Promise<Page>): Promise<Page> => {
    if (!breaker.admits()) throw new Error(LEFT_ALONE);
    bucket.owe();
    const beganAtMs = now();
    let hasAnswered = false;
    try {
      const page = await make();
      hasAnswered = true;
      return page;
    } finally {
      breaker.learn(hasAnswered, beganAtMs);
      tell();
    }
  };

  const { prepare, reverseMovement, listEvents } = processor;
  return {
    ...processor,
    ...(prepare && { prepare: (request) => send(() => prepare(request)) }),
    send: (request) => send(() => processor.send(request)),
    lookUp: (attempt) => ask(() => processor.lookUp(attempt)),
    reverse: (attempt) => ask(() => processor.reverse(attempt)),
    ...(reverseMovement && {
      reverseMovement: (movement) => ask(() => reverseMovement(movement)),
    }),
    ...(listEvents && { listEvents: (window) => list(() => listEvents(window)) }),
  };
}

const LEFT_ALONE = "the processor does not answer, and is left alone for a while";
