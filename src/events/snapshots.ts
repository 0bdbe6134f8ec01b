import { idKind } from "../ids";
import { type SealedPart, openSnapshot } from "./personal-data";

/**
 * Fields that snapshots got after their first version (of 2026-11-20), and the defaults that an older one is read with.
 * A stored snapshot is never changed, and a key is replayed for as long as it is kept: so every field that the
 * database's snapshot functions get from now on has its line here, or the schema would refuse to show what was stored
 * before it. The same holds for results that are kept with their key because there is no event.
 */
const ADDED_LATER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  payment_intent: {
    personalDataErasedAt: null,
    amountDisputed: 0,
    cancellationRequestedAt: null,
    authorizationExpiresAt: null,
    authorizationExpiredAt: null,
    authorizationExpiryPolicy: null,
  },
  capture: {},
  refund: { personalDataErasedAt: null, note: null },
  merchant: { mode: "TEST" },
  webhookDelivery: { merchantId: null },
  webhookEndpoint: {
    metadata: {},
    apiVersion: "2026-11-20",
    disabledReason: null,
    disabledAt: null,
    ratePerSecond: null,
    timeoutMs: null,
    concurrency: null,
    verifiedAt: null,
    verificationError: null,
    secretHint: null,
    previousSecretHint: null,
    previousSecretExpiresAt: null,
  },
};

/** A stored result as today's schema shows it. Events themselves show what they hold, unchanged. */
export function readSnapshot(stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null) return stored;
  const added = ADDED_LATER[typeOf(stored)];
  // Copied only where something is missing, for this is done for every replay.
  for (const name in added) if (!(name in stored)) return { ...added, ...stored };
  return stored;
}

/** A stored result with its sealed part, as today's schema shows it. */
export function readStored(stored: unknown, part: SealedPart): unknown {
  return readSnapshot(openSnapshot(stored, part));
}

/** What a key keeps beside its event: a snapshot, with its sealed part in it. */
export function keepSnapshot(record: object, personal: Buffer | null): object {
  return personal === null ? record : { ...record, personal: personal.toString("base64") };
}

export function readKept(stored: unknown, part: SealedPart): unknown {
  if (typeof stored !== "object" || stored === null || !("personal" in stored)) {
    return readSnapshot(stored);
  }
  const { personal, ...record } = stored;
  return readStored(record, { ...part, personal: Buffer.from(String(personal), "base64") });
}

/** Snapshots of the database say what they are of; other results have an id that does. */
function typeOf(stored: object): string {
  if ("object" in stored) return String(stored.object);
  return "id" in stored && typeof stored.id === "string" ? (idKind(stored.id) ?? "") : "";
}
