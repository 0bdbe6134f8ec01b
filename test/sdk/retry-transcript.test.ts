import { type Client, createClient } from "../../src/sdk/client";
import { type RetryBudget, createRetryBudget } from "../../src/sdk/retry-budget";
import type { AttemptReport } from "../../src/sdk/settings";
import {
  type VirtualReply,
  draw,
  histogram,
  seededRandom,
  virtualClock,
  virtualFetch,
} from "./virtual-fleet";

const CLIENTS = 200;
const SEED = 20_261_120;
const input = { amount: 2_500, currency: "USD" };

interface Attempt extends AttemptReport {
  readonly client: number;
  readonly at: number;
}

interface Fleet {
  readonly attempts: Attempt[];
  readonly failed: number;
}

interface Scenario {
  readonly answer: (operation: string, nth: number) => VirtualReply | "lost";
  readonly work: (client: Client) => Promise<unknown>[];
  readonly budgetOf: (client: number) => RetryBudget;
}

/** Every client does its work from the same moment on. */
async function runFleet({ answer, work, budgetOf }: Scenario): Promise<Fleet> {
  const clock = virtualClock();
  const random = seededRandom(SEED);
  const attempts: Attempt[] = [];
  const calls = Array.from({ length: CLIENTS }, (_none, number) => {
    let seen = 0;
    const client = createClient({
      url: "https://api.example/graphql",
      apiKey: "sk_test",
      fetch: virtualFetch(clock, (operation) => answer(operation, (seen += 1))),
      budget: budgetOf(number),
      random,
      now: clock.now,
      sleep: clock.sleep,
      onAttempt: (report) => attempts.push({ ...report, client: number, at: clock.now() }),
    });
    return work(client);
  }).flat();
  await clock.run(calls);
  const results = await Promise.allSettled(calls);
  return { attempts, failed: results.filter(({ status }) => status === "rejected").length };
}

function created(): VirtualReply {
  return {
    status: 200,
    body: { data: { createPaymentIntent: { paymentIntent: { id: "pi_1" } } } },
  };
}

const busy: VirtualReply = {
  status: 429,
  headers: { "retry-after": "2" },
  body: {
    errors: [
      {
        message: "busy",
        extensions: { code: "RATE_LIMITED", retryable: true, retryAfterMs: 1_500 },
      },
    ],
  },
};

const plenty = () => createRetryBudget({ ratio: 1, burst: 100, initial: 100 });

// The transcript is meant to be read, and Jest's own console puts a stack trace under every line.
function show(title: string, text: string): void {
  process.stdout.write(`\n${title}\n${text}\n`);
}

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;

test("200 clients told to come back in 2 s come back later than that, and not together", async () => {
  const { attempts, failed } = await runFleet({
    answer: (_operation, nth) => (nth === 1 ? busy : created()),
    work: (client) => [client.createPaymentIntent(input)],
    budgetOf: plenty,
  });
  const refusedAt = new Map(
    attempts.filter(({ tries }) => tries === 1).map((each) => [each.client, each.at]),
  );
  // An answer takes a millisecond to arrive.
  const delays = attempts
    .filter(({ tries }) => tries === 2)
    .map(({ client, at }) => at - 1 - (refusedAt.get(client) ?? 0));
  const spread = histogram(delays, 2_000, 4_000);
  show(
    `429 with Retry-After: 2, ${String(CLIENTS)} clients: how long each waited before its retry`,
    `${draw(spread, 2_000, 4_000)}\nearliest ${Math.min(...delays).toFixed(0)} ms, latest ${Math.max(
      ...delays,
    ).toFixed(0)} ms, fullest tenth ${percent(spread.largest)}`,
  );
  expect(failed).toBe(0);
  expect(delays).toHaveLength(CLIENTS);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(2_000);
  expect(Math.max(...delays)).toBeLessThanOrEqual(4_000);
  expect(spread.largest).toBeLessThan(0.25);
});

