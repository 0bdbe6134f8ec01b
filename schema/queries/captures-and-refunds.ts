import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import type { Page } from "../../src/pagination";
import {
  type PartFilter,
  listCaptures,
  listRefunds,
} from "../../src/payments/list-captures-and-refunds";
import type * as intents from "../../src/payments/payment-intent";
import type { Context } from "../context";
import { CaptureStatus, RefundStatus } from "../enums";
import { checkId } from "../input";
import { DateTime } from "../scalars";
import { CaptureConnection } from "../types/capture";
import { Refund, RefundConnection } from "../types/refund";
import { PageArgs } from "./page-arguments";
import { readList } from "./read-list";

/** What these filters, and that of disputes, have beside their statuses; it is no type of the schema itself. */
@InputType()
export abstract class PartFilterFields {
  @Field(() => ID, { nullable: true, description: "Belonging to this payment intent." })
  readonly paymentIntentId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Created at or after this time." })
  readonly createdAfter?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Created before this time." })
  readonly createdBefore?: string | null;
}

export const STATUSES = {
  nullable: true,
  description:
    "With one of these statuses. There is no index for this field: combine it with another one.",
};

@InputType({ description: "Which captures to list: those that match every field given." })
export class CaptureFilter extends PartFilterFields {
  @Field(() => [CaptureStatus], STATUSES)
  readonly statuses?: intents.CaptureStatus[] | null;
}

@InputType({ description: "Which refunds to list: those that match every field given." })
export class RefundFilter extends PartFilterFields {
  @Field(() => [RefundStatus], STATUSES)
  readonly statuses?: intents.RefundStatus[] | null;
}

export function checkedFilter<Status extends string>(
  filter: PartFilter<Status> | null,
): PartFilter<Status> | null {
  if (filter?.paymentIntentId != null) {
    checkId("filter.paymentIntentId", "paymentIntent", filter.paymentIntentId);
  }
  return filter;
}

/** Those of one payment are few. */
export function unindexedOf(filter: PartFilter<string> | null): readonly unknown[] {
  return filter?.paymentIntentId == null ? [filter?.statuses] : [];
}

@Resolver()
export class CaptureAndRefundQueries {
  @Query(() => CaptureConnection, { description: "Captures, newest first." })
  async captures(
    @Arg("filter", () => CaptureFilter, { nullable: true, description: "Which items to return." })
    filter: CaptureFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.Capture>> {
    const list = { filter: checkedFilter(filter), page };
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      mayBeOld: list.filter?.paymentIntentId == null,
      read: (db, merchantId) => listCaptures(db, merchantId, list),
    });
  }

  @Query(() => RefundConnection, { description: "Refunds, newest first." })
  async refunds(
    @Arg("filter", () => RefundFilter, { nullable: true, description: "Which items to return." })
    filter: RefundFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.Refund>> {
    const list = { filter: checkedFilter(filter), page };
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      mayBeOld: list.filter?.paymentIntentId == null,
      read: (db, merchantId) => listRefunds(db, merchantId, list),
    });
  }

  @Query(() => Refund, {
    nullable: true,
    description: "The refund with this id; null when the merchant has none.",
  })
  async refund(
    @Arg("id", () => ID, { description: "The refund's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<intents.Refund | null> {
    if (idKind(id) !== "refund") return null;
    return (await context.loaders().refund.load(id)) ?? null;
  }
}
