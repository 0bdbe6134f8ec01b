import { countSealed, resealSecrets } from "../key-rotation/reseal-secrets";
import { EXIT } from "../process/run-process";
import { ConfigError } from "../process/settings";
import { weaknessOf } from "../security/development-secrets";
import type { Command } from "./command";
import { readDatabaseUrl, recordRun, withDb } from "./database";
import { readKeyring, readKeys, reportKeys } from "./keyring";

/** It may be run at any time and by several at once, and goes on where an earlier run has ended. */
export const rotateSecretsCommand: Command = {
  name: "secrets rotate",
  summary: "seals every stored secret with the newest encryption key",
  help: `Opens every stored secret (of webhook endpoints, and in the results of mutations that show one) that an older key of
ONCEPAY_ENCRYPTION_KEY has sealed, and seals it with the first key. Run it while everything is working, as often as you
like, and again after it was interrupted: it goes on with what is left. The order in which a key is replaced:

  1. add the new key behind the old one ("old,new") and restart every process: now all of them can open what it seals
  2. put it in front ("new,old") and restart every process: from now on it seals
  3. oncepay secrets rotate
  4. take the old key away once "oncepay secrets status" says that nothing needs it, and restart every process.
     Client secrets of payments that were created before step 2 are worth nothing from then on: leave the old key in
     place for as long as shoppers may still be paying them.

It exits with 1 when values are left that an older key has sealed, or that no key opens. The database is DATABASE_URL.
`,
  options: {},
  run: async ({ environment, say }) => {
    refuseWeakKey(environment);
    const keyring = readKeyring(environment);
    return withDb(readDatabaseUrl(environment), async (db) => {
      const { resealed, unreadable } = await resealSecrets(
        db,
        keyring,
        ({ table, column }, done) => {
          say(`${table}.${column}: ${String(done)} sealed again`);
        },
      );
      await recordRun(db, "secrets rotate", resealed);
      const result = reportKeys(keyring, await countSealed(db));
      const damaged = unreadable.map((name) => `not opened: ${name}\n`).join("");
      const isDone = result.left === 0 && result.lost === 0;
      return {
        json: { resealed, unreadable, ...result },
        text: `${String(resealed)} sealed again.\n${damaged}${result.text}`,
        exitCode: isDone ? 0 : EXIT.failed,
      };
    });
  },
};

/** Older keys may be bad ones: this is the way to get rid of them. */
function refuseWeakKey(environment: NodeJS.ProcessEnv): void {
  const [newest] = readKeys(environment);
  const weakness = newest && weaknessOf(newest);
  const isProduction = (environment["NODE_ENV"] || "production") === "production";
  if (weakness === undefined || !isProduction) return;
  throw new ConfigError(
    `ONCEPAY_ENCRYPTION_KEY: key 1 is ${weakness}; create one with: openssl rand -base64 32`,
  );
}