test("200 clients that fail at one moment spread over the whole of every backoff", async () => {
  const { attempts, failed } = await runFleet({
    answer: (_operation, nth) => (nth <= 5 ? { status: 503, body: "" } : created()),
    work: (client) => [client.createPaymentIntent(input)],
    budgetOf: plenty,
  });
  const rows = [200, 400, 800, 1_600, 3_200].map((widthMs, at) => {
    const delays = attempts
      .filter(({ tries }) => tries === at + 1)
      .map(({ retryInMs }) => retryInMs ?? NaN);
    const spread = histogram(delays, 0, widthMs);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    return { retry: at + 1, widthMs, meanMs: mean, ...spread };
  });
  const arrivals = attempts.filter(({ tries }) => tries > 1).map(({ at }) => at);
  const peak = busiest(arrivals, 20);
  const lines = rows.map(({ retry, widthMs, meanMs, buckets, largest }) => {
    const tenths = buckets.map((count) => String(count).padStart(3)).join("");
    const mean = meanMs.toFixed(0).padStart(4);
    return `retry ${String(retry)} of 0–${String(widthMs).padEnd(4)} ms: mean ${mean} ms, tenths ${tenths}, fullest ${percent(largest)}`;
  });
  show(
    `503 five times, ${String(CLIENTS)} clients from one moment: delays in tenths of each backoff`,
    `${lines.join("\n")}\nbusiest 20 ms: ${String(peak)} of ${String(arrivals.length)} retries (without jitter: ${String(CLIENTS)})`,
  );
  expect(peak).toBeLessThan(CLIENTS / 4);
  expect(failed).toBe(0);
  for (const { buckets, largest, meanMs, widthMs } of rows) {
    expect(buckets.reduce((sum, count) => sum + count)).toBe(CLIENTS);
    expect(largest).toBeLessThan(0.25);
    expect(Math.min(...buckets)).toBeGreaterThan(0);
    expect(meanMs / widthMs).toBeCloseTo(0.5, 1);
  }
});

const CALLS: readonly ((client: Client) => Promise<unknown>)[] = [
  (client) => client.createPaymentIntent(input),
  (client) => client.createPaymentIntent(input),
  (client) => client.confirmPaymentIntent({ paymentIntentId: "pi_1" }),
  (client) => client.refundPaymentIntent({ paymentIntentId: "pi_1" }),
  (client) => client.paymentIntent({ id: "pi_1" }),
];

/** The most of these moments that lie within one window. */
function busiest(moments: readonly number[], windowMs: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + windowMs).length),
  );
}

/** Each client makes its five calls one after the other, at an API that answers nobody. */
async function outage(
  budgetOf: Scenario["budgetOf"],
  answer: Scenario["answer"] = () => "lost",
): Promise<Fleet & { readonly ratio: number }> {
  const inTurn = async (client: Client): Promise<never> => {
    for (const call of CALLS) await call(client).catch(() => undefined);
    throw new Error("all of them failed");
  };
  const fleet = await runFleet({ answer, work: (client) => [inTurn(client)], budgetOf });
  return { ...fleet, ratio: fleet.attempts.length / (CLIENTS * CALLS.length) };
}

function oneEach(): Scenario["budgetOf"] {
  const budgets = new Map<number, RetryBudget>();
  return (client) => {
    const budget = budgets.get(client) ?? createRetryBudget();
    budgets.set(client, budget);
    return budget;
  };
}

function sharedByAll(budget: RetryBudget): Scenario["budgetOf"] {
  return () => budget;
}

test("a full outage is answered with no more than 1.1 attempts for each call", async () => {
  const calls = CLIENTS * CALLS.length;
  const warm = createRetryBudget();
  for (const site of ["createPaymentIntent", "confirmPaymentIntent", "refundPaymentIntent"]) {
    for (let call = 0; call < 1_000; call += 1) warm.recordCall(site);
  }
  const endless = createRetryBudget({ initial: 1e9 });
  const proxy = (): VirtualReply => ({ status: 503, body: "" });
  const lost = await outage(sharedByAll(createRetryBudget()));
  const unavailable = await outage(sharedByAll(createRetryBudget()), proxy);
  const warmed = await outage(sharedByAll(warm));
  const apart = await outage(oneEach());
  const unbounded = await outage(sharedByAll(endless));
  const rows: [string, Fleet & { readonly ratio: number }][] = [
    ["one budget, connections lost", lost],
    ["one budget, 503 by a proxy", unavailable],
    ["one budget, after good times", warmed],
    ["a budget for each client", apart],
    ["no budget", unbounded],
  ];
  show(
    `full outage, ${String(CLIENTS)} clients × ${String(CALLS.length)} calls = ${String(calls)} calls`,
    rows
      .map(([name, { attempts, ratio }]) => {
        const asked = attempts.filter(({ operation }) => operation === "operation").length;
        const count = String(attempts.length).padStart(5);
        return `${name.padEnd(30)}${count} attempts (${String(asked).padStart(3)} of them ask for the outcome) = ${ratio.toFixed(3)} × the calls`;
      })
      .join("\n"),
  );
  for (const { ratio, attempts, failed } of [lost, unavailable]) {
    expect(ratio).toBeLessThanOrEqual(1.1);
    expect(attempts.length).toBeGreaterThan(calls + 50);
    expect(failed).toBe(CLIENTS);
  }
  // Good times save up a burst of ten for each of three operations, and no more.
  expect(warmed.attempts.length).toBeLessThanOrEqual(calls * 1.1 + 30);
  // Who cannot share has a loan of three for each of four operations.
  expect(apart.attempts.length).toBeLessThanOrEqual(calls + CLIENTS * 4 * 3);
  // Without a budget an outage is multiplied: that the bound above holds is the budget's doing.
  expect(unbounded.ratio).toBeGreaterThan(7);
});
