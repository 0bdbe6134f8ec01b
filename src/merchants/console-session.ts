import type { Actor } from "../audit-log/entry";
import { recordWrite } from "../audit-log/record-write";
import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { Failure } from "../failures";
import { hashApiKey, newSecretToken } from "../security/secrets";
import { addressTest } from "./addresses";
import { type ApiKeyKind, isPossible } from "./api-key";
import type { Caller } from "./caller";
import {
  deleteEndedSessions,
  deleteSession,
  findSession,
  insertSession,
  touchSession,
} from "./console-session-store";

/*
 * A session at the console: an API key is sent once, and a random token in a cookie stands for it from then on, so
 * that no page and no script ever holds the key.
 *
 * Guarantees: a session is as good as its key and never better. It is asked about for every request: it ends with the
 * key, after 30 minutes in which nobody did anything, and after 8 hours in any case. Only a hash of the token is stored.
 * Its beginning and its end are in the audit log, each in the transaction that makes it so. A crash leaves a session
 * whose token nobody has, which ends by itself; the next sign-in of the same merchant takes it away.
 *
 * Cost: one round trip for each request of the console, and at most one write a minute for each session.
 */

const PREFIX = "ocs";
const FORMAT = /^ocs_([0-9a-hjkmnp-tv-z]{26})_[0-9A-Za-z]{40,60}$/;

/** What a browser may be given for. The backend's key and the shop's page have no business here. */
const KINDS: readonly ApiKeyKind[] = ["OPERATOR", "PLATFORM", "RESTRICTED"];

export const SIGN_IN = "consoleSignIn";
export const SIGN_OUT = "consoleSignOut";

function keyOf(token: string): { readonly merchantId: string; readonly tokenHash: Buffer } | null {
  const merchant = FORMAT.exec(token)?.[1];
  if (merchant === undefined) return null;
  return { merchantId: `mer_${merchant}`, tokenHash: hashApiKey(token) };
}

/** Answers the token, which is shown to nobody else and never again. */
export async function openSession(db: Db, caller: Caller, actor: Actor): Promise<string> {
  if (!KINDS.includes(caller.kind)) {
    throw new Failure(
      "FORBIDDEN",
      "The console takes operators' keys, and restricted ones: this key must not be in a browser.",
    );
  }
  const { merchantId, id } = caller;
  const token = `${PREFIX}_${merchantId.slice("mer_".length)}_${newSecretToken(32)}`;
  await transact(db, async (tx) => {
    await deleteEndedSessions(tx, merchantId);
    await insertSession(tx, { merchantId, tokenHash: hashApiKey(token) }, id);
    await recordWrite(tx, { merchantId, action: "WRITE", operation: SIGN_IN, actor });
  });
  return token;
}

export async function closeSession(db: Db, token: string, actor: Actor): Promise<void> {
  const key = keyOf(token);
  if (!key) return;
  await transact(db, async (tx) => {
    if (!(await deleteSession(tx, key))) return;
    const { merchantId } = key;
    await recordWrite(tx, { merchantId, action: "WRITE", operation: SIGN_OUT, actor });
  });
}

/** Who is signed in; undefined when nobody is, or not any more. */
export async function callerOfSession(
  db: Db,
  token: string,
  { address, isUse }: { readonly address: string; readonly isUse: boolean },
): Promise<Caller | undefined> {
  const key = keyOf(token);
  const session = key && (await findSession(db, key));
  if (!key || !session) return undefined;
  const { caller, isStale } = session;
  if (!addressTest(caller.allowedAddresses)(address)) {
    throw new Failure("FORBIDDEN", "The API key may not be used from this address.");
  }
  if (isUse && isStale) await touchSession(db, key);
  // A scope that its kind cannot have is none, wherever it came from.
  return { ...caller, scopes: caller.scopes.filter((scope) => isPossible(caller.kind, scope)) };
}
