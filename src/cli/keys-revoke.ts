import { recordCommand } from "../audit-log/record-write";
import { transact } from "../db/transact";
import { verdict } from "../failures";
import { revoke } from "../merchants/revoke-api-key";
import type { Command } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { OWNER_HELP, OWNER_OPTIONS, keyId, keyLine, ownerId } from "./key-options";

export const revokeKeyCommand: Command = {
  name: "keys revoke",
  summary: "ends an API key for good, within a second",
  help: `Revokes an API key. Within a second it is refused by every process. The database is DATABASE_URL.

${OWNER_HELP}
  --id ID           the key's id`,
  options: { ...OWNER_OPTIONS, id: { type: "string" } },
  run: async ({ values, environment }) => {
    const merchantId = ownerId(values);
    const apiKeyId = keyId(values);
    const revoked = await withDb(readDatabaseUrl(environment), (db) =>
      transact(db, async (tx) => {
        const result = await revoke(tx, merchantId, apiKeyId);
        if ("failure" in result) throw verdict(result.failure);
        await recordCommand(tx, { merchantId, name: "keys revoke", subjectId: apiKeyId });
        return result;
      }),
    );
    return { json: revoked.apiKey, text: `${keyLine(revoked.apiKey)}\n` };
  },
};
