import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  ObjectType,
  Resolver,
  Root,
} from "type-graphql";
import type * as ledger from "../../src/ledger/accounts";
import type { LedgerAccount as Account } from "../../src/ledger/account-store";
import { balanceOf } from "../../src/ledger/balance-store";
import type * as entries from "../../src/ledger/entry-store";
import { type LedgerEntry as Entry, listEntries } from "../../src/ledger/entry-store";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { openCursors, sealCursors } from "../cursors";
import { JournalSource, LedgerAccountKind, PostingSide } from "../enums";
import { Node } from "../node";
import { PageArgs } from "../queries/page-arguments";
import { BigMinorUnits, CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description: "One side of a posting, as it appears in one account. It never changes.",
})
export class LedgerEntry {
  @Field(() => ID, {
    description: "The id of the journal, which groups the postings that belong together.",
  })
  readonly journalId!: string;

  @Field(() => Int, { description: "The posting's line number in its journal." })
  readonly line!: number;

  @Field(() => String, {
    description: "What was posted, for example capture or refund.",
  })
  readonly kind!: string;

  @Field(() => PostingSide, { description: "Whether the entry debits or credits this account." })
  readonly side!: Entry["side"];

  @Field(() => MinorUnits, { description: "The amount in the currency's minor unit." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount." })
  readonly currency!: string;

  @Field(() => Boolean, { description: "Whether the entry is a hold, which moves no money." })
  readonly pending!: boolean;

  @Field(() => BigMinorUnits, {
    description:
      "The account's balance after this entry, on its normal side; a hold leaves it as it was. Of the last minute's entries it may yet change, because entries are ordered by when their posting began.",
  })
  readonly balanceAfter!: bigint;

  @Field(() => JournalSource, { description: "What caused the journal to be posted." })
  readonly source!: entries.JournalSource;

  @Field(() => ID, { description: "The id of the object that caused the journal to be posted." })
  readonly sourceId!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the payment intent that the entry concerns; null when it concerns none.",
  })
  readonly paymentIntentId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the attempt whose outcome was posted; null when the journal has another source.",
  })
  readonly attemptId!: string | null;

  @Field(() => DateTime, { description: "When the entry was posted." })
  readonly createdAt!: string;
}

const LedgerEntryConnection = connectionOf(() => LedgerEntry, "LedgerEntry");

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "An account of the merchant's double-entry ledger, in one currency.",
})
export class LedgerAccount {
  readonly id!: string;

  @Field(() => LedgerAccountKind, { description: "The kind of account." })
  readonly kind!: ledger.AccountKind;

  @Field(() => CurrencyCode, { description: "The account's currency." })
  readonly currency!: string;

  @Field(() => DateTime, { description: "When the account was opened." })
  readonly createdAt!: string;
}

const AS_OF = {
  nullable: true,
  description: "The time at which to take the balance. The default is now.",
};

@Resolver(() => LedgerAccount)
export class LedgerAccountFields {
  @FieldResolver(() => BigMinorUnits, {
    description:
      "The account's balance on its normal side: debits minus credits for assets and expenses, credits minus debits for liabilities.",
  })
  async balance(
    @Root() account: Account,
    @Arg("asOf", () => DateTime, AS_OF) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<bigint> {
    const sums = await context.loaders().sumsOf.load({ id: account.id, asOf });
    return balanceOf(account.kind, sums).posted;
  }

  @FieldResolver(() => BigMinorUnits, {
    description:
      "The total of holds, which are not part of the balance: authorisations that have been neither captured nor released, and what attempts whose outcome is unknown may have moved.",
  })
  async pendingBalance(
    @Root() account: Account,
    @Arg("asOf", () => DateTime, AS_OF) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<bigint> {
    const sums = await context.loaders().sumsOf.load({ id: account.id, asOf });
    return balanceOf(account.kind, sums).pending;
  }

  @FieldResolver(() => LedgerEntryConnection, {
    description: "The account's entries, newest first.",
  })
  async entries(
    @Root() account: Account,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Entry>> {
    const { app } = context;
    const { merchantId } = callerOf(context);
    const asked = { accountId: account.id, page: openCursors(app, page) };
    return sealCursors(app, await listEntries(app.db, merchantId, asked));
  }
}

@ObjectType({
  simpleResolvers: true,
  description: "The total debits and credits of the ledger in one currency.",
})
export class CurrencyTotals {
  @Field(() => CurrencyCode, { description: "The currency." })
  readonly currency!: string;

  @Field(() => BigMinorUnits, { description: "The sum of all debits." })
  readonly debits!: bigint;

  @Field(() => BigMinorUnits, { description: "The sum of all credits." })
  readonly credits!: bigint;

  @Field(() => BigMinorUnits, { description: "Debits minus credits: always zero." })
  readonly difference!: bigint;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Proof that the ledger balances, currency by currency. Holds on cards are not included.",
})
export class TrialBalance {
  @Field(() => Boolean, { description: "Whether debits equal credits in every currency." })
  readonly balanced!: boolean;

  @Field(() => [CurrencyTotals], { description: "The totals, one entry for each currency used." })
  readonly currencies!: readonly CurrencyTotals[];
}

export const LedgerAccountConnection = connectionOf(() => LedgerAccount, "LedgerAccount");
