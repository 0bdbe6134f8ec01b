import type { WebhookEvent } from "./webhook-event";

/** A Fetch API `Headers`, or the plain object that Node's servers give. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyWebhookInput {
  /** The endpoint's secret, `whsec_…`. */
  readonly secret?: string;
  /** Several while a secret is rotated: a signature by any of them is enough. */
  readonly secrets?: readonly string[];
  readonly headers: WebhookHeaders;
  /** The bytes as they came. JSON that was parsed and printed again has another signature. */
  readonly body: string | Uint8Array;
  /** How far the signature's time may lie from this machine's, into the past and the future. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

/**
 * Gives the event when its signature (Standard Webhooks 1.0) is right, and throws otherwise. A webhook that
 * was seen before passes again while it is young: deduplicate on `event.id`.
 */
export async function verifyWebhook(input: VerifyWebhookInput): Promise<WebhookEvent> {
  const { headers, toleranceSeconds = 300, now = Date.now } = input;
  const secrets = [...(input.secrets ?? []), ...(input.secret === undefined ? [] : [input.secret])];
  if (secrets.length === 0) throw new TypeError("verifyWebhook: at least one secret is required");
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature").split(" ");
  if (!/^\d{1,12}$/.test(timestamp))
    refuse("The header webhook-timestamp is not a number of seconds.");
  // Without this, whoever once saw a webhook could send it again for ever.
  const ageSeconds = Math.floor(now() / 1_000) - Number(timestamp);
  if (ageSeconds > toleranceSeconds) refuse("The webhook is too old.");
  if (ageSeconds < -toleranceSeconds) refuse("The webhook comes from the future.");
  const signed = join(new TextEncoder().encode(`${id}.${timestamp}.`), bytesOf(input.body));
  if (!(await isSignedBy(secrets, signed, signatures))) refuse("No signature matches.");
  return parseEvent(input.body);
}

function refuse(message: string): never {
  throw new WebhookVerificationError(message);
}

function header(headers: WebhookHeaders, name: string): string {
  const value = typeof headers.get === "function" ? headers.get(name) : findHeader(headers, name);
  // Two of them: nobody says which one is meant.
  if (typeof value !== "string" || value === "") refuse(`The header ${name} is missing.`);
  return value;
}

function findHeader(headers: object, name: string): unknown {
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  const value: unknown = found?.[1];
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

type Bytes = Uint8Array<ArrayBuffer>;

async function isSignedBy(
  secrets: readonly string[],
  signed: Bytes,
  signatures: readonly string[],
): Promise<boolean> {
  let found = false;
  for (const secret of secrets) {
    const expected = `v1,${await sign(secret, signed)}`;
    for (const signature of signatures) found = isEqual(signature, expected) || found;
  }
  return found;
}

/** Takes the same time wherever the texts differ, so that nobody can find a signature letter by letter. */
function isEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

async function sign(secret: string, signed: Bytes): Promise<string> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secretBytes(secret), hmac, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return btoa(String.fromCharCode(...mac));
}

function secretBytes(secret: string): Bytes {
  const encoded = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : secret;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    if (bytes.length > 0) return bytes;
  } catch {
    // The browser's own message would repeat the secret in some log.
  }
  throw new TypeError("verifyWebhook: a secret must be whsec_ followed by base64");
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}

function join(head: Uint8Array, tail: Uint8Array): Bytes {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

function parseEvent(body: string | Uint8Array): WebhookEvent {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  try {
    return JSON.parse(text) as WebhookEvent;
  } catch {
    return refuse("The body is signed but is not JSON.");
  }
}
