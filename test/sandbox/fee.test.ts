import { feeOf } from "../../src/sandbox/fee";

test.each([
  [1, 1],
  [30, 30],
  [31, 31],
  [100, 33],
  [500, 45],
  [1_000, 59],
  // 2.9 % of 17 is 0.493, of 18 is 0.522.
  [50, 31],
  [51, 31],
  [52, 32],
  [Number.MAX_SAFE_INTEGER, 261_208_778_387_519],
])("keeps 2.9 %% rounded half up and 30 of %d: %d", (amount, fee) => {
  expect(feeOf(amount)).toBe(fee);
});

test("agrees with exact arithmetic over the whole range", () => {
  for (let amount = 60; amount < 2 ** 53; amount = Math.floor(amount * 1.7) + 1) {
    const exact = (BigInt(amount) * 29n + 500n) / 1000n + 30n;
    expect(BigInt(feeOf(amount))).toBe(exact);
  }
});
