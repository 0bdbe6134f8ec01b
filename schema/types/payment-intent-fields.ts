import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import type { Page } from "../../src/pagination";
import type * as attempts from "../../src/payments/attempt";
import { clientSecretFor } from "../../src/payments/client-secret";
import type { Dispute } from "../../src/payments/dispute";
import type { TransitionRecord } from "../../src/payments/list-parts";
import {
  type IntentAction as ActionName,
  type ActionDecision,
  decideActions,
} from "../../src/payments/intent-actions";
import type * as intents from "../../src/payments/payment-intent";
import { ACCESS, isPublishable, requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { Metadata } from "../scalars";
import { OF_ITS_TIME, ofItsTime } from "../snapshots";
import { Attempt, AttemptConnection } from "./attempt";
import { CaptureConnection } from "./capture";
import { DisputeConnection } from "./dispute";
import { EventConnection } from "./event";
import { PageArgs } from "../queries/page-arguments";
import { AllowedAction, PaymentError, PaymentIntent, TransitionConnection } from "./payment-intent";
import { RefundConnection } from "./refund";

/** What a browser with a publishable key does not get to see of an intent. */
function unlessPublishable<Value, Hidden>(
  context: Context,
  value: Value,
  hidden: Hidden,
): Value | Hidden {
  return isPublishable(callerOf(context)) ? hidden : value;
}

const MUTATION_FOR: Readonly<Record<ActionName, string>> = {
  CONFIRM: "Mutation.confirmPaymentIntent",
  CAPTURE: "Mutation.capturePaymentIntent",
  CANCEL: "Mutation.cancelPaymentIntent",
  REFUND: "Mutation.refundPaymentIntent",
  UPDATE: "Mutation.updatePaymentIntent",
};

/** Why the caller may not ask for an action, whatever the intent's state; by the same table as the mutation itself. */
function refusalFor(context: Context): (action: ActionName) => string | null {
  const caller = callerOf(context);
  return (action) => {
    const rule = ACCESS[MUTATION_FOR[action]];
    if (isPublishable(caller)) {
      return rule?.clientSecret ? null : "A publishable key may only confirm the payment.";
    }
    const scope = rule?.scope;
    if (scope == null || caller.scopes.includes(scope)) return null;
    return `The API key lacks the scope ${scope}.`;
  };
}

// Every list here is nullable: it is read separately, and its failure must not hide a mutation that has committed.
@Resolver(() => PaymentIntent)
export class PaymentIntentFields {
  @FieldResolver(() => String, {
    nullable: true,
    description: "The merchant's own identifier for the shopper. Hidden from publishable keys.",
  })
  customer(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    return unlessPublishable(context, intent.customer, null);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The merchant's own reference for the payment. Hidden from publishable keys.",
  })
  merchantReference(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    return unlessPublishable(context, intent.merchantReference, null);
  }

  @FieldResolver(() => Metadata, {
    nullable: true,
    description: "The merchant's own key-value pairs. Empty for publishable keys.",
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
      "The secret that a browser needs, in addition to a publishable key, to confirm and follow this payment. Visible only to secret keys.",
  })
  clientSecret(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): string | null {
    const [newestKey] = context.app.clientSecretKeys;
    if (callerOf(context).kind !== "SECRET" || !newestKey) return null;
    return clientSecretFor(newestKey, intent.id);
  }

  @FieldResolver(() => [AllowedAction], {
    nullable: true,
    description:
      "Every action that can be requested on the intent, and whether the API key of this request may request it now.",
  })
  allowedActions(@Root() intent: intents.PaymentIntent, @Ctx() context: Context): ActionDecision[] {
    return decideActions(intent, refusalFor(context));
  }

  @FieldResolver(() => AttemptConnection, {
    nullable: true,
    description: `Every attempt to carry out an operation of this payment at a processor, newest first. ${OF_ITS_TIME}`,
  })
  attempts(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<attempts.Attempt> | null> {
    return ofItsTime(context, intent, context.loaders().partsOf("attempts", intent.id, page));
  }

  @FieldResolver(() => CaptureConnection, {
    nullable: true,
    description: `The captures of this payment, newest first. ${OF_ITS_TIME}`,
  })
  captures(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.Capture> | null> {
    return ofItsTime(context, intent, context.loaders().partsOf("captures", intent.id, page));
  }

  @FieldResolver(() => RefundConnection, {
    nullable: true,
    description: `The refunds of this payment, newest first. Not available to publishable keys. ${OF_ITS_TIME}`,
  })
  refunds(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<intents.Refund> | null> {
    requireScope(context, "payments:read");
    return ofItsTime(context, intent, context.loaders().partsOf("refunds", intent.id, page));
  }

  @FieldResolver(() => DisputeConnection, {
    nullable: true,
    description: `The disputes of this payment, newest first. Not available to publishable keys. ${OF_ITS_TIME}`,
  })
  disputes(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Dispute> | null> {
    requireScope(context, "payments:read");
    return ofItsTime(context, intent, context.loaders().partsOf("disputes", intent.id, page));
  }

  @FieldResolver(() => TransitionConnection, {
    nullable: true,
    description: `The audit trail of this payment, newest first. Not available to publishable keys. ${OF_ITS_TIME}`,
  })
  transitions(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<TransitionRecord> | null> {
    requireScope(context, "payments:read");
    return ofItsTime(context, intent, context.loaders().partsOf("transitions", intent.id, page));
  }

  @FieldResolver(() => EventConnection, {
    nullable: true,
    description: `The events of this payment, newest first. Requires the scope events:read. ${OF_ITS_TIME}`,
  })
  events(
    @Root() intent: intents.PaymentIntent,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<store.Event> | null> {
    requireScope(context, "events:read");
    return ofItsTime(context, intent, context.loaders().partsOf("events", intent.id, page));
  }
}

@Resolver(() => PaymentError)
export class PaymentErrorFields {
  @FieldResolver(() => Attempt, { nullable: true, description: "The attempt that failed." })
  async attempt(
    @Root() error: intents.PaymentError,
    @Ctx() context: Context,
  ): Promise<attempts.Attempt | null> {
    return (await context.loaders().attempt.load(error.attempt)) ?? null;
  }
}
