import { type Db, type Statement, type Tx, run } from "../db/db";
import type { ApiKeyKind, Scope } from "./api-key";

export interface Merchant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

export interface ApiKey {
  readonly merchantId: string;
  readonly id: string;
  readonly kind: ApiKeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hint: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

const MERCHANT_COLUMNS = `id, name, iso(created_at) as "createdAt"`;

const INSERT: Statement = {
  name: "insert_merchant",
  text: `insert into merchants (id, name) values (?, ?) returning ${MERCHANT_COLUMNS}`,
};

export async function insertMerchant(
  tx: Tx,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<Merchant> {
  const [row] = await run<Merchant>(tx, INSERT, [id, name]);
  return row as Merchant;
}

const FIND: Statement = {
  name: "find_merchant",
  text: `select ${MERCHANT_COLUMNS} from merchants where id = ?`,
};

export async function findMerchant(db: Db, id: string): Promise<Merchant | undefined> {
  const [row] = await run<Merchant>(db, FIND, [id]);
  return row;
}

export interface ApiKeyRow {
  readonly merchantId: string;
  readonly id: string;
  readonly kind: ApiKeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
  readonly hint: string;
  readonly key?: string;
  readonly expiresAt?: Date | null;
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
    })),
  );
}

const FIND_LIVE: Statement = {
  name: "find_live_api_key",
  text: `
    select merchant_id as "merchantId", id, kind, name, scopes, hint,
      iso(created_at) as "createdAt", iso(expires_at) as "expiresAt", iso(revoked_at) as "revokedAt"
    from api_keys
    where merchant_id = ? and secret_hash = ?
      and revoked_at is null and (expires_at is null or expires_at > now())`,
};

export async function findLiveApiKey(
  db: Db,
  merchantId: string,
  hash: Buffer,
): Promise<ApiKey | undefined> {
  const [row] = await run<ApiKey>(db, FIND_LIVE, [merchantId, hash]);
  return row;
}
