/** `npm run reset`: back to before the first `npm start`. */
import "../process/node-version";
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeEnd } from "../process/run-process";
import { COMMON_OPTIONS, type DevFiles, devDirectory, devFilesIn, openDevFiles } from "./dev-files";
import { removeData, removeLeftData } from "./postgres/data";
import { takeStartLock } from "./start-lock";

const HELP = `Usage: npm run reset [-- --directory DIR]

Removes what "npm start" keeps: the embedded database, keys and addresses. It does not ask for confirmation, and it
refuses while that "npm start" is running. A database of your own (DATABASE_URL) is not touched.

  --directory DIR  the directory that was given to "npm start" (default .oncepay in the checkout)
  --help           show this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: COMMON_OPTIONS });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const directory = devDirectory(values.directory);
  const files = devFilesIn(directory);
  const log = (line: string): void => console.log(line);
  if (!existsSync(directory)) {
    await removeLeftData(files.dataDir, log);
    console.log(`There is no ${directory}: nothing to reset.`);
    return;
  }
  // Without the one file that every start writes first, it is not a directory of ours.
  if (!existsSync(files.secrets) && readdirSync(directory).length > 0) {
    throw new Error(`${directory} was not made by npm start. Nothing was removed.`);
  }
  openDevFiles(directory);
  const releaseLock = takeStartLock(files.lock);
  try {
    await removeData(files.dataDir, log);
    removeFiles(files);
  } finally {
    releaseLock();
  }
  if (readdirSync(directory).length === 0) rmdirSync(directory);
  console.log(`removed ${directory}; the next npm start begins from scratch`);
}

/** By name, so that a file of somebody else's stays where it is. */
function removeFiles(files: DevFiles): void {
  const { secrets, seedState, state, dataDir } = files;
  for (const file of [secrets, seedState, state, `${dataDir}.password`, `${dataDir}.log`]) {
    rmSync(file, { force: true });
  }
}

main().catch((error: unknown) => {
  const { code, text } = describeEnd(error);
  process.stderr.write(`${code === 2 ? text : (error as Error).message}\n`);
  process.exitCode = code;
});
