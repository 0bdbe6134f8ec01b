import { parseArgs } from "node:util";
import { type Cluster, startCluster } from "../attack/cluster";
import { type Installation, startInstallation } from "../attack/installation";
import { promtoolIsMissing } from "../support/promtool";
import { DRILLS } from "./all-drills";
import { type Drill, type Outcome, STANDARD, runDrill } from "./drill";
import { psqlIsMissing } from "./psql";

const HELP = `Usage: npm run drill -- [NAME…]

Breaks a private installation of oncepay (real processes, an embedded Postgres) in a way that somebody is woken for,
sees the alert of ops/alerts.yml fire within a minute of metric time, carries out the commands of docs/runbook.md as
they are printed there, sees the alert end, and audits the books. Without names: all drills. It needs promtool and psql.

  --list    the drills and their alerts, and nothing else
  --help    this text

${list()}`;

function list(): string {
  const lines = DRILLS.map(
    ({ name, alert, what }) => `  ${name.padEnd(20)}${alert.padEnd(24)}${what}`,
  );
  return `${String(DRILLS.length)} drills:\n${lines.join("\n")}\n`;
}

function chosen(names: readonly string[]): readonly Drill[] {
  if (names.length === 0) return DRILLS;
  return names.map((name) => {
    const drill = DRILLS.find((known) => known.name === name);
    if (!drill) throw new UsageError(`There is no drill called ${name}; see --help.`);
    return drill;
  });
}

/** A slip on the command line: its message is all there is to say. */
class UsageError extends Error {}

let cluster: Cluster | undefined;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values.help || values.list) {
    process.stdout.write(values.help ? HELP : list());
    return;
  }
  const drills = chosen(positionals);
  const missing = promtoolIsMissing() ?? psqlIsMissing();
  if (missing !== undefined) throw new UsageError(`It cannot run here: ${missing}.`);
  cluster = await startCluster({ durable: false });
  const outcomes: Outcome[] = [];
  for (const drill of drills) {
    const why = drill.skip?.();
    if (why === undefined) outcomes.push(await drillOnce(cluster, drill));
    else say(`${drill.name}: NOT RUN, ${why}`);
  }
  process.stdout.write(table(outcomes));
  if (outcomes.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

/** Each has an installation of its own, so that one that ends badly spoils no other. */
async function drillOnce(place: Cluster, drill: Drill): Promise<Outcome> {
  const progress = (text: string): void => say(`${drill.name}: ${text}`);
  progress("starting");
  const prepared = await drill.prepare?.();
  const env = { ...drill.options?.env, ...prepared?.env };
  const own = prepared?.cluster;
  const options = { ...STANDARD, ...drill.options, env, name: drill.name, seed: 1 };
  let installation: Installation | undefined;
  let outcome: Outcome | undefined;
  try {
    installation = await startInstallation(own ?? place, { ...options, witnesses: place });
    outcome = await runDrill(drill, { installation, cluster: own ?? place }, progress);
  } catch (error) {
    outcome = {
      name: drill.name,
      alert: drill.alert,
      firedAfterSeconds: undefined,
      commands: 0,
      seconds: 0,
      violations: [(error as Error).message],
    };
  } finally {
    await installation?.stop();
    if (outcome === undefined || outcome.violations.length > 0) {
      for (const violation of outcome?.violations ?? []) progress(`WRONG ${violation}`);
      progress(`logs are kept in ${await (own ?? place).keepLogs()}`);
    }
    await prepared?.close();
  }
  return outcome;
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, alert, firedAfterSeconds, commands, seconds, violations }) => [
    name,
    alert,
    firedAfterSeconds === undefined ? "never" : `${String(firedAfterSeconds)} s`,
    String(commands),
    `${seconds.toFixed(0)} s`,
    violations.length === 0 ? "mended" : `${String(violations.length)} wrong`,
  ]);
  const all = [["DRILL", "ALERT", "FIRED AFTER", "COMMANDS", "TOOK", ""], ...rows];
  const widths = [0, 1, 2, 3, 4, 5].map((n) => Math.max(...all.map((row) => row[n]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join("  "));
  return `\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say("stopping");
    void Promise.resolve(cluster?.remove()).finally(() => process.exit(130));
  });
}

main()
  .catch((error: unknown) => {
    const { code, message, stack } = error as NodeJS.ErrnoException;
    const isUsage = error instanceof UsageError || code?.startsWith("ERR_PARSE_ARGS") === true;
    process.stderr.write(`${isUsage ? message : String(stack)}\n`);
    process.exitCode = 2;
  })
  .finally(() => cluster?.remove())
  .finally(() => process.exit());
