import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Options, PARTS, positive } from "./options";
import { describeProfile, summarizeProfile } from "./profile/cpu-profile";
import { PROFILED, type Profiled, profilePart } from "./profile/profile-part";
import { withBench } from "./run";

const HELP = `Usage: npm run profile -- [options]

Puts one part of the bench under load and leaves a CPU profile of one process, for Chrome's DevTools or speedscope,
and a summary of where its time went.

  --only PART        create, confirm, cancel, query, payment or drain (default create)
  --process NAME     api or worker (default: the one that the part is about)
  --seconds N        how long (default 10)
  --directory DIR    where the files are left (default bench-results)
  --source           runs the TypeScript of the working tree instead of dist
  --help             this text
`;

const OPTIONS = {
  only: { type: "string", default: "create" },
  process: { type: "string" },
  seconds: { type: "string", default: "10" },
  directory: { type: "string", default: "bench-results" },
  source: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const what = chosen(values.only, values.process);
  const directory = path.resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  const name = `${what.part}-${what.process}.cpuprofile`;
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
    source: values.source,
  };
  const { window, figure } = await withBench(options, (bench) =>
    profilePart(bench, what, [
      "--cpu-prof",
      `--cpu-prof-dir=${directory}`,
      `--cpu-prof-name=${name}`,
    ]),
  );
  const file = path.join(directory, name);
  const text = `${figure}\n${describeProfile(summarizeProfile(file, window))}\n`;
  writeFileSync(file.replace(/cpuprofile$/, "txt"), text);
  process.stdout.write(`${text}The profile is ${file}\n`);
}

function chosen(part: string, process: string | undefined): Profiled {
  const found = PROFILED.find(
    (one) => one.part === part && (process === undefined || one.process === process),
  );
  if (found) return found;
  const known = PROFILED.map((one) => `${one.part} (${one.process})`).join(", ");
  throw new Error(`there is no such profile; what can be profiled: ${known}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
