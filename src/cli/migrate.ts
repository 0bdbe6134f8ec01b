import { migrate } from "../db/migrate";
import { whoseDatabase } from "../db/whose-database";
import { withClient } from "../db/with-client";
import { EXIT } from "../process/run-process";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl } from "./database";

/** Safe to run by several at once, again and again, and before the processes of a new release are started. */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "brings the database schema up to date with this release",
  help: `Creates oncepay's tables or updates them for this release. It is safe to run several times, even at once, and does
nothing when the schema is up to date. The database is DATABASE_URL.

It runs while payments are made: nobody waits for it for longer than a moment. A lock that somebody else holds for longer,
such as a backup's, it asks for again and again, for five minutes or what --wait says, and then gives up with exit code
${String(EXIT.later)}; run it again then. What it had done until then remains done, and does no harm.

It also makes the roles that the API and the workers run as, and gives them their rights.

  --beside-others   create the tables even in a database that holds other tables
  --wait SECONDS    how long to wait for locks that others hold (300)
  --app-user NAME   lets this user of the database take those roles: the one in the API's and the workers' DATABASE_URL`,
  options: {
    "beside-others": { type: "boolean", default: false },
    wait: { type: "string", default: "300" },
    "app-user": { type: "string" },
  },
  run: async ({ values, environment, say }) => {
    const waitMaxMs = Number(values["wait"]) * 1_000;
    if (!(waitMaxMs >= 0)) throw new UsageError("--wait must be a number of seconds.");
    const databaseUrl = readDatabaseUrl(environment);
    const whose = await withClient(databaseUrl, whoseDatabase);
    if (whose.owner === "others" && values["beside-others"] !== true) {
      throw new UsageError(
        `This database holds tables that do not belong to oncepay (${whose.tables.join(", ")}). Nothing was changed. ` +
          "If this is the right database, run the command again with --beside-others.",
      );
    }
    const appUser = values["app-user"] as string | undefined;
    const migrated = await migrate({
      databaseUrl,
      log: say,
      waitMaxMs,
      ...(appUser !== undefined && { appUser }),
    });
    const text = migrated.length === 0 ? "The database is up to date.\n" : "";
    return { json: { migrated }, text };
  },
};
