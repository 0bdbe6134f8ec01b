import { blankLegacyEvents } from "../erasure/blank-legacy-events";
import type { Command } from "./command";
import { readDatabaseUrl, recordRun, withDb } from "./database";

/** Safe to run at any time and again: what is blank stays blank. */
export const eraseLegacyCommand: Command = {
  name: "erase-legacy",
  summary: "blanks the personal data of erased customers in events from before events were sealed",
  help: `Events that were stored before this release show customers, descriptions and metadata in the clear, and eraseCustomer
does not reach them: an event is never changed. For payments that eraseCustomer has erased, this command blanks those
values, and the database permits no other change. It tells how many events it blanked. The database is DATABASE_URL, whose
user must be allowed to update the table "events": the owner of the tables, not the user that the service runs as.`,
  options: {},
  run: async ({ environment }) => {
    const blanked = await withDb(readDatabaseUrl(environment), async (db) => {
      const done = await blankLegacyEvents(db);
      await recordRun(db, "erase-legacy", done.events);
      return done;
    });
    const { erasures, events } = blanked;
    return {
      json: { ...blanked },
      text: `Blanked ${String(events)} events of ${String(erasures)} erasures.\n`,
    };
  },
};
