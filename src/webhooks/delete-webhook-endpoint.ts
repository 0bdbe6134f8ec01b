import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import {
  type EndpointCommand,
  changeEndpointOnce,
  endpointOperation,
} from "./change-endpoint-once";
import type { WebhookEndpoint } from "./delivery";
import { setStatus } from "./endpoint-store";
import { followEndpoint } from "./follow-endpoint";

/*
 * Guarantees: it is for good. Nothing more is planned for the endpoint, its secrets are destroyed with the commit, and
 * what waited for it is discarded; its deliveries stay, as what happened. It no longer counts among those that a
 * merchant may have. What a worker holds in its hands at that moment may still be posted once.
 */

export type DeleteWebhookEndpoint = EndpointCommand;

export const deleteEndpointOperation = endpointOperation("deleteWebhookEndpoint");

export async function deleteWebhookEndpoint(
  needs: Changer,
  command: DeleteWebhookEndpoint,
): Promise<Outcome<WebhookEndpoint>> {
  const { merchantId } = command;
  return changeEndpointOnce(needs, command, {
    operation: deleteEndpointOperation,
    input: {},
    change: async (tx, endpoint) => {
      const key = { merchantId, id: endpoint.id };
      const result = await setStatus(tx, key, {
        status: "DELETED",
        reason: endpoint.disabledReason,
      });
      await followEndpoint(tx, key);
      return { result };
    },
  });
}
