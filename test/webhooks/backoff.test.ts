import fc from "fast-check";
import {
  nextTryAfter,
  RETRY_SCHEDULE_MS,
  retryDelayMs,
  TRIES_MAX,
} from "../../src/webhooks/backoff";

const HOUR = 3_600_000;

test("tries ten times over about three days", () => {
  expect(TRIES_MAX).toBe(10);
  const totalMs = RETRY_SCHEDULE_MS.reduce((sum, wait) => sum + wait, 0);
  expect(totalMs / (24 * HOUR)).toBeGreaterThan(2.75);
  expect(totalMs / (24 * HOUR)).toBeLessThan(3.25);
});

test("says when the tries are exhausted", () => {
  expect(nextTryAfter(1)).toBe(5_000);
  expect(nextTryAfter(9)).toBe(24 * HOUR);
  expect(nextTryAfter(10)).toBeUndefined();
  expect(retryDelayMs({ tries: 10 })).toBeUndefined();
  expect(retryDelayMs({ tries: 10, retryAfterMs: 5 })).toBeUndefined();
});

test("waits the scheduled time on average", () => {
  const even = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
  const waits = even.map((draw) => retryDelayMs({ tries: 5, random: () => draw }) ?? 0);
  expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBe(2 * HOUR);
});

test("never strikes at once, whatever the draw", () => {
  expect(retryDelayMs({ tries: 1, random: () => 0 })).toBe(2_500);
  expect(retryDelayMs({ tries: 9, random: () => 0 })).toBe(1_000);
  expect(retryDelayMs({ tries: 1, random: () => 0, scheduleMs: [100] })).toBe(50);
});

test("honours Retry-After between the jittered wait and a day", () => {
  const half = (): number => 0.5;
  expect(retryDelayMs({ tries: 1, random: half, retryAfterMs: 90_000 })).toBe(90_000);
  expect(retryDelayMs({ tries: 1, random: half, retryAfterMs: 1 })).toBe(5_000);
  expect(retryDelayMs({ tries: 1, random: half, retryAfterMs: 900 * HOUR })).toBe(24 * HOUR);
  expect(retryDelayMs({ tries: 9, random: () => 0.9, retryAfterMs: 900 * HOUR })).toBe(
    Math.round(0.9 * 48 * HOUR),
  );
});

test("takes another schedule", () => {
  const scheduleMs = [100, 200];
  expect(nextTryAfter(2, scheduleMs)).toBe(200);
  expect(nextTryAfter(3, scheduleMs)).toBeUndefined();
  expect(retryDelayMs({ tries: 1, scheduleMs: [] })).toBeUndefined();
});

const aSchedule = fc.array(fc.integer({ min: 1, max: 30 * HOUR }), { minLength: 1, maxLength: 12 });
const aDraw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("always stays within its bounds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.option(fc.integer({ min: 0, max: 10 ** 12 }), { nil: undefined }),
      aDraw,
      (tries, retryAfterMs, draw) => {
        const wait = retryDelayMs({ tries, retryAfterMs, random: () => draw }) ?? NaN;
        expect(wait).toBeGreaterThanOrEqual(1_000);
        expect(wait).toBeLessThanOrEqual(Math.max(24 * HOUR, 2 * (nextTryAfter(tries) ?? 0)));
      },
    ),
  );
});

test("spaces the first hour's tries by at least half their mean, whatever the draws and the schedule", () => {
  fc.assert(
    fc.property(aSchedule, fc.array(aDraw, { minLength: 12, maxLength: 12 }), (schedule, draws) => {
      let passedMs = 0;
      schedule.forEach((meanMs, index) => {
        const random = () => draws[index] ?? 0;
        const wait = retryDelayMs({ tries: index + 1, random, scheduleMs: schedule }) ?? NaN;
        if (passedMs < HOUR) expect(wait).toBeGreaterThanOrEqual(Math.floor(meanMs / 2));
        expect(wait).toBeLessThanOrEqual(Math.max(1_000, 2 * meanMs));
        passedMs += meanMs;
      });
    }),
  );
});

test("uses up no more than four tries in a quarter of an hour, however they are drawn", () => {
  const waits = [1, 2, 3, 4].map((tries) => retryDelayMs({ tries, random: () => 0 }) ?? 0);
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(HOUR / 4);
});
