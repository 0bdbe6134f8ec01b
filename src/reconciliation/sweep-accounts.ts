import { type Statement, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { ProcessorFinder } from "../payments/send-attempt";
import { ListNotRead } from "../processors/lists";
import { type SweepOptions, type Sweeper, sweep } from "./sweep-processor";

/*
 * What is listed at merchants' own accounts, each by itself: with windows, runs and breaks of its own.
 *
 * Guarantees: an account's lines are compared with the attempts of that account, and with no others. Each is asked by one
 * worker at a time, whatever its status: what was begun at a disabled account is finished there. One that cannot be read
 * says so in its report, is asked again after five minutes, and keeps nobody else waiting for more than its timeout.
 *
 * Cost: an update that claims so many accounts, those that have waited longest; for each, what its window takes.
 */

const AT_ONCE = 4;
const CLAIMED_MAX = 40;
/** By then another worker takes it; and so long an account that could not be read is left alone. */
const LEASE_MS = 5 * 60_000;
/** Of a kind that lists nothing. */
const NEVER_MS = 86_400_000;

const CLAIM: Statement = {
  name: "claim_accounts_to_list",
  text: `
    update processor_accounts p set lists_at = n.now + ? * interval '1 millisecond'
    from (select ?::timestamptz as now) n
    cross join lateral (
      select d.merchant_id, d.id from processor_accounts d
      where d.lists_at <= n.now and ${notHeld("d.merchant_id")}
      order by d.lists_at limit ? for update skip locked
    ) due
    where p.merchant_id = due.merchant_id and p.id = due.id
    returning p.merchant_id as "merchantId", p.id as "processorAccountId",
      p.processor as "processor", p.version as "accountVersion"`,
};

const SCHEDULE: Statement = {
  name: "schedule_list_of_account",
  text: `
    update processor_accounts set lists_at = ?::timestamptz where merchant_id = ? and id = ?`,
};

interface Due {
  readonly merchantId: string;
  readonly processorAccountId: string;
  readonly processor: string;
  readonly accountVersion: number;
}

/** Those whose next window is over; returns how many breaks were found. */
export async function sweepAccounts(
  needs: Sweeper & ProcessorFinder,
  options: SweepOptions = {},
): Promise<number> {
  const nowMs = options.nowMs ?? Date.now();
  const now = new Date(nowMs).toISOString();
  const due = await run<Due>(needs.db, CLAIM, [LEASE_MS, now, CLAIMED_MAX]);
  let found = 0;
  const lane = async (): Promise<void> => {
    for (let next = due.shift(); next; next = due.shift()) {
      // Read after the wait: the others add to it meanwhile.
      const more = await sweepAccount(needs, next, { ...options, nowMs });
      found += more;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return found;
}

async function sweepAccount(
  needs: Sweeper & ProcessorFinder,
  due: Due,
  options: SweepOptions & { readonly nowMs: number },
): Promise<number> {
  const { merchantId, processorAccountId, processor } = due;
  const listing = { processor, merchantId, processorAccountId };
  const connected = await needs.processorOf(due).catch((error: unknown) => {
    needs.log.warn({ err: error, accountId: processorAccountId }, "an account is not connected");
    return undefined;
  });
  const isListed = connected === undefined || connected.listMovements !== undefined;
  const { found, nextAtMs } = isListed
    ? await sweep(needs, { ...listing, connect: () => orThrow(connected) }, options)
    : { found: 0, nextAtMs: options.nowMs + NEVER_MS };
  if (nextAtMs !== undefined) {
    const at = new Date(nextAtMs).toISOString();
    await run(needs.db, SCHEDULE, [at, merchantId, processorAccountId]);
  }
  return found;
}

function orThrow<Connected>(connected: Connected | undefined): Promise<Connected> {
  return connected === undefined
    ? Promise.reject(new ListNotRead("NOT_CONNECTED"))
    : Promise.resolve(connected);
}
