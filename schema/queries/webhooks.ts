import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type * as webhooks from "../../src/webhooks/delivery";
import { listDeliveries, listEndpoints } from "../../src/webhooks/list-deliveries";
import { type Context, callerOf } from "../context";
import { DeliveryStatus } from "../enums";
import { checkId } from "../input";
import { WebhookDeliveryConnection, WebhookEndpointConnection } from "../types/webhook";
import { PageArgs } from "./page-arguments";
import { readList } from "./read-list";

@InputType({ description: "Which deliveries to list: those that match every field given." })
export class WebhookDeliveryFilter {
  @Field(() => ID, { nullable: true, description: "Addressed to this endpoint." })
  readonly endpointId?: string | null;

  @Field(() => ID, { nullable: true, description: "Carrying this event." })
  readonly eventId?: string | null;

  @Field(() => [DeliveryStatus], { nullable: true, description: "With one of these statuses." })
  readonly statuses?: webhooks.DeliveryStatus[] | null;
}

function checkedFilter(filter: WebhookDeliveryFilter | null): WebhookDeliveryFilter | null {
  if (filter?.endpointId != null)
    checkId("filter.endpointId", "webhookEndpoint", filter.endpointId);
  if (filter?.eventId != null) checkId("filter.eventId", "event", filter.eventId);
  return filter;
}

/** Those of one event are few. Of the statuses that an index holds there are seldom many, of the last one always. */
function unindexedOf(filter: WebhookDeliveryFilter | null): readonly unknown[] {
  if (filter?.eventId != null) return [];
  return [filter?.endpointId, filter?.statuses?.includes("SUCCEEDED")];
}

@Resolver()
export class WebhookQueries {
  @Query(() => WebhookEndpointConnection, {
    description: "The merchant's webhook endpoints, newest first.",
  })
  webhookEndpoints(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<webhooks.WebhookEndpoint>> {
    return listEndpoints(context.app.db, callerOf(context).merchantId, page);
  }

  @Query(() => WebhookDeliveryConnection, { description: "Webhook deliveries, newest first." })
  async webhookDeliveries(
    @Arg("filter", () => WebhookDeliveryFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: WebhookDeliveryFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<webhooks.WebhookDelivery>> {
    const list = { filter: checkedFilter(filter), page };
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      mayBeOld: true,
      read: (db, merchantId) => listDeliveries(db, merchantId, list),
    });
  }
}
