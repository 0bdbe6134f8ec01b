import { Arg, ID, Resolver, Root, Subscription } from "type-graphql";
import type { Newest } from "../../src/live/newest";
import type * as intents from "../../src/payments/payment-intent";
import { requireIntent } from "../access";
import { type Context, callerOf } from "../context";
import { checkId } from "../input";
import { noteSnapshot } from "../snapshots";
import { PaymentIntent } from "../types/payment-intent";

/** Watches a payment for a caller who may: the first state is the one now. See src/live/watch-intents.ts. */
async function watchIntent(
  context: Context,
  given: string,
): Promise<Newest<intents.PaymentIntent>> {
  const caller = callerOf(context);
  const id = checkId("id", "paymentIntent", given);
  requireIntent(context, id);
  return context.app.intentWatch.watch(caller.merchantId, id);
}

@Resolver()
export class PaymentIntentUpdatedSubscription {
  @Subscription(() => PaymentIntent, {
    description:
      "The payment intent as it is now, and then whenever it changes: always its newest state, so that a slow reader skips those in between. It completes once the payment has a final status. A stream that ends without completing (after ten minutes, when the key is revoked, when the server is replaced) is to be asked for again. It is sent as server-sent events, by the distinct connections mode of the GraphQL over SSE protocol.",
    subscribe: ({ args, context }) =>
      // What is given here is an iterable; the types want it to be declared as one at once.
      watchIntent(context as Context, (args as { id: string }).id) as never,
  })
  paymentIntentUpdated(
    @Root() intent: intents.PaymentIntent,
    @Arg("id", () => ID, { description: "The id of the payment intent." }) _id: string,
  ): intents.PaymentIntent {
    // All that watch it may share one object; what is noted of it holds for each of them.
    noteSnapshot(intent);
    return intent;
  }
}
