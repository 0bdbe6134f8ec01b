import fc from "fast-check";
import { CURRENCY_CODES, currencyExponent, formatMinor, isCurrency } from "../src/money";

test.each([
  ["USD", 2],
  ["EUR", 2],
  ["JPY", 0],
  ["KRW", 0],
  ["CLP", 0],
  ["ISK", 0],
  ["XOF", 0],
  ["KWD", 3],
  ["TND", 3],
  ["CLF", 4],
  ["UYW", 4],
])("knows that %s has %i decimal places", (code, exponent) => {
  expect(currencyExponent(code)).toBe(exponent);
});

// The currencies where Intl disagrees with ISO 4217.
test.each("HUF COP IDR PKR MGA MMK LBP IRR SOS AFN ALL KPW LAK SYP YER".split(" "))(
  "gives %s two decimal places, as ISO 4217 does and Intl does not",
  (code) => {
    expect(currencyExponent(code)).toBe(2);
  },
);

test("gives IQD three decimal places, as ISO 4217 does and Intl does not", () => {
  expect(currencyExponent("IQD")).toBe(3);
});

test.each("XXX XTS XAU XAG XDR XAD XSU HRK ZWL SLL CUC BGN ANG BYR DEM".split(" "))(
  "does not know %s, which is no money or no longer money",
  (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(currencyExponent(code)).toBeUndefined();
  },
);

test.each(["", "usd", "US", "USDX", " USD", "constructor", "__proto__", "840"])(
  "does not take %j for a currency",
  (text) => {
    expect(isCurrency(text)).toBe(false);
  },
);

test("lists each code once, three capitals long, and cannot be changed", () => {
  expect(new Set(CURRENCY_CODES).size).toBe(CURRENCY_CODES.length);
  expect(CURRENCY_CODES.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  expect(CURRENCY_CODES.filter((code) => code.startsWith("X"))).toEqual([
    "XAF",
    "XCD",
    "XCG",
    "XOF",
    "XPF",
  ]);
  expect(Object.isFrozen(CURRENCY_CODES)).toBe(true);
});

test.each([
  [2500, "USD", "25.00 USD"],
  [5, "USD", "0.05 USD"],
  [0, "USD", "0.00 USD"],
  [-2501, "EUR", "-25.01 EUR"],
  [2500, "JPY", "2500 JPY"],
  [2500, "KWD", "2.500 KWD"],
  [1, "CLF", "0.0001 CLF"],
  [Number.MAX_SAFE_INTEGER, "USD", "90071992547409.91 USD"],
  [90071992547409919007n, "USD", "900719925474099190.07 USD"],
])("writes %s %s as %s", (amount, currency, text) => {
  expect(formatMinor(amount, currency)).toBe(text);
});

test("refuses to write a fraction of a minor unit or an unknown currency", () => {
  expect(() => formatMinor(0.5, "USD")).toThrow(RangeError);
  expect(() => formatMinor(1, "XXX")).toThrow(RangeError);
});

test("loses no digit of any amount", () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.constantFrom(...CURRENCY_CODES), (amount, currency) => {
      const [text] = formatMinor(amount, currency).split(" ");
      expect(BigInt(text?.replace(".", "") ?? "")).toBe(amount);
    }),
  );
});
