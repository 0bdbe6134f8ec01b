import { type DigitGroup, readDigitGroups } from "./digit-groups";

/**
 * Finds card numbers in text, so that they can be refused on the way in and redacted on the way out. Which digits
 * belong together is read by digit-groups.ts; here it is decided whether they are a card number. Both are linear.
 *
 * A number of 16 digits that an issuer could have given out and that passes the Luhn check is taken for a card number:
 * nothing in it tells it from an order number. So that little else is refused, only the lengths count that each
 * network really issues, and what is plainly a date, an amount, an IBAN, a UUID or an address is let pass. See
 * docs/decisions/card-numbers.md.
 */
export function containsCardNumber(text: string): boolean {
  return mayHold(text) && findCardNumbers(text).length > 0;
}

/** The text with every card number redacted; never longer than it was. */
export function redactCardNumbers(text: string): string {
  let redacted = text;
  // What is next to a number that is struck out may be read in another way than before.
  for (let round = 0; round < ROUNDS_MAX && mayHold(redacted); round += 1) {
    const found = findCardNumbers(redacted);
    if (found.length === 0) return redacted;
    redacted = strikeOut(redacted, found);
  }
  return containsCardNumber(redacted) ? REDACTED : redacted;
}

const REDACTED = "[card number]";
const ROUNDS_MAX = 4;

interface Span {
  readonly start: number;
  readonly end: number;
}

function strikeOut(text: string, spans: readonly Span[]): string {
  let struck = "";
  let rest = 0;
  for (const { start, end } of spans) {
    struck += `${text.slice(rest, start)}${REDACTED}`;
    rest = end;
  }
  return struck + text.slice(rest);
}

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;

/**
 * A quick negative for almost all text: between its letters there are too few digits. What looks encoded, or has
 * characters beyond ASCII, must be read.
 */
function mayHold(text: string): boolean {
  if (text.length < DIGITS_MIN) return false;
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 48 && unit <= 57) {
      digits += 1;
      if (digits >= DIGITS_MIN) return true;
    } else if (isLetter(unit)) digits = 0;
    else if (mayEncode(unit)) return MANY_DIGITS.test(text);
  }
  return false;
}

function isLetter(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90);
}

/** Beyond ASCII, or one of %, & and the backslash. */
function mayEncode(unit: number): boolean {
  return unit > 127 || unit === 37 || unit === 38 || unit === 92;
}

const MANY_DIGITS = /(?:\p{N}[^\p{N}]*){13}/u;

function findCardNumbers(text: string): Span[] {
  const groups = readDigitGroups(withoutOthers(text));
  const found: Span[] = [];
  let from = 0;
  while (from < groups.length) {
    let to = from + 1;
    while (groups[to]?.gap !== undefined) to += 1;
    for (const span of findInRun(groups.slice(from, to))) found.push(span);
    from = to;
  }
  return found;
}

const UUID = /(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])/gi;
// Half of it is a digest in hexadecimal: one in some ten thousand is a number of 16 digits.
const DELIVERY_ID = /(?<![0-9A-Za-z])whd_[0-9a-hjkmnp-tv-z]{10}[0-9a-f]{16}(?![0-9A-Za-z])/g;
const IBAN = /(?<![0-9A-Z])[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Z])/g;

/** The same text, as long as it was, with letters for what holds digits and is known to be something else. */
function withoutOthers(text: string): string {
  let rest = text;
  if (text.includes("-")) rest = rest.replace(UUID, (uuid) => "x".repeat(uuid.length));
  if (text.includes("whd_")) rest = rest.replace(DELIVERY_ID, (id) => "x".repeat(id.length));
  return rest.replace(IBAN, (iban) => (isIban(iban) ? "x".repeat(iban.length) : iban));
}

