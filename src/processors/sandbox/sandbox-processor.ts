import type { Processor } from "../processor";
import { createSandboxClient } from "./client";
import { toCall, toLookupOutcome, toReverseOutcome, toSendOutcome } from "./translate";

// What may still be under way after we have given up: buffers on the path, a slow accept queue.
const IN_TRANSIT_MS = 5_000;

export function createSandboxProcessor(options: {
  readonly baseUrl: string;
  readonly timeoutMs?: number;
  readonly connections?: number;
}): Processor {
  const { baseUrl, timeoutMs = 10_000, connections = 256 } = options;
  const client = createSandboxClient({ baseUrl, timeoutMs, connections });
  return {
    name: "sandbox",
    capabilities: {
      takesIdempotencyKeys: false,
      canLookUp: true,
      canReverse: true,
      requestHorizonMs: timeoutMs + IN_TRANSIT_MS,
    },
    send: async (request) => {
      const call = toCall(request);
      return toSendOutcome(await client.post(call.path, call.body));
    },
    lookUp: async (reference) =>
      toLookupOutcome(await client.get(`/v1/lookup/${encodeURIComponent(reference)}`)),
    reverse: async (reference) =>
      toReverseOutcome(await client.post(`/v1/reverse/${encodeURIComponent(reference)}`, {})),
    close: () => client.close(),
  };
}
