/** Which version of each payment intent is the highest that was seen. */
export interface NewestVersions {
  /** Notes the intents in a result, and says whether one of them is older than one that was seen before. */
  readonly note: (result: unknown) => boolean;
}

/** More than one page shows; the ones that were seen first go first. */
const KEPT_MAX = 10_000;

export function createNewestVersions(keptMax = KEPT_MAX): NewestVersions {
  const versions = new Map<string, number>();
  const noteOne = (id: string, version: number): boolean => {
    const newest = versions.get(id);
    if (newest !== undefined && newest >= version) return newest > version;
    versions.set(id, version);
    const [oldest] = versions.keys();
    if (versions.size > keptMax && oldest !== undefined) versions.delete(oldest);
    return false;
  };
  const note = (value: unknown): boolean => {
    if (typeof value !== "object" || value === null || isSnapshot(value)) return false;
    const { id, version } = value as { readonly id?: unknown; readonly version?: unknown };
    const isIntent = typeof id === "string" && id.startsWith("pi_") && typeof version === "number";
    let isOlder = isIntent && noteOne(id, version);
    for (const part of Object.values(value)) isOlder = note(part) || isOlder;
    return isOlder;
  };
  return { note };
}

/** What an event holds says how things were, and claims nothing else. */
function isSnapshot(value: object): boolean {
  return "object" in value && typeof value.object === "string";
}

/** Gives an object of the API its key in a normalised cache; undefined when it has no id. */
export type CacheKeyOf = (object: {
  readonly id?: unknown;
  readonly version?: unknown;
}) => string | undefined;

/**
 * Keys by which a cache keeps the newest state of a payment. A replayed mutation answers with the payment as it was at
 * the time, which must not replace what the cache knows since; so an intent that is older than one seen before is
 * kept by itself, under its version. It takes part only where `version` is asked for.
 */
export function createCacheKeys(): CacheKeyOf {
  const versions = createNewestVersions();
  return ({ id, version }) => {
    if (typeof id !== "string") return undefined;
    return versions.note({ id, version }) ? `${id}@${String(version)}` : id;
  };
}
