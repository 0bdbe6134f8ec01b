import type { JSX } from "preact";

/** How money, times and words are written. */

const digits = new Map<string, number>();

function digitsOf(currency: string): number {
  let found = digits.get(currency);
  if (found === undefined) {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    digits.set(currency, (found = format.resolvedOptions().maximumFractionDigits ?? 2));
  }
  return found;
}

/** Exact, whatever its size: "12.50". This is also what is typed to confirm it. */
export function decimal(minor: number | string | bigint, currency: string): string {
  const value = BigInt(minor);
  const places = digitsOf(currency);
  const text = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  const sign = value < 0n ? "-" : "";
  if (places === 0) return sign + text;
  return `${sign}${text.slice(0, -places)}.${text.slice(-places)}`;
}

export function money(minor: number | string | bigint, currency: string): string {
  const [whole = "", part] = decimal(minor, currency).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${part === undefined ? grouped : `${grouped}.${part}`} ${currency}`;
}

/** Sums by currency: "1,250.00 USD · 300 JPY". */
export function sums(items: readonly { amount: number; currency: string }[]): string {
  const totals = new Map<string, bigint>();
  for (const { amount, currency } of items) {
    totals.set(currency, (totals.get(currency) ?? 0n) + BigInt(amount));
  }
  return [...totals].map(([currency, total]) => money(total, currency)).join(" · ");
}

export function count(items: number, hasMore: boolean): string {
  return items.toLocaleString("en") + (hasMore ? "+" : "");
}

const SECOND = 1_000;
const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400 * SECOND, "d"],
  [3_600 * SECOND, "h"],
  [60 * SECOND, "min"],
  [SECOND, "s"],
];

/** How long ago, or how long until: "3 min". */
export function span(ms: number): string {
  const size = Math.abs(ms);
  const [unit, name] = UNITS.find(([each]) => size >= each) ?? [SECOND, "s"];
  return `${String(Math.floor(size / unit))} ${name}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function localTime(date: Date): string {
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The reader's own time; the tooltip has it in UTC, as logs do. */
export function Time({ at, ago = false }: { at: string | null; ago?: boolean }): JSX.Element {
  if (at === null) return <span class="none">–</span>;
  const date = new Date(at);
  const away = date.getTime() - Date.now();
  const relative = away > 0 ? `in ${span(away)}` : `${span(away)} ago`;
  return (
    <time dateTime={at} title={`${date.toISOString()} (UTC)`}>
      {localTime(date)}
      {ago && <small> {relative}</small>}
    </time>
  );
}

/** REQUIRES_CAPTURE as "requires capture". */
export function words(name: string): string {
  return name.toLowerCase().replaceAll("_", " ");
}

const GOOD = ["SUCCEEDED", "ENABLED", "FINISHED", "EXECUTED", "ACTIVE"];
const BAD = ["FAILED", "DEAD", "DECLINED", "REFUSED", "DISABLED"];
const WAITING = ["UNKNOWN", "RETRYING", "PAUSED", "PENDING", "REQUIRES_ACTION", "RUNNING"];

/** By a word and a shade: nobody has to see the colour. */
export function Status({ of: status }: { of: string }): JSX.Element {
  const tones = [GOOD, BAD, WAITING].findIndex((names) => names.includes(status));
  return (
    <span class={`status ${["good", "bad", "waiting"][tones] ?? "plain"}`}>{words(status)}</span>
  );
}

/** Whole, so that it can be copied and searched for; a narrow column breaks it. */
export function Id({ of: id }: { of: string }): JSX.Element {
  return <code class="id">{id}</code>;
}
