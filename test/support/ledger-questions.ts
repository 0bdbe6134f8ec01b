import type { Db } from "../../src/db/db";
import { sumsOf } from "../../src/ledger/balance-store";
import { listEntries } from "../../src/ledger/entry-store";
import type { PageArguments } from "../../src/pagination";
import { PAGE, type Question, after, now } from "./plan-questions";
import type { Samples } from "./plans";

/** What an account holds and what is in it: of one that most postings touch, and of one that is seldom used. */
export function ledgerQuestions(
  asked: () => { own: Db; merchantId: string; its: Samples },
): Question[] {
  type Account = "receivable" | "suspense";
  const entries = (account: Account, page: PageArguments) => {
    const { own, merchantId, its } = asked();
    return listEntries(own, merchantId, { accountId: its[account], page });
  };
  const balance = (account: Account, asOf?: string) => {
    const { own, merchantId, its } = asked();
    return sumsOf(own, merchantId, { id: its[account], asOf });
  };
  return (["receivable", "suspense"] as const).flatMap((account) => [
    now(`the newest entries of ${account}`, async () => {
      return (await entries(account, { first: PAGE })).edges;
    }),
    now(`the oldest entries of ${account}`, async () => {
      return (await entries(account, { last: PAGE })).edges;
    }),
    after(
      `entries of ${account}, after a cursor`,
      async () => (await entries(account, { first: 1 })).pageInfo.endCursor,
      async (position) => (await entries(account, { first: PAGE, after: position })).edges,
    ),
    now(`the balance of ${account}`, () => balance(account)),
    now(`the balance of ${account} at a time`, () => balance(account, asked().its.createdLaterAt)),
  ]);
}
