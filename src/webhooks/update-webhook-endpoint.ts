import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import {
  type EndpointCommand,
  changeEndpointOnce,
  endpointOperation,
} from "./change-endpoint-once";
import type { Pace, WebhookEndpoint } from "./delivery";
import { updateEndpoint } from "./endpoint-store";
import { checkEndpointUrl } from "./endpoint-url";
import { followEndpoint } from "./follow-endpoint";

/*
 * Guarantees: what is given takes the place of what was, and all else stays. What is in the air goes to where it was
 * sent; every later try, also of what was planned before, goes to the new URL, signed with the same secret. The URL is
 * judged as at creation, and again at every connection; where a challenge is required, it gets nothing before it has
 * echoed one. Which events are wanted, and whether in order, is decided when an event is planned: what was planned
 * before an endpoint is ordered is not waited for. Once it is not any more, nothing waits (the sweeper sees to it).
 */

/** Undefined: it stays as it is. */
export interface UpdateWebhookEndpoint extends EndpointCommand, Partial<Pace> {
  readonly url?: string | undefined;
  readonly eventTypes?: readonly string[] | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly ordered?: boolean | undefined;
}

interface Needs extends Changer {
  readonly config: {
    readonly webhookAllowLoopback: boolean;
    readonly webhookChallenge: boolean;
  };
}

export const updateEndpointOperation = endpointOperation("updateWebhookEndpoint");

export async function updateWebhookEndpoint(
  { db, replays, config }: Needs,
  command: UpdateWebhookEndpoint,
): Promise<Outcome<WebhookEndpoint>> {
  const { merchantId, eventTypes, description, metadata, ordered } = command;
  const { ratePerSecond, timeoutMs, concurrency } = command;
  const given = { description, ratePerSecond, timeoutMs, concurrency };
  const cleared = Object.entries(given).flatMap(([name, value]) => (value === null ? [name] : []));
  const url = command.url === undefined ? undefined : checkEndpointUrl(config, command.url);
  return changeEndpointOnce({ db, replays }, command, {
    operation: updateEndpointOperation,
    // To take something away is another request than to leave it, and a fingerprint does not tell null from absent.
    input: {
      url,
      eventTypes,
      metadata,
      ordered,
      ...given,
      clears: cleared.length > 0 ? cleared : null,
    },
    change: async (tx, endpoint) => {
      const isElsewhere = url !== undefined && url !== endpoint.url;
      const isAsked = config.webhookChallenge && isElsewhere && endpoint.status !== "DISABLED";
      const result = await updateEndpoint(tx, merchantId, {
        id: endpoint.id,
        url: url ?? endpoint.url,
        eventTypes: eventTypes ?? endpoint.eventTypes,
        description: orElse(description, endpoint.description),
        metadata: metadata ?? endpoint.metadata,
        ordered: ordered ?? endpoint.ordered,
        ratePerSecond: orElse(ratePerSecond, endpoint.ratePerSecond),
        timeoutMs: orElse(timeoutMs, endpoint.timeoutMs),
        concurrency: orElse(concurrency, endpoint.concurrency),
        isAsked,
      });
      if (isAsked) await followEndpoint(tx, { merchantId, id: endpoint.id });
      return { result };
    },
  });
}

/** Null takes away what was; undefined leaves it. */
function orElse<Value>(given: Value | null | undefined, was: Value | null): Value | null {
  return given === undefined ? was : given;
}
