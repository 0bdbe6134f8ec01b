import { leaksInFiles } from "../support/artefacts";
import { auditBooks } from "../../src/audit/audit-books";
import { type Attack, type Context, type Figures, createChecks, limitMs } from "./attack";
import type { Cluster } from "./cluster";
import { type Installation, type InstallationOptions, startInstallation } from "./installation";
import { createRandom } from "./random";
import { networkOf, settledWithin } from "./witness";

export interface Outcome {
  readonly name: string;
  readonly promise: string;
  readonly figures: Figures;
  readonly sometimes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  readonly seconds: number;
  /** Why it was not run. */
  readonly skipped?: string;
}

export type RunOptions = Pick<
  Context,
  "seed" | "size" | "operations" | "duplication" | "faults" | "from" | "progress"
>;

export const STANDARD: InstallationOptions = {
  name: "standard",
  apis: 2,
  workers: 2,
  proxied: ["api", "database", "processor"],
};

/** Runs one attack on an installation, then waits until all is settled and audits the books. */
export async function runAttack(
  attack: Attack,
  place: { readonly cluster: Cluster; readonly installation: Installation },
  options: RunOptions,
): Promise<Outcome> {
  const startedAt = Date.now();
  const { cluster, installation } = place;
  const check = createChecks();
  const others: Installation[] = [];
  const closers: (() => Promise<void>)[] = [];
  const context: Context = {
    ...options,
    random: createRandom(options.seed),
    installation,
    cluster,
    install: async (wanted, on = cluster) => {
      const made = await startInstallation(on, { seed: options.seed, ...wanted });
      others.push(made);
      return made;
    },
    after: (close) => void closers.push(close),
    check,
  };
  try {
    const { figures, sometimes } = await attack.run(context);
    options.progress("done; auditing");
    const audits = await Promise.all(
      [installation, ...others].map((one) => auditSettled(one, limitMs(context))),
    );
    const never = Object.entries(sometimes).filter(([, count]) => !(count > 0));
    return {
      name: attack.name,
      promise: attack.promise,
      figures,
      sometimes,
      violations: [
        ...check.violations,
        ...audits.flat(),
        ...never.map(([fault]) => `this never happened, so the run proves nothing: ${fault}`),
      ],
      seconds: (Date.now() - startedAt) / 1_000,
    };
  } finally {
    await Promise.all(others.map((one) => one.stop()));
    for (const close of closers.reverse()) await close();
  }
}

/** The invariants over the database with the network's books as the witness, and the logs. */
async function auditSettled(installation: Installation, limit: number): Promise<string[]> {
  const late = await settledWithin(installation, limit).then(
    () => [],
    (error: unknown) => [`I10 ${(error as Error).message}`],
  );
  const violations = await auditBooks(installation.db, {
    movements: () => (installation.network ?? networkOf(installation)).movements(),
    maxAgeSeconds: limit / 1_000,
  });
  const described = violations.map(
    ({ invariant, check, subject, detail }) => `${invariant} ${check}: ${subject}: ${detail}`,
  );
  return [...late, ...described, ...findSecretsInLogs(installation.logDirectory)];
}

function findSecretsInLogs(directory: string): string[] {
  return leaksInFiles(directory).map((leak) => `I13 ${leak}`);
}
