import { type Statement, type Tx, run } from "../db/db";
import { transact } from "../db/transact";
import { notHeld } from "../merchants/not-held";
import { resolutionChecks } from "../observability/metrics";
import type { LookupOutcome, Processor } from "../processors/processor";
import { soundOutcome } from "../processors/sound-outcome";
import type { Attempt, Resolution } from "./attempt";
import { ATTEMPT_COLUMNS } from "./attempt-store";
import { insertEvidence } from "./evidence-store";
import type { AttemptInquirer } from "./look-up-attempts";
import { asAttempt, isToSend } from "./processor-request";
import type { LookupPolicy } from "./settle/answer";
import { settleSurely } from "./settle/settle-surely";

/*
 * Guarantees: an operator's word about an unknown outcome is compared with the processor's until that has said
 * something. A processor that says the same confirms it. One that says otherwise contradicts it, never in silence: money
 * that moved after all is returned (settle/late-answer.ts), a refund that did not is given back to the merchant, and
 * where something is missing that was said to have moved, it is evidence, and an error in the log, for a person to see.
 * Looking up changes nothing at the processor, so a crash costs one more look-up.
 *
 * Cost: nothing without resolutions but a probe of an index; two row writes for each look-up.
 */

type Conclusion = "CONFIRMED" | "CONTRADICTED";

const BEGIN: Statement = {
  name: "begin_resolution_check",
  text: `
    insert into resolution_checks (merchant_id, attempt_id, resolution, next_at)
    values (?, ?, ?, now() + ?::bigint * interval '1 millisecond')`,
};

/** In the resolution's own commit. */
export async function beginCheck(
  tx: Tx,
  check: {
    readonly merchantId: string;
    readonly attemptId: string;
    readonly resolution: Resolution;
  },
  { lookupScheduleMs }: LookupPolicy,
): Promise<void> {
  const { merchantId, attemptId, resolution } = check;
  await run(tx, BEGIN, [merchantId, attemptId, resolution, lookupScheduleMs[0] ?? 0]);
}

/** Across merchants, like takeDueAttempts: what is due, leased to whoever asks. */
const TAKE_DUE: Statement = {
  name: "take_due_resolution_checks",
  text: `
    with due as materialized (
      select c.merchant_id, c.attempt_id from resolution_checks c
      where c.next_at <= now() and ${notHeld("c.merchant_id")}
      order by c.next_at limit ? for update skip locked
    ), taken as (
      update resolution_checks c
      set next_at = now() + ? * interval '1 millisecond', lookups = c.lookups + 1
      from due where c.merchant_id = due.merchant_id and c.attempt_id = due.attempt_id
      returning c.*
    )
    select ${ATTEMPT_COLUMNS}, c.resolution as "resolution", c.lookups as "checks"
    from taken c join attempts a on a.merchant_id = c.merchant_id and a.id = c.attempt_id`,
};

const WAIT: Statement = {
  name: "wait_for_resolution_check",
  text: `
    update resolution_checks set next_at = now() + ?::bigint * interval '1 millisecond'
    where merchant_id = ? and attempt_id = ? and conclusion is null`,
};

const CONCLUDE: Statement = {
  name: "conclude_resolution_check",
  text: `
    update resolution_checks set conclusion = ?, concluded_at = now(), next_at = null
    where merchant_id = ? and attempt_id = ? and conclusion is null returning attempt_id`,
};

interface Check extends Attempt {
  readonly resolution: Resolution;
  readonly checks: number;
}

interface Checker extends AttemptInquirer {
  readonly config: LookupPolicy & { readonly processorTimeoutMs: number };
}

/** Asks about everything that is due, and says how many were concluded. */
export async function checkResolutions(checker: Checker, limit: number): Promise<number> {
  const leaseMs = 3 * checker.config.processorTimeoutMs;
  const due = await run<Check>(checker.db, TAKE_DUE, [limit, leaseMs]);
  const concluded = await Promise.all(due.map((check) => checkOne(checker, check)));
  return concluded.filter(Boolean).length;
}

async function checkOne(checker: Checker, check: Check): Promise<boolean> {
  const processor = await checker.processorOf(check);
  // Nobody can be asked about these: a webhook or a settlement line may still contradict.
  if (!processor.capabilities.canLookUp || !isToSend(check)) {
    await run(checker.db, WAIT, [null, check.merchantId, check.id]);
    return false;
  }
  const outcome = soundOutcome(await processor.lookUp(asAttempt(check))) as LookupOutcome;
  const conclusion = concludeFrom(check, processor, outcome);
  if (conclusion === undefined) {
    const { lookupScheduleMs } = checker.config;
    const waitMs = lookupScheduleMs[Math.min(check.checks, lookupScheduleMs.length - 1)] ?? 0;
    await run(checker.db, WAIT, [waitMs, check.merchantId, check.id]);
    return false;
  }
  await conclude(checker, { check, outcome, conclusion });
  return true;
}

/** Undefined: what it says proves nothing yet. */
function concludeFrom(
  check: Check,
  processor: Processor,
  outcome: LookupOutcome,
): Conclusion | undefined {
  const didMove = movedBy(check, processor, outcome);
  if (didMove === undefined) return undefined;
  return didMove === (check.resolution === "SUCCEEDED") ? "CONFIRMED" : "CONTRADICTED";
}

function movedBy(check: Check, processor: Processor, outcome: LookupOutcome): boolean | undefined {
  switch (outcome.kind) {
    case "approved":
      return true;
    case "declined":
    case "reversed":
      return false;
    case "not_found": {
      const sinceSentMs = check.sentAt ? Date.now() - check.sentAt.getTime() : Infinity;
      return sinceSentMs > processor.capabilities.requestHorizonMs ? false : undefined;
    }
    case "unknown":
    case "pending":
    case "action_required":
      return undefined;
  }
}

interface Concluded {
  readonly check: Check;
  readonly outcome: LookupOutcome;
  readonly conclusion: Conclusion;
}

async function conclude(
  checker: Checker,
  { check, outcome, conclusion }: Concluded,
): Promise<void> {
  const { merchantId, id, resolution } = check;
  // What can be put right is put right first: if this process dies now, that is heard as a duplicate the next time.
  const settles = conclusion === "CONTRADICTED" && outcome.kind !== "not_found";
  const { effect } = settles
    ? await settleSurely(checker, check, { outcome, source: "lookup" })
    : { effect: undefined };
  const isSettled = effect === "applied" || effect === "contradiction";
  const isFirst = await transact(checker.db, async (tx) => {
    const concluded = await run(tx, CONCLUDE, [conclusion, merchantId, id]);
    if (concluded.length > 0 && !isSettled) {
      const answer = { merchantId, attemptId: id, outcome, source: "lookup" };
      const said = conclusion === "CONFIRMED" ? "confirmed" : "contradiction";
      await insertEvidence(tx, [{ answer, effect: said }]);
    }
    return concluded.length > 0;
  });
  if (!isFirst) return;
  resolutionChecks.inc({ conclusion: conclusion === "CONFIRMED" ? "confirmed" : "contradicted" });
  if (conclusion === "CONTRADICTED") {
    const about = { merchantId, attemptId: id, resolution, outcome: outcome.kind };
    checker.log.error(about, "the processor contradicts what an operator said");
  }
}
