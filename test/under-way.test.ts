import fc from "fast-check";
import { createRunning, createUnderWay } from "../src/under-way";

it("keeps what a set of what has begun and not ended would, in the same order", () => {
  const step = fc.record({ work: fc.constantFrom(..."abcde"), begins: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const underWay = createUnderWay<string>();
      const all = new Set<string>();
      for (const { work, begins } of steps) {
        if (!begins) expect(underWay.remove(work)).toBe(all.delete(work));
        else if (!all.has(work)) {
          underWay.add(work);
          all.add(work);
        }
        expect([...underWay]).toEqual([...all]);
        expect(underWay.size).toBe(all.size);
      }
    }),
  );
});

it("waits for what began meanwhile, too, and for what fails", async () => {
  const running = createRunning();
  const ended: string[] = [];
  const later = async (): Promise<void> => {
    await Promise.resolve();
    ended.push("later");
  };
  const first = running.follow(
    Promise.resolve().then(() => {
      void running.follow(later());
      ended.push("first");
      throw new Error("it fails");
    }),
  );
  await running.idle();
  expect(ended).toEqual(["first", "later"]);
  await expect(first).rejects.toThrow("it fails");
  await running.idle();
});
