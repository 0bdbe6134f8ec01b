import { createTokenBucket } from "../../src/processors/token-bucket";

let nowMs = 0;
const now = () => nowMs;

it("gives a second's worth at once, and says when there is more", () => {
  const bucket = createTokenBucket(4, now);
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([0, 0, 0, 0]);
  expect(bucket.take()).toBe(250);
  nowMs += 250;
  expect([bucket.take(), bucket.take()]).toEqual([0, 250]);
});

it("never has more than a second's worth", () => {
  const bucket = createTokenBucket(2, now);
  nowMs += 3_600_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 500]);
});

it("has those wait who come after what had to be made at once", () => {
  const bucket = createTokenBucket(1, now);
  bucket.owe();
  bucket.owe();
  expect(bucket.take()).toBe(2_000);
  nowMs += 2_000;
  expect(bucket.take()).toBe(0);
});

it("has no limit at 0", () => {
  const bucket = createTokenBucket(0, now);
  for (let call = 0; call < 1_000; call += 1) expect(bucket.take()).toBe(0);
});
