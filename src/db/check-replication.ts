import { ConfigError } from "../process/settings";
import type { Db } from "./db";
import { readReplication } from "./replication";

/**
 * At the start: a warning in production where a lost machine loses payments that were answered, or, where
 * ONCEPAY_REQUIRE_SYNC says so, a refusal to start. A database that is away decides nothing: readiness does, later.
 */
export async function checkReplication(app: {
  readonly db: Db;
  readonly log: { warn(text: string): void };
  readonly config: { readonly requireSync: boolean; readonly isProduction: boolean };
}): Promise<void> {
  const found = await readReplication(app.db).catch(() => undefined);
  if (!found || found.inRecovery || found.waitsForStandby) return;
  if (app.config.requireSync) throw new ConfigError(REQUIRED);
  if (app.config.isProduction) app.log.warn(LOSSY);
}

const LOSSY =
  "no synchronous standby: if the database's machine is lost, so is what was answered last (synchronous_standby_names)";
const REQUIRED = `The database must not be used as it is.
  ONCEPAY_REQUIRE_SYNC: synchronous_standby_names is empty on the server, so that no standby is waited for`;
