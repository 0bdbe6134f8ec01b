import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { Failure } from "../../src/failures";
import { type IdKind, idKind } from "../../src/ids";
import { PLATFORM_MERCHANT_ID, type Scope } from "../../src/merchants/api-key";
import { findBreakOfAnybody } from "../../src/reconciliation/break-store";
import { isPublishable, requireIntent, requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { badInput } from "../input";
import { Node } from "../node";
import { Merchant } from "../types/merchant";

interface Finder {
  readonly scope: Scope;
  /** The objects of many ids are read together. */
  readonly find: (context: Context, id: string) => Promise<object | undefined>;
}

/** What is found by its id, and who may see it. Journals have no type of their own. */
const FINDERS: Partial<Record<IdKind, Finder>> = {
  paymentIntent: {
    scope: "payments:read",
    find: (context, id) => context.loaders().intent.load(id),
  },
  attempt: { scope: "payments:read", find: (context, id) => context.loaders().attempt.load(id) },
  capture: { scope: "payments:read", find: (context, id) => context.loaders().capture.load(id) },
  refund: { scope: "payments:read", find: (context, id) => context.loaders().refund.load(id) },
  dispute: { scope: "payments:read", find: (context, id) => context.loaders().dispute.load(id) },
  event: { scope: "events:read", find: (context, id) => context.loaders().event.load(id) },
  payout: { scope: "ledger:read", find: (context, id) => context.loaders().payout.load(id) },
  ledgerAccount: {
    scope: "ledger:read",
    find: (context, id) => context.loaders().ledgerAccount.load(id),
  },
  webhookEndpoint: {
    scope: "webhooks:read",
    find: (context, id) => context.loaders().endpoint.load(id),
  },
  webhookDelivery: {
    scope: "webhooks:read",
    find: (context, id) => context.loaders().delivery.load(id),
  },
  merchant: {
    scope: "payments:read",
    find: (context, id) => context.loaders().merchant.load(id),
  },
  erasure: {
    scope: "customers:erase",
    find: (context, id) => context.loaders().erasure.load(id),
  },
  replayPlan: {
    scope: "webhooks:read",
    find: (context, id) => context.loaders().replayPlan.load(id),
  },
  reconciliationBreak: {
    scope: "operations:read",
    // Whoever acts for no merchant finds what the list shows them: the breaks of all, and of nobody.
    find: (context, id) =>
      callerOf(context).merchantId === PLATFORM_MERCHANT_ID
        ? findBreakOfAnybody(context.systemDb, id)
        : context.loaders().reconciliationBreak.load(id),
  },
  processorAccount: {
    scope: "processors:read",
    find: (context, id) => context.loaders().processorAccount.load(id),
  },
  apiKey: { scope: "keys:read", find: (context, id) => context.loaders().apiKey.load(id) },
};

async function findNode(context: Context, id: string): Promise<object | null> {
  const kind = idKind(id);
  const finder = kind && FINDERS[kind];
  if (isPublishable(callerOf(context))) requireIntent(context, id);
  else if (finder) requireScope(context, finder.scope);
  return (await finder?.find(context, id)) ?? null;
}

const NODES_MAX = 100;

@Resolver()
export class NodeQueries {
  @Query(() => Node, {
    nullable: true,
    description: "The object with this id, whatever its type; null when the merchant has none.",
  })
  async node(
    @Arg("id", () => ID, { description: "The object's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<object | null> {
    return findNode(context, id);
  }

  @Query(() => [Node], {
    nullable: "items",
    description:
      "The objects with these ids, in the same order; null in place of each one that the merchant does not have.",
  })
  async nodes(
    @Arg("ids", () => [ID], { description: "The objects' ids, at most 100." }) ids: string[],
    @Ctx() context: Context,
  ): Promise<(object | null)[]> {
    if (ids.length > NODES_MAX) {
      throw badInput("ids", `At most ${String(NODES_MAX)} ids may be given.`);
    }
    return Promise.all(ids.map((id) => findNode(context, id)));
  }

  @Query(() => Merchant, { description: "The merchant that the API key belongs to." })
  async merchant(@Ctx() context: Context): Promise<Merchant> {
    const merchant = await context.loaders().merchant.load(callerOf(context).merchantId);
    if (!merchant) throw new Failure("NOT_FOUND", "There is no such merchant.");
    return merchant;
  }
}
