import { type Db, type Statement, run } from "../db/db";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { Attempt } from "./attempt";
import { ATTEMPT_COLUMNS } from "./attempt-store";

/* The first two conditions are those of the index. */
function list(direction: PageRequest<string>["direction"]): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_unknown_attempts_${direction}`,
    text: `
      select ${ATTEMPT_COLUMNS} from attempts a
      where a.merchant_id = ? and a.unknown_since is not null and a.settled_at is null
        and a.status = 'UNKNOWN' and a.id ${beyond} ?
      order by a.id ${order} limit ?`,
  };
}

const LISTS = { older: list("older"), newer: list("newer") };
const BY_ID = byId("attempt");

/** Attempts whose outcome nobody knows yet, newest first. */
export async function listUnknownAttempts(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<Attempt>> {
  return readPage<Attempt, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<Attempt>(db, LISTS[direction], [merchantId, from ?? BY_ID.ends[direction], limit]),
    },
    page,
  );
}
