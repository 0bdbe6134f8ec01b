import { createBeat } from "../../src/webhooks/beat";

test("holds up nobody while few are under way", () => {
  const beat = createBeat();
  for (let underWay = 1; underWay < 24; underWay += 1) expect(beat.join(underWay)).toBeUndefined();
});

test("lets all go on together when there are many, whether or not enough come", async () => {
  const beat = createBeat();
  const order: string[] = [];
  const join = async (underWay: number): Promise<void> => {
    await beat.join(underWay);
    order.push("gone on");
  };
  await Promise.all(Array.from({ length: 100 }, (_, n) => join(24 + n)));
  expect(order).toHaveLength(100);
  await Promise.all([join(24), join(25)]);
  expect(order).toHaveLength(102);
});
