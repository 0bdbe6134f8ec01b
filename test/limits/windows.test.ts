import fc from "fast-check";
import { createWindows } from "../../src/limits/windows";

const LENGTH_MS = 10_000;

function windowsAt(startMs = 5 * LENGTH_MS) {
  const clock = { nowMs: startMs };
  return { clock, windows: createWindows("test", LENGTH_MS, () => clock.nowMs) };
}

it("counts what was spent, each by itself", () => {
  const { windows } = windowsAt();
  windows.add("a", 3);
  windows.add("a", 4);
  expect(windows.spent("a").amount).toBe(7);
  expect(windows.spent("b").amount).toBe(0);
});

it("lets the window before it fade", () => {
  const { windows, clock } = windowsAt();
  windows.add("a", 100);
  clock.nowMs += LENGTH_MS;
  expect(windows.spent("a").amount).toBe(100);
  clock.nowMs += LENGTH_MS / 4;
  expect(windows.spent("a").amount).toBe(75);
  clock.nowMs += LENGTH_MS;
  expect(windows.spent("a").amount).toBe(0);
});

it("says how long to wait until there is something left, and no longer than needed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 1, max: 50 })), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.integer({ min: 1, max: 200 }),
      (spendings, limit) => {
        /** What counts so long after the last spending, and how long to wait then. */
        const after = (ms: number): { amount: number; waitMs: number } => {
          const { windows, clock } = windowsAt();
          for (const [afterMs, amount] of spendings) {
            clock.nowMs += afterMs;
            windows.add("a", amount);
          }
          clock.nowMs += ms;
          return { amount: windows.spent("a").amount, waitMs: windows.waitMs("a", limit) };
        };
        const { amount, waitMs } = after(0);
        if (amount < limit) return;
        // What is left then may be next to nothing, and sums of fractions are not exact.
        expect(after(waitMs).amount).toBeLessThan(limit + 1e-6);
        expect(after(waitMs - 2).amount).toBeGreaterThan(limit - 1e-6);
      },
    ),
  );
});

it("adds what other processes have spent, and tells its own once", () => {
  const { windows, clock } = windowsAt();
  windows.add("a", 5);
  const [told] = windows.takeUntold();
  expect(told).toEqual({ who: "a", index: 5, amount: 5 });
  expect(windows.takeUntold()).toEqual([]);
  windows.setOthers({ who: "a", index: 5, total: 12 });
  expect(windows.spent("a").amount).toBe(12);
  windows.add("a", 1);
  expect(windows.spent("a").amount).toBe(13);
  clock.nowMs += LENGTH_MS * 1.5;
  expect(windows.spent("a").amount).toBe(6.5);
});

it("tells again what could not be told, unless its window is over", () => {
  const { windows, clock } = windowsAt();
  windows.add("a", 5);
  const [untold] = windows.takeUntold();
  if (!untold) throw new Error("nothing was told");
  windows.tellAgain(untold);
  expect(windows.takeUntold()).toEqual([untold]);
  clock.nowMs += LENGTH_MS;
  windows.tellAgain(untold);
  expect(windows.takeUntold()).toEqual([]);
});
