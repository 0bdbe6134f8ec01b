import { randomUUID } from "node:crypto";
import { type Connection, openConnection } from "./connection";
import { type Latency, summarize } from "./latency";
import { type Receiver, startReceiver } from "./receiver";
import { complaint, confirmRequest, createRequest, headFor, idIn } from "./requests";

/**
 * Whole payments: created and confirmed over HTTP, done when their signed webhook has arrived here. There is a
 * window of payments under way; a new one begins when one is done, so that this runs as fast as the slowest part.
 */
export interface PaymentsPlan {
  readonly port: number;
  readonly apiKeys: readonly string[];
  readonly connections: number;
  /** Payments under way at once. */
  readonly window: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface PaymentsResult {
  /** Payments whose webhook came while it was measured. */
  readonly delivered: number;
  readonly throughput: number;
  /** From the create request to its webhook. */
  readonly latency: Latency;
  readonly perSecond: readonly number[];
  /** Of the whole run, with its warm-up and its end. */
  readonly started: number;
  readonly duplicates: number;
  /** Started and never heard of, long after the end. */
  readonly lost: number;
}

const END_TIMEOUT_MS = 30_000;

interface Run {
  readonly plan: PaymentsPlan;
  readonly heads: readonly string[];
  /** When each payment under way began. */
  readonly begun: Map<string, number>;
  /** Connections that wait for room in the window. */
  readonly idle: (() => void)[];
  readonly latencies: number[];
  readonly perSecond: number[];
  readonly fail: (error: Error) => void;
  started: number;
  underway: number;
  measuredFrom: number;
  measuredUntil: number;
}

/** Opens the receiver first, because the endpoints that point at it must be there before a payment is. */
export async function preparePayments(secret: string): Promise<{
  readonly port: number;
  run(plan: PaymentsPlan): Promise<PaymentsResult>;
  close(): void;
}> {
  let current: Run | undefined;
  const receiver = await startReceiver({
    secret,
    delayMs: 0,
    onDelivery: (body) => current && delivered(current, body),
  });
  return {
    port: receiver.port,
    run: async (plan) => {
      let fail: (error: Error) => void = () => undefined;
      const failure = new Promise<never>((_, reject) => {
        fail = reject;
      });
      failure.catch(() => undefined);
      current = newRun(plan, (error) => fail(error));
      return Promise.race([runPayments(current, receiver), failure]);
    },
    close: () => receiver.close(),
  };
}

function newRun(plan: PaymentsPlan, fail: (error: Error) => void): Run {
  return {
    plan,
    heads: plan.apiKeys.map(headFor),
    begun: new Map(),
    idle: [],
    latencies: [],
    perSecond: Array.from({ length: Math.ceil(plan.seconds) }, () => 0),
    fail,
    started: 0,
    underway: 0,
    measuredFrom: 0,
    measuredUntil: 0,
  };
}

async function runPayments(run: Run, receiver: Receiver): Promise<PaymentsResult> {
  const { plan } = run;
  const duplicatesBefore = receiver.duplicates();
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, () => openConnection(plan.port, run.fail)),
  );
  run.measuredFrom = performance.now() + plan.warmupSeconds * 1_000;
  run.measuredUntil = run.measuredFrom + plan.seconds * 1_000;
  for (const connection of connections) payNext(run, connection);
  const end = run.measuredUntil + END_TIMEOUT_MS;
  do await new Promise((resolve) => setTimeout(resolve, 50));
  while (performance.now() < run.measuredUntil || (run.underway > 0 && performance.now() < end));
  for (const connection of connections) connection.close();
  const count = run.latencies.length;
  return {
    delivered: count,
    throughput: count / plan.seconds,
    latency: summarize(run.latencies),
    perSecond: run.perSecond,
    started: run.started,
    duplicates: receiver.duplicates() - duplicatesBefore,
    lost: run.underway,
  };
}

/** One payment on this connection, then the next; when the window is full, a webhook wakes it again. */
function payNext(run: Run, connection: Connection): void {
  const beganAt = performance.now();
  if (beganAt >= run.measuredUntil) return;
  if (run.underway >= run.plan.window) {
    run.idle.push(() => payNext(run, connection));
    return;
  }
  const head = run.heads[run.started % run.heads.length] ?? "";
  run.started += 1;
  run.underway += 1;
  connection.ask(createRequest(head, randomUUID()), (createHead, createBody) => {
    const wrong = complaint(createHead, createBody);
    if (wrong !== undefined) return run.fail(new Error(wrong));
    const id = idIn(createBody);
    run.begun.set(id, beganAt);
    connection.ask(confirmRequest(head, id), (confirmHead, confirmBody) => {
      const refused = complaint(confirmHead, confirmBody);
      if (refused !== undefined) return run.fail(new Error(refused));
      payNext(run, connection);
    });
  });
}

const ID_LENGTH = 29;

const DONE = "payment_intent.succeeded";

/** The payment's id is the first of its kind in the body: the event's own begins otherwise. */
function delivered(run: Run, body: Buffer): void {
  // There may be endpoints that are told more.
  if (!body.includes(DONE)) return;
  const at = body.indexOf('"pi_') + 1;
  const id = body.toString("latin1", at, at + ID_LENGTH);
  const beganAt = run.begun.get(id);
  if (beganAt === undefined) return;
  run.begun.delete(id);
  run.underway -= 1;
  const now = performance.now();
  if (now >= run.measuredFrom && now < run.measuredUntil) {
    run.latencies.push(now - beganAt);
    const second = Math.floor((now - run.measuredFrom) / 1_000);
    run.perSecond[second] = (run.perSecond[second] ?? 0) + 1;
  }
  run.idle.shift()?.();
}
