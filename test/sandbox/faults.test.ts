import { activateFault, drawFault, type ActiveFault } from "../../src/sandbox/faults";

function draws(faults: ActiveFault[], times: number): string {
  return Array.from({ length: times }, () => drawFault(faults, "charge") ?? "-").join();
}

test("fires about as often as its rate says", () => {
  const fault = activateFault({ fault: "hang", rate: 0.25 }, 7);
  draws([fault], 4_000);
  expect(fault.fired).toBeGreaterThan(900);
  expect(fault.fired).toBeLessThan(1_100);
});

test("repeats itself for one seed, and not for another", () => {
  const run = (seed: number) => draws([activateFault({ fault: "hang", rate: 0.5, seed }, 1)], 200);
  expect(run(3)).toBe(run(3));
  expect(run(3)).not.toBe(run(4));
});

test("draws the same whether or not another fault is active beside it", () => {
  const alone = draws([activateFault({ fault: "hang", rate: 0.3, seed: 5 }, 1)], 300);
  const beside = draws(
    [
      activateFault({ fault: "hang", rate: 0.3, seed: 5 }, 1),
      activateFault({ fault: "reset", rate: 0.9, seed: 6 }, 1),
    ],
    300,
  );
  expect(beside.replaceAll("reset", "-")).toBe(alone);
});

test("fires at most as often as its count, and for its own operation only", () => {
  const faults = [activateFault({ fault: "reset", rate: 1, operation: "refund", count: 2 }, 1)];
  expect(draws(faults, 3)).toBe("-,-,-");
  const fired = [1, 2, 3].map(() => drawFault(faults, "refund"));
  expect(fired).toEqual(["reset", "reset", undefined]);
});

test("spares lookups and reversals unless it names them", () => {
  const any = [activateFault({ fault: "hang", rate: 1 }, 1)];
  expect(drawFault(any, "lookup")).toBeUndefined();
  expect(drawFault(any, "reverse")).toBeUndefined();
  expect(drawFault(any, "void")).toBe("hang");
  const lookups = [activateFault({ fault: "hang", rate: 1, operation: "lookup" }, 1)];
  expect(drawFault(lookups, "lookup")).toBe("hang");
});
