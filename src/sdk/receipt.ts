import type { Receipt } from "./results";

/** The entry `oncepay-sdk/receipt`: what needs no API, and no network. */

/** Of what `receipt` of the API gives, what proves something. */
export type ReceiptToVerify = Pick<
  Receipt,
  "merchantId" | "paymentIntentId" | "leaves" | "checkpoints"
>;

/** A row as it was sealed, under the names of its columns. */
export type SealedRow = Readonly<Record<string, unknown>>;

export interface VerifiedReceipt {
  readonly merchantId: string;
  readonly paymentIntentId: string;
  /** When the last of it was sealed, ISO 8601. */
  readonly sealedAt: string;
  /** In the order in which they happened. */
  readonly transitions: readonly SealedRow[];
  readonly events: readonly SealedRow[];
  readonly journals: readonly SealedRow[];
  readonly postings: readonly SealedRow[];
  /** Whether the transitions run from the first on without a gap. What came after the last of them no receipt can say. */
  readonly isGapless: boolean;
}

export class ReceiptVerificationError extends Error {
  override readonly name = "ReceiptVerificationError";
}

/**
 * Gives what a receipt proves, and throws when it does not prove it: when a row is not what was sealed, is not of this
 * payment, or its seal was not signed with the key. It asks nobody. Take the public key (base64, from `checkpointKeys`)
 * from somewhere else than the receipt, once, and keep it; several while keys are changed.
 *
 * It needs a WebCrypto that knows Ed25519: Node 20, and browsers since 2025.
 */
export async function verifyReceipt(
  receipt: ReceiptToVerify,
  publicKey: string | readonly string[],
): Promise<VerifiedReceipt> {
  const { merchantId, paymentIntentId } = receipt;
  if (receipt.leaves.length === 0) refuse("Nothing of the payment is under seal yet.");
  const keys = await readKeys(typeof publicKey === "string" ? [publicKey] : publicKey);
  const seals = new Map<number, SealHead>();
  for (const checkpoint of receipt.checkpoints) {
    const head = readHead(checkpoint.text);
    if (head.merchant !== merchantId) refuse("A checkpoint is another merchant's.");
    if (head.number !== checkpoint.number) refuse("A checkpoint has another number.");
    await checkSignature(checkpoint, keys.get(head.key));
    seals.set(head.number, head);
  }
  const rows: SealedRow[] = [];
  const places = new Set<string>();
  for (const leaf of receipt.leaves) {
    const place = `${String(leaf.seal)} ${String(leaf.index)}`;
    if (places.has(place)) refuse("A row is shown twice.");
    places.add(place);
    const head = seals.get(leaf.seal) ?? refuse("The checkpoint of a row is missing.");
    const root = await rootFrom(leaf, head.leaves);
    if (root !== head.root) refuse("A row is not what was sealed.");
    rows.push(parseRow(leaf.content));
  }
  const found = sortRows(rows, { merchantId, paymentIntentId });
  const used = receipt.leaves.map(({ seal }) => seals.get(seal)?.sealedAt ?? "");
  return { merchantId, paymentIntentId, sealedAt: used.sort().at(-1) ?? "", ...found };
}

function refuse(message: string): never {
  throw new ReceiptVerificationError(message);
}

const encoder = new TextEncoder();

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) refuse("A node is not a hash.");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function fromBase64(text: string, length: number): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return refuse("A key or a signature is not base64.");
  }
  if (bytes.length !== length) refuse("A key or a signature is not of the right length.");
  return bytes;
}

type PublicKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const ED25519 = { name: "Ed25519" };
// In hex: as much of a key's hash as a checkpoint names it by.
const KEY_ID_LENGTH = 16;

async function readKeys(texts: readonly string[]): Promise<Map<string, PublicKey>> {
  if (texts.length === 0) throw new TypeError("verifyReceipt: a public key is required");
  const keys = new Map<string, PublicKey>();
  for (const text of texts) {
    const bytes = fromBase64(text, 32);
    const id = toHex(await sha256(bytes)).slice(0, KEY_ID_LENGTH);
    keys.set(id, await crypto.subtle.importKey("raw", bytes, ED25519, false, ["verify"]));
  }
  return keys;
}

