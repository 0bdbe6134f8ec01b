import { type Db, type Statement, run } from "../db/db";
import { ID_PREFIXES } from "../ids";
import { type Page, type PageArguments, type PageRequest, idCursor, readPage } from "../pagination";
import type { Attempt } from "./attempt";
import { ATTEMPT_COLUMNS } from "./attempt-store";

/* The first two conditions are those of the index. */
function list(direction: PageRequest<string>["direction"]): Statement {
  const [sign, order] = direction === "older" ? ["<", "desc"] : [">", "asc"];
  return {
    name: `list_unknown_attempts_${direction}`,
    text: `
      select ${ATTEMPT_COLUMNS} from attempts a
      where a.merchant_id = ? and a.unknown_since is not null and a.settled_at is null
        and a.status = 'UNKNOWN' and a.id ${sign} ?
      order by a.id ${order} limit ?`,
  };
}

const LISTS = { older: list("older"), newer: list("newer") };
// They sort after and before every id.
const ENDS = { older: "att_~", newer: "att_" };

/** Attempts whose outcome nobody knows yet, newest first. */
export async function listUnknownAttempts(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<Attempt>> {
  return readPage<Attempt, string>(
    {
      format: idCursor(ID_PREFIXES.attempt),
      keyOf: ({ id }) => id,
      fetch: ({ direction, from, limit }) =>
        run<Attempt>(db, LISTS[direction], [merchantId, from ?? ENDS[direction], limit]),
    },
    page,
  );
}
