import type { Db } from "../db/db";
import { type Replication, readReplication } from "../db/replication";
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
