import { Pool } from "undici";
import { type Exchanged, exchange, poolOptions } from "../exchange";

/** What goes into headers. With a key, a repeat gets the answer to the first. */
export interface SentAlong {
  readonly key?: string | undefined;
  readonly traceparent?: string | undefined;
}

export interface SandboxClient {
  post(path: string, body: unknown, sent?: SentAlong): Promise<Exchanged>;
  get(path: string, sent?: SentAlong): Promise<Exchanged>;
  close(): Promise<void>;
}

interface ClientRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | null;
  readonly sent: SentAlong | undefined;
}

const ANSWER_BYTES_MAX = 256 * 1024;
const HEADERS = { "content-type": "application/json", accept: "application/json" };

export function createSandboxClient(options: {
  readonly baseUrl: string;
  /** Of an account; without one it is the installation's, which has no name. */
  readonly secretKey?: string | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
}): SandboxClient {
  const { timeoutMs, secretKey } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, "");
  const pool = new Pool(base.origin, poolOptions(options));
  const limits = { timeoutMs, answerBytesMax: ANSWER_BYTES_MAX };
  const send = ({ sent, ...request }: ClientRequest): Promise<Exchanged> =>
    exchange(
      pool,
      { ...request, path: prefix + request.path, headers: headersOf(secretKey, sent) },
      limits,
    );
  return {
    post: (path, body, sent) => send({ method: "POST", path, body: JSON.stringify(body), sent }),
    get: (path, sent) => send({ method: "GET", path, body: null, sent }),
    close: () => pool.destroy(),
  };
}

function headersOf(secretKey: string | undefined, sent: SentAlong = {}): Record<string, string> {
  const { key, traceparent } = sent;
  if (key === undefined && traceparent === undefined && secretKey === undefined) return HEADERS;
  return {
    ...HEADERS,
    ...(secretKey !== undefined && { authorization: `Bearer ${secretKey}` }),
    ...(key !== undefined && { "idempotency-key": key }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
