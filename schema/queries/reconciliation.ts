import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { Page } from "../../src/pagination";
import type * as breaks from "../../src/reconciliation/break";
import { listBreaks } from "../../src/reconciliation/list-breaks";
import { type Report, listReports } from "../../src/reconciliation/report-store";
import { type Context, callerOf } from "../context";
import { checkOptionalText } from "../input";
import { ReconciliationBreakKind, ReconciliationBreakStatus } from "../reconciliation-enums";
import {
  ReconciliationBreakConnection,
  ReconciliationReportConnection,
} from "../types/reconciliation";
import { PageArgs } from "./page-arguments";

@InputType({ description: "Which breaks to list: those that match every field given." })
export class ReconciliationBreakFilter {
  @Field(() => [ReconciliationBreakKind], { nullable: true, description: "Of one of these kinds." })
  readonly kinds?: breaks.BreakKind[] | null;

  @Field(() => [ReconciliationBreakStatus], {
    nullable: true,
    description: "With one of these statuses.",
  })
  readonly statuses?: breaks.BreakStatus[] | null;

  @Field(() => ID, { nullable: true, description: "About this." })
  readonly subjectId?: string | null;
}

@Resolver()
export class ReconciliationQueries {
  @Query(() => ReconciliationBreakConnection, {
    description:
      "Differences between the payments, the ledger and what processors say they moved, newest first: of the merchant, or, for a platform operator who acts for none, of all merchants and of nobody.",
  })
  reconciliationBreaks(
    @Arg("filter", () => ReconciliationBreakFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: ReconciliationBreakFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<breaks.Break>> {
    const { merchantId } = callerOf(context);
    const subjectId = checkOptionalText("filter.subjectId", filter?.subjectId, { max: 255 });
    const list = { filter: { ...filter, subjectId }, page };
    return merchantId === PLATFORM_MERCHANT_ID
      ? listBreaks(context.systemDb, null, list)
      : listBreaks(context.app.db, merchantId, list);
  }

  @Query(() => ReconciliationReportConnection, {
    description:
      "Comparisons with what processors say, newest first: one for each settlement file, and one for each hour of a processor's list, or of an account's. They are about all merchants.",
  })
  reconciliationReports(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Report>> {
    return listReports(context.systemDb, page);
  }
}
