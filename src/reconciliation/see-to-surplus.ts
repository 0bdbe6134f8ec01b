import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { Attempt } from "../payments/attempt";
import { insertEvidence } from "../payments/evidence-store";
import { type AttemptToSend, asAttempt, isToSend } from "../payments/processor-request";
import type { ProcessorFinder } from "../payments/send-attempt";
import type { ProcessorMovement } from "../processors/lists";
import type { Processor } from "../processors/processor";
import type { Break } from "./break";
import { beginReversing, explainBreak, findReversing, lockBreak } from "./break-store";
import { POLICY, closeAsReversed, recordByPolicy } from "./by-policy";
import { KIND_OF } from "./compared";
import type { SeenTo } from "./see-to-ghost";
import { TELLER } from "./report-store";
import type { BreakConfig } from "./settings";

/*
 * Of money that moved more than once for one attempt all but one movement is given back, or it is left for a person, as
 * configured.
 *
 * Guarantees: the movement that stays is the one that the attempt's answer was about. Which ones are taken back is
 * committed before the processor is asked, and never decided again: whoever goes on after a crash asks for the same ones,
 * and each can be taken back once. Where that cannot be decided with certainty, because something under the reference was
 * taken back already, or moved another amount, or because what is to stay does not stand, nothing is touched, and the
 * break says why. What the processor keeps as its fee is posted with the end of the break, beside the evidence and the
 * entry in the audit log. The processor is called with no transaction open.
 *
 * Cost: two reads, a probe for each list and file of a week, a look-up, a call for each movement that is taken back, and
 * two commits.
 */

const KNOWN_FOR_DAYS = 7;

const LINES: Statement = {
  name: "find_lines_of_surplus",
  text: `
    select distinct on (l.movement_id) l.movement_id as "movementId", l.kind as "kind",
      l.amount as "amountMinor", l.currency as "currency", l.charge_id as "chargeId",
      iso(l.moved_at) as "movedAt"
    from reconciliation_runs f
    join reconciliation_runs r on ${TELLER}
        = coalesce(f.processor_account_id, f.processor)
      and r.source in ('PROCESSOR_LIST', 'SETTLEMENT_FILE')
      and r.period_to > f.period_from - interval '${String(KNOWN_FOR_DAYS)} days'
    join processor_lines l on l.run_id = r.id and l.reference = ?
    where f.id = ?
    order by l.movement_id`,
};

type Line = Pick<ProcessorMovement, "movementId" | "kind" | "amountMinor" | "currency"> &
  Pick<ProcessorMovement, "chargeId" | "movedAt">;

interface Needs extends ProcessorFinder {
  readonly db: Db;
  readonly config: Pick<BreakConfig, "duplicateMovements">;
}

export async function seeToSurplus(needs: Needs, found: Break, attempt: Attempt): Promise<SeenTo> {
  const { db, config } = needs;
  const begun = await findReversing(db, found);
  if (config.duplicateMovements === "leave" && begun === null) return "LEFT_FOR_A_PERSON";
  const processor = await needs.processorOf(attempt);
  if (!isToSend(attempt) || !canReverse(processor, attempt)) {
    return leave(db, found, `${attempt.processor} cannot take back one movement by itself`);
  }
  if (begun !== null) return giveBack(db, { found, attempt, processor, movementIds: begun });
  const lines = await run<Line>(db, LINES, [attempt.id, found.reportId]);
  const { kept, others } = sorted(lines, attempt);
  if (!kept) return leave(db, found, "it cannot be told which movement is to stay");
  if (processor.capabilities.canLookUp) {
    const outcome = await processor.lookUp(asAttempt(attempt));
    if (outcome.kind === "unknown") return "AGAIN";
    const stands = outcome.kind === "approved" && outcome.processorChargeId === kept.chargeId;
    if (!stands) return leave(db, found, "what is to stay does not stand at the processor");
  }
  const movementIds = others.map(({ movementId }) => movementId);
  if (!(await beginReversing(db, found, movementIds))) return "AGAIN";
  await failpoint("reconcile.after_claim");
  return giveBack(db, { found, attempt, processor, movementIds });
}

type CanReverse = Processor & Required<Pick<Processor, "reverseMovement">>;

function canReverse(processor: Processor, { operation }: AttemptToSend): processor is CanReverse {
  if (processor.reverseMovement === undefined) return false;
  return processor.capabilities.reversesMovements?.includes(operation) === true;
}

/** None is kept where it is not certain which. */
function sorted(
  lines: readonly Line[],
  { operation, status, amount, currency, processorChargeId }: AttemptToSend,
): { readonly kept: Line | undefined; readonly others: readonly Line[] } {
  const isOne = (line: Line): boolean =>
    line.kind === KIND_OF[operation] && line.amountMinor === amount && line.currency === currency;
  const isCertain = status === "SUCCEEDED" && lines.length > 1 && lines.every(isOne);
  const inTime = lines.toSorted((a, b) => a.movedAt.localeCompare(b.movedAt));
  const kept = isCertain
    ? inTime.find(({ chargeId }) => chargeId === processorChargeId)
    : undefined;
  return { kept, others: inTime.filter((line) => line !== kept) };
}

async function giveBack(
  db: Db,
  given: {
    readonly found: Break;
    readonly attempt: AttemptToSend;
    readonly processor: CanReverse;
    readonly movementIds: readonly string[];
  },
): Promise<SeenTo> {
  const { found, attempt, processor, movementIds } = given;
  const { merchantId, id: reference, operation, amount: amountMinor, currency } = attempt;
  for (const movementId of movementIds) {
    const movement = { movementId, reference, operation, amountMinor, currency };
    const outcome = await processor.reverseMovement(movement);
    if (outcome.kind !== "reversed") return "AGAIN";
  }
  await failpoint("reconcile.after_reverse");
  const done = {
    explanation: `what moved beside the first was taken back, as configured: ${movementIds.join(", ")}`,
    objects: movementIds.length,
  };
  await transact(db, async (tx) => {
    if (!(await closeAsReversed(tx, found, done))) return;
    const outcome = { kind: "reversed", movementIds };
    const answer = { merchantId, attemptId: reference, outcome, source: "reconciliation" };
    await insertEvidence(tx, [{ answer, effect: "surplus" }]);
  });
  return "DONE";
}

/** It says so once; what somebody has said meanwhile stays. */
async function leave(db: Db, { merchantId, id }: Break, why: string): Promise<SeenTo> {
  await transact(db, async (tx) => {
    const found = await lockBreak(tx, merchantId, id);
    if (found?.status !== "OPEN") return;
    const explanation = `${why}: a person has to give it back`;
    const { status } = await explainBreak(tx, found, { explanation, owner: POLICY });
    await recordByPolicy(tx, found, { after: { status } });
  });
  return "LEFT_FOR_A_PERSON";
}
