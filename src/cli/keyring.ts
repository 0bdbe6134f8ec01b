import { encryptionKeys } from "../config";
import type { Keyring, SealedCount } from "../key-rotation/reseal-secrets";
import { parseSettings } from "../process/settings";
import { createSecretBox, keyIdOf } from "../security/secrets";

/** The encryption keys as a command needs them, and in words which of them are still needed. */

const SETTINGS = {
  ONCEPAY_ENCRYPTION_KEY: encryptionKeys.describe(
    "the keys, newest first, as the processes have them",
  ),
};

/** Newest first. */
export function readKeys(environment: NodeJS.ProcessEnv): readonly Buffer[] {
  return parseSettings(SETTINGS, environment).ONCEPAY_ENCRYPTION_KEY;
}

export function readKeyring(environment: NodeJS.ProcessEnv): Keyring {
  const keys = readKeys(environment);
  return { secrets: createSecretBox(keys), keyIds: keys.map(keyIdOf) };
}

export interface KeyringReport {
  readonly keys: readonly KeyReport[];
  /** Sealed with a configured key other than the newest. */
  readonly left: number;
  /** Sealed with a key that is not configured. */
  readonly lost: number;
  readonly text: string;
}

interface KeyReport {
  readonly keyId: string;
  readonly place: number | null;
  readonly values: number;
}

export function reportKeys({ keyIds }: Keyring, counts: readonly SealedCount[]): KeyringReport {
  const known = [...new Set([...keyIds, ...counts.map(({ keyId }) => keyId)])];
  const keys = known.map((keyId) => ({
    keyId,
    place: keyIds.includes(keyId) ? keyIds.indexOf(keyId) + 1 : null,
    values: sum(counts.filter((count) => count.keyId === keyId)),
  }));
  const left = sum(keys.filter(({ place }) => place !== null && place > 1));
  const lost = sum(keys.filter(({ place }) => place === null));
  return { keys, left, lost, text: `${keys.map(describe).join("\n")}\n` };
}

function describe({ keyId, place, values }: KeyReport): string {
  const count = `${String(values)} ${values === 1 ? "secret" : "secrets"}`;
  if (place === null) return `key ${keyId} (not configured): ${count} that cannot be opened`;
  if (place === 1) return `key ${keyId} (newest): ${count}`;
  const advice = values === 0 ? "no stored secret needs it" : `needed for ${count}`;
  return `key ${keyId} (key ${String(place)}): ${advice}`;
}

function sum(counts: readonly { readonly values: number }[]): number {
  return counts.reduce((total, { values }) => total + values, 0);
}
