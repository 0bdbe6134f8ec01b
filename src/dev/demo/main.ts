import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { formatMinor } from "../../money";
import { createClient } from "../../sdk";
import {
  COMMON_OPTIONS,
  type DevFiles,
  type DevState,
  devDirectory,
  devFilesIn,
} from "../dev-files";
import { isRunning } from "../process-identity";
import { lockHolder } from "../start-lock";
import { waitUntil } from "../wait-until";
import { type Accounts, askEverybody, disagreements } from "./agree";
import { SCENES, type Shop } from "./shop";

const HELP = `Usage: npm run demo [-- --directory DIR]

Plays a shop's morning through the public API of a running "npm start", or of one that it starts itself if none is
running, and then asks each party what happened: the API, the card network's own books, the receiver of the webhooks
and the ledger. Exits with 1 if any two of them disagree.

  --directory DIR  the directory where that "npm start" keeps its addresses and keys (default .oncepay in the checkout)
  --help           show this text
`;

const START_TIMEOUT_MS = 120_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: COMMON_OPTIONS });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const directory = devDirectory(values.directory);
  const files = devFilesIn(directory);
  const booting = runningState(files) ? undefined : lockHolder(files.lock);
  if (booting !== undefined) {
    console.log(`  npm start (process ${String(booting)}) is still coming up; waiting for it\n`);
  }
  const running = booting === undefined ? runningState(files) : await untilStarted(files);
  const own = running ? undefined : startOwn(directory);
  try {
    const state = running ?? (await untilStarted(files, own));
    process.exitCode = (await play(state)) ? 0 : 1;
  } finally {
    await own?.stop();
  }
}

async function play(state: DevState): Promise<boolean> {
  const client = createClient({ url: state.graphqlUrl, apiKey: state.secretKey });
  const shop: Shop = { run: randomBytes(4).toString("hex"), intents: [] };
  for (const [index, scene] of SCENES.entries()) {
    process.stdout.write(
      `  ${String(index + 1)}/${String(SCENES.length)}  ${scene.name.padEnd(40)}`,
    );
    const startedAt = performance.now();
    const told = await scene.play(client, shop);
    console.log(`${told}  (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
  }
  const accounts = await askEverybody(client, shop, state);
  print(accounts);
  const found = disagreements(accounts);
  for (const line of found) console.log(`  DISAGREEMENT  ${line}`);
  console.log(found.length === 0 ? "\nEverybody agrees.\n" : "");
  return found.length === 0;
}

function print(accounts: Accounts): void {
  console.log(
    `\n  ${"payment".padEnd(14)}${"status".padEnd(12)}${"amount".padStart(12)}${"captured".padStart(12)}${"refunded".padStart(12)}  attempts`,
  );
  for (const line of accounts.intents) {
    const money = (amount: number): string => formatMinor(amount, "USD").padStart(12);
    const attempts = line.attempts
      .map(({ operation, status }) => `${operation} ${status}`)
      .reverse();
    console.log(
      `  ${line.scene.padEnd(14)}${line.status.padEnd(12)}${money(line.amount)}${money(line.amountCaptured)}${money(line.amountRefunded)}  ${attempts.join(", ")}`,
    );
  }
  console.log(`
  money movements     ${String(accounts.movementsAtNetwork)} in the card network's own books, ${String(accounts.movementsExpected)} in ours
  webhooks            ${String(accounts.eventsVerified)} received and verified of ${String(accounts.eventsWritten)} events, ${String(accounts.rejected)} with a bad signature`);
  for (const { currency, debits, credits, difference } of accounts.currencies) {
    console.log(
      `  trial balance       ${currency}  debits ${debits}  credits ${credits}  difference ${difference}`,
    );
  }
}

/** The state of a running `npm start`. What a killed one left behind does not count. */
function runningState(files: DevFiles): DevState | undefined {
  try {
    const state = JSON.parse(readFileSync(files.state, "utf8")) as DevState;
    return isRunning(state.pids["start"] ?? -1) ? state : undefined;
  } catch {
    return undefined;
  }
}

interface OwnStart {
  hasEnded(): boolean;
  stop(): Promise<void>;
}

function startOwn(directory: string): OwnStart {
  console.log("  nothing is running; starting everything for the demo\n");
  const entry = path.resolve(__dirname, "../start.js");
  const child = spawn(process.execPath, [entry, "--directory", directory], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function untilStarted(files: DevFiles, own?: OwnStart): Promise<DevState> {
  const hasEnded = (): boolean =>
    own === undefined ? lockHolder(files.lock) === undefined : own.hasEnded();
  await waitUntil(() => runningState(files) !== undefined || hasEnded(), {
    timeoutMs: START_TIMEOUT_MS,
    everyMs: 200,
  });
  const state = runningState(files);
  if (!state) throw new Error("npm start did not become ready; run it on its own to see why");
  return state;
}

main().catch((error: unknown) => {
  console.error(`\n${String((error as Error).message)}`);
  process.exitCode = 1;
});
