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
import { type LedgerAccount as Account, balanceOf, sumsOf } from "../../src/ledger/balance-store";
import { type LedgerEntry as Entry, listEntries } from "../../src/ledger/entry-store";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { LedgerAccountKind, PostingSide } from "../enums";
import { Node } from "../node";
import { PageArgs } from "../queries/page-arguments";
import { CurrencyCode, DateTime, MinorUnits, SignedMinorUnits } from "../scalars";
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

  @Field(() => ID, { description: "The payment intent that it was booked for." })
  readonly paymentIntentId!: string;

  @Field(() => ID, { description: "The attempt whose outcome was booked." })
  readonly attemptId!: string;

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
  @FieldResolver(() => SignedMinorUnits, {
    description:
      "What the account holds, on the side that it grows on: assets and expenses by debits, liabilities by credits.",
  })
  async balance(
    @Root() account: Account,
    @Arg("asOf", () => DateTime, AS_OF) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<number> {
    const sums = await sumsOf(context.app.db, callerOf(context).merchantId, { ...account, asOf });
    return balanceOf(account.kind, sums).posted;
  }

  @FieldResolver(() => SignedMinorUnits, {
    description:
      "What is held and not posted: authorisations that are neither captured nor released.",
  })
  async pendingBalance(
    @Root() account: Account,
    @Arg("asOf", () => DateTime, AS_OF) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<number> {
    const sums = await sumsOf(context.app.db, callerOf(context).merchantId, { ...account, asOf });
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

  @Field(() => MinorUnits, { description: "The sum of all debits." })
  readonly debits!: number;

  @Field(() => MinorUnits, { description: "The sum of all credits." })
  readonly credits!: number;

  @Field(() => SignedMinorUnits, { description: "Debits less credits: always zero." })
  readonly difference!: number;
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
