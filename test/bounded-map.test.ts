import fc from "fast-check";
import { createBoundedMap } from "../src/bounded-map";

const KEPT = 3;

it("keeps those that were set or found last, as they are, and never more than twice as many", () => {
  const name = fc.constantFrom(..."abcdefghij");
  const step = fc.record({ what: fc.constantFrom("set", "get", "delete"), name, value: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = createBoundedMap<number>(KEPT);
      // What the names stand for, those that were used last at the end.
      const all = new Map<string, number | undefined>();
      const use = (name: string, value: number | undefined): void => {
        all.delete(name);
        all.set(name, value);
      };
      for (const { what, name, value } of steps) {
        if (what === "set") {
          map.set(name, value);
          use(name, value);
        } else if (what === "delete") {
          map.delete(name);
          use(name, undefined);
        } else {
          const known = all.get(name);
          const mustBeThere = [...all.keys()].slice(-KEPT).includes(name);
          const found = map.get(name);
          expect(mustBeThere ? [known] : [known, undefined]).toContain(found);
          if (found !== undefined) use(name, found);
        }
      }
      const entries = map.entries();
      expect(entries.length).toBeLessThanOrEqual(2 * KEPT);
      expect(new Map(entries).size).toBe(entries.length);
      for (const [name, value] of entries) expect(value).toBe(all.get(name));
      for (const [name, value] of [...all].slice(-KEPT)) expect(map.get(name)).toBe(value);
    }),
  );
});
