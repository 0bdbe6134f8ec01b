import { createSigningKey, listSigningKeys } from "../seals/signing-keys";
import { exportCheckpoints } from "../seals/checkpoints";
import type { Command } from "./command";
import { readDatabaseUrl, recordRun, withDb } from "./database";
import { readKeyring } from "./keyring";

/** Reads only. */
export const exportCheckpointsCommand: Command = {
  name: "checkpoints export",
  summary: "prints the newest checkpoint of every merchant, to be kept elsewhere",
  help: `Prints what was signed of the newest seal of every merchant: one JSON object to a line. Keep them where nobody who can
change the database can reach them, and give them to "oncepay verify --checkpoints FILE": then seals cannot be taken off
the end, or made anew, without its saying so. The database is DATABASE_URL.`,
  options: {},
  run: async ({ environment }) => {
    const checkpoints = await withDb(readDatabaseUrl(environment), exportCheckpoints);
    const lines = checkpoints.map((checkpoint) => `${JSON.stringify(checkpoint)}\n`);
    return { json: { checkpoints }, text: lines.join("") };
  },
};

/** Reads only. */
export const checkpointKeysCommand: Command = {
  name: "checkpoints keys",
  summary: "prints the public keys that checkpoints are signed with",
  help: `Prints the public keys (ed25519, base64) that checkpoints are signed with, newest first, each with its id. Whoever checks
receipts needs them from you. The database is DATABASE_URL.`,
  options: {},
  run: async ({ environment }) => {
    const found = await withDb(readDatabaseUrl(environment), listSigningKeys);
    const keys = found.map(({ publicKey, ...key }) => ({
      ...key,
      publicKey: publicKey.toString("base64"),
    }));
    const lines = keys.map(({ id, publicKey, createdAt }) => `${id} ${publicKey} ${createdAt}\n`);
    const text = lines.length === 0 ? "There are none: nothing was sealed yet.\n" : lines.join("");
    return { json: { keys }, text };
  },
};

/** Safe to run at any time: what older keys have signed stays as it is. */
export const newCheckpointKeyCommand: Command = {
  name: "checkpoints new-key",
  summary: "makes a new key, which signs checkpoints from then on",
  help: `Makes a key of which the private part is sealed with the first key of ONCEPAY_ENCRYPTION_KEY. The worker signs with it from
the next checkpoint on. The older keys stay, for what they have signed. The database is DATABASE_URL.`,
  options: {},
  run: async ({ environment }) => {
    const { secrets } = readKeyring(environment);
    const id = await withDb(readDatabaseUrl(environment), async (db) => {
      const made = await createSigningKey({ db, secrets });
      await recordRun(db, "checkpoints new-key", 1);
      return made;
    });
    return { json: { id }, text: `${id} signs from now on.\n` };
  },
};
