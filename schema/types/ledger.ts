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
import { JournalSource, LedgerAccountKind, PostingSide } from "../enums";
import { Node } from "../node";
import { PageArgs } from "../queries/page-arguments";
import { BigMinorUnits, CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description:
    "One side of a posting, as the account that it stands in sees it. It is never changed.",
})
export class LedgerEntry {
  @Field(() => ID, { description: "The journal that groups the postings of one fact." })
  readonly journalId!: string;

  @Field(() => Int, { description: "The posting's place in its journal." })
  readonly line!: number;

  @Field(() => String, {
    description: "What kind of fact was booked, for example capture or refund.",
  })
  readonly kind!: string;

  @Field(() => PostingSide, { description: "Whether it debits or credits this account." })
  readonly side!: Entry["side"];

  @Field(() => MinorUnits, { description: "The amount in the currency's minor unit." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => Boolean, { description: "Whether it is a hold, which moves no money." })
  readonly pending!: boolean;

  @Field(() => JournalSource, { description: "What kind of thing caused the journal." })
  readonly source!: entries.JournalSource;

  @Field(() => ID, { description: "The id of what caused the journal." })
  readonly sourceId!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The payment intent that it was booked for; null when it is about none.",
  })
  readonly paymentIntentId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The attempt whose outcome was booked; null when the source is another one.",
  })
  readonly attemptId!: string | null;

  @Field(() => DateTime, { description: "When it was booked." })
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

  @Field(() => LedgerAccountKind, { description: "What the account holds." })
  readonly kind!: ledger.AccountKind;

  @Field(() => CurrencyCode, { description: "The account's currency." })
  readonly currency!: string;

  @Field(() => DateTime, { description: "When the account was opened." })
  readonly createdAt!: string;
}

const AS_OF = {
  nullable: true,
  description: "Of what was posted by this moment; now when absent.",
};

@Resolver(() => LedgerAccount)
export class LedgerAccountFields {
  @FieldResolver(() => BigMinorUnits, {
    description:
      "What the account holds, on the side that it grows on: assets and expenses by debits, liabilities by credits.",
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
      "What is held and not posted: authorisations that are neither captured nor released.",
  })
  async pendingBalance(
    @Root() account: Account,
    @Arg("asOf", () => DateTime, AS_OF) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<bigint> {
    const sums = await context.loaders().sumsOf.load({ id: account.id, asOf });
    return balanceOf(account.kind, sums).pending;
  }

  @FieldResolver(() => LedgerEntryConnection, { description: "Its entries, newest first." })
  entries(
    @Root() account: Account,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Entry>> {
    return listEntries(context.app.db, callerOf(context).merchantId, {
      accountId: account.id,
      page,
    });
  }
}

@ObjectType({ simpleResolvers: true, description: "The two sides of the ledger in one currency." })
export class CurrencyTotals {
  @Field(() => CurrencyCode, { description: "The currency." })
  readonly currency!: string;

  @Field(() => BigMinorUnits, { description: "The sum of all debits." })
  readonly debits!: bigint;

  @Field(() => BigMinorUnits, { description: "The sum of all credits." })
  readonly credits!: bigint;

  @Field(() => BigMinorUnits, { description: "Debits less credits: always zero." })
  readonly difference!: bigint;
}

@ObjectType({
  simpleResolvers: true,
  description: "Proof that the books balance, for each currency. Holds on cards are not in it.",
})
export class TrialBalance {
  @Field(() => Boolean, { description: "Whether every difference is zero." })
  readonly balanced!: boolean;

  @Field(() => [CurrencyTotals], { description: "The sums, for each currency that was used." })
  readonly currencies!: readonly CurrencyTotals[];
}

export const LedgerAccountConnection = connectionOf(() => LedgerAccount, "LedgerAccount");
