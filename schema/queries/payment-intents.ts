import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import type { Page } from "../../src/pagination";
import { listPaymentIntents } from "../../src/payments/list-payment-intents";
import type * as intents from "../../src/payments/payment-intent";
import { requireIntent } from "../access";
import { type Context, callerOf } from "../context";
import { PaymentIntentStatus } from "../enums";
import { checkOptionalText, refuseCardNumber } from "../input";
import { DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "../types/connection";
import { PaymentIntent } from "../types/payment-intent";
import { PageArgs } from "./page-arguments";

const PaymentIntentConnection = connectionOf(() => PaymentIntent, "PaymentIntent");

@InputType({ description: "A pair of a payment intent's metadata." })
export class MetadataFilter {
  @Field(() => String, { description: "Its key." })
  readonly key!: string;

  @Field(() => String, { description: "Its value." })
  readonly value!: string;
}

@InputType({
  description:
    "Which payment intents to list: those that every given field holds for. No index serves amount, metadata and updatedAfter: combine them with another field.",
})
export class PaymentIntentFilter {
  @Field(() => [PaymentIntentStatus], { nullable: true, description: "In one of these statuses." })
  readonly statuses?: intents.PaymentIntentStatus[] | null;

  @Field(() => MinorUnits, { nullable: true, description: "Of exactly this amount." })
  readonly amount?: number | null;

  @Field(() => String, { nullable: true, description: "Of this customer." })
  readonly customer?: string | null;

  @Field(() => String, { nullable: true, description: "With this number of the merchant's own." })
  readonly merchantReference?: string | null;

  @Field(() => MetadataFilter, { nullable: true, description: "With this pair in its metadata." })
  readonly metadata?: MetadataFilter | null;

  @Field(() => DateTime, { nullable: true, description: "Created at this moment or later." })
  readonly createdAfter?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Created before this moment." })
  readonly createdBefore?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Last changed at this moment or later." })
  readonly updatedAfter?: string | null;
}

function checkedFilter(filter: PaymentIntentFilter | null): PaymentIntentFilter {
  if (!filter) return {};
  checkOptionalText("filter.customer", filter.customer, { max: 255 });
  checkOptionalText("filter.merchantReference", filter.merchantReference, { max: 255 });
  checkOptionalText("filter.metadata.key", filter.metadata?.key, { max: 40, min: 1 });
  checkOptionalText("filter.metadata.value", filter.metadata?.value, { max: 500 });
  return filter;
}

@Resolver()
export class PaymentIntentQueries {
  @Query(() => PaymentIntent, {
    nullable: true,
    description:
      "One payment intent; null when this merchant has none with this id. A publishable key sees the one whose client secret it sends.",
  })
  async paymentIntent(
    @Arg("id", () => ID, { description: "The payment intent's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    refuseCardNumber("id", id);
    requireIntent(context, id);
    if (idKind(id) !== "paymentIntent") return null;
    return (await context.loaders().intent.load(id)) ?? null;
  }

  @Query(() => PaymentIntentConnection, { description: "Payment intents, newest first." })
  async paymentIntents(
    @Arg("filter", () => PaymentIntentFilter, { nullable: true, description: "Which ones." })
    filter: PaymentIntentFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.PaymentIntent>> {
    return listPaymentIntents(context.app.db, callerOf(context).merchantId, {
      filter: checkedFilter(filter),
      page,
    });
  }
}
