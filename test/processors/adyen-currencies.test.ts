import {
  ADYEN_CURRENCIES,
  adyenDecimals,
  fromAdyenAmount,
  toAdyenAmount,
} from "../../src/processors/adyen/currencies";
import { CURRENCY_CODES, currencyExponent } from "../../src/money";

/** Amounts in Adyen's units and back. The expected ones are written out by hand. */

test.each([
  ["USD", 2_500, 2_500],
  ["JPY", 2_500, 2_500],
  ["KWD", 2_500, 2_500],
  ["CLP", 2_500, 250_000],
  ["ISK", 2_500, 250_000],
  ["CVE", 2_500, 25],
  ["IDR", 2_500, 25],
])("%s %i is Adyen's %i, and comes back", (currency, ours, theirs) => {
  expect(toAdyenAmount(ours, currency)).toEqual({ value: theirs, currency });
  expect(fromAdyenAmount({ value: theirs, currency })).toBe(ours);
});

test("what cannot be said in the other's units is refused, never rounded", () => {
  expect(toAdyenAmount(2_501, "IDR")).toBeUndefined();
  expect(toAdyenAmount(2_501, "CVE")).toBeUndefined();
  expect(fromAdyenAmount({ value: 250_001, currency: "CLP" })).toBeUndefined();
  expect(fromAdyenAmount({ value: 250_001, currency: "ISK" })).toBeUndefined();
  for (const amount of [1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    expect(toAdyenAmount(amount, "USD")).toBeUndefined();
    expect(fromAdyenAmount({ value: amount, currency: "USD" })).toBeUndefined();
  }
  expect(toAdyenAmount(Number.MAX_SAFE_INTEGER, "CLP")).toBeUndefined();
});

test("every currency of the list is ours too, and comes back as it went", () => {
  for (const currency of ADYEN_CURRENCIES) {
    expect(CURRENCY_CODES).toContain(currency);
    const sent = toAdyenAmount(123_400, currency);
    expect(sent && fromAdyenAmount(sent)).toBe(123_400);
  }
});

test("the exceptions are these four, and no currency that is not listed is taken", () => {
  const others = CURRENCY_CODES.filter((code) => {
    const decimals = adyenDecimals(code);
    return decimals !== undefined && decimals !== currencyExponent(code);
  });
  expect(others).toEqual(["CLP", "CVE", "IDR", "ISK"]);
  for (const unknown of ["CLF", "UYW", "XXX", "usd", "constructor"]) {
    expect(toAdyenAmount(100, unknown)).toBeUndefined();
    expect(fromAdyenAmount({ value: 100, currency: unknown })).toBeUndefined();
  }
});
