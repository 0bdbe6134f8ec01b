import { createHmac, timingSafeEqual } from "node:crypto";

/** 144 bits, which is 24 characters of base64url without padding. */
const MAC_BYTES = 18;

/**
 * The client secret lets a browser see and confirm one intent. It is derived from the intent's id
 * and never stored, so that no copy of the database holds one.
 */
export function clientSecretFor(signingKey: Buffer, paymentIntentId: string): string {
  const mac = createHmac("sha256", signingKey).update(paymentIntentId).digest();
  return `${paymentIntentId}_secret_${mac.toString("base64url", 0, MAC_BYTES)}`;
}

/**
 * Accepts every key in force: while keys are rotated, shoppers still hold secrets made with an older one. The
 * comparison takes the same time wherever the texts differ, so that its duration reveals nothing about how much of a
 * guess was right.
 */
export function isClientSecretFor(
  signingKeys: readonly Buffer[],
  paymentIntentId: string,
  candidate: string,
): boolean {
  const given = Buffer.from(candidate);
  return signingKeys.some((signingKey) => {
    const expected = Buffer.from(clientSecretFor(signingKey, paymentIntentId));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** The intent that a client secret claims to be for; the claim has yet to be checked. */
export function paymentIntentIdOf(clientSecret: string): string | undefined {
  const at = clientSecret.indexOf("_secret_");
  return at > 0 ? clientSecret.slice(0, at) : undefined;
}
