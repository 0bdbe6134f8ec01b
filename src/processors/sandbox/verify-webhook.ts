import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { Failure } from "../../failures";
import type { ProcessorWebhook } from "../processor";
import { isHalfAnAnswer, toDisputeNews, toOutcome } from "./translate";

const HEADER = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

const DISPUTE = "dispute.";

const eventShape = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  data: z.looseObject({ reference: z.string().min(1).max(255) }),
});

/**
 * Throws unless the body is, byte for byte, what the network signed within the tolerance; and in other words when it is
 * and makes no sense.
 */
export function verifySandboxWebhook(options: {
  /** Any of them: while one is rotated there are two. */
  readonly secrets: readonly string[];
  /** The header `sandbox-signature`. */
  readonly header: string | undefined;
  readonly body: string;
  readonly nowMs: number;
  readonly toleranceMs: number;
}): ProcessorWebhook {
  const { secrets, header, body, nowMs, toleranceMs } = options;
  // An empty key is one that anybody has.
  if (secrets.length === 0 || secrets.includes(""))
    throw refused("There is no secret to verify the webhook with.");
  const [, timestamp, signature] = HEADER.exec(header ?? "") ?? [];
  if (timestamp === undefined || signature === undefined) {
    throw refused("The webhook's signature header is missing or malformed.");
  }
  const given = Buffer.from(signature, "hex");
  const isSignedWith = (secret: string): boolean => {
    const expected = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest();
    // Compared in constant time: a comparison that stops early tells how much of a guess was right.
    return timingSafeEqual(expected, given);
  };
  if (!secrets.some(isSignedWith)) {
    throw refused("The webhook's signature does not match.");
  }
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > toleranceMs) {
    throw refused("The webhook was signed too long ago, or in the future.");
  }
  const { id: eventId, type, data } = readEvent(body);
  const { reference } = data;
  if (!type.startsWith(DISPUTE)) return { eventId, type, reference, outcome: toOutcome(data) };
  const outcome = toDisputeNews(data);
  if (outcome) return { eventId, type, reference, outcome };
  throw malformed("The webhook is signed, but its dispute is malformed.");
}

function readEvent(body: string): z.infer<typeof eventShape> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw malformed("The webhook is signed, but it is not JSON.");
  }
  const event = eventShape.safeParse(value);
  if (!event.success) throw malformed("The webhook is signed, but it is not an event.");
  if (!event.data.type.startsWith(DISPUTE) && isHalfAnAnswer(event.data.data)) {
    throw malformed("The webhook is signed, but its data is malformed.");
  }
  return event.data;
}

function malformed(message: string): Failure {
  return new Failure("BAD_USER_INPUT", message);
}

function refused(message: string): Failure {
  return new Failure("UNAUTHENTICATED", message);
}
