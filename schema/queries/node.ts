import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { Failure } from "../../src/failures";
import { type IdKind, idKind } from "../../src/ids";
import { findAccount } from "../../src/ledger/balance-store";
import type { Scope } from "../../src/merchants/api-key";
import { findMerchant } from "../../src/merchants/merchant-store";
import { findEndpoint } from "../../src/webhooks/list-deliveries";
import { findDelivery } from "../../src/webhooks/delivery-store";
import { isPublishable, requireIntent, requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { refuseCardNumber } from "../input";
import { Node } from "../node";
import { Merchant } from "../types/merchant";

interface Finder {
  readonly scope: Scope;
  readonly find: (context: Context, merchantId: string, id: string) => Promise<object | undefined>;
}

/** What is found by its id, and who may see it. Journals and API keys have no type of their own. */
const FINDERS: Partial<Record<IdKind, Finder>> = {
  paymentIntent: {
    scope: "payments:read",
    find: (context, _merchantId, id) => context.loaders().intent.load(id),
  },
  attempt: {
    scope: "payments:read",
    find: (context, _merchantId, id) => context.loaders().attempt.load(id),
  },
  capture: {
    scope: "payments:read",
    find: (context, _merchantId, id) => context.loaders().capture.load(id),
  },
  refund: {
    scope: "payments:read",
    find: (context, _merchantId, id) => context.loaders().refund.load(id),
  },
  event: {
    scope: "events:read",
    find: (context, _merchantId, id) => context.loaders().event.load(id),
  },
  ledgerAccount: {
    scope: "ledger:read",
    find: ({ app }, merchantId, id) => findAccount(app.db, merchantId, id),
  },
  webhookEndpoint: {
    scope: "webhooks:read",
    find: ({ app }, merchantId, id) => findEndpoint(app.db, merchantId, id),
  },
  webhookDelivery: {
    scope: "webhooks:read",
    find: ({ app }, merchantId, id) => findDelivery(app.db, merchantId, id),
  },
  merchant: {
    scope: "payments:read",
    find: ({ app }, merchantId, id) =>
      id === merchantId ? findMerchant(app.db, id) : Promise.resolve(undefined),
  },
};

@Resolver()
export class NodeQueries {
  @Query(() => Node, {
    nullable: true,
    description: "Any object by its id; null when this merchant has none with this id.",
  })
  async node(
    @Arg("id", () => ID, { description: "The object's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<object | null> {
    refuseCardNumber("id", id);
    const caller = callerOf(context);
    const kind = idKind(id);
    const finder = kind && FINDERS[kind];
    if (isPublishable(caller)) requireIntent(context, id);
    else if (finder) requireScope(context, finder.scope);
    return (await finder?.find(context, caller.merchantId, id)) ?? null;
  }

  @Query(() => Merchant, { description: "The merchant that the API key belongs to." })
  async merchant(@Ctx() context: Context): Promise<Merchant> {
    const merchant = await findMerchant(context.app.db, callerOf(context).merchantId);
    if (!merchant) throw new Failure("NOT_FOUND", "There is no such merchant.");
    return merchant;
  }
}
