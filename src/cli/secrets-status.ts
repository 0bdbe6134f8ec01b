import { countSealed } from "../key-rotation/reseal-secrets";
import { EXIT } from "../process/run-process";
import type { Command } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { readKeyring, reportKeys } from "./keyring";

/** Reads only. */
export const secretsStatusCommand: Command = {
  name: "secrets status",
  summary: "says how many stored secrets need which encryption key",
  help: `Counts the stored secrets by the key that has sealed them. A key is shown as its id, which is derived from it and says
nothing about it. Exits with 1 when some need a key that is not in ONCEPAY_ENCRYPTION_KEY. The database is DATABASE_URL.
`,
  options: {},
  run: async ({ environment }) => {
    const keyring = readKeyring(environment);
    const counts = await withDb(readDatabaseUrl(environment), countSealed);
    const { text, ...result } = reportKeys(keyring, counts);
    return { json: result, text, exitCode: result.lost === 0 ? 0 : EXIT.failed };
  },
};
