import { compareMigrations } from "../db/compare-migrations";
import type { Db } from "../db/db";
import { lacksRole } from "../db/errors";
import { type Replication, readReplication } from "../db/replication";
import { watchOf } from "../db/server-watch";

const READY_WITHIN_MS = 1_000;
const NO_ROLE = 'its role in the database, or the role\'s rights: run "oncepay migrate"';

/** Whether a process can do its work now, and if not, what it lacks, in words for whoever looks at a probe. */
export interface Readiness {
  readonly status: "ready" | "not ready";
  readonly missing: readonly string[];
  /** What is unusual but does not prevent work. */
  readonly notes?: readonly string[];
}

export function readinessOf(missing: readonly string[], notes: readonly string[] = []): Readiness {
  const status = missing.length === 0 ? "ready" : "not ready";
  return { status, missing, ...(notes.length > 0 && { notes }) };
}

interface Demands {
  /** Whether what is not at a synchronous standby, too, is not good enough. */
  readonly requireSync: boolean;
}

/** Whether the database answers, within a second, takes writes, and has every table this code needs. */
export async function databaseReadiness(db: Db, demands: Demands): Promise<Readiness> {
  // Its connections may all wait for the standby, too, so that it could not be asked.
  const isStalled = (): boolean => watchOf(db)?.commits.areStalled === true;
  if (isStalled()) return readinessOf([STALLED]);
  const away = readinessOf(["the database does not answer"]);
  const answer = await within(READY_WITHIN_MS, askDatabase(db, demands), away).catch(
    (error: unknown) => (lacksRole(error) ? readinessOf([NO_ROLE]) : away),
  );
  // It may have become known while nobody answered.
  return isStalled() ? readinessOf([STALLED]) : answer;
}

async function askDatabase(db: Db, { requireSync }: Demands): Promise<Readiness> {
  const [{ lacking, ahead }, replication] = await Promise.all([
    compareMigrations(db),
    readReplication(db),
  ]);
  const missing = [
    ...(lacking.length === 0
      ? []
      : [`${count(lacking)} of the database, from ${lacking[0] ?? ""} on: run "oncepay migrate"`]),
    ...unwritable(replication),
    ...(requireSync && !replication.waitsForStandby ? [NO_SYNC] : []),
  ];
  // Migrations only ever add what older code can live with, so that a release is rolled out after them.
  const notes = ahead.length === 0 ? [] : [`the database is ${count(ahead)} ahead of this process`];
  return readinessOf(missing, notes);
}

const NO_SYNC =
  "a synchronous standby (ONCEPAY_REQUIRE_SYNC): synchronous_standby_names is empty on the server";

const STALLED =
  "a synchronous standby that answers: commits wait for it, and new ones are refused until it is back";

/** Of a primary that is being replaced, and of an address that leads to a standby. */
function unwritable({ inRecovery, readOnly }: Replication): string[] {
  if (inRecovery) return ["a database that takes writes: this server is in recovery, a standby"];
  return readOnly ? ["a database that takes writes: this one is read-only"] : [];
}

function count(migrations: readonly string[]): string {
  return `${String(migrations.length)} ${migrations.length === 1 ? "migration" : "migrations"}`;
}

/** An answer that does not come in time counts as no answer. */
export async function within<Answer>(
  timeoutMs: number,
  answer: Promise<Answer>,
  late: Answer,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      resolve(late);
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
