import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import type { Page } from "../../src/pagination";
import { listPaymentIntents } from "../../src/payments/list-payment-intents";
import type * as intents from "../../src/payments/payment-intent";
import { requireIntent } from "../access";
import type { Context } from "../context";
import { PaymentIntentStatus } from "../enums";
import { checkOptionalText } from "../input";
import { DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "../types/connection";
import { PaymentIntent } from "../types/payment-intent";
import { PageArgs } from "./page-arguments";
import { readList } from "./read-list";

const PaymentIntentConnection = connectionOf(() => PaymentIntent, "PaymentIntent");

@InputType({ description: "A key-value pair in the metadata of a payment intent." })
export class MetadataFilter {
  @Field(() => String, { description: "The key." })
  readonly key!: string;

  @Field(() => String, { description: "The value." })
  readonly value!: string;
}

@InputType({
  description:
    "Which payment intents to list: those that match every field given. There is no index for amount, metadata or updatedAfter: combine them with another field.",
})
export class PaymentIntentFilter {
  @Field(() => [PaymentIntentStatus], {
    nullable: true,
    description: "With one of these statuses.",
  })
  readonly statuses?: intents.PaymentIntentStatus[] | null;

  @Field(() => MinorUnits, { nullable: true, description: "With exactly this amount." })
  readonly amount?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "From this customer: the merchant's own identifier.",
  })
  readonly customer?: string | null;

  @Field(() => String, { nullable: true, description: "With this merchant reference." })
  readonly merchantReference?: string | null;

  @Field(() => MetadataFilter, {
    nullable: true,
    description: "With this key-value pair in the metadata.",
  })
  readonly metadata?: MetadataFilter | null;

  @Field(() => DateTime, { nullable: true, description: "Created at or after this time." })
  readonly createdAfter?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Created before this time." })
  readonly createdBefore?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Last changed at or after this time." })
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
      "The payment intent with this id; null when the merchant has none. A publishable key sees only the intent whose client secret is sent with the request.",
  })
  async paymentIntent(
    @Arg("id", () => ID, { description: "The payment intent's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    requireIntent(context, id);
    if (idKind(id) !== "paymentIntent") return null;
    return (await context.loaders().intent.load(id)) ?? null;
  }

  @Query(() => PaymentIntentConnection, { description: "Payment intents, newest first." })
  async paymentIntents(
    @Arg("filter", () => PaymentIntentFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: PaymentIntentFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.PaymentIntent>> {
    const list = { filter: checkedFilter(filter), page };
    const { amount, metadata, updatedAfter } = list.filter;
    return readList(context, {
      unindexed: [amount, metadata, updatedAfter],
      mayBeOld: list.filter.merchantReference == null,
      field: "filter",
      read: (db, merchantId) => listPaymentIntents(db, merchantId, list),
    });
  }
}
