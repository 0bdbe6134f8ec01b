import type {
  Context,
  SpanContext,
  Span as TheirSpan,
  Tracer as TheirTracer,
} from "@opentelemetry/api";
import type { Log } from "./log";
import { type Span, type SpanEnd, type SpanOptions, useTracer } from "./tracing";

/*
 * The only file that knows OpenTelemetry. Its packages are loaded when something is to be traced and not before, and
 * read the settings that are called OTEL_…: where spans go and with which headers, how many are kept, which are
 * sampled, whose they are.
 *
 * Nobody waits for a collector: spans wait in a queue of bounded length, from where they are sent or dropped.
 */

// Longer than a collector that is well takes, and short beside what stopping may take without it.
const STOP_MS = 2_000;
const SAY_AGAIN_MS = 60_000;

interface Traced {
  /** "api" or "worker". */
  readonly name: string;
  readonly log: Log;
  readonly config: { readonly tracing: boolean; readonly instanceId: string };
}

/** What it gives ends it, when everything else has ended. */
export async function startTracing(traced: Traced): Promise<() => Promise<void>> {
  if (!traced.config.tracing) return () => Promise.resolve();
  const packages = await loadPackages();
  sayTrouble(packages, traced.log);
  const provider = createProvider(packages, traced);
  useTracer({ start: starterOf(packages, provider.getTracer("oncepay")) });
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
    useTracer(undefined);
  };
}

async function loadPackages() {
  const [api, exporter, resources, sdk] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/sdk-trace-base"),
  ]);
  return { api, exporter, resources, sdk };
}
type Packages = Awaited<ReturnType<typeof loadPackages>>;

function createProvider({ exporter, resources, sdk }: Packages, { name, config }: Traced) {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  const ours = resourceFromAttributes({
    "service.name": `oncepay-${name}`,
    "service.instance.id": config.instanceId,
    // Also where both have one name.
    "oncepay.process": name,
  });
  const resource = defaultResource()
    .merge(ours)
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter());
  return new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] });
}

function starterOf({ api }: Packages, tracer: TheirTracer): (options: SpanOptions) => Span {
  const { SpanKind, SpanStatusCode, ROOT_CONTEXT, trace } = api;
  const kinds = {
    server: SpanKind.SERVER,
    internal: SpanKind.INTERNAL,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
    client: SpanKind.CLIENT,
  } as const;
  const contextOf = (traceparent: string | null | undefined): Context => {
    const parent = parse(traceparent);
    return parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  };
  const spanOf = (span: TheirSpan): Span => ({
    traceparent: print(span.spanContext()),
    rename: (name) => {
      span.updateName(name);
    },
    end: ({ attributes = {}, failed }: SpanEnd = {}) => {
      span.setAttributes(attributes);
      if (failed !== undefined) {
        span.setAttribute("error.type", failed).setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  });
  return ({ name, kind, parent, attributes = {}, startedAtMs }) => {
    const startTime = startedAtMs === undefined ? {} : { startTime: startedAtMs };
    return spanOf(
      tracer.startSpan(name, { kind: kinds[kind], attributes, ...startTime }, contextOf(parent)),
    );
  };
}

function print({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** There is no tracestate: nothing that others made up goes into rows, or on to third parties. */
function parse(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = traceparent?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** Once a minute, and in words of ours: theirs may hold the headers that are sent. */
function sayTrouble({ api: { DiagLogLevel, diag } }: Packages, log: Log): void {
  let saidAtMs = -Infinity;
  const say = (): void => {
    if (performance.now() - saidAtMs < SAY_AGAIN_MS) return;
    saidAtMs = performance.now();
    log.warn("spans are lost: the collector does not take them, or an OTEL_ setting is wrong");
  };
  const ignore = (): void => undefined;
  const logger = { error: say, warn: say, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
