import { migrate } from "../db/migrate";
import { whoseDatabase } from "../db/whose-database";
import { withClient } from "../db/with-client";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl } from "./database";

/** Safe to run by several at once, again and again, and before the processes of a new release are started. */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "brings the database to the shape that this release needs",
  help: `Makes oncepay's tables, or changes them to the shape that this release needs. It may be run by several at once,
and does nothing when there is nothing to do. The database is DATABASE_URL.

  --beside-others   make the tables also in a database that holds tables of others`,
  options: { "beside-others": { type: "boolean", default: false } },
  run: async ({ values, environment, say }) => {
    const databaseUrl = readDatabaseUrl(environment);
    const whose = await withClient(databaseUrl, whoseDatabase);
    if (whose.owner === "others" && values["beside-others"] !== true) {
      throw new UsageError(
        `This database holds tables that are not oncepay's (${whose.tables.join(", ")}). Nothing was changed. ` +
          "If it is the right one, run this again with --beside-others.",
      );
    }
    const migrated = await migrate({ databaseUrl, log: say });
    const text = migrated.length === 0 ? "The database is up to date.\n" : "";
    return { json: { migrated }, text };
  },
};
