import { randomUUID } from "node:crypto";
import { newId } from "../../src/ids";
import { createRandom } from "../../src/sandbox/random";

/** Card numbers as people and programs write them, and what looks like one and is none. */

export const CARDS = [
  "4242424242424242",
  "4000000000000002",
  "5555555555554444",
  "5105105105105100",
  "2223003122003222",
  "2720992593319364",
  "6011111111111117",
  "3566002020360505",
  "6200000000000005",
  "6759649826438453",
] as const;

export const OTHER_LENGTHS = [
  "378282246310005",
  "371449635398431",
  "30569309025904",
  "36227206271667",
  "38520000023237",
  "4222222222222",
  "4000000000000000006",
  "6205500000000000004",
] as const;

const inFours = (separator: string) => (card: string) =>
  (card.match(/.{1,4}/g) ?? []).join(separator);
const each = (write: (digit: string) => string) => (card: string) => [...card].map(write).join("");
const from = (zero: number) => each((digit) => String.fromCodePoint(zero + Number(digit)));

/** Each of them for any card number. */
export const SPELLINGS: Readonly<Record<string, (card: string) => string>> = {
  plain: (card) => card,
  "in a sentence": (card) => `please charge ${card}, thanks`,
  "behind PAN": (card) => `PAN${card}`,
  "behind PAN and a colon": (card) => `PAN: ${card}`,
  "behind card": (card) => `card${card}`,
  "behind a number sign": (card) => `#${card}`,
  "behind a word and a dash": (card) => `order-${card}`,
  "behind a word and an underscore": (card) => `order_${card}`,
  "before a word": (card) => `${card}abc`,
  "within a word": (card) => `pan${card}exp`,
  "before date and code in one word": (card) => `${card}exp1227cvc123`,
  "before date and code": (card) => `${card} 12/27 123`,
  "between pipes": (card) => `${card}|12|27|123`,
  "in a list": (card) => `${card},5105105105105100;${card}`,
  "in quotes": (card) => `"${card}"`,
  "in JSON": (card) => `{"number":"${card}"}`,
  "in JSON, as a number": (card) => `{"number":${card},"cvc":123}`,
  "in XML": (card) => `<pan>${card}</pan>`,
  "in a query": (card) => `?pan=${card}&cvc=123`,
  "in a path": (card) => `https://shop.example/cards/${card}/edit`,
  "with a fraction": (card) => `${card}.00`,
  "behind zero-width spaces": (card) => `\u200b${inFours("\u200b")(card)}`,
  "one digit after the other": (card) => [...card].join(" "),
  "one digit after the other, with dashes": (card) => [...card].join("-"),
  "one digit after the other, with dots": (card) => [...card].join("."),
  "percent-encoded": each((digit) => `%3${digit}`),
  "percent-encoded twice": each((digit) => `%253${digit}`),
  "decimal entities": each((digit) => `&#${String(48 + Number(digit))};`),
  "hexadecimal entities": each((digit) => `&#x3${digit};`),
  "escapes of JSON": each((digit) => `\\u003${digit}`),
  "escapes of a string": each((digit) => `\\x3${digit}`),
  "full-width digits": from(0xff10),
  "Arabic digits": from(0x660),
  "Persian digits": from(0x6f0),
  "Devanagari digits": from(0x966),
  "Thai digits": from(0xe50),
  "bold digits": from(0x1d7ce),
  "superscript digits": each((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? ""),
  "percent-encoded full-width digits": (card) => encodeURIComponent(from(0xff10)(card)),
  keycaps: each((digit) => `${digit}\ufe0f\u20e3`),
};

/** In groups of four, which cards of 16 digits are printed in. */
export const SEPARATORS: Readonly<Record<string, string>> = {
  space: " ",
  dash: "-",
  dot: ".",
  slash: "/",
  underscore: "_",
  comma: ",",
  "dash and spaces": " - ",
  "double space": "  ",
  "three spaces": "   ",
  "double dash": "--",
  tab: "\t",
  "line break": "\n",
  "line break of Windows": "\r\n",
  "comma and space": ", ",
  "slash and spaces": " / ",
  "dot and space": ". ",
  colon: ":",
  semicolon: ";",
  pipe: "|",
  plus: "+",
  star: "*",
  tilde: "~",
  backslash: "\\",
  equals: "=",
  "double underscore": "__",
  "no-break space": "\u00a0",
  "narrow space": "\u202f",
  "ideographic space": "\u3000",
  "en dash": "\u2013",
  "em dash": "\u2014",
  "minus sign": "\u2212",
  "middle dot": "·",
  bullet: " • ",
  "percent-encoded space": "%20",
  "percent-encoded dash": "%2D",
  "percent-encoded no-break space": "%C2%A0",
  "entity of a space": "&nbsp;",
  "entity of a dash": "&ndash;",
  "escaped line break": "\\n",
};

/** Every spelling of every card; the groups of other lengths as they are printed. */
export function spelledCards(): [what: string, text: string][] {
  const rows: [string, string][] = [];
  for (const [what, spell] of Object.entries(SPELLINGS)) {
    for (const card of [...CARDS, ...OTHER_LENGTHS]) {
      // YT2223… is what parcels have: the one thing that letters in front make a difference to.
      const isParcel = /^[a-z]*2/i.test(spell(card)) && /[a-z]/i.test(spell(card).charAt(0));
      if (!isParcel && !isGlued(what, card)) rows.push([`${what}: ${card}`, spell(card)]);
    }
  }
  for (const [what, separator] of Object.entries(SEPARATORS)) {
    for (const card of CARDS) {
      const isAddress = separator === ":" && card.startsWith("2");
      const text = inFours(separator)(card);
      if (isAddress || (card.startsWith("3") && separator === ":")) continue;
      rows.push([`${what}: ${card}`, text], [`${what}, in a text: ${card}`, `pan ${text}.`]);
    }
  }
  return [...rows, ...OTHERS_PRINTED.map((text): [string, string] => [text, text])];
}

function isGlued(what: string, card: string): boolean {
  return card.startsWith("2") && /PAN$|card$|before a word|within a word|in one word/.test(what);
}

const OTHERS_PRINTED = [
  "3782 822463 10005",
  "3782-822463-10005",
  "3782.822463.10005",
  "3714_496353_98431",
  "3056 930902 5904",
  "3056/930902/5904",
  "3622 7206 2716 67",
  "4222 222 222 222",
  "4000 0000 0000 0000 006",
  "4000-0000-0000-0000-006",
  "620550 0000000000004",
  "42 42 42 42 42 42 42 42",
  "42 4242 424242 4242",
  "42424242 42424242",
  "4242-4242 4242.4242",
  "4242/4242-4242_4242",
  "2 4242 4242 4242 4242",
  "4242 4242 4242 4242 12 27 123",
  "4242 4242 4242 4242 1227",
  "4242-4242-4242-4242-1227-123",
  "1227 4242 4242 4242 4242",
  "2027-4242-4242-4242-4242",
  "4242 4242 4242 4242 5555 5555 5555 4444",
  "4242.4242.4242.4242/12/27",
  "PAN4242 4242 4242 4242",
  "PAN4242-4242-4242-4242exp",
  "卡号：4242424242424242。",
  "DE89 3704 0044 0532 0130 00, or 4242 4242 4242 4242",
];

/** Nothing of it is a card number, whatever the seed. */
export function otherTexts(seed: number, count: number): [what: string, text: string][] {
  const random = createRandom(seed);
  const whole = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  const digits = (length: number): string =>
    Array.from({ length }, () => String(whole(0, 9))).join("");
  const of = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[whole(0, alphabet.length - 1)] ?? "").join("");
  const pick = (...texts: readonly string[]): string => texts[whole(0, texts.length - 1)] ?? "";
  const at = (): Date =>
    new Date(
      Date.UTC(
        whole(2015, 2035),
        whole(0, 11),
        whole(1, 28),
        whole(0, 23),
        whole(0, 59),
        whole(0, 59),
        whole(0, 999),
      ),
    );
  const compact = (): string => at().toISOString().replace(/\D/g, "");
  const dayFirst = (separator: string): string => {
    const [year = "", month = "", day = ""] = at().toISOString().slice(0, 10).split("-");
    return [day, month, year].join(separator);
  };
  const HEX = "0123456789abcdef";
  const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const snowflake = (epoch: number): string =>
    String((BigInt(at().getTime() - epoch) << 22n) + BigInt(whole(0, 4_194_303)));
  const kinds: Readonly<Record<string, () => string>> = {
    "our id": () => newId(pick("paymentIntent", "event", "attempt") as "event", at().getTime()),
    UUID: () => randomUUID(),
    "UUID with hardly a letter": () =>
      [8, 4, 4, 4, 12]
        .map((length) => of("0123456789012345678901234567890123456789a", length))
        .join("-"),
    "UUID behind a word": () => `order-${randomUUID()}`,
    "UUID without dashes": () => randomUUID().replaceAll("-", ""),
    ULID: () => `01${of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)}`,
    "snowflake of Twitter": () => snowflake(1_288_834_974_657),
    "snowflake of Discord": () => snowflake(1_420_070_400_000 - 86_400_000),
    ObjectId: () => of(HEX, 24),
    "SHA-256": () => of(HEX, 64),
    "git commit": () => of(HEX, 40),
    nanoid: () => of(`${BASE62}_-`, 21),
    "Stripe id": () =>
      `${pick("pi", "ch", "cus", "in", "sub", "evt")}_${pick("1", "3")}${of(BASE62, 23)}`,
    KSUID: () => `2${of(BASE62, 26)}`,
    "timestamp in ISO 8601": () => at().toISOString(),
    "timestamp in digits": () => compact(),
    "timestamp in digits, seconds": () => compact().slice(0, 14),
    "timestamp in digits, microseconds": () => `${compact()}${digits(3)}`.slice(0, 20),
    "day first, with the time": () => dayFirst("") + compact().slice(8, 14),
    "day first, twice": () => `${dayFirst("")}${dayFirst("")}`,
    "dates from and to": () => `${dayFirst(".")} - ${dayFirst(".")}`,
    "dates with dashes": () => `${dayFirst("-")} ${dayFirst("-")}`,
    "dates with slashes": () => `${dayFirst("/")}-${dayFirst("/")}`,
    "date and time": () => at().toISOString().slice(0, 19).replace("T", " "),
    "milliseconds since 1970": () => String(at().getTime()),
    "microseconds since 1970": () => `${String(at().getTime())}${digits(3)}`,
    "nanoseconds since 1970": () => `${String(at().getTime())}${digits(6)}`,
    "phone number, German": () => `+49${pick("151", "160", "170")}${digits(8)}`,
    "phone number, with spaces": () => `+49 ${pick("151", "1512")} ${digits(4)} ${digits(4)}`,
    "phone number, without a plus": () => `49${pick("151", "176")}${digits(8)}`,
    "phone number, American": () => `+1 (${digits(3)}) ${digits(3)}-${digits(4)}`,
    "phone number, Brazilian": () => `+55 ${digits(2)} 9${digits(4)}-${digits(4)}`,
    "phone numbers, two of eight digits": () =>
      `5${digits(3)} ${digits(4)} / 6${digits(3)} ${digits(4)}`,
    "phone numbers, two of ten digits": () =>
      `${digits(3)}-${digits(3)}-${digits(4)} ${digits(3)}-${digits(3)}-${digits(4)}`,
    "order number of Amazon": () => `${digits(3)}-${digits(7)}-${digits(7)}`,
    "order number of Google": () => `GPA.${digits(4)}-${digits(4)}-${digits(4)}-${digits(5)}`,
    "order number of eBay": () => `${digits(2)}-${digits(5)}-${digits(5)}`,
    "order number of Shopify": () => `gid://shopify/Order/${pick("4", "5", "6")}${digits(12)}`,
    "order number with a date": () => `ORD-${at().toISOString().slice(0, 10)}-${digits(6)}`,
    "invoice number": () => `INV-${String(whole(2015, 2035))}-${digits(8)}`,
    "order number of SAP": () => `45${digits(8)}, 45${digits(8)}`,
    "tracking number of UPS": () => `1Z${of("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 6)}${digits(10)}`,
    "tracking number of USPS": () =>
      `9${digits(3)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(2)}`,
    "tracking number of USPS, 22 digits": () => `9${digits(21)}`,
    "tracking number of FedEx": () => digits(12),
    "tracking number of FedEx, 20 digits": () => `61${digits(18)}`,
    "tracking number of FedEx, in fours": () =>
      `61${digits(2)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)}`,
    "tracking number of DHL": () => `JJD0003${digits(11)}`,
    "tracking number of DHL, in fours": () =>
      `0034 ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)}`,
    "tracking number of YunExpress": () =>
      `YT${pick("22", "23", "24", "25", "26", "27")}${digits(14)}`,
    "tracking number of the post": () =>
      `${of("CLRUV", 2)}${digits(9)}${pick("CN", "DE", "GB", "US")}`,
    "EAN of 13 digits": () => `4${digits(12)}`.replace(/^4222222222222$/, "4222222222221"),
    IMEI: () => `35${digits(13)}`,
    "IBAN, German": () =>
      iban("DE", pick("43060967", "50010517", "37040044", "60050101") + digits(10)),
    "IBAN, German, in fours": () =>
      inFours(" ")(iban("DE", pick("43060967", "50010517", "37040044") + digits(10))),
    "IBAN, Belgian": () => iban("BE", pick("36", "30", "38") + digits(10)),
    "IBAN, British": () => inFours(" ")(iban("GB", `BARC30${digits(12)}`)),
    "sort code and account": () => `30-0${digits(1)}-${digits(2)} ${digits(8)}`,
    amount: () =>
      `${String(whole(1, 999))},${digits(3)},${digits(3)},${digits(3)},${digits(3)}.${digits(2)}`,
    "amount with spaces": () => `4 ${digits(3)} ${digits(3)} ${digits(3)} ${digits(3)}`,
    "amount with dots": () => `4.${digits(3)}.${digits(3)}.${digits(3)}.${digits(3)}`,
    "amounts with decimals": () =>
      `${digits(4)}.${digits(2)} ${digits(4)}.${digits(2)} ${digits(4)}.${digits(2)}`,
    "prices, two": () => `5${digits(3)}.${digits(4)}, 5${digits(3)}.${digits(4)}`,
    "random fraction": () => String(0.3 + random() * 0.4),
    coordinates: () => `${String(40 + random() * 19)}, ${String(-9 + random() * 30)}`,
    "inexact amount": () => String(4_500 + whole(1, 999) * 0.1),
    "IPv4 addresses": () =>
      `${String(whole(1, 255))}.${String(whole(0, 255))}.${String(whole(0, 255))}.4 5.${String(whole(0, 255))}.6.7`,
    "IPv6 address": () => `2606:${digits(4)}:${digits(4)}:${digits(4)}::1`,
    "IPv6 address, short": () => `2606:${digits(4)}:${digits(4)}::${digits(4)}`,
    "MAC address": () => Array.from({ length: 6 }, () => digits(2)).join(":"),
    version: () => `v${digits(1)}.${digits(2)}.${digits(1)}-rc.${digits(2)}+build.${digits(6)}`,
    years: () => "2023, 2024, 2025, 2026, 2027",
    "list of four-digit numbers": () => Array.from({ length: 7 }, () => `4${digits(3)}`).join(", "),
    "wrong check digit": () => wrongCheckDigit(`4${digits(15)}`),
    "12 digits": () => `4${digits(11)}`,
    "17 digits": () => `4${digits(16)}`,
    "18 digits": () => `5${digits(17)}`,
    "20 digits": () => `4${digits(19)}`,
  };
  return Object.entries(kinds).flatMap(([what, make]) =>
    Array.from({ length: count }, (): [string, string] => [what, make()]),
  );
}

function iban(country: string, account: string): string {
  const digits = [...`${account}${country}00`].map((character) =>
    String(Number.parseInt(character, 36)),
  );
  const check = 98n - (BigInt(digits.join("")) % 97n);
  return `${country}${String(check).padStart(2, "0")}${account}`;
}

function wrongCheckDigit(digits: string): string {
  const last = Number(digits.at(-1));
  let sum = 0;
  [...digits].reverse().forEach((digit, index) => {
    const weighed = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += weighed > 9 ? weighed - 9 : weighed;
  });
  return sum % 10 === 0 ? `${digits.slice(0, -1)}${String((last + 1) % 10)}` : digits;
}