/** ISO 7064, modulo 97: one in a hundred other texts passes too. */
function isIban(text: string): boolean {
  const packed = text.replaceAll(" ", "");
  let rest = 0;
  for (const character of packed.slice(4) + packed.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

// The ways in which card numbers are printed and typed, as the lengths of the groups.
const CARD_SHAPE = /^(?:4,4,4,4(?:,3)?|4,6,[45]|4,4,4,[23]|6,13|4,3,3,3)$/;
const PART_SHAPE = /^(?:4,4,4,4(?:,3)?|4,6,[45]|4,4,4,[23])$/;
const PART_GROUPS_MAX = 5;
// 4 500 000 000 000, and a sort code with its account.
const OTHER_SHAPE = /^(?:[1-3](?:,3)+|2,2,2,8)$/;

function findInRun(run: readonly DigitGroup[]): Span[] {
  if (run.length > 1 && isOneNumber(run)) return [spanOf(run)];
  const found: Span[] = [];
  let from = 0;
  while (from < run.length) {
    const length = isCardAlone(run, from) ? 1 : longestPartAt(run, from);
    if (length > 0) found.push(spanOf(run.slice(from, from + length)));
    from += Math.max(1, length);
  }
  return found;
}

/** The whole of what is written together is one card number. */
function isOneNumber(run: readonly DigitGroup[]): boolean {
  const shape = shapeOf(run);
  if (run.length > DIGITS_MAX || !looksLikeCard(digitsOf(run), shape)) return false;
  const gaps = run.slice(1).map(({ gap }) => gap ?? "");
  if (OTHER_SHAPE.test(shape) || areTwoNumbers(gaps) || isAddress(run[0], gaps)) return false;
  if (CARD_SHAPE.test(shape)) return true;
  const [gap] = gaps;
  if (gaps.some((other) => other !== gap)) return false;
  if (run.every(({ digits }) => digits.length === 1)) return true;
  const isTied = run.some(({ isGlued, isTied: tied }) => isGlued || tied);
  return !isTied && (gap === " " || gap === "-");
}

/** Two phone numbers of eight digits each, or two prices: "5123 4567 / 5234 5678". */
function areTwoNumbers([first, second, third, fourth]: readonly string[]): boolean {
  const isPair = first === third && first !== second && fourth === undefined;
  return isPair && /[,;/|&+\n]/.test(second ?? "");
}

/** Public IPv6 addresses begin with 2 or 3. */
function isAddress(first: DigitGroup | undefined, gaps: readonly string[]): boolean {
  return gaps.some((gap) => gap.includes(":")) && /^[23]/.test(first?.digits ?? "");
}

function isCardAlone(run: readonly DigitGroup[], at: number): boolean {
  const { digits = "", isGlued = false } = run[at] ?? {};
  // Parcels have YT2226…: the year is that of one of Mastercard's ranges.
  if (isGlued && digits.startsWith("2")) return false;
  return looksLikeCard(digits, String(digits.length)) && !isFraction(run, at);
}

// A double has 17 significant digits at most.
const FRACTION_MAX = 17;

/** 0.4242424242424242 and 52.52000659999999 are numbers that some program has printed. */
function isFraction(run: readonly DigitGroup[], at: number): boolean {
  const [whole, fraction] = [run[at - 1], run[at]];
  if (!whole || !fraction) return false;
  const { gap } = fraction;
  if (gap !== "." && !(gap === "," && whole.digits === "0")) return false;
  const significant = (whole.digits + fraction.digits).replace(/^0+/, "");
  return whole.gap !== gap && whole.digits.length <= 3 && significant.length <= FRACTION_MAX;
}

/** How many groups from here on are a card number within a longer run: 0 when there is none. */
function longestPartAt(run: readonly DigitGroup[], from: number): number {
  const gap = run[from + 1]?.gap;
  // In a list, four numbers of four digits are no card number.
  if (gap === undefined || /[,;:|/].+/.test(gap) || isAddress(run[from], [gap])) return 0;
  let longest = 0;
  for (let length = 3; length <= PART_GROUPS_MAX; length += 1) {
    const part = run.slice(from, from + length);
    if (part.length < length || part.some((group, at) => at > 0 && group.gap !== gap)) break;
    const shape = shapeOf(part);
    if (PART_SHAPE.test(shape) && looksLikeCard(digitsOf(part), shape)) longest = length;
  }
  return longest > 0 && isFour(run[from + 2]) ? amongFours(run, from, longest) : longest;
}

// 1227 or 2027, beside a card number.
const EXPIRY = /^(?:(?:0[1-9]|1[0-2])[2-4]\d|20[2-4]\d)$/;
const FOURS_ALONE_MAX = 5;

/**
 * A long row of fours is a parcel's number or a list, and no card number is looked for within it: only at its
 * beginning, where at most one more follows, after an expiry date, and where it consists of nothing but card numbers.
 */
function amongFours(run: readonly DigitGroup[], from: number, length: number): number {
  const gap = run[from + 1]?.gap;
  const isFollowed = (at: number): boolean => isFour(run[at]) && run[at + 1]?.gap === gap;
  const begin = isFollowed(from - 1) ? from - 1 : from;
  if (begin < from && (isFollowed(begin - 1) || !isExpiry(run[begin]))) return 0;
  let end = from + 3;
  while (isFollowed(end - 1) && isFour(run[end])) end += 1;
  if (end - begin <= FOURS_ALONE_MAX) return length;
  const all = run.slice(begin, end);
  return all.length % 4 === 0 && areAllCards(all) ? all.length : 0;
}

function isExpiry(group: DigitGroup | undefined): boolean {
  return EXPIRY.test(group?.digits ?? "");
}

function areAllCards(groups: readonly DigitGroup[]): boolean {
  for (let at = 0; at < groups.length; at += 4) {
    const four = groups.slice(at, at + 4);
    if (!looksLikeCard(digitsOf(four), shapeOf(four))) return false;
  }
  return true;
}

function isFour(group: DigitGroup | undefined): boolean {
  return group?.digits.length === 4;
}

function shapeOf(groups: readonly DigitGroup[]): string {
  return groups.map(({ digits }) => digits.length).join(",");
}

function digitsOf(groups: readonly DigitGroup[]): string {
  return groups.map(({ digits }) => digits).join("");
}

function spanOf(groups: readonly DigitGroup[]): Span {
  return { start: groups[0]?.start ?? 0, end: groups.at(-1)?.end ?? 0 };
}

// What the networks issue, by length. Nobody issues 13 digits any more (an old Visa counts as it was printed, and as
// the number that everybody tests with), 17 or 18; 13, 17 and 18 digits are what barcodes and ids have.
const ISSUERS: ReadonlyMap<number, RegExp> = new Map([
  [13, /^4222222222222$/],
  [14, /^(?:30[0-5]|3095|36|38|39)/],
  [15, /^3[47]/],
  [16, /^(?:4|5[0-8]|6[02-9]|35(?:2[89]|[3-8])|220[0-4]|22(?:2[1-9]|[3-9])|2[3-6]|27[01]|2720)/],
  [19, /^(?:4|62)/],
]);
const OLD_VISA = /^4/;

function looksLikeCard(digits: string, shape: string): boolean {
  const isIssued = shape === "4,3,3,3" ? OLD_VISA : ISSUERS.get(digits.length);
  return isIssued?.test(digits) === true && passesLuhn(digits) && !isDate(digits);
}

// 31012026 once or twice, or with the time of day: days 22 to 30 would be an issuer.
const DATE =
  /^[0-3]\d[01]\d(?:19|20)\d\d(?:[0-2]\d[0-5]\d[0-5]\d(?:\d\d)?|[0-3]\d[01]\d(?:19|20)\d\d)$/;

function isDate(digits: string): boolean {
  return DATE.test(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const weighed = index % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
