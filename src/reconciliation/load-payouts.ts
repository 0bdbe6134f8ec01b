import { type Db, type Statement, type Tx, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type {
  ListedPayout,
  PayoutLinePage,
  Processor,
  ProcessorPayoutLine,
} from "../processors/processor";
import { noLines, storeFileLines } from "./file-lines";
import { type Report, TELLER } from "./report-store";
import { lockRun, moveOn, tellerOf } from "./run-store";

/*
 * The payouts that a processor lists of an account, into the account's run, where they are recorded and compared like
 * those of a settlement file (compare-payouts.ts).
 *
 * Guarantees: a payout is read with all its lines, each time that it has another status than the runs before it were told.
 * A payout is there once its last line is: whoever is killed reads it again from its first line, and stores none twice.
 *
 * Cost: a call for the list; for each that is news, a call and a commit for a page of its lines, and one commit more.
 */

// A payout fails within some days of its arrival, which is within some days of its beginning.
const LISTED_FOR_MS = 15 * 86_400_000;

const FIND_NEWS: Statement = {
  name: "find_payouts_that_are_news",
  text: `
    select n.id as "id" from unnest(?::text[], ?::text[]) as n (id, status)
    where not exists (
      select from processor_payouts t join reconciliation_runs r on r.id = t.run_id
      where t.processor_payout_id = n.id and t.status = n.status and ${TELLER} = ?)`,
};

const INSERT: Statement = {
  name: "insert_listed_payout",
  text: `
    insert into processor_payouts (run_id, processor_payout_id, status, amount, currency,
      line_count, arrives_at, changed_at)
    values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
};

export async function loadPayouts(db: Db, processor: Processor, report: Report): Promise<Report> {
  const since = new Date(Date.parse(report.periodTo) - LISTED_FOR_MS).toISOString();
  const listed = (await processor.listPayouts?.(since)) ?? [];
  const news = await run<{ id: string }>(db, FIND_NEWS, [
    listed.map(({ payoutId }) => payoutId),
    listed.map(({ status }) => status),
    tellerOf(report),
  ]);
  const ids = new Set(news.map(({ id }) => id));
  let lines = 0;
  for (const payout of listed) {
    if (ids.has(payout.payoutId))
      lines += 1 + (await loadPayout(db, { processor, report, payout }));
  }
  return stored(db, report, async (tx) =>
    moveOn(tx, report.id, { status: "COMPARING", position: "", lines }),
  );
}

/** Returns how many lines it has. */
async function loadPayout(
  db: Db,
  asked: {
    readonly processor: Processor;
    readonly report: Report;
    readonly payout: ListedPayout;
  },
): Promise<number> {
  const { processor, report, payout } = asked;
  const { payoutId, status, amountMinor, currency, arrivesAt, changedAt } = payout;
  let count = 0;
  let after: string | null = null;
  do {
    const page: PayoutLinePage | undefined = await processor.listPayoutLines?.({ payoutId, after });
    if (!page) throw new Error(`${processor.name} does not list what a payout consists of`);
    const payoutLines = page.lines.map((part, at): ProcessorPayoutLine => {
      return { ...part, payoutId, line: count + at + 1 };
    });
    await stored(db, report, (tx) => storeFileLines(tx, report.id, { ...noLines(), payoutLines }));
    count += payoutLines.length;
    after = page.next;
  } while (after !== null);
  await failpoint("reconcile.after_slice");
  const row = [payoutId, status, amountMinor, currency, count, arrivesAt, changedAt];
  await stored(db, report, (tx) => run(tx, INSERT, [report.id, ...row]));
  return count;
}

/** Unless somebody else has gone on with the run meanwhile. */
async function stored<Done>(
  db: Db,
  { id, position }: Report,
  work: (tx: Tx) => Promise<Done>,
): Promise<Done> {
  return transact(db, async (tx) => {
    const current = await lockRun(tx, id);
    if (current.status !== "LOADING" || current.position !== position) {
      throw new Error("another worker has gone on with the list");
    }
    return work(tx);
  });
}
