import { HELP, parseOptions } from "./options";
import { runBench, withBench } from "./run";

async function main(): Promise<void> {
  const options = readOptions();
  if (!options) return;
  if (options === "help") {
    process.stdout.write(HELP);
    return;
  }
  process.stdout.write(await withBench(options, runBench));
}

function readOptions(): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(
      `${(error as Error).message}\nRun with --help to see what is available.\n`,
    );
    process.exitCode = 2;
    return undefined;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
