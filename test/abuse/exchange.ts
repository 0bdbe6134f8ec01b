import { connect } from "node:net";

/** A request as it goes over the wire, so that it may be as wrong as anybody's. */
export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Buffer;
  /** Instead of all of the above. */
  readonly raw?: string | Buffer;
}

export interface WireAnswer {
  /** 0 when the connection was closed without a word. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the connection still answers the next request. */
  readonly isUsable: boolean;
}

export function bytesOf(request: WireRequest): Buffer {
  if (request.raw !== undefined) return Buffer.from(request.raw);
  const { method = "POST", path = "/graphql", body = "" } = request;
  const headers: Record<string, string | undefined> = {
    host: "api.example",
    "content-length": String(Buffer.byteLength(body)),
    ...request.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

const PROBE = "GET /health/live HTTP/1.1\r\nhost: probe\r\nx-request-id: probe\r\n\r\n";

/** Sends it on a connection of its own, reads the answer, and asks once more on the same connection. */
export function exchange(
  to: { readonly host: string; readonly port: number },
  request: WireRequest,
): Promise<WireAnswer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let first: Omit<WireAnswer, "isUsable"> | undefined;
    const socket = connect({ ...to, noDelay: true }, () => socket.write(bytesOf(request)));
    const end = (isUsable: boolean): void => {
      socket.destroy();
      resolve({ ...(first ?? { status: 0, headers: {}, body: "" }), isUsable });
    };
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = parse(received, request.method === "HEAD");
      if (!answer) return;
      if (first) return end(answer.headers["x-request-id"] === "probe");
      first = answer;
      received = Buffer.alloc(0);
      if (answer.headers["connection"] === "close") return;
      socket.write(PROBE);
    });
  });
}

function parse(bytes: Buffer, isHead: boolean): Omit<WireAnswer, "isUsable"> | undefined {
  const text = bytes.toString();
  const at = text.indexOf("\r\n\r\n");
  if (at < 0) return undefined;
  const [start = "", ...lines] = text.slice(0, at).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0);
  // "100 Continue" is no answer yet.
  if (status === 100) return parse(bytes.subarray(at + 4), isHead);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = isHead ? 0 : Number(headers["content-length"] ?? 0);
  const body = bytes.subarray(Buffer.byteLength(text.slice(0, at)) + 4);
  return body.length < length ? undefined : { status, headers, body: body.toString() };
}
