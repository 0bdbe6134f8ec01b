import fc from "fast-check";
import { createTally } from "../src/tally";

const MANY = 1_500;

it("counts as a map does that forgets whoever has nothing", () => {
  const step = fc.record({
    name: fc.constantFrom(..."abcde"),
    change: fc.integer({ min: -2, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tally = createTally();
      const all = new Map<string, number>();
      for (const { name, change } of steps) {
        const after = Math.max(0, (all.get(name) ?? 0) + change);
        if (after > 0) all.set(name, after);
        else all.delete(name);
        expect(tally.add(name, change)).toBe(after);
        expect(tally.size()).toBe(all.size);
        for (const each of "abcde") expect(tally.of(each)).toBe(all.get(each) ?? 0);
      }
    }),
  );
});

it("still counts right when the idle have been forgotten", () => {
  const tally = createTally();
  tally.add("busy", 3);
  for (let count = 0; count < MANY; count += 1) {
    tally.add(`passer-by ${String(count)}`, 1);
    tally.add(`passer-by ${String(count)}`, -1);
  }
  expect(tally.of("busy")).toBe(3);
  expect(tally.size()).toBe(1);
  expect(tally.add("busy", -3)).toBe(0);
  expect(tally.size()).toBe(0);
});
