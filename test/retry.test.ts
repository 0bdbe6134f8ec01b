import fc from "fast-check";
import { fullJitter } from "../src/retry";

const almostOne = (): number => 1 - Number.EPSILON / 2;

test("doubles the bound with each attempt, up to the cap", () => {
  const waits = [0, 1, 2, 3, 4, 5, 2000].map((attempt) =>
    fullJitter({ baseMs: 100, attempt, capMs: 1000, random: almostOne }),
  );
  expect(waits).toEqual([99, 199, 399, 799, 999, 999, 999]);
});

test("starts from nothing, for full jitter is uniform from zero", () => {
  expect(fullJitter({ baseMs: 100, attempt: 5, capMs: 1000, random: () => 0 })).toBe(0);
});

test("always gives whole milliseconds within the bound", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (baseMs, attempt, capMs) => {
        const wait = fullJitter({ baseMs, attempt, capMs });
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(capMs, baseMs * 2 ** attempt));
      },
    ),
  );
});
