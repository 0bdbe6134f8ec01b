import fc from "fast-check";
import { containsCardNumber, redactCardNumbers } from "../../src/security/card-numbers";
import { cpuMsOf } from "../support/cpu-time";
import { CARDS, OTHER_LENGTHS, otherTexts, spelledCards } from "./corpus";

describe("finds", () => {
  test("every card number, however it is spelled", () => {
    const rows = spelledCards();
    expect(rows.length).toBeGreaterThan(1_000);
    expect(rows.filter(([, text]) => !containsCardNumber(text))).toEqual([]);
  });

  test("it in a longer text, and strikes out all of it", () => {
    for (const [what, text] of spelledCards()) {
      for (const whole of [`Please charge ${text}`, `{"card":"${text}"}`, `卡号：${text}。`]) {
        const redacted = redactCardNumbers(whole);
        expect({ what, redacted }).toEqual({
          what,
          redacted: expect.stringContaining("[card number]"),
        });
        expect(containsCardNumber(redacted)).toBe(false);
        expect(redacted.length).toBeLessThanOrEqual(whole.length);
      }
    }
  });

  test.each(["", " ", "-"])("a number in any groups, when all are joined by %j", (separator) => {
    const cut = fc.tuple(
      fc.constantFrom(...CARDS, ...OTHER_LENGTHS.filter((card) => card.length > 13)),
      fc.array(fc.boolean(), { minLength: 18, maxLength: 18 }),
    );
    fc.assert(
      fc.property(cut, ([card, cuts]) => {
        const text = [...card]
          .map((digit, index) => (cuts[index - 1] ? separator : "") + digit)
          .join("");
        // 4 242 424 242 is an amount.
        const isAmount = /^\d{1,3}(?:[ -]\d{3})+$/.test(text);
        expect(containsCardNumber(text)).toBe(!isAmount);
        expect(containsCardNumber(`to ${text}, at once`)).toBe(!isAmount);
      }),
    );
  });
});

describe("lets pass", () => {
  // Another seed in every run would find more, and nobody could repeat it.
  test.each([1, 2, 3])("ids, dates, numbers and amounts of all kinds (seed %i)", (seed) => {
    const rows = otherTexts(seed, 20);
    expect(rows.length).toBeGreaterThan(1_500);
    expect(rows.filter(([, text]) => containsCardNumber(text))).toEqual([]);
    expect(rows.filter(([, text]) => containsCardNumber(`see ${text}.`))).toEqual([]);
    expect(rows.every(([, text]) => redactCardNumbers(text) === text)).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["a wrong check digit", "4242424242424241"],
    ["twelve digits", "424242424242"],
    ["twenty digits", "42424242424242424242"],
    ["what no network issues", "9999999999999995"],
    ["a delivery whose digest is all digits", "whd_01m82y1hff4242424242424242"],
    ["an id with digits", "pi_3MtwBwLkdIwHu7ix28a3tqPa"],
    ["base64 of a card number", Buffer.from("4242424242424242").toString("base64")],
    ["a time in digits", "20261120101530"],
    ["two dates", "2026-11-20 2026-11-28"],
    ["days from Christmas to Boxing Day", "23-12-2026 26-12-2026"],
    ["zeros", "0000000000000000"],
    ["a resolver of Cloudflare's", "2606:4700:4700::1111"],
    ["an IBAN", "DE89 3704 0044 0532 0130 00"],
    ["numbers far from each other", "4242 and 4242 and 4242 and 4242"],
  ])("%s", (_what, text) => {
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
        expect(containsCardNumber(text)).toBe(false);
        expect(containsCardNumber(`order ${text}`)).toBe(false);
        expect(containsCardNumber(`order-${text}-eu`)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("redacting", () => {
  test("strikes out every card number and nothing else", () => {
    expect(
      redactCardNumbers("Not 4242424242424242 12/27 but 5555-5555-5555-4444 by 20261120101530"),
    ).toBe("Not [card number] 12/27 but [card number] by 20261120101530");
  });

  test("leaves no card number and never makes the text longer", () => {
    const word = fc.oneof(
      fc.constantFrom(...CARDS, ...OTHER_LENGTHS),
      fc.string(),
      fc.constantFrom(" ", "-", ".", "%34", "&#52;", "4242", "😀", "٤", "a"),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const text = words.join("");
        const redacted = redactCardNumbers(text);
        expect(containsCardNumber(redacted)).toBe(false);
        expect(redacted.length).toBeLessThanOrEqual(text.length);
        expect(redacted === text).toBe(!containsCardNumber(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each<[string, (count: number) => string]>([
  ["digits", (count) => "4".repeat(count)],
  ["groups", (count) => "4242 ".repeat(count)],
  ["groups in two ways", (count) => "4242 4242-4242 4242 ".repeat(count)],
  ["single digits", (count) => "4 ".repeat(count)],
  ["digits and dashes", (count) => "4-".repeat(count)],
  ["card numbers", (count) => "4242424242424242 ".repeat(count)],
  ["other scripts", (count) => "٤".repeat(count)],
  ["marks", (count) => `4${"\u0301".repeat(count)}4222222222222`],
  ["percent signs", (count) => `%${"25".repeat(count)}1`],
  ["entities", (count) => "&#52;".repeat(count)],
  ["beginnings of IBANs", (count) => "DE12 3456 ".repeat(count)],
])("takes linear time on a great many %s", async (_what, textOf) => {
  const look = (count: number): Promise<number> => {
    const text = textOf(count);
    return cpuMsOf(() => {
      containsCardNumber(text);
      redactCardNumbers(text);
    });
  };
  // The first time is spent on compiling.
  await look(5_000);
  const fewMs = Math.max(20, await look(5_000));
  // Eight times as many take eight times as long; a square would be 64 times.
  expect(await look(40_000)).toBeLessThan(24 * fewMs);
});
