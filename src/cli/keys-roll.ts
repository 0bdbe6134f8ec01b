import { recordCommand } from "../audit-log/record-write";
import { transact } from "../db/transact";
import { verdict } from "../failures";
import { lockMerchant } from "../merchants/merchant-store";
import { OVERLAP_SECONDS_MAX, roll } from "../merchants/roll-api-key";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { OWNER_HELP, OWNER_OPTIONS, keyId, keyLine, ownerId, readDuration } from "./key-options";

export const rollKeyCommand: Command = {
  name: "keys roll",
  summary: "replaces an API key; both work for a while",
  help: `Creates a key that may do what an old one may, shows it once, and lets the old one live on for a while.
The database is DATABASE_URL.

${OWNER_HELP}
  --id ID           the old key's id
  --overlap D       how long the old key can still be used, at most 30d (default 24h); 0s ends it at once`,
  options: {
    ...OWNER_OPTIONS,
    id: { type: "string" },
    overlap: { type: "string", default: "24h" },
  },
  run: async ({ values, environment }) => {
    const merchantId = ownerId(values);
    const apiKeyId = keyId(values);
    const overlapSeconds = readDuration(String(values["overlap"]), "--overlap");
    if (overlapSeconds > OVERLAP_SECONDS_MAX) throw new UsageError("--overlap may be 30d at most.");
    const rolled = await withDb(readDatabaseUrl(environment), (db) =>
      transact(db, async (tx) => {
        const merchant = await lockMerchant(tx, merchantId);
        if (!merchant) throw new UsageError(`There is no merchant ${merchantId}.`);
        const asked = { apiKeyId, overlapSeconds, expiresAt: null, minter: null };
        const result = await roll(tx, merchant, asked);
        if ("failure" in result) throw verdict(result.failure);
        const subjectId = result.apiKey.id;
        const details = { rolledFrom: apiKeyId };
        await recordCommand(tx, { merchantId, name: "keys roll", subjectId, details });
        return result;
      }),
    );
    const { apiKey, oldApiKey, secret } = rolled;
    const text = `new   ${keyLine(apiKey)}
old   ${keyLine(oldApiKey)}

${secret}

Store the key now: it will not be shown again.
`;
    return { json: { apiKey, oldApiKey, secret }, text };
  },
};
