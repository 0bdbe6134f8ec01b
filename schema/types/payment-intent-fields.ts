import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { clientSecretFor } from "../../src/payments/client-secret";
import type * as store from "../../src/events/event-store";
import type * as attempts from "../../src/payments/attempt";
import type * as intents from "../../src/payments/payment-intent";
import { allowedActions } from "../../src/payments/payment-intent";
import type { TransitionRecord } from "../../src/payments/payment-store";
import { isPublishable, requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { IntentAction } from "../enums";
import { Metadata } from "../scalars";
import { Attempt } from "./attempt";
import { Event } from "./event";
import { Capture, Refund } from "./movements";
import { PaymentError, PaymentIntent, Transition } from "./payment-intent";

/** What a browser that holds a publishable key does not get to see of an intent. */
function unlessPublishable<Value, Hidden>(
  context: Context,
  value: Value,
  hidden: Hidden,
): Value | Hidden {
  return isPublishable(callerOf(context)) ? hidden : value;
}

@Resolver(() => PaymentIntent)
export class PaymentIntentFields {
  @FieldResolver(() => String, {
    nullable: true,
    description: "The merchant's name for the shopper. Hidden from publishable keys.",
  })
  customer(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    return unlessPublishable(context, intent.customer, null);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The merchant's own number of the payment. Hidden from publishable keys.",
  })
  merchantReference(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    return unlessPublishable(context, intent.merchantReference, null);
  }

  @FieldResolver(() => Metadata, {
    nullable: true,
    description: "The merchant's own pairs. Empty for publishable keys.",
  })
  metadata(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Readonly<Record<string, string>> {
    return unlessPublishable(context, intent.metadata, {});
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "What a browser needs, beside a publishable key, to confirm and watch this payment. Only secret keys see it.",
  })
  clientSecret(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    const [newestKey] = context.app.clientSecretKeys;
    if (callerOf(context).kind !== "SECRET" || !newestKey) return null;
    return clientSecretFor(newestKey, intent.id);
  }

  @FieldResolver(() => [IntentAction], {
    nullable: true,
    description: "What may be asked of the intent now.",
  })
  allowedActions(@Root() intent: intents.PaymentIntent): intents.IntentAction[] {
    return allowedActions(intent);
  }

  @FieldResolver(() => [Attempt], {
    nullable: true,
    description: "Every try at a processor for this intent, newest first, at most 100.",
  })
  attempts(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Promise<attempts.Attempt[]> {
    return context.loaders().attemptsOf.load(intent.id);
  }

  @FieldResolver(() => [Capture], {
    nullable: true,
    description: "Its captures, newest first, at most 100.",
  })
  captures(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Promise<intents.Capture[]> {
    return context.loaders().capturesOf.load(intent.id);
  }

  @FieldResolver(() => [Refund], {
    nullable: true,
    description: "Its refunds, newest first, at most 100. Not for publishable keys.",
  })
  refunds(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Promise<intents.Refund[]> {
    requireScope(context, "payments:read");
    return context.loaders().refundsOf.load(intent.id);
  }

  @FieldResolver(() => [Transition], {
    nullable: true,
    description: "Its audit trail, oldest first, the last 100. Not for publishable keys.",
  })
  transitions(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Promise<TransitionRecord[]> {
    requireScope(context, "payments:read");
    return context.loaders().transitionsOf.load(intent.id);
  }

  @FieldResolver(() => [Event], {
    nullable: true,
    description: "Its events, oldest first, the last 100. They need the scope events:read.",
  })
  async events(
    @Root() intent: intents.PaymentIntent,
    @Ctx() context: Context,
  ): Promise<store.Event[]> {
    requireScope(context, "events:read");
    const { transitionsOf, event } = context.loaders();
    const transitions = await transitionsOf.load(intent.id);
    const events = await Promise.all(transitions.map(({ eventId }) => event.load(eventId)));
    return events.filter((found) => found !== undefined);
  }
}

@Resolver(() => PaymentError)
export class PaymentErrorFields {
  @FieldResolver(() => Attempt, { nullable: true, description: "The attempt that was declined." })
  async attempt(
    @Root() error: intents.PaymentError,
    @Ctx() context: Context,
  ): Promise<attempts.Attempt | null> {
    return (await context.loaders().attempt.load(error.attempt)) ?? null;
  }
}
