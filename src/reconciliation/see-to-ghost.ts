import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { ProcessorFinder } from "../payments/send-attempt";
import type { Break } from "./break";
import { closeBreak, insertBreaks, lockBreak } from "./break-store";
import { POLICY, closeAsReversed, recordByPolicy } from "./by-policy";
import { postCorrection } from "./resolve-break";
import type { BreakConfig } from "./settings";

/*
 * A charge that a processor has and nothing here asked for is reversed, posted to suspense, or left for a person, as
 * configured. One at a merchant's account is reversed at that account. A refund or a void is never reversed: where
 * charges are, it is left for a person.
 *
 * Guarantees: what has become known here meanwhile is not touched: it is compared with its attempt like any other. A
 * reversal is repeated until it is acknowledged, and reversing twice is harmless; what the processor keeps as its fee is
 * posted. Where a processor undoes what was prepared by its own name for it, the lines say that name; without one a
 * person has to give it back. Who resolved the break, the installation itself, is in the audit log, in the same commit.
 * The processor is called with no transaction open.
 *
 * Cost: one read; of what is resolved one call to the processor or one journal, and one commit.
 */

const KNOWN_BY_NOW: Statement = {
  name: "find_attempt_of_ghost",
  text: `
    select a.merchant_id as "merchantId", a.payment_intent_id as "paymentIntentId"
    from attempts a where a.id = ? and coalesce(a.processor_account_id, a.processor) = ?`,
};

const REFERENCES: Statement = {
  name: "find_processor_refs_of_ghost",
  text: `
    select distinct l.processor_ref as "processorRef" from processor_lines l
    where l.run_id = ? and l.reference = ? and l.processor_ref is not null`,
};

interface Known {
  readonly merchantId: string;
  readonly paymentIntentId: string;
}

interface Needs extends ProcessorFinder {
  readonly db: Db;
  readonly config: Pick<BreakConfig, "ghostCharges">;
}

export type SeenTo =
  | "DONE"
  /** The processor did not acknowledge. */
  | "AGAIN"
  | "LEFT_FOR_A_PERSON";

export async function seeToGhost(needs: Needs, found: Break): Promise<SeenTo> {
  const { db, config } = needs;
  const teller = found.processorAccountId ?? found.processor;
  const [known] = await run<Known>(db, KNOWN_BY_NOW, [found.subjectId, teller]);
  if (known) {
    await compareAsKnown(db, found, known);
    return "DONE";
  }
  if (config.ghostCharges === "reverse") {
    // A refund is a shopper's by now, and a void holds nothing: taking either back would take from somebody.
    if (!TAKEN.has(found.theirs?.state ?? "")) return "LEFT_FOR_A_PERSON";
    return reverse(needs, found);
  }
  if (config.ghostCharges === "leave" || !found.proposal) return "LEFT_FOR_A_PERSON";
  await adopt(db, found);
  return "DONE";
}

/** What takes from a shopper, or holds what is theirs. */
const TAKEN: ReadonlySet<string> = new Set(["capture", "authorize"]);

async function compareAsKnown(db: Db, found: Break, known: Known): Promise<void> {
  await transact(db, async (tx) => {
    const detail = "it moved there before it was known here";
    await insertBreaks(tx, [{ ...found, ...known, kind: "TIMING", detail, dueInMs: 0 }]);
    const explanation = "an attempt has this reference by now: it is that one's";
    await closeBreak(tx, found, { resolution: "CLOSED_ITSELF", explanation, owner: POLICY });
  });
}

async function reverse({ db, processorOf }: Needs, found: Break): Promise<SeenTo> {
  const { merchantId, processorAccountId, processor: name } = found;
  const processor = await processorOf({
    ...{ merchantId, processorAccountId, processor: name ?? "", accountVersion: null },
  });
  const { reverses, prepares } = processor.capabilities;
  if (!reverses.includes("charge")) return "LEFT_FOR_A_PERSON";
  const refs = prepares.includes("charge") ? await referencesOf(db, found) : [null];
  if (refs.length === 0) return "LEFT_FOR_A_PERSON";
  for (const processorRef of refs) {
    const outcome = await processor.reverse({
      reference: found.subjectId,
      operation: "charge",
      processorRef,
      targetProcessorRef: null,
      amountMinor: found.theirs?.amount ?? 0,
      currency: found.currency,
      sentAt: null,
    });
    if (outcome.kind !== "reversed") return "AGAIN";
  }
  await failpoint("reconcile.after_reverse");
  const explanation = "nothing here asked for it, and it was reversed, as configured";
  await transact(db, (tx) => closeAsReversed(tx, found, { explanation }));
  return "DONE";
}

async function referencesOf(db: Db, { reportId, subjectId }: Break): Promise<string[]> {
  const rows = await run<{ processorRef: string }>(db, REFERENCES, [reportId, subjectId]);
  return rows.map(({ processorRef }) => processorRef);
}

async function adopt(db: Db, { id, merchantId }: Break): Promise<void> {
  await transact(db, async (tx) => {
    const locked = await lockBreak(tx, merchantId, id);
    if (!locked || locked.status === "RESOLVED") return;
    const journalId = await postCorrection(tx, locked);
    const explanation = "nothing here asked for it, and it was posted to suspense, as configured";
    const how = { resolution: "CORRECTED", explanation, owner: POLICY, journalId } as const;
    await closeBreak(tx, locked, how);
    await recordByPolicy(tx, locked, { after: { status: "RESOLVED", journalId } });
  });
}
