import { Failure } from "../failures";
import type { Mode } from "../merchants/api-key";
import type { Credentials, ProcessorIdentity, ProcessorKind, Settings } from "../processors/kind";
import { isText } from "../processors/sound-outcome";

/*
 * Whose credentials these are, which only the processor can say. It is asked with no transaction open, before anything
 * is stored; what it refuses, or does not answer, is not stored either, and the idempotency key stays usable.
 *
 * Cost: one call of the processor, of at most its timeout.
 */

const RETRY_MS = 5_000;

export async function identifyAccount(
  kind: ProcessorKind,
  asked: {
    readonly credentials: Credentials;
    readonly settings: Settings;
    readonly timeoutMs: number;
  },
): Promise<ProcessorIdentity> {
  const processor = kind.connect({ ...asked, webhookSecrets: [] });
  try {
    const identity = await processor.identify().catch(() => {
      // An adapter's own words may repeat what it was given.
      throw new Failure("UNAVAILABLE", "The processor did not say whose credentials these are.", {
        processor: kind.name,
      }).retryAfter(RETRY_MS);
    });
    if (identity && isText(identity.externalAccountId)) return identity;
    throw refusedCredentials("The processor does not accept these credentials.");
  } finally {
    await processor.close();
  }
}

export function refusedCredentials(message: string): Failure {
  return new Failure("BAD_USER_INPUT", message, { field: "input.credentials" });
}

/** Exactly those that the kind needs; what is wrong is said without repeating any of them. */
export function checkCredentials(kind: ProcessorKind, given: Credentials): Credentials {
  const names = [...kind.credentials].sort().join(", ");
  const isWhole =
    Object.keys(given).sort().join(", ") === names &&
    Object.values(given).every((value) => value.trim() === value && value !== "");
  if (isWhole) return given;
  throw refusedCredentials(`The credentials of this processor are: ${names}.`);
}

/** A merchant in test mode must not move real money, nor one in live mode only seem to. */
export function checkMode(identity: ProcessorIdentity, mode: Mode): void {
  if (identity.mode === mode) return;
  throw refusedCredentials(
    `These are credentials in ${identity.mode.toLowerCase()} mode, and the merchant is in ${mode.toLowerCase()} mode.`,
  );
}

/** One that cannot be right would have every webhook refused, and nobody would hear why. */
export function checkWebhookSecret(kind: ProcessorKind, secret: string | null): void {
  const fault = secret === null ? undefined : kind.faultOfWebhookSecret?.(secret);
  if (fault === undefined) return;
  throw new Failure("BAD_USER_INPUT", fault, { field: "input.webhookSecret" });
}
