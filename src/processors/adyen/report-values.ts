import { currencyExponent } from "../../money";

/* What stands in the fields of Adyen's reports: amounts in major units, and local times with the name of a zone. */

/** What cannot be read, in words that repeat nothing of what is somebody's. */
export class Unreadable extends Error {}

// More decimals than there are in any report: what is summed is summed exactly.
const SCALE = 12;
const DECIMAL = /^(-?)(\d*)(?:\.(\d*))?$/;
const DIGITS_MAX = 20;

/** An exact number, in units of 10 to the power of -12; an empty field is nothing. */
export function decimalOf(text: string): bigint {
  if (text === "") return 0n;
  const [, sign = "", whole = "", fraction = ""] = DECIMAL.exec(text) ?? [];
  const isNumber = whole !== "" || fraction !== "";
  if (!isNumber || whole.length > DIGITS_MAX || fraction.replace(/0+$/, "").length > SCALE) {
    throw new Unreadable("an amount is no decimal number");
  }
  const size = BigInt(`${whole}${fraction.slice(0, SCALE).padEnd(SCALE, "0")}`);
  return sign === "-" ? -size : size;
}

/** In minor units of ISO 4217. Nothing is rounded. */
export function minorOf(decimal: bigint, currency: string): number {
  const exponent = currencyExponent(currency);
  if (exponent === undefined) throw new Unreadable("a currency is not known");
  const unit = 10n ** BigInt(SCALE - exponent);
  const amount = Number(decimal / unit);
  if (decimal % unit !== 0n || !Number.isSafeInteger(amount)) {
    throw new Unreadable(`an amount cannot be said in minor units of ${currency}`);
  }
  return amount;
}

/** Hours from UTC. Where a name is that of several zones, as Java has it, and with it most who write reports. */
const ZONES: Readonly<Record<string, number>> = {
  ...{ UTC: 0, GMT: 0, WET: 0, WEST: 1, BST: 1, CET: 1, CEST: 2, EET: 2, EEST: 3, MSK: 3, TRT: 3 },
  ...{ SAST: 2, GST: 4, PKT: 5, IST: 5.5, ICT: 7, WIB: 7, SGT: 8, MYT: 8, HKT: 8, PHT: 8, AWST: 8 },
  ...{ JST: 9, KST: 9, ACST: 9.5, ACDT: 10.5, AEST: 10, AEDT: 11, NZST: 12, NZDT: 13 },
  ...{ NST: -3.5, NDT: -2.5, BRT: -3, BRST: -2, ART: -3, AST: -4, ADT: -3, CLT: -4, CLST: -3 },
  ...{ EST: -5, EDT: -4, COT: -5, PET: -5, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7 },
  ...{ AKST: -9, AKDT: -8, HST: -10 },
};

const MOMENT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const HOUR_MS = 3_600_000;

/** ISO 8601. */
export function momentOf(text: string, zone: string): string {
  const local = MOMENT.test(text) ? Date.parse(`${text.replace(" ", "T")}.000Z`) : Number.NaN;
  if (Number.isNaN(local)) throw new Unreadable("a time is not written as YYYY-MM-DD HH:MM:SS");
  const hours = Object.hasOwn(ZONES, zone) ? ZONES[zone] : undefined;
  if (hours === undefined) throw new Unreadable("a time zone is not known");
  return new Date(local - hours * HOUR_MS).toISOString();
}
