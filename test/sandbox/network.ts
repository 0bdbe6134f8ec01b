import { startSandbox, type SandboxOptions } from "../../src/sandbox/start-sandbox";
import { createEmptyDatabase } from "../support/database";
import type { NetworkDispute } from "../../src/audit/compare-disputes";
import type { NetworkPayout } from "../../src/audit/compare-payouts";
import { PATIENCE_MS } from "../support/patience";

export interface TestMovement {
  readonly id: string;
  readonly kind: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference: string;
  readonly chargeId: string;
  readonly at: string;
}

export interface Reply {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- These tests look at the wire format, as it came.
  readonly body: any;
}

/** A real network with books of its own on the run's server; no latency unless asked for. */
export async function startTestNetwork(options: Partial<SandboxOptions> = {}) {
  const database = await createEmptyDatabase();
  const start = () =>
    startSandbox({
      port: 0,
      host: "127.0.0.1",
      databaseUrl: database.url,
      webhookSecret: "whsec_test",
      minMs: 0,
      maxMs: 0,
      ...options,
    });
  let sandbox = await start();

  const call = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const response = await fetch(sandbox.url + path, {
      method,
      redirect: "manual",
      ...(body === undefined
        ? undefined
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };

  return {
    get url() {
      return sandbox.url;
    },
    databaseUrl: database.url,
    call,
    get: (path: string) => call("GET", path),
    post: (path: string, body: unknown = {}) => call("POST", path, body),
    charge: (reference: string, overrides: object = {}) =>
      call("POST", "/v1/charges", {
        reference,
        amount: 1_000,
        currency: "USD",
        source: "pm_card_visa",
        capture: true,
        ...overrides,
      }),
    authorize: (reference: string, amount = 1_000) =>
      call("POST", "/v1/charges", {
        reference,
        amount,
        currency: "USD",
        source: "pm_card_visa",
        capture: false,
      }),
    capture: (target: string, body: object) =>
      call("POST", `/v1/charges/by-reference/${target}/capture`, body),
    refund: (target: string, body: object) =>
      call("POST", "/v1/refunds", { charge_reference: target, ...body }),
    voidCharge: (target: string, reference: string) =>
      call("POST", `/v1/charges/by-reference/${target}/void`, { reference }),
    lookUp: (reference: string) => call("GET", `/v1/lookup/${reference}`),
    reverse: (reference: string) => call("POST", `/v1/reverse/${reference}`),
    setFault: (body: object) => call("POST", "/admin/faults", body),
    setLatency: (minMs: number, maxMs = minMs, lateMs = 20) =>
      call("POST", "/admin/latency", { minMs, maxMs, lateMs }),
    movements: async (reference?: string): Promise<TestMovement[]> => {
      const query = reference === undefined ? "" : `?reference=${reference}`;
      return (await call("GET", `/admin/movements${query}`)).body.movements;
    },
    disputes: async (): Promise<NetworkDispute[]> =>
      (await call("GET", "/admin/disputes")).body.disputes,
    payouts: async (): Promise<NetworkPayout[]> =>
      (await call("GET", "/admin/payouts")).body.payouts,
    /** Stops it and starts it again on the same books. */
    restart: async () => {
      await sandbox.close();
      sandbox = await start();
    },
    close: async () => {
      await sandbox.close();
      await database.drop();
    },
  };
}

export type TestNetwork = Awaited<ReturnType<typeof startTestNetwork>>;

/** Waits on a condition, never on time. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`The condition did not come true within ${timeoutMs} ms.`);
}
