import { sensitiveIn } from "../security/sensitive";

/*
 * Tracing as the rest of the code knows it: spans begun by hand where a payment passes from one to another. What comes
 * next, in this process or in another, is told by a traceparent (W3C Trace Context) in a command, a row or a header;
 * there is no ambient context, because sets are made of many requests, and loops outlive them all.
 *
 * Cost while it is off: one look at a variable for each span. No package is loaded; see open-telemetry.ts.
 */

export type SpanKind = "server" | "internal" | "producer" | "consumer" | "client";

/** What may be said of a span: ids of ours, outcomes and counts. Inputs, URLs, tokens and words have no name here. */
export type Attributes = Readonly<
  Partial<
    Record<
      | "error.type"
      | "http.request.method"
      | "http.response.status_code"
      | "oncepay.attempt.id"
      | "oncepay.code"
      | "oncepay.delivery.id"
      | "oncepay.endpoint.id"
      | "oncepay.event.id"
      | "oncepay.operation"
      | "oncepay.outcome"
      | "oncepay.payment_intent.id"
      | "oncepay.processor"
      | "oncepay.request.id"
      | "oncepay.try",
      string | number
    >
  >
>;

export interface SpanOptions {
  readonly name: string;
  readonly kind: SpanKind;
  /** What it is a part of; none: it begins a trace. */
  readonly parent: string | null | undefined;
  readonly attributes?: Attributes | undefined;
  /** Milliseconds since the epoch; now unless it is said. */
  readonly startedAtMs?: number;
}

export interface SpanEnd {
  readonly attributes?: Attributes;
  /** It failed, and of what: a code, never words. */
  readonly failed?: string | undefined;
}

export interface Span {
  /** For what is a part of it, wherever that happens. */
  readonly traceparent: string;
  rename(name: string): void;
  end(end?: SpanEnd): void;
}

export interface Tracer {
  start(options: SpanOptions): Span;
}

let tracer: Tracer | undefined;

/** For the whole process; undefined ends it. */
export function useTracer(used: Tracer | undefined): void {
  tracer = used;
}

export function isTracing(): boolean {
  return tracer !== undefined;
}

/** Undefined while nothing is traced. */
export function startSpan(options: SpanOptions): Span | undefined {
  return tracer?.start(options);
}

/** A span for as long as the work takes. The work gets it, for what is a part of it. */
export function traced<Result>(
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<Result>,
  endOf?: (result: Result) => SpanEnd,
): Promise<Result> {
  const span = startSpan(options);
  return span ? within(span, work(span), endOf) : work(undefined);
}

async function within<Result>(
  span: Span,
  work: Promise<Result>,
  endOf: ((result: Result) => SpanEnd) | undefined,
): Promise<Result> {
  try {
    const result = await work;
    span.end(endOf?.(result));
    return result;
  } catch (error) {
    span.end({ failed: codeOf(error) });
    throw error;
  }
}

/** A failure's own code, or the kind of error: its words may quote what somebody sent. */
export function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  if (typeof code === "string" && /^\w{1,40}$/.test(code)) return code;
  return typeof name === "string" ? name : "Error";
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * A caller's own traceparent; undefined when there is none, or none that is well-formed. Its ids are the caller's to
 * choose, so that they may spell a card number; of those that do not mean to, one in thirty thousand does.
 */
export function readTraceparent(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string" || !TRACEPARENT.test(header)) return undefined;
  return sensitiveIn(header) === undefined ? header : undefined;
}

/** What carries a request's trace to what it does. */
export interface TracedCommand {
  readonly traceparent?: string | undefined;
}

/** Each command has a span of its own, however many of them are committed together; its rows carry that on. */
export function tracedCommand<Command extends TracedCommand, Result>(
  name: string,
  execute: (command: Command) => Promise<Result>,
): (command: Command) => Promise<Result> {
  const endOf = (result: Result): SpanEnd =>
    result instanceof Error ? { attributes: { "oncepay.code": codeOf(result) } } : {};
  return (command) =>
    traced(
      { name: `commit ${name}`, kind: "internal", parent: command.traceparent },
      (span) => execute(span ? { ...command, traceparent: span.traceparent } : command),
      endOf,
    );
}
