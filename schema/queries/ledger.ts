import { Args, ArgsType, Ctx, Field, ID, Query, Resolver } from "type-graphql";
import { Failure } from "../../src/failures";
import { idKind } from "../../src/ids";
import type { AccountKind } from "../../src/ledger/accounts";
import {
  type LedgerAccount as Account,
  type TrialBalance as Balance,
  findAccount,
  findAccountOfKind,
  trialBalance,
} from "../../src/ledger/balance-store";
import { type Context, callerOf } from "../context";
import { LedgerAccountKind } from "../enums";
import { refuseCardNumber } from "../input";
import { CurrencyCode } from "../scalars";
import { LedgerAccount, TrialBalance } from "../types/ledger";

@ArgsType()
class AccountArgs {
  @Field(() => ID, { nullable: true, description: "The account's id." })
  readonly id?: string | null;

  @Field(() => LedgerAccountKind, { nullable: true, description: "What it holds." })
  readonly kind?: AccountKind | null;

  @Field(() => CurrencyCode, { nullable: true, description: "Its currency." })
  readonly currency?: string | null;
}

@Resolver()
export class LedgerQueries {
  @Query(() => LedgerAccount, {
    nullable: true,
    description:
      "An account by its id, or by its kind and its currency; null while nothing was posted in that currency.",
  })
  async ledgerAccount(
    @Args(() => AccountArgs) { id, kind, currency }: AccountArgs,
    @Ctx() context: Context,
  ): Promise<Account | null> {
    const { db } = context.app;
    const { merchantId } = callerOf(context);
    if (id != null && kind == null && currency == null) {
      refuseCardNumber("id", id);
      if (idKind(id) !== "ledgerAccount") return null;
      return (await findAccount(db, merchantId, id)) ?? null;
    }
    if (id != null || kind == null || currency == null) {
      throw new Failure("BAD_USER_INPUT", "Give the id, or the kind and the currency.");
    }
    return (await findAccountOfKind(db, merchantId, { kind, currency })) ?? null;
  }

  @Query(() => TrialBalance, { description: "The sums of both sides of the merchant's books." })
  trialBalance(@Ctx() context: Context): Promise<Balance> {
    return trialBalance(context.app.db, callerOf(context).merchantId);
  }
}
