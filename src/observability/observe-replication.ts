import type { Db } from "../db/db";
import { type Replication, readReplication } from "../db/replication";
import { ConfigError } from "../process/settings";
import type { Log } from "./log";
import { within } from "./ready";
import { type ReportedGauge, reportGauges } from "./report-gauges";

/** Whether a commit that was answered survives the loss of the database's machine, and who says so. */

const GAUGES: readonly ReportedGauge<Replication>[] = [
  {
    name: "oncepay_db_waits_for_standby",
    help: "Whether no commit is answered before a standby has it (synchronous_standby_names): 1 or 0.",
    samples: ({ waitsForStandby }) => [[{}, waitsForStandby ? 1 : 0]],
  },
  {
    name: "oncepay_db_standbys",
    help: "Standbys that are connected to the database's server; synchronous: absent where the user of DATABASE_URL may not see which are.",
    labelNames: ["kind"],
    samples: ({ standbys, synchronousStandbys }) => [
      [{ kind: "all" }, standbys],
      ...(synchronousStandbys === null
        ? []
        : [[{ kind: "synchronous" }, synchronousStandbys] as const]),
    ],
  },
  {
    name: "oncepay_db_timeline",
    help: "The timeline of the database's server; it changes with every promotion and restore.",
    samples: ({ timeline }) => (timeline === null ? [] : [[{}, timeline]]),
  },
];

export function observeReplication(db: Db, isReporter: () => boolean, rememberMs?: number): void {
  const look = (): Promise<Replication> => readReplication(db);
  reportGauges(GAUGES, { look, isReporter, ...(rememberMs !== undefined && { rememberMs }) });
}

const ANSWERS_WITHIN_MS = 2_000;

/**
 * At the start: a warning in production where a lost machine loses payments that were answered, or, where
 * ONCEPAY_REQUIRE_SYNC says so, a refusal to start. A database that is away decides nothing: readiness does, later.
 */
export async function checkReplication(app: {
  readonly db: Db;
  readonly log: Log;
  readonly config: { readonly requireSync: boolean; readonly isProduction: boolean };
}): Promise<void> {
  const asked = readReplication(app.db).catch(() => undefined);
  const found = await within(ANSWERS_WITHIN_MS, asked, undefined);
  if (!found || found.inRecovery || found.waitsForStandby) return;
  if (app.config.requireSync) throw new ConfigError(REQUIRED);
  if (app.config.isProduction) app.log.warn(LOSSY);
}

const LOSSY =
  "no synchronous standby: if the database's machine is lost, so is what was answered last (synchronous_standby_names)";
const REQUIRED = `The database must not be used as it is.
  ONCEPAY_REQUIRE_SYNC: synchronous_standby_names is empty on the server, so that no standby is waited for`;
