import type { Db } from "../db/db";
import { connect } from "../db/connect";
import { sqlState } from "../db/errors";
import { TENANT_ROLE } from "../db/roles";
import { createTenantViews } from "../db/tenant-views";
import { Failure } from "../failures";
import { createFairAdmission } from "./fair-admission";
import { tooManyWaiting } from "./rate-limits";

/*
 * Lists whose filter has no index read on until their page is full, and where nothing matches that is everything that
 * the merchant has. An index for each would cost every payment a write. Instead they have connections of their own,
 * few enough that payments do not notice them, of which one tenant never holds all; and they end after a time, with an
 * answer that says what to do.
 *
 * Cost: nothing for any other list. These take the same round trip as others, on another connection.
 */

export interface BoundedReads {
  read<Result>(merchantId: string, list: BoundedRead<Result>): Promise<Result>;
  close(): Promise<void>;
}

interface BoundedRead<Result> {
  /** The argument to change, where there is one. */
  readonly field: string | null;
  readonly work: (db: Db) => Promise<Result>;
}

export interface BoundedReadsOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly lockTimeoutMs: number;
  /** How long one statement may take. */
  readonly timeoutMs: number;
}

const CONNECTIONS = 2;
// Of one tenant half as many: a request may ask for the entries of 200 accounts.
const WAITING_MAX = 1_000;

const TOO_MANY = tooManyWaiting(
  "unindexed-lists",
  "Too many lists whose filter has no index are waiting. Ask for one after the other.",
);

// A page that needs longer is not found by waiting for it.
const QUERY_CANCELED = "57014";

export function createBoundedReads(options: BoundedReadsOptions): BoundedReads {
  const { timeoutMs } = options;
  const db = connect({
    url: options.databaseUrl,
    role: TENANT_ROLE,
    poolMax: CONNECTIONS,
    applicationName: options.applicationName,
    statementTimeoutMs: timeoutMs,
    lockTimeoutMs: options.lockTimeoutMs,
    // One core for one connection: the others are for what is in a hurry.
    settings: ["max_parallel_workers_per_gather=0"],
  });
  const admission = createFairAdmission({
    places: CONNECTIONS,
    heldPerFree: 1,
    patienceMs: 2 * timeoutMs,
    waitingMax: WAITING_MAX,
  });
  const viewOf = createTenantViews(db, {
    enter: (tenant) => Promise.resolve(admission.enter(tenant)).catch(TOO_MANY),
  });
  return {
    read: async (merchantId, { field, work }) => {
      try {
        return await work(viewOf(merchantId));
      } catch (error) {
        throw sqlState(error) === QUERY_CANCELED ? tooLong(timeoutMs, field) : error;
      }
    },
    close: () => db.destroy(),
  };
}

function tooLong(timeoutMs: number, field: string | null): Failure {
  return new Failure(
    "BAD_USER_INPUT",
    `The page could not be found within ${String(timeoutMs)} ms, because no index leads to it. Combine the filter with a field that has one, or with a range of time.`,
    { field, timeoutMs },
  );
}
