import { createBeat } from "../../src/webhooks/beat";

test("holds up nobody while few are under way", () => {
  const beat = createBeat();
  for (let underWay = 1; underWay < 24; underWay += 1) expect(beat.join(underWay)).toBeUndefined();
});

test("lets all go on together when there are many, whether or not enough come", async () => {
  const beat = createBeat();
  const order: string[] = [];
  const joined = Array.from({ length: 100 }, (_, n) =>
    beat.join(24 + n)?.then(() => order.push("a hundred")),
  );
  await Promise.all(joined);
  expect(order).toHaveLength(100);
  await Promise.all([beat.join(24), beat.join(25)]);
});
