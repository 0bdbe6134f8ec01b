import { parseArgs } from "node:util";

/** The parts of a run, in the order in which they are measured. */
export const PARTS = [
  "create",
  "confirm",
  "replay",
  "query",
  "list",
  "open",
  "storm",
  "payment",
  "floor",
  "cells",
  "drain",
  "merchants",
  "size",
  "memory",
  "start",
  "recovery",
  "live",
  "console",
] as const;
export type PartName = (typeof PARTS)[number];

export interface Options {
  readonly only: readonly PartName[];
  /** How long one measurement lasts; the whole payment takes twelve times that. */
  readonly seconds: number;
  readonly clients: readonly number[];
  /** How many payments the larger table holds. */
  readonly size: number;
  /** How many payments and dead letters the console is opened over. */
  readonly payments: number;
  readonly letters: number;
  readonly json: string;
  readonly svg: string;
  readonly compare: string | undefined;
  readonly source: boolean;
}

export const HELP = `Usage: npm run bench -- [options]

Starts a private, durable Postgres and the real processes, measures them beside the ceilings of this machine, prints
one table, and removes everything again. Progress goes to stderr.

  --only PART[,PART]   these parts only: ${PARTS.join(", ")}
  --seconds N          how long one measurement lasts (default 5); the whole payment lasts twelve times that, or
                       four times beside its floor and in cells
  --clients N[,N]      client counts of the single operations (default 1,16,64,256)
  --size N             payments in the larger of the two tables that are compared (default 10000000)
  --payments N         payments in the tables that the console is opened over (default 100000)
  --letters N          and dead letters (default 5000)
  --json FILE          where the figures are written (default bench-results/bench.json)
  --svg FILE           where throughput and p99 against clients are drawn (default bench-results/bench.svg)
  --compare FILE       shows an earlier run's figures, from its JSON file, beside today's
  --source             runs the TypeScript of the working tree instead of dist (slower to start)
  --help               this text

The machine should have nothing else to do. Ratios within one run mean something; absolute figures are of that machine.
`;

const OPTIONS = {
  only: { type: "string" },
  seconds: { type: "string", default: "5" },
  clients: { type: "string", default: "1,16,64,256" },
  size: { type: "string", default: "10000000" },
  payments: { type: "string", default: "100000" },
  letters: { type: "string", default: "5000" },
  json: { type: "string", default: "bench-results/bench.json" },
  svg: { type: "string", default: "bench-results/bench.svg" },
  compare: { type: "string" },
  source: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export function parseOptions(argv: readonly string[]): Options | "help" {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return "help";
  return {
    only: values.only === undefined ? PARTS : values.only.split(",").map(partNamed),
    seconds: positive("seconds", values.seconds),
    clients: values.clients.split(",").map((text) => Math.round(positive("clients", text))),
    size: positive("size", values.size),
    payments: Math.round(positive("payments", values.payments)),
    letters: Math.round(positive("letters", values.letters)),
    json: values.json,
    svg: values.svg,
    compare: values.compare,
    source: values.source,
  };
}

function partNamed(text: string): PartName {
  const part = PARTS.find((name) => name === text.trim());
  if (!part) throw new Error(`--only: there is no part called ${text}; parts: ${PARTS.join(", ")}`);
  return part;
}

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, and not "${text}"`);
  return value;
}
