import { type Db, type Statement, run } from "../db/db";
import { ID_PREFIXES } from "../ids";
import { type Page, type PageArguments, type PageRequest, idCursor, readPage } from "../pagination";

/** An attempt whose outcome nobody knows yet, as an operator sees it. */
export interface UnknownAttempt {
  readonly id: string;
  readonly paymentIntentId: string;
  readonly operation: string;
  readonly processor: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly message: string | null;
  readonly unknownSince: string;
  readonly ageSeconds: number;
  readonly lookups: number;
  readonly nextLookupAt: string | null;
}

function list(direction: PageRequest<string>["direction"]): Statement {
  const [sign, order] = direction === "older" ? ["<", "desc"] : [">", "asc"];
  return {
    name: `list_unknown_attempts_${direction}`,
    text: `
      select id as "id", payment_intent_id as "paymentIntentId", operation as "operation", processor as "processor",
        amount as "amount", currency as "currency", message as "message", iso(unknown_since) as "unknownSince",
        extract(epoch from now() - unknown_since)::int as "ageSeconds", lookups as "lookups", iso(next_at) as "nextLookupAt"
      from attempts
      where merchant_id = ? and unknown_since is not null and settled_at is null and status = 'UNKNOWN' and id ${sign} ? order by id ${order} limit ?`,
  };
}

const LISTS = { older: list("older"), newer: list("newer") };
// Sort after and before every id.
const ENDS = { older: "att_~", newer: "att_" };

export async function listUnknownAttempts(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<UnknownAttempt>> {
  return readPage<UnknownAttempt, string>(
    {
      format: idCursor(ID_PREFIXES.attempt),
      keyOf: ({ id }) => id,
      fetch: ({ direction, from, limit }) =>
        run<UnknownAttempt>(db, LISTS[direction], [merchantId, from ?? ENDS[direction], limit]),
    },
    page,
  );
}
