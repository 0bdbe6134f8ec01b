import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Caller } from "./caller";
import { isElsewhere, notHeld } from "./not-held";

export interface SessionKey {
  readonly merchantId: string;
  readonly tokenHash: Buffer;
}

export interface FoundSession {
  readonly caller: Caller;
  /** Whether so much time has passed since its last use that a new one is worth a write. */
  readonly isStale: boolean;
}

interface Row extends Caller {
  readonly isStale: boolean;
}

/** By the database's clock, like the life of the key itself. */
const LIVE = `s.created_at > now() - interval '8 hours'
  and s.last_used_at > now() - interval '30 minutes'`;

const INSERT: Statement = {
  name: "insert_console_session",
  text: `insert into console_sessions (merchant_id, token_hash, key_id) values (?, ?, ?)`,
};

export async function insertSession(tx: Tx, session: SessionKey, keyId: string): Promise<void> {
  await run(tx, INSERT, [session.merchantId, session.tokenHash, keyId]);
}

// A session is no more than its key: whatever ends the key ends it at once.
const FIND: Statement = {
  name: "find_console_session",
  text: `
    select k.merchant_id as "merchantId", k.id as "id", k.kind as "kind", k.hint as "hint",
      m.mode as "mode", k.scopes as "scopes", iso(k.expires_at) as "expiresAt",
      k.allowed_addresses as "allowedAddresses", coalesce(k.origin, k.id) as "origin",
      not (${notHeld("k.merchant_id")}) as "isHeld",
      ${isElsewhere("k.merchant_id")} as "isElsewhere",
      s.last_used_at < now() - interval '1 minute' as "isStale"
    from console_sessions s
    join api_keys k on k.merchant_id = s.merchant_id and k.id = s.key_id
    join merchants m on m.id = k.merchant_id
    where s.merchant_id = ? and s.token_hash = ? and ${LIVE}
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`,
};

export async function findSession(
  db: Db,
  { merchantId, tokenHash }: SessionKey,
): Promise<FoundSession | undefined> {
  const [row] = await run<Row>(db, FIND, [merchantId, tokenHash]);
  if (!row) return undefined;
  const { isStale, ...caller } = row;
  return { caller, isStale };
}

const TOUCH: Statement = {
  name: "touch_console_session",
  text: `
    update console_sessions set last_used_at = now()
    where merchant_id = ? and token_hash = ? and last_used_at < now() - interval '1 minute'`,
};

export async function touchSession(db: Db, session: SessionKey): Promise<void> {
  await run(db, TOUCH, [session.merchantId, session.tokenHash]);
}

const DELETE: Statement = {
  name: "delete_console_session",
  text: "delete from console_sessions where merchant_id = ? and token_hash = ? returning key_id",
};

/** Whether there was one. */
export async function deleteSession(tx: Tx, session: SessionKey): Promise<boolean> {
  return (await run(tx, DELETE, [session.merchantId, session.tokenHash])).length > 0;
}

const DELETE_ENDED: Statement = {
  name: "delete_ended_console_sessions",
  text: `delete from console_sessions s where s.merchant_id = ? and not (${LIVE})`,
};

export async function deleteEndedSessions(tx: Tx, merchantId: string): Promise<void> {
  await run(tx, DELETE_ENDED, [merchantId]);
}
