import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { Processor, Processors } from "../processors/processor";
import type { Break } from "./break";
import { closeBreak, insertBreaks, lockBreak } from "./break-store";
import { POLICY, closeAsReversed, recordByPolicy } from "./by-policy";
import { postCorrection } from "./resolve-break";
import type { BreakConfig } from "./settings";

/*
 * A charge that a processor has and nothing here asked for is reversed, posted to suspense, or left for a person, as
 * configured. A refund or a void is never reversed: where charges are, it is left for a person.
 *
 * Guarantees: what has become known here meanwhile is not touched: it is compared with its attempt like any other. A
 * reversal is repeated until it is acknowledged, and reversing twice is harmless; what the processor keeps as its fee is
 * posted. Who resolved the break, the installation itself, is in the audit log, in the same commit. The processor is called
 * with no transaction open.
 *
 * Cost: one read; of what is resolved one call to the processor or one journal, and one commit.
 */

const KNOWN_BY_NOW: Statement = {
  name: "find_attempt_of_ghost",
  text: `
    select a.merchant_id as "merchantId", a.payment_intent_id as "paymentIntentId"
    from attempts a where a.id = ? and a.processor = ? and a.processor_account_id is null`,
};

interface Known {
  readonly merchantId: string;
  readonly paymentIntentId: string;
}

interface Needs {
  readonly db: Db;
  readonly processors: Processors;
  readonly config: Pick<BreakConfig, "ghostCharges">;
}

export type SeenTo =
  | "DONE"
  /** The processor did not acknowledge. */
  | "AGAIN"
  | "LEFT_FOR_A_PERSON";

export async function seeToGhost(needs: Needs, found: Break): Promise<SeenTo> {
  const { db, config, processors } = needs;
  const processor = found.processor ?? "";
  const [known] = await run<Known>(db, KNOWN_BY_NOW, [found.subjectId, processor]);
  if (known) {
    await compareAsKnown(db, found, known);
    return "DONE";
  }
  if (config.ghostCharges === "reverse") {
    // A refund is a shopper's by now, and a void holds nothing: taking either back would take from somebody.
    if (!TAKEN.has(found.theirs?.state ?? "")) return "LEFT_FOR_A_PERSON";
    return reverse(db, found, processors.get(processor));
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

async function reverse(db: Db, found: Break, processor: Processor | undefined): Promise<SeenTo> {
  if (!processor?.capabilities.reverses.includes("charge")) return "LEFT_FOR_A_PERSON";
  const outcome = await processor.reverse({
    reference: found.subjectId,
    operation: "charge",
    processorRef: null,
    targetProcessorRef: null,
    amountMinor: found.theirs?.amount ?? 0,
    currency: found.currency ?? "",
    sentAt: null,
  });
  if (outcome.kind !== "reversed") return "AGAIN";
  await failpoint("reconcile.after_reverse");
  const explanation = "nothing here asked for it, and it was reversed, as configured";
  await transact(db, (tx) => closeAsReversed(tx, found, { explanation }));
  return "DONE";
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
