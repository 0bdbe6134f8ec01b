import { type Db, type Statement, type Tx, run } from "../db/db";
import { onlyGiven } from "../db/filters";
import { IN_SQL, type Page, type PageArguments, byId, readPage } from "../pagination";
import type { ApiKeyKind, Mode, Scope } from "./api-key";

/** An API key as it may be shown. Moments are ISO 8601. */
export interface ApiKey {
  readonly merchantId: string;
  readonly id: string;
  readonly kind: ApiKeyKind;
  readonly name: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  readonly hint: string;
  readonly allowedAddresses: readonly string[];
  readonly status: ApiKeyStatus;
  readonly rolledFrom: string | null;
  /** The key that minted it; null when it was made on the command line, or with its merchant. */
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly firstUsedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export type ApiKeyStatus = "ACTIVE" | "EXPIRED" | "REVOKED";

const IS_ACTIVE = `k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`;

const COLUMNS = `
  k.merchant_id as "merchantId", k.id as "id", k.kind as "kind", k.name as "name",
  (select m.mode from merchants m where m.id = k.merchant_id) as "mode",
  k.scopes as "scopes", k.hint as "hint", k.allowed_addresses as "allowedAddresses",
  case when k.revoked_at is not null then 'REVOKED' when ${IS_ACTIVE} then 'ACTIVE'
    else 'EXPIRED' end as "status",
  k.rolled_from as "rolledFrom", k.created_by as "createdBy", iso(k.created_at) as "createdAt",
  iso(k.first_used_at) as "firstUsedAt", iso(k.last_used_at) as "lastUsedAt",
  iso(k.expires_at) as "expiresAt", iso(k.revoked_at) as "revokedAt"`;

export interface ApiKeyRow {
  readonly merchantId: string;
  readonly id: string;
  readonly kind: ApiKeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
  readonly hint: string;
  /** What it keeps for ever of the request that made it; see createApiKey and rollApiKey. */
  readonly key?: string;
  readonly expiresAt?: string | null;
  readonly allowedAddresses?: readonly string[];
  readonly rolledFrom?: string;
  readonly createdBy?: string | null;
  readonly origin?: string | null;
}

export async function insertApiKeys(tx: Tx, keys: readonly ApiKeyRow[]): Promise<void> {
  await tx("api_keys").insert(
    keys.map((key) => ({
      merchant_id: key.merchantId,
      id: key.id,
      kind: key.kind,
      name: key.name,
      scopes: key.scopes,
      secret_hash: key.hash,
      hint: key.hint,
      idempotency_key: key.key ?? null,
      expires_at: key.expiresAt ?? null,
      allowed_addresses: key.allowedAddresses ?? [],
      rolled_from: key.rolledFrom ?? null,
      created_by: key.createdBy ?? null,
      origin: key.origin ?? null,
    })),
  );
}

const FIND: Statement = {
  name: "find_api_keys",
  text: `select ${COLUMNS} from api_keys k where k.merchant_id = ? and k.id = any (?::text[])`,
};

export async function findApiKeys(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<ApiKey[]> {
  return run<ApiKey>(db, FIND, [merchantId, ids]);
}

/** A key that has just been written, or is locked. */
export async function getApiKey(db: Db, merchantId: string, id: string): Promise<ApiKey> {
  const [key] = await findApiKeys(db, merchantId, [id]);
  if (!key) throw new Error("an API key that was written is not there");
  return key;
}

const FIND_BY_KEY: Statement = {
  name: "find_api_key_by_key",
  text: `select ${COLUMNS} from api_keys k where k.merchant_id = ? and k.idempotency_key = ?`,
};

/** What a request made under its idempotency key. */
export async function findApiKeyByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<ApiKey | undefined> {
  const [found] = await run<ApiKey>(db, FIND_BY_KEY, [merchantId, key]);
  return found;
}

const COUNT_ACTIVE: Statement = {
  name: "count_active_api_keys",
  text: `select count(*)::int as "count" from api_keys k where k.merchant_id = ? and ${IS_ACTIVE}`,
};

export async function countActiveApiKeys(tx: Tx, merchantId: string): Promise<number> {
  const [row] = await run<{ count: number }>(tx, COUNT_ACTIVE, [merchantId]);
  return row?.count ?? 0;
}

export interface LockedApiKey extends ApiKey {
  readonly origin: string;
  /** Of the key that it was rolled from, and of the one that it was rolled into, whether they are active. */
  readonly predecessorActive: boolean;
  readonly successor: string | null;
}

// The rows beside it are not locked: whoever changes them has locked the merchant.
const LOCK: Statement = {
  name: "lock_api_key",
  text: `
    select ${COLUMNS}, coalesce(k.origin, k.id) as "origin",
      exists (select from api_keys p where p.merchant_id = k.merchant_id and p.id = k.rolled_from
        and ${IS_ACTIVE.replaceAll("k.", "p.")}) as "predecessorActive",
      (select s.id from api_keys s
        where s.merchant_id = k.merchant_id and s.rolled_from = k.id) as "successor"
    from api_keys k where k.merchant_id = ? and k.id = ? for no key update`,
};

export async function lockApiKey(
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<LockedApiKey | undefined> {
  const [key] = await run<LockedApiKey>(tx, LOCK, [merchantId, id]);
  return key;
}

const END: Statement = {
  name: "end_api_key",
  text: `
    update api_keys set expires_at = least(expires_at, now() + ?::int * interval '1 second')
    where merchant_id = ? and id = ?`,
};

/** An earlier end stays: nothing prolongs a key. */
export async function endApiKey(
  tx: Tx,
  { merchantId, id }: Pick<ApiKey, "merchantId" | "id">,
  inSeconds: number,
): Promise<void> {
  await run(tx, END, [inSeconds, merchantId, id]);
}

const REVOKE: Statement = {
  name: "revoke_api_key",
  text: "update api_keys set revoked_at = now() where merchant_id = ? and id = ?",
};

export async function markRevoked(
  tx: Tx,
  { merchantId, id }: Pick<ApiKey, "merchantId" | "id">,
): Promise<void> {
  await run(tx, REVOKE, [merchantId, id]);
}

const IS_FUTURE: Statement = {
  name: "is_in_the_future",
  text: `select ?::timestamptz > now() as "isFuture"`,
};

/** By the database's clock, which ends keys. */
export async function isFuture(db: Db, at: string): Promise<boolean> {
  const [row] = await run<{ isFuture: boolean }>(db, IS_FUTURE, [at]);
  return row?.isFuture === true;
}

export interface ApiKeyFilter {
  readonly kinds?: readonly ApiKeyKind[] | null | undefined;
  readonly active?: boolean | null | undefined;
}

const BY_ID = byId("apiKey");

/** A merchant's keys, newest first. There are some hundreds at most, so filters have no index of their own. */
export async function listApiKeys(
  db: Db,
  merchantId: string,
  { filter, page }: { readonly filter?: ApiKeyFilter | null; readonly page: PageArguments },
): Promise<Page<ApiKey>> {
  const { names, texts, values } = onlyGiven([
    { name: "kinds", text: "k.kind = any (?::text[])", value: filter?.kinds },
    { name: "active", text: `(${IS_ACTIVE}) = ?`, value: filter?.active },
  ]);
  return readPage<ApiKey, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) => {
        const { beyond, order } = IN_SQL[direction];
        const statement: Statement = {
          name: ["list_api_keys", ...names, direction].join("_"),
          text: `
            select ${COLUMNS} from api_keys k
            where ${["k.merchant_id = ?", ...texts, `k.id ${beyond} ?`].join(" and ")}
            order by k.id ${order} limit ?`,
        };
        const end = from ?? BY_ID.ends[direction];
        return run<ApiKey>(db, statement, [merchantId, ...values, end, limit]);
      },
    },
    page,
  );
}
