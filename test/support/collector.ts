import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as OTLP writes it in JSON; of its values only those are read that we send. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent in the first of a trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: number };
  }[];
  /** Of the process that sent it. */
  readonly service: string;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: CollectedSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly CollectedSpan[] }[];
  }[];
}

export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** As they came, with their headers. */
  readonly requests: string[];
  /** From now on it takes requests and answers none. */
  hang(): void;
  close(): Promise<void>;
}

/** An OpenTelemetry collector, as far as it takes spans in JSON. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: string[] = [];
  let hangs = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      requests.push(`${request.url ?? ""} ${JSON.stringify(request.headers)} ${body}`);
      if (hangs) return;
      spans.push(...spansIn(JSON.parse(body) as Export));
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    spans,
    requests,
    hang: () => {
      hangs = true;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
}

function spansIn({ resourceSpans }: Export): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributeOf(resource, "service.name") ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, service: String(service) })),
    );
  });
}

export function attributeOf(
  { attributes }: Pick<CollectedSpan, "attributes">,
  key: string,
): string | number | undefined {
  const found = attributes.find((attribute) => attribute.key === key)?.value;
  return found?.stringValue ?? found?.intValue;
}
