import type { Db } from "../db/db";
import { keyIdOf } from "../security/secrets";
import { SEALED_COLUMNS, keyIdIn } from "./sealed-columns";

/**
 * At the start: an error in the log where what was sealed last, in any place, needs a key that this process was not
 * given. It starts all the same: who has lost a key gives endpoints and accounts new secrets through the API. A database
 * that is away, or was never migrated, decides nothing.
 *
 * Cost: one statement.
 */
export async function checkKeyring(app: {
  readonly db: Db;
  readonly log: { error(fields: object, text: string): void };
  readonly config: { readonly encryptionKeys: readonly Buffer[] };
}): Promise<void> {
  const known = app.config.encryptionKeys.map(keyIdOf);
  const { rows } = await app.db
    .raw<{ rows: { place: string; keyId: string }[] }>(NEWEST)
    .catch(() => ({ rows: [] }));
  const foreign = rows.filter(({ keyId }) => !known.includes(keyId));
  if (foreign.length === 0) return;
  const keyIds = [...new Set(foreign.map(({ keyId }) => keyId))].join(", ");
  app.log.error(
    { reason: `${keyIds}: ${foreign.map(({ place }) => place).join(", ")}` },
    "what is stored was sealed with a key that is not in ONCEPAY_ENCRYPTION_KEY (oncepay secrets status)",
  );
}

/** Of each place whose rows have ids: those are in order of time. */
const NEWEST = SEALED_COLUMNS.filter(({ key }) => "id" in key)
  .map(
    (sealed) => `(
      select '${sealed.table}.${sealed.column}' as "place", ${keyIdIn(sealed)} as "keyId"
      from ${sealed.table} where ${sealed.where} order by id desc limit 1)`,
  )
  .join(" union all ");
