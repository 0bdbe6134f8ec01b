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
 * Guarantees: what was paused while the endpoint was disabled is caught up, each delivery once: all of it, what was
 * created from a moment on, or none. Where a challenge is required, that is once the endpoint has echoed one; an endpoint
 * that has yet to is asked again, from the start. What is not caught up is discarded: it can be replayed one by one, and
 * nothing ever sends it by itself. What is caught up begins with this commit, oldest first, slice by slice
 * (follow-endpoint.ts), and goes on after a crash.
 */

export type CatchUp = "ALL" | "FROM" | "NONE";

export interface EnableWebhookEndpoint extends EndpointCommand {
  readonly catchUp: CatchUp;
  /** FROM: from when on; null otherwise. */
  readonly catchUpFrom: string | null;
}

export const enableEndpointOperation = endpointOperation("enableWebhookEndpoint");

interface Needs extends Changer {
  readonly config: { readonly webhookChallenge: boolean };
}

export async function enableWebhookEndpoint(
  needs: Needs,
  command: EnableWebhookEndpoint,
): Promise<Outcome<WebhookEndpoint>> {
  const { merchantId, catchUp, catchUpFrom } = command;
  return changeEndpointOnce(needs, command, {
    operation: enableEndpointOperation,
    input: { catchUp, catchUpFrom },
    change: async (tx, endpoint) => {
      if (endpoint.status === "ENABLED") return { failure: refuseEndpoint(endpoint) };
      const key = { merchantId, id: endpoint.id };
      const result = await setStatus(tx, key, {
        status:
          needs.config.webhookChallenge && endpoint.verifiedAt === null ? "PENDING" : "ENABLED",
        catchUpFrom: catchUp === "NONE" ? "now" : catchUpFrom,
      });
      await followEndpoint(tx, key);
      return { result };
    },
  });
}
