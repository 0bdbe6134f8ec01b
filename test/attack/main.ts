import { parseArgs } from "node:util";
import type { Attack } from "./attack";
import { ATTACKS } from "./all-attacks";
import { type Cluster, startCluster } from "./cluster";
import { startInstallation } from "./installation";
import { type Outcome, type RunOptions, STANDARD, runAttack } from "./run-attack";
import { table } from "./table";

const HELP = `Usage: npm run attack -- [options]

Attacks a private installation of oncepay (real processes, an embedded Postgres) and counts what moved: in the card
network's own books, in the metrics, at a downstream consumer. Exits with 1 when a promise is broken.

  --only NAME[,NAME]   these attacks only
  --quick              the short form of each, as in npm test
  --seed N             repeats a run (default: a random one, printed)
  --operations N       how many logical operations, where that is the point of the attack
  --duplication N      how often each of them is asked for
  --faults RATE        the share of answers that are lost, 0 to 1
  --from REF           the release that rolling-upgrade begins with (any commit): by default the newest tag v… before this
                       commit or, while there is none, the last commit that lacks the newest migration
  --help               this text

Attacks:
${ATTACKS.map(({ name, promise }) => `  ${name.padEnd(22)}${promise}`).join("\n")}
`;

/** A slip on the command line: its message is all there is to say. */
class UsageError extends Error {}

const OPTIONS = {
  only: { type: "string" },
  quick: { type: "boolean", default: false },
  seed: { type: "string" },
  operations: { type: "string" },
  duplication: { type: "string" },
  faults: { type: "string" },
  from: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const attacks = chosen(values.only);
  const seed = numberOf("seed", values.seed) ?? Math.floor(Math.random() * 1_000_000);
  const options: Omit<RunOptions, "progress"> = {
    seed,
    size: values.quick ? "short" : "full",
    operations: numberOf("operations", values.operations),
    duplication: numberOf("duplication", values.duplication),
    faults: numberOf("faults", values.faults),
    from: values.from,
  };
  say(`seed ${seed}`);
  const outcomes: Outcome[] = [];
  for (const attack of attacks) outcomes.push(await attackOnce(attack, options));
  process.stdout.write(table(outcomes));
  const broken = outcomes.filter(({ violations }) => violations.length > 0);
  if (broken.length === 0) {
    const ran = outcomes.filter(({ skipped }) => skipped === undefined).length;
    process.stdout.write(`\n${ran} attacks, no violation (seed ${seed}).\n`);
    return;
  }
  const names = broken.map(({ name }) => name).join(",");
  process.stdout.write(`\nBroken; to repeat: npm run attack -- --seed ${seed} --only ${names}\n`);
  process.exitCode = 1;
}

/** Each attack has an installation of its own, so that one that breaks something spoils no other. */
async function attackOnce(attack: Attack, options: Omit<RunOptions, "progress">): Promise<Outcome> {
  const progress = (text: string): void => say(`${attack.name}: ${text}`);
  const skipped = attack.skip?.(options);
  if (skipped !== undefined) {
    const { name, promise } = attack;
    progress(`skipped: ${skipped}`);
    return { name, promise, figures: {}, sometimes: {}, violations: [], seconds: 0, skipped };
  }
  progress("starting");
  const witnesses = await clusterOf(false);
  // A crash of our own server must not take the witnesses with it.
  const cluster = attack.durable === true ? await clusterOf(true) : witnesses;
  const installation = await startInstallation(cluster, {
    ...STANDARD,
    ...attack.options,
    name: attack.name,
    seed: options.seed,
    witnesses,
  });
  let failed = true;
  try {
    const outcome = await runAttack(attack, { cluster, installation }, { ...options, progress });
    for (const violation of outcome.violations) progress(`VIOLATION ${violation}`);
    failed = outcome.violations.length > 0;
    return outcome;
  } finally {
    await installation.stop();
    // The logs of an attack that succeeded are all there is to find out why.
    if (failed) progress(`logs are kept in ${await cluster.keepLogs()}`);
  }
}

const clusters = new Map<boolean, Promise<Cluster>>();

function clusterOf(durable: boolean): Promise<Cluster> {
  const known = clusters.get(durable) ?? startCluster({ durable });
  clusters.set(durable, known);
  return known;
}

async function removeClusters(): Promise<void> {
  for (const starting of clusters.values()) await (await starting).remove();
}

function chosen(only: string | undefined): readonly Attack[] {
  if (only === undefined) return ATTACKS;
  return only.split(",").map((name) => {
    const attack = ATTACKS.find((known) => known.name === name.trim());
    if (!attack) throw new UsageError(`--only: there is no attack called ${name}; see --help`);
    return attack;
  });
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === "" || !(value >= 0)) throw new UsageError(`--${name} must be a number`);
  return value;
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

// Children end with us, because they hold a pipe of ours; the database would stay behind.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say("stopping");
    void removeClusters().finally(() => process.exit(130));
  });
}

main()
  .catch((error: unknown) => {
    const { code, message, stack } = error as NodeJS.ErrnoException;
    const isUsage = error instanceof UsageError || code?.startsWith("ERR_PARSE_ARGS") === true;
    process.stderr.write(`${isUsage ? message : String(stack)}\n`);
    process.exitCode = 2;
  })
  .finally(removeClusters)
  .finally(() => process.exit());
