import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { StripeRefusal, invalid } from "./error";
import { type Answered, newKeyStore } from "./keys";
import { type Params, decode, readParams } from "./params";
import { type Account, type Route, expanded, routeOf } from "./routes";

/*
 * Stripe over HTTP, as far as we use it: keys of accounts, idempotency keys, locks, and what networks do. In the order in
 * which Stripe looks at a request: whose key, the rate, the parameters, the idempotency key, the lock.
 */

/**
 * For the next request that may move money, or that `only` names. `fail_answer`: it is carried out, and a failure is the
 * answer; `fail_first`: it is carried out when `rollForward` says so.
 */
export interface Fault {
  readonly fault:
    "lose_answer" | "lose_request" | "fail_answer" | "fail_first" | "turn_away" | "error_page";
  readonly only?: string;
}

export interface StripeServer {
  readonly url: string;
  readonly faults: Fault[];
  /** Method and path of every request, in order. */
  readonly requests: string[];
  /** The idempotency keys that came, in order. */
  readonly keys: string[];
  latencyMs: number;
  /** For each request that may move money and that no fault is waiting for. */
  dice: () => Fault["fault"] | undefined;
  /** What was answered with a failure is carried out now, where that can still be done. */
  rollForward(): void;
  /** Before a confirmation is answered, and after it was carried out. */
  beforeAnswer: (path: string) => Promise<void>;
  close(): Promise<void>;
}

export async function startServer(
  accounts: ReadonlyMap<string, Account>,
  now: () => number,
): Promise<StripeServer> {
  const keys = newKeyStore();
  const locked = new Set<string>();
  const failed: (() => object)[] = [];
  const server: Server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const it: StripeServer = {
    url: `http://127.0.0.1:${String(port)}`,
    faults: [],
    requests: [],
    keys: [],
    latencyMs: 0,
    dice: () => undefined,
    rollForward: () => {
      for (const carryOn of failed.splice(0)) tried(carryOn);
    },
    beforeAnswer: () => Promise.resolve(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, search } = new URL(request.url ?? "/", it.url);
    const method = request.method ?? "GET";
    it.requests.push(`${method} ${pathname}`);
    const form = method === "GET" ? search.slice(1) : Buffer.concat(chunks).toString();
    const account = accounts.get((request.headers.authorization ?? "").replace("Bearer ", ""));
    const route = account && routeOf(account, method, pathname);
    const waiting = takeFault(it.faults, pathname, route);
    const fault = waiting ?? (route?.moves === true ? it.dice() : undefined);
    const key = keyOf(request);
    if (key !== null) it.keys.push(key);
    if (fault === "lose_request") return void request.socket.destroy();
    if (fault === "error_page") return answer(response, { status: 503, body: "<html>Oh</html>" });
    const asked = { account, route, form, fault, pathname, key };
    const answered = await carryOut(asked);
    if (fault === "lose_answer") return void request.socket.destroy();
    await it.beforeAnswer(pathname);
    answer(response, answered);
  }

  interface Asked {
    readonly account: Account | undefined;
    readonly route: Route | undefined;
    readonly form: string;
    readonly fault: Fault["fault"] | undefined;
    readonly pathname: string;
    readonly key: string | null;
  }

  async function carryOut(asked: Asked): Promise<Answered> {
    const { account, route, key, form, pathname } = asked;
    if (!account) return refusal(invalid("Expired API Key provided", "api_key_expired", 401));
    if (asked.fault === "turn_away") return refusal(invalid("Too many", "rate_limit", 429));
    if (!route) return refusal(invalid(`Unrecognized request URL (${pathname}).`, undefined, 404));
    const params = route.params === null ? decode(form) : readParams(route.params, form);
    if (typeof params === "string") return refusal(invalid(params, "parameter_unknown"));
    if (key === null) return execute(account, route, { ...asked, params });
    const named = `${account.id} ${key}`;
    const request = `${pathname} ${form}`;
    const kept = keys.find(named, now());
    if (kept && kept.request !== request) {
      const message = "Keys for idempotent requests can only be used with the same parameters.";
      return refusal(new StripeRefusal(400, { type: "idempotency_error", message }));
    }
    if (kept) return kept.answer ?? refusal(invalid("In use", "idempotency_key_in_use", 409));
    keys.begin(named, request, now());
    const answered = await execute(account, route, { ...asked, params });
    keys.end(named, answered.isKept ? answered : null);
    return answered;
  }

  async function execute(
    account: Account,
    route: Route,
    asked: Asked & { readonly params: Params },
  ): Promise<Answered & { readonly isKept: boolean }> {
    const { locks } = route;
    if (locks !== null && locked.has(locks)) {
      return { ...refusal(invalid("Locked", "lock_timeout", 429)), isKept: false };
    }
    if (locks !== null) locked.add(locks);
    try {
      if (route.moves && it.latencyMs > 0) await pause(it.latencyMs);
      const { params, key } = asked;
      const expand = (params["expand"] ?? []) as string[];
      if (asked.fault === "fail_first") {
        failed.push(() => route.run(params, key));
        throw new StripeRefusal(500, FAILURE);
      }
      const object = expanded(account.bank, route.run(params, key), expand);
      if (asked.fault === "fail_answer") throw new StripeRefusal(500, FAILURE);
      return { status: 200, body: JSON.stringify(object), isKept: true };
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return { ...refusal(error), isKept: error.isKept };
    } finally {
      if (locks !== null) locked.delete(locks);
    }
  }
  return it;
}

const FAILURE = { type: "api_error", message: "Something went wrong on Stripe's end." } as const;

function tried(work: () => object): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
  }
}

function keyOf({ headers }: IncomingMessage): string | null {
  return headers["idempotency-key"]?.toString() ?? null;
}

function takeFault(
  faults: Fault[],
  path: string,
  route: Route | undefined,
): Fault["fault"] | undefined {
  const [next] = faults;
  if (!next) return undefined;
  const isMeant = next.only === undefined ? route?.moves === true : path.endsWith(next.only);
  return isMeant ? faults.shift()?.fault : undefined;
}

function refusal({ status, body }: StripeRefusal): Answered {
  return { status, body: JSON.stringify({ error: body }) };
}

function answer(response: ServerResponse, { status, body }: Answered): void {
  const type = body.startsWith("<") ? "text/html" : "application/json";
  response.writeHead(status, { "content-type": type }).end(body);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
