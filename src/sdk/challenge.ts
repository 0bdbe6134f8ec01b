import type { WebhookEvent } from "./webhook-event";

/**
 * What to answer with, status 200 and nothing else in the body, when a webhook asks whether somebody wants webhooks at
 * this URL; undefined for an event. Give it only what `verifyWebhook` has verified: whoever answers agrees.
 */
export function challengeOf(webhook: WebhookEvent): string | undefined {
  const { type, data } = webhook as {
    readonly type: string;
    readonly data?: { readonly object?: { readonly challenge?: unknown } };
  };
  const challenge = data?.object?.challenge;
  const isAsked = type === "webhook_endpoint.challenge" && typeof challenge === "string";
  return isAsked ? challenge : undefined;
}
