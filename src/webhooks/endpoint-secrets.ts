import type { SecretBox } from "../security/secrets";

// Opening a sealed secret costs as much as signing with it; an endpoint's secret is opened once for each time it was
// sealed.
const opened = new Map<string, string>();
const OPENED_MAX = 10_000;

export interface SealedSecrets {
  readonly endpointId: string;
  readonly secret: Buffer;
  /** While the secret is rotated: the one before. */
  readonly oldSecret: Buffer | null;
}

/** The secret, and while it is rotated the one before: a receiver may have either. */
export function endpointSecrets(
  secrets: Pick<SecretBox, "open">,
  { secret, oldSecret, endpointId }: SealedSecrets,
): string[] {
  const both = oldSecret === null ? [secret] : [secret, oldSecret];
  return both.map((sealed) => openSecret(secrets, sealed, endpointId));
}

function openSecret(secrets: Pick<SecretBox, "open">, sealed: Buffer, endpointId: string): string {
  const name = sealed.toString("base64");
  const known = opened.get(name);
  if (known !== undefined) return known;
  const secret = secrets.open(sealed, endpointId);
  if (opened.size >= OPENED_MAX) opened.clear();
  opened.set(name, secret);
  return secret;
}
