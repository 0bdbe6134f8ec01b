/**
 * The digits of a text, in the groups in which they are written. It is the first half of finding card numbers, and
 * linear in the length of the text: it is run on whatever a stranger sends.
 *
 * Digits of every script count, and so do those that are written as %34, &#52; or \u0034, which is what becomes of a
 * number on its way through URLs, HTML and JSON. Other encodings, such as base64, are not undone.
 */
export interface DigitGroup {
  /** Where it stands in the text. */
  readonly start: number;
  end: number;
  /** Not more than one longer than the longest card number has. */
  digits: string;
  /** What is between it and the group before, a few characters at most; undefined when that is anything else. */
  readonly gap: string | undefined;
  /** Whether it touches a letter. */
  isGlued: boolean;
  /** Whether a dash ties it to a letter: then it may well be part of an id. */
  isTied: boolean;
}

const GAP_MAX = 4;
const DIGITS_KEPT = 20;
// Words of letters and digits in turn, such as hashes and most ids, hold no card number.
const SEGMENTS_MAX = 5;

/** An unbroken row of letters and digits. */
interface Word {
  readonly groups: DigitGroup[];
  segments: number;
  endsInDigits: boolean;
}

export function readDigitGroups(text: string): DigitGroup[] {
  const found: DigitGroup[] = [];
  let before: Word | undefined;
  let word: Word | undefined;
  let gap = "";
  let position = 0;

  const open = (isDigit: boolean): Word => {
    const last = before?.endsInDigits === true ? before.groups.at(-1) : undefined;
    if (last && !isDigit && gap === "-") last.isTied = true;
    return { groups: [], segments: 0, endsInDigits: false };
  };
  const close = (): void => {
    if (word === undefined) return;
    if (word.segments > SEGMENTS_MAX) word.endsInDigits = false;
    else found.push(...word.groups);
    before = word;
    word = undefined;
    gap = "";
  };
  const addDigit = (digit: string, end: number): void => {
    word ??= open(true);
    let group = word.groups.at(-1);
    if (!word.endsInDigits || group === undefined) {
      const isFirst = word.segments === 0;
      const joined = joinedTo(isFirst ? before : undefined, gap);
      group = { start: position, end, digits: "", isGlued: !isFirst, ...joined };
      if (word.segments <= SEGMENTS_MAX) word.groups.push(group);
      word.segments += 1;
      word.endsInDigits = true;
    }
    group.end = end;
    if (group.digits.length < DIGITS_KEPT) group.digits += digit;
  };
  const addLetter = (): void => {
    word ??= open(false);
    if (word.segments > 0 && !word.endsInDigits) return;
    const last = word.groups.at(-1);
    if (last) last.isGlued = true;
    word.segments += 1;
    word.endsInDigits = false;
  };

  while (position < text.length) {
    const { kind, end } = readCharacter(text, position);
    if (kind === "a") addLetter();
    else if (isDigit(kind)) addDigit(kind, end);
    else if (kind !== "") {
      close();
      if (gap.length <= GAP_MAX) gap += kind;
    }
    position = end;
  }
  close();
  return found;
}

function joinedTo(before: Word | undefined, gap: string): Pick<DigitGroup, "gap" | "isTied"> {
  if (!before || gap.length > GAP_MAX) return { gap: undefined, isTied: false };
  if (!before.endsInDigits) return { gap: undefined, isTied: gap === "-" };
  return { gap, isTied: false };
}

function isDigit(kind: string): boolean {
  return kind >= "0" && kind <= "9";
}

interface Character {
  /** A digit for a digit, "a" for a letter, "" for what is not seen, else what stands between words. */
  readonly kind: string;
  readonly end: number;
}

function readCharacter(text: string, at: number): Character {
  const unit = text.charCodeAt(at);
  if (unit === PERCENT || unit === AMPERSAND || unit === BACKSLASH) {
    const decoded = decodeAt(text, at);
    if (decoded) return decoded;
  }
  if (unit <= 127) return { kind: kindOfAscii(text[at] ?? ""), end: at + 1 };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return { kind: kindBeyondAscii(character), end: at + character.length };
}

const PERCENT = 37;
const AMPERSAND = 38;
const BACKSLASH = 92;

// %2534 is %34 that was encoded once more, as often as you like.
const PERCENT_ENCODED = /%(?:25)*([0-9a-f]{2})/iy;
const ENTITY = /&(?:amp;)?(?:#(\d{1,7})|#x([0-9a-f]{1,6})|[a-z]{2,8});/iy;
const ESCAPE = /\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2})|[nrt])/iy;

function decodeAt(text: string, at: number): Character | undefined {
  if (text.charCodeAt(at) === PERCENT) return decodePercent(text, at);
  const isEntity = text.charCodeAt(at) === AMPERSAND;
  const match = matchAt(isEntity ? ENTITY : ESCAPE, text, at);
  if (!match) return undefined;
  const [whole, first, second, third] = match;
  const code = first ?? second ?? third;
  // &nbsp; and \n stand between words, as does whatever else has a name.
  const isDecimal = isEntity && first !== undefined;
  const codePoint = code === undefined ? 32 : Number.parseInt(code, isDecimal ? 10 : 16);
  const kind = codePoint > 0x10ffff ? "." : kindOf(String.fromCodePoint(codePoint));
  return { kind, end: at + whole.length };
}

/** One character, of as many bytes as the first of them announces. */
function decodePercent(text: string, at: number): Character | undefined {
  const bytes: number[] = [];
  let end = at;
  let wanted = 1;
  while (bytes.length < wanted) {
    const match = matchAt(PERCENT_ENCODED, text, end);
    if (!match) break;
    const byte = Number.parseInt(match[1] ?? "", 16);
    if (bytes.length === 0) wanted = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    bytes.push(byte);
    end += match[0].length;
  }
  if (bytes.length === 0) return undefined;
  const character = String.fromCodePoint(Buffer.from(bytes).toString("utf8").codePointAt(0) ?? 0);
  return { kind: kindOf(character), end };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function kindOf(character: string): string {
  return character > "\u007f" ? kindBeyondAscii(character) : kindOfAscii(character);
}

function kindOfAscii(character: string): string {
  if (character >= "0" && character <= "9") return character;
  if ((character >= "a" && character <= "z") || (character >= "A" && character <= "Z")) return "a";
  return character === "\t" ? " " : character;
}

function kindBeyondAscii(character: string): string {
  // Full-width, bold and circled digits are the plain ones to NFKC; other scripts' are not.
  const plain = character.normalize("NFKC");
  if (plain.length === 1 && plain <= "\u007f") return kindOfAscii(plain);
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
