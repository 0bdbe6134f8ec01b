import type { Processor } from "../processor";
import { createSandboxClient } from "./client";
import { readHeader, readLine, toMovementPage } from "./settlement";
import { toCall, toLookupOutcome, toReverseOutcome, toSendOutcome } from "./translate";
import { verifySandboxWebhook } from "./verify-webhook";

// What may still be under way after we have given up: buffers on the path, a slow accept queue.
const IN_TRANSIT_MS = 5_000;

// How old a signature may be: a copy that somebody kept is refused after that.
const SIGNED_WITHIN_MS = 5 * 60_000;

export function createSandboxProcessor(options: {
  readonly baseUrl: string;
  /** What the network signs its webhooks with; without it they are refused. */
  readonly webhookSecret?: string | undefined;
  readonly timeoutMs?: number;
  readonly connections?: number;
}): Processor {
  const { baseUrl, webhookSecret, timeoutMs = 10_000, connections = 256 } = options;
  const client = createSandboxClient({ baseUrl, timeoutMs, connections });
  return {
    name: "sandbox",
    capabilities: {
      takesIdempotencyKeys: false,
      canLookUp: true,
      canReverse: true,
      requestHorizonMs: timeoutMs + IN_TRANSIT_MS,
    },
    send: async (request, traceparent) => {
      const call = toCall(request);
      return toSendOutcome(await client.post(call.path, call.body, traceparent));
    },
    lookUp: async (reference, traceparent) =>
      toLookupOutcome(await client.get(`/v1/lookup/${encodeURIComponent(reference)}`, traceparent)),
    reverse: async (reference, traceparent) =>
      toReverseOutcome(
        await client.post(`/v1/reverse/${encodeURIComponent(reference)}`, {}, traceparent),
      ),
    ...(webhookSecret !== undefined && {
      verifyWebhook: (rawBody, headers) =>
        verifySandboxWebhook({
          secret: webhookSecret,
          header: headers["sandbox-signature"]?.toString(),
          body: rawBody,
          nowMs: Date.now(),
          toleranceMs: SIGNED_WITHIN_MS,
        }),
    }),
    listMovements: async ({ from, to, after }) => {
      const query = new URLSearchParams({ from, to, ...(after !== null && { after }) });
      return toMovementPage(await client.get(`/v1/movements?${query.toString()}`));
    },
    settlementFormat: { readHeader, readLine },
    close: () => client.close(),
  };
}
