/**
 * Fields that snapshots got after their first version (of 2026-11-20), and the defaults that an older one is read with.
 * A stored snapshot is never changed, and a key is replayed for as long as it is kept: so every field that the
 * database's snapshot functions get from now on has its line here, or the schema would refuse to show what was stored
 * before it.
 */
const ADDED_LATER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  payment_intent: {},
  capture: {},
  refund: {},
};

/** A stored result as today's schema shows it. Events themselves show what they hold, unchanged. */
export function readSnapshot(stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null || !("object" in stored)) return stored;
  const added = ADDED_LATER[String(stored.object)];
  return added ? { ...added, ...stored } : stored;
}
