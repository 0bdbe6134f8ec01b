import { isDatabaseAway, isLockTimeout, isRetryable } from "../../db/errors";
import { soundOutcome } from "../../processors/sound-outcome";
import { fullJitter } from "../../retry";
import type { Attempt } from "../attempt";
import type { Answer } from "./answer";
import type { Settled } from "./settle-attempts";

/** What settling an answer needs: answers are grouped into sets behind it. */
export interface AnswerSettler {
  readonly settleAttempt: (answer: Answer) => Promise<Settled>;
}

// With a second between tries, about as long as a database needs to be restarted. After that the answer is dropped: the
// attempt is still SENT, and the sweeper has it looked up.
const TRIES_MAX = 30;

/**
 * Settles an answer even if the database is briefly unavailable: this is the only copy of the answer. One that cannot
 * be true proves nothing, whichever way it came.
 */
export async function settleSurely(
  settler: AnswerSettler,
  attempt: Pick<Attempt, "merchantId" | "id" | "paymentIntentId" | "traceparent">,
  { outcome, source }: Pick<Answer, "outcome" | "source">,
): Promise<Settled> {
  const { merchantId, id, paymentIntentId, traceparent } = attempt;
  const heard = { outcome: soundOutcome(outcome), source, traceparent };
  for (let tries = 1; ; tries += 1) {
    try {
      return await settler.settleAttempt({ merchantId, attemptId: id, paymentIntentId, ...heard });
    } catch (error) {
      if (tries >= TRIES_MAX || !isPassing(error)) throw error;
      const waitMs = 100 + fullJitter({ baseMs: 200, attempt: tries, capMs: 2_000 });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

/** Serialisation failures include the refusal to post before the balances' horizon, while a server's clock catches up. */
function isPassing(error: unknown): boolean {
  return isDatabaseAway(error) || isLockTimeout(error) || isRetryable(error);
}
