import { createClient } from "../../src/sdk/client";
import { OncepayError } from "../../src/sdk/oncepay-error";
import { type Connection, subscribe } from "../../src/sdk/subscribe";
import type { PaymentIntent } from "../../src/sdk/objects";
import {
  type Reply,
  type Script,
  type ScriptedApi,
  type StreamWriter,
  refused,
  startApi,
} from "./scripted-api";

let api: ScriptedApi | undefined;
afterEach(() => api?.stop());

const COMPLETE = "event: complete\ndata:\n\n";

function next(version: number, status = "PROCESSING"): string {
  return nextOf({ data: { paymentIntentUpdated: { id: "pi_1", status, version } } });
}

function nextOf(result: object): string {
  return `event: next\ndata: ${JSON.stringify(result)}\n\n`;
}

/** A stream that says all of this at once and then ends. */
function said(...parts: string[]): Reply {
  return {
    stream: ({ write, end }) => {
      write(parts.join(""));
      end();
    },
  };
}

function failing(code: string, extensions: object): string {
  return nextOf({ errors: [{ message: code, extensions: { code, ...extensions } }] });
}

interface Told {
  readonly versions: number[];
  readonly connections: Connection[];
  readonly waits: number[];
  readonly result: Promise<PaymentIntent>;
}

interface Watching {
  readonly signal?: AbortSignal;
  readonly onNext?: (intent: PaymentIntent) => void;
  readonly onConnection?: (connection: Connection) => void;
}

