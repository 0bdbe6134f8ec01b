import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import {
  type EndpointCommand,
  changeEndpointOnce,
  endpointOperation,
  refuseEndpoint,
} from "./change-endpoint-once";
import type { WebhookEndpoint } from "./delivery";
import { setStatus } from "./endpoint-store";
import { followEndpoint } from "./follow-endpoint";

/*
 * Guarantees: from the commit on, what is planned for the endpoint is paused, and what waits for it follows; nothing is
 * lost. What a worker holds in its hands at that moment may still be posted once. One that is disabled stays as it is.
 */

export interface DisableWebhookEndpoint extends EndpointCommand {
  readonly reason: string | null;
}

export const disableEndpointOperation = endpointOperation("disableWebhookEndpoint");

export async function disableWebhookEndpoint(
  needs: Changer,
  command: DisableWebhookEndpoint,
): Promise<Outcome<WebhookEndpoint>> {
  const { merchantId, reason } = command;
  return changeEndpointOnce(needs, command, {
    operation: disableEndpointOperation,
    input: { reason },
    change: async (tx, endpoint) => {
      if (endpoint.status === "DISABLED") return { failure: refuseEndpoint(endpoint) };
      const key = { merchantId, id: endpoint.id };
      const result = await setStatus(tx, key, { status: "DISABLED", reason });
      await followEndpoint(tx, key);
      return { result };
    },
  });
}
