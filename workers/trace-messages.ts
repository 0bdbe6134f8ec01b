import type { Message } from "../src/events/outbox";
import { type Span, codeOf, isTracing, startSpan } from "../src/observability/tracing";

/**
 * A span for each row of a batch that is a part of a trace: its way from the outbox into jobs and deliveries, which
 * carry it on. A row that is relayed again, because its relay died, has another.
 */
export async function traceMessages(
  messages: readonly Message[],
  relay: (messages: readonly Message[]) => Promise<void>,
): Promise<void> {
  if (!isTracing()) return relay(messages);
  const spans: Span[] = [];
  const carriedOn = messages.map((message) => {
    const span = startMessageSpan(message);
    if (!span) return message;
    spans.push(span);
    return { ...message, traceparent: span.traceparent };
  });
  try {
    await relay(carriedOn);
  } catch (error) {
    for (const span of spans) span.end({ failed: codeOf(error) });
    throw error;
  }
  for (const span of spans) span.end();
}

function startMessageSpan({ traceparent, eventId, attemptId }: Message): Span | undefined {
  if (traceparent === null) return undefined;
  const attributes = {
    ...(eventId !== null && { "oncepay.event.id": eventId }),
    ...(attemptId !== null && { "oncepay.attempt.id": attemptId }),
  };
  return startSpan({ name: "relay", kind: "producer", parent: traceparent, attributes });
}