async function checkSignature(
  { text, signature }: { readonly text: string; readonly signature: string },
  key: PublicKey | undefined,
): Promise<void> {
  if (!key) refuse("A checkpoint was signed with another key.");
  const bytes = fromBase64(signature, 64);
  const isSigned = await crypto.subtle.verify(ED25519, key, bytes, encoder.encode(text));
  if (!isSigned) refuse("A checkpoint does not say what was signed.");
}

interface SealHead {
  readonly merchant: string;
  readonly number: number;
  readonly leaves: number;
  readonly root: string;
  readonly sealedAt: string;
  readonly key: string;
}

const HEAD = new RegExp(
  [
    "^oncepay seal v1",
    "merchant (?<merchant>mer_\\w+)",
    "number (?<number>\\d{1,10})",
    "leaves (?<leaves>\\d{1,10})",
    "root (?<root>[0-9a-f]{64})",
    "previous (?:none|[0-9a-f]{64})",
    "events_up_to \\d+",
    "postings_before \\S+",
    "sealed_at (?<sealedAt>\\S+)",
    "key (?<key>[0-9a-f]+)\n$",
  ].join("\n"),
);

function readHead(text: string): SealHead {
  const found = HEAD.exec(text)?.groups;
  if (!found) return refuse("A checkpoint is not one of this form.");
  const { merchant = "", root = "", sealedAt = "", key = "" } = found;
  const [number, leaves] = [Number(found["number"]), Number(found["leaves"])];
  return { merchant, number, leaves, root, sealedAt, key };
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** RFC 9162, 2.1.3.2: the root that a leaf and its path lead to, in a tree of so many leaves. */
async function rootFrom(
  leaf: { readonly index: number; readonly path: readonly string[]; readonly content: string },
  leaves: number,
): Promise<string> {
  const { index, path, content } = leaf;
  if (!Number.isInteger(index) || index < 0 || index >= leaves) refuse("A row has no place.");
  let [node, last] = [index, leaves - 1];
  let hash = await sha256(LEAF, encoder.encode(content));
  for (const hex of path) {
    if (last === 0) refuse("A path is too long.");
    const sibling = fromHex(hex);
    if (node % 2 === 1 || node === last) {
      hash = await sha256(NODE, sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = await sha256(NODE, hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (last !== 0) refuse("A path is too short.");
  return toHex(hash);
}

function parseRow(content: string): SealedRow {
  // Hashed as it is, it parses: it is a row that was sealed.
  return JSON.parse(content) as SealedRow;
}

/** By their tables; none of another payment. */
function sortRows(
  rows: readonly SealedRow[],
  { merchantId, paymentIntentId }: { merchantId: string; paymentIntentId: string },
): Pick<VerifiedReceipt, "transitions" | "events" | "journals" | "postings" | "isGapless"> {
  const of = (table: string): SealedRow[] => rows.filter((row) => row["table"] === table);
  const transitions = of("transitions").sort((a, b) => Number(a["version"]) - Number(b["version"]));
  const [events, journals, postings] = [of("events"), of("journals"), of("postings")];
  const own = new Set(journals.map((row) => row["id"]));
  const isOwn =
    transitions.every((row) => row["payment_intent_id"] === paymentIntentId) &&
    events.every((row) => row["subject_id"] === paymentIntentId) &&
    journals.every((row) => row["payment_intent_id"] === paymentIntentId) &&
    postings.every((row) => own.has(row["journal_id"])) &&
    rows.every((row) => row["merchant_id"] === merchantId);
  const count = transitions.length + events.length + journals.length + postings.length;
  if (!isOwn || count !== rows.length) refuse("A row is not of this payment.");
  const isGapless = transitions.every((row, index) => row["version"] === index + 1);
  return { transitions, events, journals, postings, isGapless };
}
