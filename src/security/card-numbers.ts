/**
 * Finds card numbers in text, so that they can be refused on the way in and redacted on the way out. Everything here is
 * linear in the length of the text: it is run on whatever a stranger sends.
 *
 * The text is first read as words: unbroken rows of letters and digits. Words of digits only that
 * are joined by single spaces or dashes form a run, and card numbers are looked for in runs. So a number inside a
 * longer word, such as an id, does not count.
 */
export function containsCardNumber(text: string): boolean {
  return mayHold(text) && findCardNumbers(text).length > 0;
}

/** Whether the whole text is one card number. For ids and keys: no UUID or ULID is one. */
export function isCardNumber(text: string): boolean {
  if (!mayHold(text)) return false;
  const trimmed = text.trim();
  const words = readWords(trimmed);
  const { start, end } = spanOf(words);
  if (start !== 0 || end !== trimmed.length) return false;
  const isRun = words.every((word, index) => isDigits(word) && (index === 0 || word.join !== ""));
  return isRun && looksLikeCard(words.map((word) => word.digits).join(""));
}

/** The text with every card number redacted; never longer than it was. */
export function redactCardNumbers(text: string): string {
  if (!mayHold(text)) return text;
  let redacted = "";
  let rest = 0;
  for (const { start, end } of findCardNumbers(text)) {
    redacted += `${text.slice(rest, start)}[card number]`;
    rest = end;
  }
  return redacted + text.slice(rest);
}

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;

// `join` is the one separator before the word, or empty when it does not follow the last one
// directly. `digits` is empty for a word that holds a letter.
type Word = { start: number; end: number; join: "" | " " | "-"; digits: string };
type Span = { start: number; end: number };

function isDigits(word: Word | undefined): boolean {
  return word !== undefined && word.digits !== "";
}

/** A quick negative for almost all text: it has too few digits. */
function mayHold(text: string): boolean {
  if (text.length < DIGITS_MIN) return false;
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 48 && unit <= 57) digits += 1;
    else if (unit > 127) return (text.match(/\p{N}/gu)?.length ?? 0) >= DIGITS_MIN;
  }
  return digits >= DIGITS_MIN;
}

function findCardNumbers(text: string): Span[] {
  const words = readWords(text);
  const found: Span[] = [];
  let from = 0;
  while (from < words.length) {
    let to = from + 1;
    if (isDigits(words[from])) {
      while (isDigits(words[to]) && words[to]?.join !== "") to += 1;
      // A run that a dash ties to a word is likely part of an id: "41234567-1234-4234-a234-…".
      const tied =
        (words[from]?.join === "-" && from > 0) || (words[to]?.join === "-" && to < words.length);
      for (const span of findInRun(words.slice(from, to), tied)) found.push(span);
    }
    from = to;
  }
  return found;
}

// The ways people write card numbers. A part of a run must be written in one of them, or every
// list of numbers would hold a card number by chance; so must a run that is tied to a word.
const GROUPS_MAX = 5;
const CARD_GROUPS = /^(?:1[3-9]|4,4,4,4(?:,[1-3])?|4,4,4,[1-3]|4,6,[3-5]|6,13)$/;

function findInRun(run: readonly Word[], tied: boolean): Span[] {
  if (!tied && looksLikeCard(run.map((word) => word.digits).join(""))) return [spanOf(run)];
  const found: Span[] = [];
  let from = 0;
  while (from < run.length) {
    const card = longestCardAt(run, from);
    if (card.length > 0) found.push(spanOf(card));
    from += Math.max(1, card.length);
  }
  return found;
}

function longestCardAt(run: readonly Word[], from: number): readonly Word[] {
  let digits = "";
  let groups = "";
  let longest: readonly Word[] = [];
  for (let to = from; to < Math.min(run.length, from + GROUPS_MAX); to += 1) {
    const word = run[to]?.digits ?? "";
    digits += word;
    groups += `${groups === "" ? "" : ","}${word.length}`;
    if (CARD_GROUPS.test(groups) && looksLikeCard(digits)) longest = run.slice(from, to + 1);
  }
  return longest;
}

function spanOf(words: readonly Word[]): Span {
  return { start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0 };
}

// Cards begin with 3 to 6, or with 22 to 27 in 16 digits or more. Other numbers in 2 are let pass,
// for they are mostly dates: 20261120101530 must not be refused one time in ten.
const ISSUER = /^(?:[3-6]|2[2-7]\d{14})/;

function looksLikeCard(digits: string): boolean {
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX) return false;
  return ISSUER.test(digits) && passesLuhn(digits);
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

function readWords(text: string): Word[] {
  const words: Word[] = [];
  let word: Word | undefined;
  let letters = false;
  let gap = "";
  let position = 0;
  for (const character of text) {
    const end = position + character.length;
    const kind = kindOf(character);
    if (isBetweenWords(kind)) {
      word = undefined;
      // Two separators in a row join nothing, so there is no need to keep more.
      if (gap.length < 2) gap += kind;
    } else if (kind !== "") {
      if (word === undefined) {
        word = { start: position, end, join: words.length > 0 ? joinOf(gap) : "", digits: "" };
        words.push(word);
        letters = false;
        gap = "";
      }
      word.end = end;
      letters ||= kind === "a";
      word.digits = letters ? "" : word.digits + kind;
    }
    position = end;
  }
  return words;
}

function isBetweenWords(kind: string): boolean {
  return kind === " " || kind === "-" || kind === ".";
}

function joinOf(gap: string): Word["join"] {
  return gap === " " || gap === "-" ? gap : "";
}

/** A digit for a digit, "a" for a letter, " ", "-", "" for what is not seen, "." for the rest. */
function kindOf(character: string): string {
  if (character > "\u007f") return kindBeyondAscii(character);
  if (character >= "0" && character <= "9") return character;
  if (/[a-z]/i.test(character)) return "a";
  if (character === "\t") return " ";
  return character === " " || character === "-" ? character : ".";
}

function kindBeyondAscii(character: string): string {
  // Full-width, bold and circled digits are the plain ones to NFKC; other scripts' are not.
  const plain = character.normalize("NFKC");
  if (plain.length === 1 && plain <= "\u007f") return kindOf(plain);
  if (/\p{Nd}/u.test(character)) return digitOf(character);
  if (/[\p{L}\p{N}]/u.test(character)) return "a";
  if (/[\p{Pd}\u2212]/u.test(character)) return "-";
  if (/\p{Zs}/u.test(character)) return " ";
  // Zero-width spaces and keycap marks between digits hide nothing.
  return /[\p{Cf}\p{M}]/u.test(character) ? "" : ".";
}

/** Unicode has the ten digits of each script in a row, so the value is the distance to the first. */
function digitOf(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(codePoint - value - 1))) value += 1;
  return String(value);
}
