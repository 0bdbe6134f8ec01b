import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";

/**
 * What a snapshot holds about a person cannot be taken out of an event, which never changes. So it never gets in: an
 * event holds it sealed, beside the rest, and the key is in the row of its intent (`payment_intents.personal_key`).
 * Erasing destroys the key, and with it what every copy of the event says about the person.
 *
 *     1 byte version | 12 bytes nonce | 16 bytes tag | ciphertext        AES-256-GCM
 *
 * The key is random, of one intent alone, and seals a few texts (the intent's, those of its refunds), so what is
 * sealed for one intent does not open for another. It is not sealed itself: for as long as the row holds it, the row
 * also shows the same values in the clear, because payments are looked for by them.
 */
const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_START = 1;
const TAG_START = 13;
const TEXT_START = 29;
const CIPHER = "aes-256-gcm";
const CIPHER_OPTIONS = { authTagLength: TEXT_START - TAG_START };

/** The personal fields of an intent, in the order in which snapshots show them. */
export interface PersonalData {
  readonly description: string | null;
  readonly customer: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** And that of a refund, which is sealed with its intent's key. */
interface RefundData extends Pick<PersonalData, "metadata"> {
  readonly note: string | null;
}

type Metadata = PersonalData["metadata"];

export function newPersonalKey(): Buffer {
  return randomInto(Buffer.allocUnsafe(KEY_BYTES), 0, KEY_BYTES);
}

// Drawn in blocks: one system call for a hundred intents.
const pool = Buffer.alloc(4_400);
let poolOffset = pool.length;

function randomInto(target: Buffer, start: number, end: number): Buffer {
  const bytes = end - start;
  if (poolOffset + bytes > pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  pool.copy(target, start, poolOffset, poolOffset + bytes);
  poolOffset += bytes;
  return target;
}

/** The fields as they are sealed and shown: metadata in the order in which the database keeps it. */
export function personalDataOf({ description, customer, metadata }: PersonalData): PersonalData {
  return { description, customer, metadata: inOrder(metadata) };
}

/** Nothing about anybody, so nothing to seal. */
export function isBlank({ description, customer, metadata }: Partial<PersonalData>): boolean {
  for (const _ in metadata) return false;
  return (description ?? null) === null && (customer ?? null) === null;
}

/** The order of jsonb, shorter names first: so a row and an event show the same text. */
export function inOrder(metadata: Metadata): Metadata {
  const names = Object.keys(metadata);
  if (names.length < 2) return metadata;
  const sorted = names.map((name) => Buffer.from(name)).sort(byLength);
  return Object.fromEntries(
    sorted.map((bytes) => {
      const name = bytes.toString();
      return [name, metadata[name] ?? ""];
    }),
  );
}

function byLength(one: Buffer, other: Buffer): number {
  return one.length - other.length || Buffer.compare(one, other);
}

export function sealPersonalData(key: Buffer, data: PersonalData | RefundData): Buffer {
  const text = JSON.stringify(data);
  // Every byte of it is written below.
  const sealed = Buffer.allocUnsafe(TEXT_START + Buffer.byteLength(text));
  sealed[0] = VERSION;
  randomInto(sealed, NONCE_START, TAG_START);
  const nonce = sealed.subarray(NONCE_START, TAG_START);
  const cipher = createCipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
  cipher.update(text, "utf8").copy(sealed, TEXT_START);
  cipher.final();
  cipher.getAuthTag().copy(sealed, TAG_START);
  return sealed;
}

/** What a row says about the sealed part of the snapshot that it shows. */
export interface SealedPart {
  readonly subjectId: string;
  /** Null: nothing is sealed, and the snapshot is whole. */
  readonly personal: Buffer | null;
  /** Null: it is destroyed, or nothing is sealed. */
  readonly personalKey: Buffer | null;
  readonly personalDataErasedAt: string | null;
}

/** Of an event `e`, with the join below. */
export const SEALED_PART = `
  e.subject_id as "subjectId", e.personal as "personal", own.personal_key as "personalKey",
  iso(own.personal_data_erased_at) as "personalDataErasedAt"`;

/** What opens the sealed part of an event `e`: one probe, and none where nothing is sealed. */
export function joinPersonalKey(isAsked = "e.personal is not null"): string {
  return `
    left join lateral (
      select pi.personal_key, pi.personal_data_erased_at from payment_intents pi
      where pi.merchant_id = e.merchant_id and pi.id = e.subject_id and (${isAsked}) offset 0
    ) own on true`;
}

/**
 * The JSON text of what was sealed; undefined once it is erased. An intent that was erased may have got a new key, for
 * the metadata of a refund that was made since: what that key does not open was erased.
 */
function openPersonalData(part: SealedPart, sealed: Buffer): string | undefined {
  const { personalKey, personalDataErasedAt, subjectId } = part;
  const text = personalKey === null ? undefined : open(personalKey, sealed);
  if (text === undefined && personalDataErasedAt === null) {
    throw new Error(`the personal data in an event of ${subjectId} does not open with its key`);
  }
  return text;
}

function open(key: Buffer, sealed: Buffer): string | undefined {
  if (sealed.length < TEXT_START || sealed[0] !== VERSION) return undefined;
  const nonce = sealed.subarray(NONCE_START, TAG_START);
  const decipher = createDecipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
  decipher.setAuthTag(sealed.subarray(TAG_START, TEXT_START));
  const text = decipher.update(sealed.subarray(TEXT_START));
  try {
    decipher.final();
    return text.toString("utf8");
  } catch {
    return undefined;
  }
}

const BLANK_INTENT = '{"description":null,"customer":null,"metadata":{}}';
const BLANK_REFUND = '{"metadata":{},"note":null}';

/**
 * A snapshot with its personal fields; once they are erased, with blank ones and the time of that. It puts them into the
 * object that it is given, which comes from a row and is nobody else's: copying it would cost as much as the opening.
 */
export function openSnapshot(object: unknown, part: SealedPart): unknown {
  const { personal, personalDataErasedAt } = part;
  if (personal === null) return object;
  const whole = object as { readonly id: string };
  const blank = whole.id.startsWith("re_") ? BLANK_REFUND : BLANK_INTENT;
  const fields = openPersonalData(part, personal);
  const erasedAt = fields === undefined ? personalDataErasedAt : null;
  const opened = JSON.parse(fields ?? blank) as object;
  return Object.assign(whole, opened, { personalDataErasedAt: erasedAt });
}

/** The same for JSON text as the database makes it, of which no other byte changes. */
export function openSnapshotText(object: string, part: SealedPart): string {
  const { personal, personalDataErasedAt } = part;
  if (personal === null) return object;
  const blank = object.startsWith('{"id" : "re_') ? BLANK_REFUND : BLANK_INTENT;
  const fields = openPersonalData(part, personal);
  const erasedAt = JSON.stringify(fields === undefined ? personalDataErasedAt : null);
  const opened = (fields ?? blank).slice(1, -1);
  return `${object.slice(0, -1)},${opened},"personalDataErasedAt":${erasedAt}}`;
}
