import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { PaymentCancelResponse } from "@adyen/api-library/lib/src/typings/checkout/paymentCancelResponse";
import type { PaymentCaptureResponse } from "@adyen/api-library/lib/src/typings/checkout/paymentCaptureResponse";
import type { PaymentRefundResponse } from "@adyen/api-library/lib/src/typings/checkout/paymentRefundResponse";
import type { PaymentRequest } from "@adyen/api-library/lib/src/typings/checkout/paymentRequest";
import type { Typed } from "../../src/processors/adyen/payments";
import { type Bank, type Modification, Refused, pay, receive } from "./bank";

/*
 * Checkout over HTTP, as far as we use it: keys of accounts, idempotency keys that are kept for seven days, and what
 * networks do.
 */

export type FaultName =
  "lose_answer" | "lose_request" | "fail_answer" | "turn_away" | "error_page" | "locked";

/** For the next request that may move money, or that `only` names. */
export interface Fault {
  readonly fault: FaultName;
  readonly only?: string;
}

export interface AdyenServer {
  readonly url: string;
  readonly faults: Fault[];
  /** Path and idempotency key of every request, in order. */
  readonly requests: { readonly path: string; readonly key: string | null }[];
  latencyMs: number;
  close(): Promise<void>;
}

interface Answered {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Kept {
  readonly beganAtMs: number;
  /** Undefined while it is carried out. */
  answer?: Answered;
}

export const KEYS_KEPT_MS = 7 * 24 * 3_600_000;

const MODIFICATION = /^\/v72\/payments\/(?<payment>[^/]+)\/(?<what>captures|refunds|cancels)$/;
const KINDS = { captures: "capture", refunds: "refund", cancels: "cancel" } as const;

export async function startServer(
  banks: ReadonlyMap<string, Bank>,
  now: () => number,
): Promise<AdyenServer> {
  const keys = new Map<string, Kept>();
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const it: AdyenServer = {
    url: `http://127.0.0.1:${String(port)}`,
    faults: [],
    requests: [],
    latencyMs: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // Live addresses have one more part.
    const path = (request.url ?? "/").replace(/^\/checkout(?=\/)/, "");
    const key = request.headers["idempotency-key"]?.toString() ?? null;
    it.requests.push({ path, key });
    const bank = banks.get(request.headers["x-api-key"]?.toString() ?? "");
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as object;
    const fault = takeFault(it.faults, path);
    if (fault === "lose_request") return void request.socket.destroy();
    if (fault === "error_page") return answer(response, { status: 503, body: "<html>Oh</html>" });
    const answered = await carryOut({ bank, path, key, body, fault });
    if (fault === "lose_answer") return void request.socket.destroy();
    answer(response, answered);
  }

  interface Asked {
    readonly bank: Bank | undefined;
    readonly path: string;
    readonly key: string | null;
    readonly body: object;
    readonly fault: FaultName | undefined;
  }

  async function carryOut(asked: Asked): Promise<Answered> {
    const { bank, key, fault } = asked;
    if (!bank) return refusal(new Refused(401, "000", "HTTP Status Response - Unauthorized"));
    if (fault === "turn_away") return refusal(new Refused(403, "010", "Not allowed"));
    if (fault === "locked") {
      const locked = refusal(new Refused(422, "703", "Required resource temporarily unavailable"));
      return { ...locked, headers: { "transient-error": "true" } };
    }
    if (key === null) return execute(bank, asked);
    if (key.length > 64) return refusal(new Refused(422, "702", "The key is too long"));
    const kept = keys.get(key);
    const isOver = kept?.answer !== undefined && now() - kept.beganAtMs > KEYS_KEPT_MS;
    if (kept && !isOver) {
      const inFlight = new Refused(422, "704", "Request already processed or in progress");
      return kept.answer ?? refusal(inFlight);
    }
    const begun: Kept = { beganAtMs: now() };
    keys.set(key, begun);
    begun.answer = await execute(bank, asked);
    return begun.answer;
  }

  async function execute(bank: Bank, { path, body, fault }: Asked): Promise<Answered> {
    if (isMoving(path) && it.latencyMs > 0) await pause(it.latencyMs);
    try {
      const done = run(bank, path, body);
      if (fault !== "fail_answer") return { status: 200, body: done };
      return refusal(new Refused(500, "901", "Internal error"));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refusal(error);
    }
  }
  return it;
}

function run(bank: Bank, path: string, body: object): object {
  if (path === "/v72/payments") return pay(bank, body as Typed<PaymentRequest>);
  if (path === "/v72/paymentMethods") return waysToPay(bank, body);
  const { payment = "", what = "" } = MODIFICATION.exec(path)?.groups ?? {};
  if (payment === "") throw new Refused(404, "", `There is nothing at ${path}`);
  return modify(bank, { payment, kind: KINDS[what as keyof typeof KINDS] }, body as Asking);
}

function waysToPay(bank: Bank, body: { readonly merchantAccount?: string }): object {
  if (body.merchantAccount === bank.merchantAccount) return { paymentMethods: [] };
  throw new Refused(403, "901", "Invalid Merchant Account");
}

interface Asking {
  readonly merchantAccount: string;
  readonly reference: string;
  readonly amount?: { readonly value: number; readonly currency: string };
}

type Acknowledged =
  Typed<PaymentCaptureResponse> | Typed<PaymentRefundResponse> | Typed<PaymentCancelResponse>;

function modify(
  bank: Bank,
  { payment, kind }: { readonly payment: string; readonly kind: Modification },
  { merchantAccount, reference, amount }: Asking,
): Acknowledged {
  if (merchantAccount !== bank.merchantAccount) throw new Refused(403, "901", "Invalid Merchant");
  const value = amount?.value ?? 0;
  const pspReference = receive(bank, { kind, payment, reference, value });
  const said = { merchantAccount, paymentPspReference: payment, pspReference, reference };
  if (kind === "cancel") return { ...said, status: "received" };
  if (!amount) throw new Refused(422, "137", "Invalid amount specified");
  return { ...said, status: "received", amount };
}

function isMoving(path: string): boolean {
  return path !== "/v72/paymentMethods";
}

function takeFault(faults: Fault[], path: string): FaultName | undefined {
  const [next] = faults;
  if (!next) return undefined;
  const isMeant = next.only === undefined ? isMoving(path) : path.endsWith(next.only);
  return isMeant ? faults.shift()?.fault : undefined;
}

function refusal({ status, errorCode, message }: Refused): Answered {
  const errorType = status === 422 ? "validation" : status >= 500 ? "internal" : "security";
  return { status, body: { status, errorCode, message, errorType } };
}

function answer(response: ServerResponse, { status, body, headers }: Answered): void {
  const isPage = typeof body === "string";
  const type = isPage ? "text/html" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(isPage ? body : JSON.stringify(body));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
