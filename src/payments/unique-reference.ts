/*
 * An intent that was created with `uniqueReference` holds its merchant reference until it ends without money. What
 * guards this is a unique index, so it holds whoever asks at the same moment, and wherever.
 */

/** Which intents `pi` hold their reference: the condition of the index. */
export const HOLDS_REFERENCE = "pi.unique_reference and pi.status not in ('FAILED', 'CANCELED')";

/** The index, which no second intent with the same reference gets into. */
export const HELD_REFERENCE = "payment_intents_unique_reference";

interface Claiming {
  readonly merchantId: string;
  readonly key: string;
  readonly merchantReference: string | null;
  readonly uniqueReference: boolean;
}

/** No two commands of one set may be about one key, or want to hold one reference: a key has no spaces. */
export function claimsOfCreate(command: Claiming): string[] {
  const { merchantId, key, merchantReference, uniqueReference } = command;
  const claims = [`${merchantId} ${key}`];
  if (uniqueReference) claims.push(`${merchantId} reference ${merchantReference ?? ""}`);
  return claims;
}
