import { type Db, type Statement, run } from "../db/db";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { AttemptStatus } from "../payments/attempt";
import type { ProcessorMovement } from "../processors/lists";
import type { Processor } from "../processors/processor";

/*
 * What a processor's list has since a moment, and the books have not: for whoever has restored a backup and wants to know
 * at once what is gone, in money. It only reads, and finds no breaks: the hourly list and settlement files do that.
 *
 * Memory: what differs, and one page. Cost: a call to the processor and one statement for each page, and one at the end.
 */

export const UNBOOKED_STATES = [
  /** No attempt has its reference, and nobody has seen to it. */
  "NOT_HERE",
  /** It moved there, and is settled as something else here. */
  "OTHERWISE_HERE",
  /** An answer is awaited here: this ends by itself. */
  "UNDER_WAY_HERE",
  /** No attempt has its reference; the correction of its break has posted it. */
  "ADOPTED",
  /** No attempt has its reference; its break says why nothing is to be posted. */
  "DISMISSED",
] as const;
export type UnbookedState = (typeof UNBOOKED_STATES)[number];

export interface Unbooked {
  readonly processor: string;
  /** Null: the installation's own. */
  readonly processorAccountId: string | null;
  readonly reference: string;
  readonly kind: ProcessorMovement["kind"];
  readonly amountMinor: number;
  readonly currency: string;
  readonly movedAt: string;
  readonly state: UnbookedState;
  readonly breakId: string | null;
}

export interface Unbookeds {
  /** How many movements the list has. */
  readonly listed: number;
  /** In the order of the list. */
  readonly found: readonly Unbooked[];
}

const NOT_SUCCEEDED: Statement = {
  name: "find_unbooked_references",
  text: `
    select l.reference as "reference", a.status as "status"
    from unnest(?::text[]) l (reference)
    left join attempts a on a.id = l.reference and a.processor = ?
      and a.processor_account_id is not distinct from ?
    where a.id is null or a.status <> 'SUCCEEDED'`,
};

const BREAKS: Statement = {
  name: "find_breaks_of_unbooked",
  text: `
    select distinct on (b.subject_id) b.subject_id as "reference", b.id as "id",
      b.resolution as "resolution", (b.theirs->>'amount')::float8 as "amount",
      b.currency as "currency"
    from reconciliation_breaks b
    where b.merchant_id = ? and b.kind = 'MISSING_HERE' and b.subject_id = any(?)
    order by b.subject_id, b.id desc`,
};

interface FoundBreak {
  readonly reference: string;
  readonly id: string;
  readonly resolution: string | null;
  readonly amount: number | null;
  readonly currency: string | null;
}

/** Under one reference: what moved first, and how often it moved, less how often that was undone. */
interface Candidate {
  readonly movement: ProcessorMovement | undefined;
  readonly standing: number;
  /** Null: no attempt has the reference. */
  readonly status: AttemptStatus | null;
}

/** Whose list it is: the installation's own, or that of a merchant's account. */
export interface ListedAt {
  readonly processor: Pick<Processor, "name" | "listMovements">;
  readonly account: { readonly merchantId: string; readonly id: string } | null;
}

/** Undefined where the processor cannot be asked. */
export async function findUnbooked(
  db: Db,
  { processor, account }: ListedAt,
  window: { readonly from: string; readonly to: string },
): Promise<Unbookeds | undefined> {
  if (!processor.listMovements) return undefined;
  const { name } = processor;
  const processorAccountId = account?.id ?? null;
  const candidates = new Map<string, Candidate>();
  let listed = 0;
  let after: string | null = null;
  do {
    const page = await processor.listMovements({ ...window, after });
    listed += page.movements.length;
    const { movements } = page;
    await addPage(db, candidates, { name, processorAccountId, movements });
    after = page.next;
  } while (after !== null);
  const standing = [...candidates].filter(([, candidate]) => candidate.standing > 0);
  const gone = standing.filter(([, { status }]) => status === null).map(([id]) => id);
  const breaks =
    gone.length === 0
      ? []
      : await findBreaks(db, account?.merchantId ?? PLATFORM_MERCHANT_ID, gone);
  const byReference = new Map(breaks.map((found) => [found.reference, found]));
  const found = standing.flatMap(([reference, { movement, status }]): Unbooked[] => {
    if (!movement) return [];
    const { kind, amountMinor, currency, movedAt } = movement;
    const seenTo = byReference.get(reference);
    const state = status === null ? stateOf(movement, seenTo) : stateAs(status);
    const breakId = seenTo?.id ?? null;
    const common = { kind, amountMinor, currency, movedAt };
    return [{ processor: name, processorAccountId, reference, ...common, state, breakId }];
  });
  return { listed, found };
}

async function addPage(
  db: Db,
  candidates: Map<string, Candidate>,
  {
    name,
    processorAccountId,
    movements,
  }: {
    readonly name: string;
    readonly processorAccountId: string | null;
    readonly movements: readonly ProcessorMovement[];
  },
): Promise<void> {
  const references = [...new Set(movements.map(({ reference }) => reference))];
  const rows = await run<{ reference: string; status: AttemptStatus | null }>(db, NOT_SUCCEEDED, [
    references,
    name,
    processorAccountId,
  ]);
  const statuses = new Map(rows.map(({ reference, status }) => [reference, status]));
  for (const movement of movements) {
    const { reference, kind } = movement;
    const status = statuses.get(reference);
    if (status === undefined) continue;
    const before = candidates.get(reference);
    const isMove = kind !== "reverse";
    candidates.set(reference, {
      movement: before?.movement ?? (isMove ? movement : undefined),
      standing: (before?.standing ?? 0) + (isMove ? 1 : -1),
      status,
    });
  }
}

function findBreaks(
  db: Db,
  merchantId: string,
  references: readonly string[],
): Promise<FoundBreak[]> {
  return run<FoundBreak>(db, BREAKS, [merchantId, references]);
}

function stateOf(
  { amountMinor, currency }: ProcessorMovement,
  seenTo: FoundBreak | undefined,
): UnbookedState {
  if (seenTo?.resolution === "DISMISSED") return "DISMISSED";
  const agrees = seenTo?.amount === amountMinor && seenTo.currency === currency;
  return seenTo?.resolution === "CORRECTED" && agrees ? "ADOPTED" : "NOT_HERE";
}

function stateAs(status: AttemptStatus): UnbookedState {
  return status === "DECLINED" || status === "ABANDONED" ? "OTHERWISE_HERE" : "UNDER_WAY_HERE";
}
