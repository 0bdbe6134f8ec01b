import {
  type KeyObject,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";
import { type Db, type Statement, run } from "../db/db";
import type { SecretBox } from "../security/secrets";

/*
 * The keys that sign seals: ed25519. The private part is sealed like every secret that is stored, so neither a copy of
 * the database nor a hand at it can sign. The newest signs; what older ones signed stays as it is.
 */

export interface SigningKey {
  readonly id: string;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface Signer {
  readonly keyId: string;
  sign(text: string): Buffer;
}

/** What tells a sealed private key from any other secret. */
export function signingKeyContext(id: string): string {
  return `signing key ${id}`;
}

// What stands before the 32 bytes in the usual form of a public key (RFC 8410).
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

const LIST: Statement = {
  name: "list_signing_keys",
  text: `
    select id as "id", public_key as "publicKey", iso(created_at) as "createdAt"
    from signing_keys order by created_at desc, id`,
};

/** Of how many the API tells. */
export const SIGNING_KEYS_SHOWN = 20;

/** Newest first. There are as many as were ever made, which is a few. */
export async function listSigningKeys(db: Db): Promise<SigningKey[]> {
  return run<SigningKey>(db, LIST, []);
}

const FIND_NEWEST: Statement = {
  name: "find_newest_signing_key",
  text: `
    select id as "id", private_key as "sealed" from signing_keys
    order by created_at desc, id limit 1`,
};

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
}

/** Makes the first key when there is none. Should two do so at once, there are two keys, and one of them signs. */
export async function openSigner({ db, secrets }: Needs): Promise<Signer> {
  const [found] = await run<{ id: string; sealed: Buffer }>(db, FIND_NEWEST, []);
  if (!found) {
    await createSigningKey({ db, secrets });
    return openSigner({ db, secrets });
  }
  const text = secrets.open(found.sealed, signingKeyContext(found.id));
  const key = createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
  return { keyId: found.id, sign: (signed) => sign(null, Buffer.from(signed), key) };
}

const INSERT: Statement = {
  name: "insert_signing_key",
  text: "insert into signing_keys (id, public_key, private_key) values (?, ?, ?)",
};

/** It signs from the next seal on. Returns its id. */
export async function createSigningKey({ db, secrets }: Needs): Promise<string> {
  const pair = generateKeyPairSync("ed25519");
  const publicKey = pair.publicKey
    .export({ format: "der", type: "spki" })
    .subarray(SPKI_HEAD.length);
  const id = signingKeyId(publicKey);
  const plain = pair.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  await run(db, INSERT, [id, publicKey, secrets.seal(plain, signingKeyContext(id))]);
  return id;
}

/** From the key itself, so that nobody can give a key another's id. */
export function signingKeyId(publicKey: Buffer): string {
  return createHash("sha256").update(publicKey).digest("hex").slice(0, 16);
}

export function readPublicKey(publicKey: Buffer): KeyObject {
  const key = Buffer.concat([SPKI_HEAD, publicKey]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

export function isSigned(
  text: string,
  { signature, publicKey }: { readonly signature: Buffer; readonly publicKey: KeyObject },
): boolean {
  return verify(null, Buffer.from(text), publicKey, signature);
}
