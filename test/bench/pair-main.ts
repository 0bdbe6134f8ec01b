import { parseArgs } from "node:util";
import { type Options, PARTS, positive } from "./options";
import { PAIRED, type Paired, measurePair } from "./pair/measure-pair";
import { pairTable } from "./pair/pair-table";
import { withBench } from "./run";

const HELP = `Usage: npm run bench:pair -- --against DIR [options]

Puts this checkout and another one, built, under load in turns of a few seconds, and prints the ratio of their speed and of the
processor time that they need: what the machine does meanwhile, it does to both.

  --against DIR        the other checkout: "git worktree add DIR COMMIT", then "npm ci && npm run build" in it
  --only PART[,PART]   ${PAIRED.join(", ")} (default: all)
  --rounds N           how often each has its turn (default 15)
  --seconds N          how long a turn lasts (default 3)
  --help               this text
`;

const OPTIONS = {
  against: { type: "string" },
  only: { type: "string", default: PAIRED.join(",") },
  rounds: { type: "string", default: "15" },
  seconds: { type: "string", default: "3" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.against === undefined) throw new Error("--against is missing; see --help");
  const chosen = {
    against: values.against,
    only: values.only.split(",").map(pairedNamed),
    rounds: Math.round(positive("rounds", values.rounds)),
  };
  const options: Options = {
    only: PARTS,
    seconds: positive("seconds", values.seconds),
    clients: [64],
    size: 1,
    payments: 1,
    letters: 1,
    json: "",
    svg: "",
    compare: undefined,
    source: false,
  };
  process.stdout.write(pairTable(await withBench(options, (bench) => measurePair(bench, chosen))));
}

function pairedNamed(text: string): Paired {
  const found = PAIRED.find((name) => name === text.trim());
  if (!found) throw new Error(`--only: there is no part called ${text}; see --help`);
  return found;
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
