import { backoffMs } from "../../src/sdk/backoff";
import { createRetryBudget, sharedRetryBudget } from "../../src/sdk/retry-budget";

const retry = { baseMs: 200, capMs: 5_000, triesMax: 8 };

test("waits from nothing to a width that doubles up to the cap", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7].map((tries) =>
    backoffMs(retry, { tries, retryAfterMs: undefined, random: () => 1 }),
  );
  expect(longest).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(backoffMs(retry, { tries: 5, retryAfterMs: undefined, random: () => 0 })).toBe(0);
});

test("never comes back before it was asked to, and not at that very moment either", () => {
  const wait = (retryAfterMs: number, random: number) =>
    backoffMs(retry, { tries: 1, retryAfterMs, random: () => random });
  expect([wait(2_000, 0), wait(2_000, 0.5), wait(2_000, 1)]).toEqual([2_000, 3_000, 4_000]);
  // The random part is capped, so that a long wait is not doubled.
  expect(wait(60_000, 1)).toBe(65_000);
  expect(wait(0, 1)).toBe(200);
});

/** Everybody fails and everybody wants to try again, until the budget says no. */
function retriesAllowed(calls: number, budget = createRetryBudget()): number {
  let retries = 0;
  for (let call = 0; call < calls; call += 1) {
    budget.recordCall("pay");
    while (budget.takeRetry("pay")) retries += 1;
  }
  return retries;
}

test("gives a lone caller three retries, and the many no more than one for ten calls", () => {
  expect([1, 2, 10, 30, 40, 100, 1_000, 10_000].map((calls) => retriesAllowed(calls))).toEqual([
    3, 3, 3, 3, 4, 10, 100, 1_000,
  ]);
});

test("good times save up no more than the burst", () => {
  const budget = createRetryBudget();
  for (let call = 0; call < 10_000; call += 1) budget.recordCall("pay");
  expect(retriesAllowed(1, budget)).toBe(10);
});

test("keeps the operations apart, and can be told to allow none or all", () => {
  const budget = createRetryBudget();
  retriesAllowed(1, budget);
  expect(budget.takeRetry("pay")).toBe(false);
  expect(budget.takeRetry("paymentIntent")).toBe(true);
  expect(retriesAllowed(100, createRetryBudget({ ratio: 0, initial: 0 }))).toBe(0);
  expect(retriesAllowed(100, createRetryBudget({ ratio: 1, burst: 0, initial: 0 }))).toBe(0);
  expect(retriesAllowed(100, createRetryBudget({ ratio: 1, initial: 0 }))).toBe(100);
});

test("is shared by all who talk to one URL", () => {
  expect(sharedRetryBudget("https://a.example")).toBe(sharedRetryBudget("https://a.example"));
  expect(sharedRetryBudget("https://a.example")).not.toBe(sharedRetryBudget("https://b.example"));
});
