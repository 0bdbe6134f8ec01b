import { type SpanEnd, traced } from "../observability/tracing";
import type { Attempt } from "./attempt";

/** What is done with an attempt, as a part of the trace in which it was asked for; the work carries that on. */
export function tracedAttempt<Result>(
  { name, attempt, startedAtMs }: { name: string; attempt: Attempt; startedAtMs: number },
  work: (attempt: Attempt) => Promise<Result>,
  endOf: (result: Result) => SpanEnd,
): Promise<Result> {
  const { id, paymentIntentId, operation, traceparent: parent } = attempt;
  const attributes = {
    "oncepay.attempt.id": id,
    "oncepay.payment_intent.id": paymentIntentId,
    "oncepay.operation": operation,
  };
  return traced(
    { name, kind: "consumer", parent, attributes, startedAtMs },
    (span) => work(span ? { ...attempt, traceparent: span.traceparent } : attempt),
    endOf,
  );
}

/** One call of a processor, which is told the span's traceparent. */
export function tracedCall<Outcome extends { readonly kind: string }>(
  { processor, operation }: { readonly processor: string; readonly operation: string },
  { id, traceparent: parent }: Attempt,
  call: (traceparent?: string) => Promise<Outcome>,
): Promise<Outcome> {
  const attributes = {
    "oncepay.attempt.id": id,
    "oncepay.processor": processor,
    "oncepay.operation": operation,
  };
  return traced(
    { name: `call ${processor} ${operation}`, kind: "client", parent, attributes },
    (span) => call(span?.traceparent),
    ({ kind }) => ({
      attributes: { "oncepay.outcome": kind },
      failed: kind === "unknown" || kind === "unsent" ? kind : undefined,
    }),
  );
}
