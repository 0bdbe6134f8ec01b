import { CURRENCY_CODES } from "../../src/money";
import {
  STRIPE_CURRENCIES,
  fromStripeAmount,
  toStripeAmount,
} from "../../src/processors/stripe/currencies";
import { type StripeBench, startStripeBench } from "./stripe-bench";

/** Written down from Stripe's documentation, and not from the code: what 12.00 of a currency is there. */
const ZERO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" ");
const THREE_DECIMALS = "BHD JOD KWD OMR TND".split(" ");
const OURS_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(" ");

/** How many of the smallest units a whole one has. */
function unitsOf(code: string, zero: readonly string[]): number {
  if (zero.includes(code)) return 1;
  return THREE_DECIMALS.includes(code) ? 1_000 : 100;
}

const CODES = [...STRIPE_CURRENCIES];
const REFUSED = CURRENCY_CODES.filter((code) => !STRIPE_CURRENCIES.has(code));

let it: StripeBench;
beforeAll(async () => {
  it = await startStripeBench();
});
afterAll(() => it.close());

test.each(CODES)("12 %s are 12 there, and 12 again here", async (currency) => {
  expect(CURRENCY_CODES).toContain(currency);
  const amountMinor = 12 * unitsOf(currency, OURS_ZERO);
  const { known, outcome } = await it.send(it.request({ amountMinor, currency }));
  expect(outcome).toMatchObject({ kind: "approved", amountMinor });
  const theirs = 12 * unitsOf(currency, ZERO_DECIMALS);
  expect(it.intentOf(known)).toMatchObject({ amount: theirs, currency: currency.toLowerCase() });
  const refund = it.follow("refund", known);
  expect(await it.processor.send(refund)).toMatchObject({ kind: "approved", amountMinor });
  expect(it.moved(refund.reference)).toEqual([`refund ${String(theirs)}`]);
});

test.each(REFUSED)("%s is refused, and nothing is asked for", async (currency) => {
  const before = it.server.requests.length;
  const prepared = await it.processor.prepare?.(it.request({ currency }));
  expect(prepared).toMatchObject({ kind: "declined", hard: true });
  expect(it.server.requests).toHaveLength(before);
});

test.each(["CLF", "UYW", "UYI", "IQD", "LYD"])("%s is one of the refused", (currency) => {
  expect(REFUSED).toContain(currency);
});

test("what cannot be said in the other's units is refused, and not rounded", () => {
  expect(toStripeAmount(1_250, "MGA")).toBeUndefined();
  expect(toStripeAmount(1_200, "MGA")).toEqual({ amount: 12, currency: "mga" });
  expect(toStripeAmount(1_001, "KWD")).toBeUndefined();
  expect(toStripeAmount(1_010, "KWD")).toEqual({ amount: 1_010, currency: "kwd" });
  expect(fromStripeAmount(150, "isk")).toBeUndefined();
  expect(fromStripeAmount(1_200, "ugx")).toBe(12);
  expect(fromStripeAmount(12, "mga")).toBe(1_200);
  expect(fromStripeAmount(12, "zzz")).toBeUndefined();
  expect(toStripeAmount(1.5, "USD")).toBeUndefined();
});
