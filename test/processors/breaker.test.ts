import { createBreaker } from "../../src/processors/breaker";

let nowMs = 0;
const now = () => nowMs;
beforeEach(() => {
  nowMs = 1_000_000;
});

function failing(times: number, lastingMs = 0) {
  const breaker = createBreaker(now);
  const beganAtMs = nowMs;
  nowMs += lastingMs;
  for (let call = 0; call < times; call += 1) breaker.learn(false, beganAtMs);
  return breaker;
}

it("stays closed while failures are few, or soon over", () => {
  expect(failing(19, 60_000).admits()).toBe(true);
  expect(failing(1_000, 2_999).admits()).toBe(true);
});

it("begins anew with each answer", () => {
  const breaker = failing(19, 10_000);
  breaker.learn(true, nowMs);
  breaker.learn(false, nowMs);
  nowMs += 10_000;
  expect(breaker.admits()).toBe(true);
});

it("opens after one timeout of many calls, and admits one probe at a time", () => {
  const breaker = failing(20, 10_000);
  expect(breaker.isOpen()).toBe(true);
  expect([breaker.admits(), breaker.admits()]).toEqual([false, false]);
  nowMs += 1_000;
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
  // That one hangs, too; the next is due all the same.
  nowMs += 2_000;
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
});

it("asks every five seconds at least, however long it has been failing", () => {
  const breaker = failing(20, 24 * 3_600_000);
  nowMs += 4_999;
  expect(breaker.admits()).toBe(false);
  nowMs += 1;
  expect(breaker.admits()).toBe(true);
});

it("closes with the first answer", () => {
  const breaker = failing(20, 10_000);
  breaker.learn(true, nowMs);
  expect(breaker.isOpen()).toBe(false);
  expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
});
