import type { Pace } from "../src/webhooks/delivery";
import { badInput } from "./input";

const RANGES: Readonly<Record<keyof Pace, readonly [min: number, max: number]>> = {
  ratePerSecond: [1, 10_000],
  timeoutMs: [100, 15_000],
  concurrency: [1, 256],
};

const NAMES = Object.keys(RANGES) as (keyof Pace)[];

/** What is given of it, checked. */
export function checkPace(input: {
  readonly [Name in keyof Pace]?: number | null;
}): Partial<Pace> {
  const given = NAMES.filter((name) => input[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, checkRange(name, input[name] ?? null)]));
}

function checkRange(name: keyof Pace, value: number | null): number | null {
  const [min, max] = RANGES[name];
  if (value === null || (value >= min && value <= max)) return value;
  throw badInput(`input.${name}`, `This must be ${String(min)} to ${String(max)}.`);
}

export const ORDERED_DESCRIPTION =
  "Whether each payment's events are sent in strict order: an event is not sent before all earlier ones about the same payment have been delivered, have become dead letters or were discarded. Replays are exempt, and so is what was there before the endpoint was ordered.";

const OTHERWISE = "null: as the installation has it";
const AT_MOST = {
  ratePerSecond: "1 to 10,000",
  timeoutMs: "100 to 15,000",
  concurrency: "1 to 256",
};

export const PACE_DESCRIPTIONS = {
  ratePerSecond: `How many deliveries the endpoint takes within any second, ${AT_MOST.ratePerSecond}; ${OTHERWISE}, which is without a limit.`,
  timeoutMs: `How many milliseconds the endpoint may take to answer, ${AT_MOST.timeoutMs}; ${OTHERWISE}.`,
  concurrency: `How many deliveries each worker sends at the same time, ${AT_MOST.concurrency}; ${OTHERWISE}, which follows from how quickly the endpoint answers.`,
} as const;
