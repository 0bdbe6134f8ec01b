import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { ProcessorWebhook } from "../processor";
import { toOutcome } from "./translate";

const HEADER = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

const eventShape = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  data: z.looseObject({ reference: z.string().min(1).max(255) }),
});

/** Throws unless the body is, byte for byte, what the network signed within the tolerance. */
export function verifySandboxWebhook(options: {
  readonly secret: string;
  /** The header `sandbox-signature`. */
  readonly header: string | undefined;
  readonly body: string;
  readonly nowMs: number;
  readonly toleranceMs: number;
}): ProcessorWebhook {
  const { secret, header, body, nowMs, toleranceMs } = options;
  // An empty key is one that anybody has.
  if (secret === "") throw new Error("There is no secret to verify the webhook with.");
  const [, timestamp, signature] = HEADER.exec(header ?? "") ?? [];
  if (timestamp === undefined || signature === undefined) {
    throw new Error("The webhook's signature header is missing or malformed.");
  }
  const expected = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest();
  // Compared in constant time: a comparison that stops early tells how much of a guess was right.
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw new Error("The webhook's signature does not match.");
  }
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > toleranceMs) {
    throw new Error("The webhook was signed too long ago, or in the future.");
  }
  const event = eventShape.parse(JSON.parse(body));
  return {
    eventId: event.id,
    type: event.type,
    reference: event.data.reference,
    outcome: toOutcome(event.data),
  };
}
