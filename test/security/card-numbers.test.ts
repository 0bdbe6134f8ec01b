import { randomUUID } from "node:crypto";
import fc from "fast-check";
import {
  containsCardNumber,
  isCardNumber,
  redactCardNumbers,
} from "../../src/security/card-numbers";
import { newId } from "../../src/ids";
import { cpuMsOf } from "../support/cpu-time";

/** The digits with the last one chosen so that they pass the Luhn check. */
function withCheckDigit(digits: string): string {
  for (let check = 0; check < 10; check += 1) {
    let sum = 0;
    [...digits, String(check)].reverse().forEach((digit, index) => {
      const weighed = Number(digit) * (index % 2 === 0 ? 1 : 2);
      sum += weighed > 9 ? weighed - 9 : weighed;
    });
    if (sum % 10 === 0) return digits + String(check);
  }
  throw new Error("One of ten check digits always fits");
}

const digit = fc.integer({ min: 0, max: 9 }).map(String);

const cardNumber = fc
  .tuple(
    fc.constantFrom("3", "4", "5", "6"),
    fc.array(digit, { minLength: 11, maxLength: 17 }).map((digits) => digits.join("")),
  )
  .map(([first, rest]) => withCheckDigit(first + rest));

describe("finds", () => {
  test.each([
    ["Visa", "4242424242424242"],
    ["Visa of 13 digits", "4222222222222"],
    ["Visa of 19 digits", "4000000000000000006"],
    ["Mastercard", "5555555555554444"],
    ["Mastercard in 2", "2223003122003222"],
    ["Amex", "378282246310005"],
    ["Amex as printed", "3782 822463 10005"],
    ["Diners", "30569309025904"],
    ["Discover", "6011111111111117"],
    ["JCB", "3566002020360505"],
    ["UnionPay", "6200000000000005"],
    ["Maestro", "6759649826438453"],
    ["spaces", "4242 4242 4242 4242"],
    ["dashes", "4242-4242-4242-4242"],
    ["non-breaking spaces", "4242\u00a04242\u00a04242\u00a04242"],
    ["long dashes", "4242\u20134242\u20134242\u20134242"],
    ["full-width digits", "４２４２４２４２４２４２４２４２"],
    ["Arabic digits", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"],
    ["Devanagari digits", "४२४२४२४२४२४२४२४२"],
    ["bold digits", "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐"],
    ["hidden spaces", "4242\u200b4242\u200b4242\u200b4242"],
    ["odd groups", "42 4242 424242 4242"],
  ])("%s", (_what, text) => {
    expect(isCardNumber(text)).toBe(true);
    expect(isCardNumber(` ${text}\n`)).toBe(true);
    expect(containsCardNumber(text)).toBe(true);
    expect(containsCardNumber(`Please charge ${text}, thanks!`)).toBe(true);
    expect(containsCardNumber(`{"card":"${text}"}`)).toBe(true);
    expect(containsCardNumber(`卡号：${text}。`)).toBe(true);
    expect(redactCardNumbers(`a ${text}.`)).toBe("a [card number].");
  });

  test.each([
    ["after a count", "2 4242 4242 4242 4242"],
    ["before an expiry date", "4242 4242 4242 4242 12 27"],
    ["before expiry date and code", "4242424242424242 12 27 123"],
    ["behind a word and a dash", "card-4242-4242-4242-4242"],
    ["behind a word and an underscore", "card_4242424242424242"],
    ["in a query", "?pan=4242424242424242&cvc=123"],
  ])("one %s", (_what, text) => {
    expect(isCardNumber(text)).toBe(false);
    expect(containsCardNumber(text)).toBe(true);
  });

  test("any card number, however it is spaced", () => {
    fc.assert(
      fc.property(
        cardNumber,
        fc.array(fc.constantFrom("", " ", "-"), { minLength: 18, maxLength: 18 }),
        (number, separators) => {
          const text = [...number]
            .map((one, index) => (separators[index - 1] ?? "") + one)
            .join("");
          expect(isCardNumber(text)).toBe(true);
          expect(containsCardNumber(`to ${text} at once`)).toBe(true);
        },
      ),
    );
  });
});

describe("lets pass", () => {
  test.each([
    ["nothing", ""],
    ["a wrong check digit", "4242424242424241"],
    ["twelve digits", "424242424242"],
    ["twenty digits", "42424242424242424242"],
    ["part of a longer word", "x4242424242424242"],
    ["part of another longer word", "4242424242424242kg"],
    ["double spaces", "4242  4242  4242  4242"],
    ["other separators", "4242.4242.4242.4242"],
    ["line breaks", "4242\n4242\n4242\n4242"],
    ["a time in digits", "20261120101530"],
    ["two dates", "2026-11-20 2026-11-28"],
    ["milliseconds since 1970", "1763632800000"],
    ["zeros", "0000000000000000"],
    ["an amount", "1,234,567,890,123.45"],
    ["an IBAN", "DE89 3704 0044 0532 0130 00"],
  ])("%s", (_what, text) => {
    expect(isCardNumber(text)).toBe(false);
    expect(containsCardNumber(text)).toBe(false);
    expect(redactCardNumbers(text)).toBe(text);
  });

  test("every UUID, also those with hardly a letter", () => {
    const mostlyDigits = fc.constantFrom(..."0123456789012345678901234567890123456789abcdef");
    const group = (length: number): fc.Arbitrary<string> =>
      fc.string({ unit: mostlyDigits, minLength: length, maxLength: length });
    const uuid = fc
      .tuple(group(8), group(4), group(3), fc.constantFrom(..."89ab"), group(3), group(12))
      .map(([a, b, c, variant, d, e]) => `${a}-${b}-4${c}-${variant}${d}-${e}`);
    fc.assert(
      fc.property(uuid, (text) => {
        expect(isCardNumber(text)).toBe(false);
        expect(containsCardNumber(`order ${text}`)).toBe(false);
        expect(containsCardNumber(`order-${text}-eu`)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
    for (let count = 0; count < 5_000; count += 1) {
      expect(containsCardNumber(randomUUID())).toBe(false);
    }
  });

  test("every ULID and every id of ours", () => {
    const ulid = fc.string({
      unit: fc.constantFrom(..."0123456789012345678901234567890123456789ABCDEFGHJKMNPQRSTVWXYZ"),
      minLength: 26,
      maxLength: 26,
    });
    fc.assert(
      fc.property(ulid, (text) => {
        expect(isCardNumber(text)).toBe(false);
        expect(containsCardNumber(text)).toBe(false);
        expect(containsCardNumber(`pi_${text.toLowerCase()}`)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
    for (let count = 0; count < 1_000; count += 1) {
      expect(containsCardNumber(newId("paymentIntent"))).toBe(false);
    }
  });
});

describe("redacting", () => {
  test("strikes out every card number and nothing else", () => {
    expect(
      redactCardNumbers("Not 4242424242424242 12/27 but 5555-5555-5555-4444 by 20261120101530"),
    ).toBe("Not [card number] 12/27 but [card number] by 20261120101530");
  });

  test("leaves no card number and never makes the text longer", () => {
    const word = fc.oneof(cardNumber, fc.string(), fc.constantFrom(" ", "-", "😀", "٤", "a"));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const text = words.join("");
        const redacted = redactCardNumbers(text);
        expect(containsCardNumber(redacted)).toBe(false);
        expect(redacted.length).toBeLessThanOrEqual(text.length);
        expect(redacted === text).toBe(!containsCardNumber(text));
      }),
    );
  });
});

test.each<[string, (count: number) => string]>([
  ["digits", (count) => "4".repeat(count)],
  ["groups", (count) => "4242 ".repeat(count)],
  ["single digits", (count) => "4 ".repeat(count)],
  ["digits and dashes", (count) => "4-".repeat(count)],
  ["other scripts", (count) => "٤".repeat(count)],
  ["marks", (count) => `4${"\u0301".repeat(count)}4222222222222`],
])("takes linear time on a great many %s", async (_what, textOf) => {
  const look = (count: number): Promise<number> => {
    const text = textOf(count);
    return cpuMsOf(() => {
      containsCardNumber(text);
      redactCardNumbers(text);
      isCardNumber(text);
    });
  };
  // The first time is spent on compiling.
  await look(10_000);
  const fewMs = Math.max(20, await look(10_000));
  // Eight times as many take eight times as long; a square would be 64 times.
  expect(await look(80_000)).toBeLessThan(24 * fewMs);
});
