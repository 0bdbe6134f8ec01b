import type { KeyObject } from "node:crypto";
import { type Statement, type Tx, run } from "../db/db";
import { checkpointOf, hashOfHead } from "./checkpoint";
import { type Months, compareRows } from "./compare-rows";
import { rootOf, splitLeaves } from "./merkle";
import { type Seal, SEAL_COLUMNS, readSpan } from "./seal-store";
import { isSigned, listSigningKeys, readPublicKey, signingKeyId } from "./signing-keys";

/*
 * Takes every seal, in the order of each merchant, and looks whether it still says what was signed, whether it goes on from
 * the one before, and whether the rows that it covers, read and hashed again, are those that were sealed. What differs is
 * named, row by row.
 *
 * Memory: a few seals, whatever there is. Time: each sealed row is read once by its key and hashed. It only reads.
 */

export interface SealViolation {
  /** A table and what tells the row from others. */
  readonly subject: string;
  readonly detail: string;
}

export interface SealCheck {
  readonly violationsMax: number;
  /** Called now and then. */
  readonly progress?: ((done: Progress) => void) | undefined;
}

export interface Progress {
  readonly rows: number;
  readonly of: number;
  /** Rows that went with a month of history that was dropped: their seals are all that is left of them. */
  readonly dropped: number;
}

const COUNT: Statement = {
  name: "count_sealed_rows",
  text: `select coalesce(sum(leaf_count), 0)::bigint as "count" from seals`,
};

// Each is a few hundred kilobytes at most.
const PAGE = 8;

const READ_SEALS: Statement = {
  name: "read_seals_in_order",
  text: `
    select ${SEAL_COLUMNS} from seals s
    where (s.merchant_id, s.number) > (?, ?::int)
    order by s.merchant_id, s.number limit ${String(PAGE)}`,
};

async function* readSeals(tx: Tx): AsyncGenerator<Seal> {
  let last = { merchantId: "", number: 0 };
  for (;;) {
    const page = await run<Seal>(tx, READ_SEALS, [last.merchantId, last.number]);
    yield* page;
    last = page.at(-1) ?? last;
    if (page.length < PAGE) return;
  }
}

type Keys = ReadonlyMap<string, KeyObject>;

async function readKeys(tx: Tx): Promise<Keys> {
  const keys = (await listSigningKeys(tx)).filter(
    ({ id, publicKey }) => publicKey.length === 32 && signingKeyId(publicKey) === id,
  );
  return new Map(keys.map(({ id, publicKey }) => [id, readPublicKey(publicKey)]));
}

export async function checkSeals(
  tx: Tx,
  { violationsMax, progress }: SealCheck,
): Promise<SealViolation[]> {
  const keys = await readKeys(tx);
  const [counted] = await run<{ count: number }>(tx, COUNT, []);
  const violations: SealViolation[] = [];
  let rows = 0;
  let dropped = 0;
  const months: Months = new Map();
  let last: Seal | null = null;
  for await (const seal of readSeals(tx)) {
    if (last?.merchantId !== seal.merchantId) last = null;
    const own = judgeSeal(seal, { last, keys });
    violations.push(...own.violations);
    if (own.isContinuous) {
      const found = await checkRows(tx, seal, { last, months });
      violations.push(...found.violations);
      dropped += found.dropped;
    }
    if (violations.length >= violationsMax) break;
    rows += seal.leafCount;
    last = seal;
    progress?.({ rows, of: counted?.count ?? rows, dropped });
  }
  return violations.slice(0, violationsMax);
}

async function checkRows(
  tx: Tx,
  seal: Seal,
  { last, months }: { readonly last: Seal | null; readonly months: Months },
): Promise<{ violations: SealViolation[]; dropped: number }> {
  const now = await readSpan(tx, seal, last);
  if (now.leaves.equals(seal.leaves)) {
    // The rows are those that were sealed, for each leaf says what it is of.
    const subject = `seals ${seal.merchantId} ${String(seal.number)}`;
    const isNamed = now.names === seal.names;
    const violations = isNamed ? [] : [{ subject, detail: "names other rows than it has sealed" }];
    return { violations, dropped: 0 };
  }
  const compared = await compareRows(tx, seal.merchantId, { sealed: seal, now, months });
  return {
    dropped: compared.dropped,
    violations: compared.differences.map(({ table, row, detail }) => ({
      subject: `${table} ${row}`,
      detail: `${detail} (sealed ${seal.sealedAt}, ${nameOf(seal)})`,
    })),
  };
}

function nameOf({ merchantId, number }: Seal): string {
  return `seal ${String(number)} of ${merchantId}`;
}

/** What can be said of a seal without its rows. Not continuous: where its rows begin is not known. */
function judgeSeal(
  seal: Seal,
  { last, keys }: { readonly last: Seal | null; readonly keys: Keys },
): { violations: SealViolation[]; isContinuous: boolean } {
  const expected = (last?.number ?? 0) + 1;
  if (seal.number !== expected) {
    const missing = `seals ${seal.merchantId} ${String(expected)}`;
    return { isContinuous: false, violations: [{ subject: missing, detail: "is missing" }] };
  }
  const details = [
    follows(seal, last) ? undefined : "does not name the seal before it",
    treeFault(seal),
    signatureFault(seal, keys),
  ];
  const subject = `seals ${seal.merchantId} ${String(seal.number)}`;
  const violations = details.flatMap((detail) => (detail ? [{ subject, detail }] : []));
  return { isContinuous: true, violations };
}

function follows({ previous }: Seal, last: Seal | null): boolean {
  if (last === null) return previous === null;
  return previous?.equals(hashOfHead(last)) === true;
}

function treeFault(seal: Seal): string | undefined {
  const leaves = splitLeaves(seal.leaves);
  const names = seal.names === "" ? 0 : seal.names.split("\n").length;
  const isCounted = leaves.length === seal.leafCount && names === seal.leafCount;
  if (!isCounted) return "has another number of leaves than it says";
  return rootOf(leaves).equals(seal.root) ? undefined : "has leaves that do not lead to its root";
}

function signatureFault(seal: Seal, keys: Keys): string | undefined {
  const publicKey = keys.get(seal.keyId);
  if (!publicKey) return `is signed with ${seal.keyId}, a key that is not there`;
  const isRight = isSigned(checkpointOf(seal), { signature: seal.signature, publicKey });
  return isRight ? undefined : "does not say what was signed";
}