/** Watches a payment on a scripted API; waits between streams take no time and are written down. */
async function watch(script: Script, watching: Watching = {}): Promise<Told> {
  api = await startApi(...script);
  const versions: number[] = [];
  const connections: Connection[] = [];
  const waits: number[] = [];
  const client = createClient({
    url: api.url,
    apiKey: "pk_test",
    clientSecret: "pi_1_secret",
    random: () => 0.5,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  const result = client.paymentIntentUpdated(
    { id: "pi_1" },
    {
      signal: watching.signal,
      onNext: (intent) => {
        versions.push(intent.version ?? 0);
        watching.onNext?.(intent);
      },
      onConnection: (connection) => {
        connections.push(connection);
        watching.onConnection?.(connection);
      },
    },
  );
  return { versions, connections, waits, result };
}

async function errorOf(call: Promise<unknown>): Promise<OncepayError> {
  const error: unknown = await call.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof OncepayError) return error;
  throw error;
}

test("tells every state as it comes and gives the last one", async () => {
  let writer: StreamWriter | undefined;
  const told = await watch(
    [
      {
        stream: (opened) => {
          writer = opened;
          opened.write(`: ping\n\n${next(1)}`);
        },
      },
    ],
    {
      onNext: ({ version }) => {
        if (version === 1) writer?.write(next(2, "SUCCEEDED") + COMPLETE);
      },
    },
  );
  expect(await told.result).toMatchObject({ id: "pi_1", status: "SUCCEEDED", version: 2 });
  expect(told.versions).toEqual([1, 2]);
  expect(told.connections).toEqual([{ isLive: true }]);
  expect(api?.seen).toMatchObject([
    {
      operation: "paymentIntentUpdated",
      variables: { id: "pi_1" },
      headers: {
        accept: "text/event-stream",
        authorization: "Bearer pk_test",
        "oncepay-client-secret": "pi_1_secret",
      },
    },
  ]);
  // The client leaves as soon as it knows all that there is to know.
  await writer?.closed;
});

test("a stream that ends without complete is opened anew, and what is not newer is not told", async () => {
  const told = await watch([said(next(1), next(2)), said(next(1)), said(next(3), COMPLETE)]);
  expect(await told.result).toMatchObject({ version: 3 });
  expect(told.versions).toEqual([1, 2, 3]);
  expect(told.connections).toEqual([
    { isLive: true },
    { isLive: false, failure: undefined, retryInMs: 500 },
    { isLive: true },
    { isLive: false, failure: undefined, retryInMs: 1_000 },
    { isLive: true },
  ]);
});

test("a connection that breaks is no end: it is still checking", async () => {
  const broken: Reply = {
    stream: ({ write, cut }) => {
      write(next(1) + next(2).slice(0, 20));
      setImmediate(cut);
    },
  };
  const told = await watch([broken, { cut: "before" }, said(next(2), COMPLETE)]);
  expect(await told.result).toMatchObject({ version: 2 });
  expect(told.connections.filter(({ isLive }) => !isLive)).toMatchObject([
    { failure: { code: "NETWORK_ERROR" } },
    { failure: { code: "NETWORK_ERROR" } },
  ]);
});

test("waits grow while nobody answers, with full jitter and up to a limit", async () => {
  const away: Reply = { status: 502, body: "Bad Gateway" };
  const told = await watch([...Array<Reply>(6).fill(away), said(next(1), COMPLETE)]);
  await told.result;
  expect(told.waits).toEqual([500, 1_000, 2_000, 4_000, 7_500, 7_500]);
  expect(told.connections[0]).toMatchObject({ failure: { code: "HTTP_ERROR" }, retryInMs: 500 });
});

test("honours Retry-After, of an answer and within a stream", async () => {
  const told = await watch([
    refused("RATE_LIMITED", { retryable: true, status: 429, headers: { "retry-after": "7" } }),
    said(failing("UNAVAILABLE", { retryable: true, retryAfterMs: 3_000 }), COMPLETE),
    said(next(1), COMPLETE),
  ]);
  await told.result;
  expect(told.waits).toEqual([10_500, 4_500]);
});

test.each([
  ["as an answer", refused("FORBIDDEN", { status: 403 })],
  [
    "within a stream",
    said(failing("FORBIDDEN", { retryable: false, requestId: "req_1" }), COMPLETE),
  ],
])("what repeating does not help ends it: %s", async (_how, reply) => {
  const told = await watch([said(next(1)), reply]);
  const error = await errorOf(told.result);
  expect(error).toMatchObject({
    code: "FORBIDDEN",
    retryable: false,
    requestId: "req_1",
    tries: 2,
  });
  expect(api?.seen).toHaveLength(2);
});

test("an API without streams is told as such, so that the caller can ask in turn", async () => {
  const told = await watch([{ body: { data: { paymentIntentUpdated: { id: "pi_1" } } } }]);
  expect(await errorOf(told.result)).toMatchObject({ code: "BAD_RESPONSE" });
});

test("a stream that is complete before it says anything is an error", async () => {
  const told = await watch([said(COMPLETE)]);
  expect(await errorOf(told.result)).toMatchObject({ code: "BAD_RESPONSE" });
});

test("the signal ends it, in a stream", async () => {
  const controller = new AbortController();
  let writer: StreamWriter | undefined;
  const open: Reply = {
    stream: (opened) => {
      writer = opened;
      opened.write(next(1));
    },
  };
  const told = await watch([open], { signal: controller.signal, onNext: () => controller.abort() });
  expect(await errorOf(told.result)).toMatchObject({ code: "ABORTED" });
  await writer?.closed;
  expect(told.versions).toEqual([1]);
});

test("the signal ends it, between streams", async () => {
  const controller = new AbortController();
  const told = await watch([said(next(1))], {
    signal: controller.signal,
    onConnection: ({ isLive }) => {
      if (!isLive) controller.abort();
    },
  });
  expect(await errorOf(told.result)).toMatchObject({ code: "ABORTED" });
  expect(api?.seen).toHaveLength(1);
});

test("an onNext that throws ends it with what it threw", async () => {
  const told = await watch([said(next(1))], {
    onNext: () => {
      throw new RangeError("no room on the page");
    },
  });
  await expect(told.result).rejects.toThrow("no room on the page");
});

test("a stream that says nothing at all is given up", async () => {
  api = await startApi({ stream: ({ write }) => write(next(1)) }, said(next(2), COMPLETE));
  const connections: Connection[] = [];
  const versions: unknown[] = [];
  await subscribe<{ paymentIntentUpdated: PaymentIntent }>(
    {
      url: api.url,
      headers: { "content-type": "application/json" },
      fetch,
      timeoutMs: 60_000,
      silenceMs: 100,
      random: () => 0,
      now: () => 0,
      sleep: () => Promise.resolve(),
    },
    { document: "subscription paymentIntentUpdated { paymentIntentUpdated(id: 1) { id } }" },
    {
      onNext: ({ paymentIntentUpdated }) => versions.push(paymentIntentUpdated.version),
      onConnection: (connection) => connections.push(connection),
    },
  );
  expect(versions).toEqual([1, 2]);
  expect(connections).toMatchObject([
    { isLive: true },
    { isLive: false, failure: { code: "TIMEOUT" } },
    { isLive: true },
  ]);
});
