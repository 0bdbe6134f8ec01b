import { type Db, type Statement, run } from "../db/db";
import { addressTest } from "./addresses";
import { type ApiKeyKind, type Mode, type Scope, isPossible } from "./api-key";
import { isElsewhere, notHeld } from "./not-held";

/** Who sends a request: what a live key says about its holder. */
export interface Caller {
  /** Whose rows it sees: the key's own merchant, or the one that a platform operator acts for. */
  readonly merchantId: string;
  /** The key's id. */
  readonly id: string;
  readonly kind: ApiKeyKind;
  /** What may be shown of the key. */
  readonly hint: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
  readonly allowedAddresses: readonly string[];
  /** The first of the keys that minted each other. */
  readonly origin: string;
  /** Whether its merchant's changes are refused for the moment. */
  readonly isHeld: boolean;
  /** Whether another cell has it: it is not answered here at all. */
  readonly isElsewhere: boolean;
}

/** What a bearer secret claims: the tenant that it names, and its hash. */
export interface Claim {
  readonly merchantId: string;
  readonly hash: Buffer;
}

export interface LiveKey {
  readonly caller: Caller;
  /** How long it lives from the moment of the look-up, by the database's clock; null: for ever. */
  readonly remainingMs: number | null;
  readonly allows: (address: string) => boolean;
}

interface Row extends Caller {
  readonly n: number;
  readonly remainingMs: number | null;
}

/*
 * One index probe for each claim. now() is taken when the statement arrives, so remainingMs, counted from when it was
 * sent, never ends late. The fence: see planner.ts.
 */
const FIND_LIVE: Statement = {
  name: "find_live_api_keys",
  text: `
    select c.n::int as "n", k.*
    from unnest(?::text[], ?::text[]) with ordinality as c (merchant_id, hash, n)
    cross join lateral (
      select k.merchant_id as "merchantId", k.id as "id", k.kind as "kind", k.hint as "hint",
        m.mode as "mode", k.scopes as "scopes", iso(k.expires_at) as "expiresAt",
        not (${notHeld("k.merchant_id")}) as "isHeld",
        ${isElsewhere("k.merchant_id")} as "isElsewhere",
        k.allowed_addresses as "allowedAddresses",
        coalesce(k.origin, k.id) as "origin",
        (extract(epoch from k.expires_at - now()) * 1000)::float8 as "remainingMs"
      from api_keys k join merchants m on m.id = k.merchant_id
      where k.merchant_id = c.merchant_id and k.secret_hash = decode(c.hash, 'hex')
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      offset 0
    ) k`,
};

/** The live keys behind many claims at once, each in its claim's place; undefined where there is none. */
export async function findLiveKeys(
  db: Db,
  claims: readonly Claim[],
): Promise<(LiveKey | undefined)[]> {
  const rows = await run<Row>(db, FIND_LIVE, [
    claims.map(({ merchantId }) => merchantId),
    claims.map(({ hash }) => hash.toString("hex")),
  ]);
  const found = new Array<LiveKey | undefined>(claims.length).fill(undefined);
  for (const { n, remainingMs, ...row } of rows) {
    // A scope that its kind cannot have is none, wherever it came from.
    const scopes = row.scopes.filter((scope) => isPossible(row.kind, scope));
    found[n - 1] = {
      caller: { ...row, scopes },
      remainingMs,
      allows: addressTest(row.allowedAddresses),
    };
  }
  return found;
}
