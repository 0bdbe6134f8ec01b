import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import { type LedgerAccount as Account, listAccounts } from "../../src/ledger/account-store";
import type { AccountKind } from "../../src/ledger/accounts";
import { type TrialBalance as Balance, trialBalance } from "../../src/ledger/balance-store";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { LedgerAccountKind } from "../enums";
import { CurrencyCode } from "../scalars";
import { LedgerAccount, LedgerAccountConnection, TrialBalance } from "../types/ledger";
import { PageArgs } from "./page-arguments";

@InputType({
  description: "Which ledger accounts to list: those that match every field given.",
})
export class LedgerAccountFilter {
  @Field(() => [LedgerAccountKind], { nullable: true, description: "With one of these kinds." })
  readonly kinds?: AccountKind[] | null;

  @Field(() => [CurrencyCode], { nullable: true, description: "Held in one of these currencies." })
  readonly currencies?: string[] | null;
}

@Resolver()
export class LedgerQueries {
  @Query(() => LedgerAccount, {
    nullable: true,
    description: "The ledger account with this id; null when the merchant has none.",
  })
  async ledgerAccount(
    @Arg("id", () => ID, { description: "The account's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<Account | null> {
    if (idKind(id) !== "ledgerAccount") return null;
    return (await context.loaders().ledgerAccount.load(id)) ?? null;
  }

  @Query(() => LedgerAccountConnection, {
    description:
      "The merchant's ledger accounts, newest first. The accounts for a currency are opened when something is first posted in it.",
  })
  ledgerAccounts(
    @Arg("filter", () => LedgerAccountFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: LedgerAccountFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Account>> {
    return listAccounts(context.app.db, callerOf(context).merchantId, { filter, page });
  }

  @Query(() => TrialBalance, {
    description: "The total debits and credits of the merchant's ledger.",
  })
  trialBalance(@Ctx() context: Context): Promise<Balance> {
    return trialBalance(context.app.db, callerOf(context).merchantId);
  }
}
