import { type Db, type Statement, type Tx, run } from "../db/db";

/** A report about an attempt, and its effect. */
export interface HeardAnswer {
  readonly answer: {
    readonly merchantId: string;
    readonly attemptId: string;
    readonly outcome: { readonly kind: string };
    readonly source: string;
    readonly reason?: string;
  };
  readonly effect: string;
}

const INSERT: Statement = {
  name: "insert_attempt_evidence",
  text: `
    insert into attempt_evidence (merchant_id, attempt_id, source, outcome, effect, reason)
    select merchant_id, attempt_id, source, outcome, effect, reason
    from jsonb_to_recordset(?) as e (merchant_id text, attempt_id text, source text,
      outcome jsonb, effect text, reason text)`,
};

export async function insertEvidence(tx: Tx, heard: readonly HeardAnswer[]): Promise<void> {
  if (heard.length === 0) return;
  const rows = heard.map(({ answer, effect }) => ({
    merchant_id: answer.merchantId,
    attempt_id: answer.attemptId,
    source: answer.source,
    outcome: answer.outcome,
    effect,
    reason: answer.reason,
  }));
  await run(tx, INSERT, [JSON.stringify(rows)]);
}

export interface Evidence {
  readonly source: string;
  readonly outcome: string;
  readonly effect: string;
  readonly reason: string | null;
  readonly at: string;
}

const FIND: Statement = {
  name: "find_evidence_of_attempts",
  text: `
    select k.id as "attemptId", e.*
    from unnest(?::text[]) as k (id)
    cross join lateral (
      select source as "source", outcome->>'kind' as "outcome", effect as "effect",
        reason as "reason", iso(at) as "at"
      from attempt_evidence where merchant_id = ? and attempt_id = k.id order by line limit 100
    ) e`,
};

/** For many attempts at once: what was reported about each, oldest first. */
export async function findEvidence(
  db: Db,
  merchantId: string,
  attemptIds: readonly string[],
): Promise<Evidence[][]> {
  const rows = await run<Evidence & { readonly attemptId: string }>(db, FIND, [
    attemptIds,
    merchantId,
  ]);
  return attemptIds.map((id) => rows.filter(({ attemptId }) => attemptId === id));
}

/** The effect of what the first of two operators says, where two have to say the same: none yet. */
export const PROPOSED = "proposed";

/** What an operator proposed, and whose eyes it was seen with. */
export interface Proposal extends Evidence {
  /** The whole of the outcome, as it would be settled. */
  readonly proposed: unknown;
  readonly origin: string;
}

const FIND_PROPOSALS: Statement = {
  name: "find_proposals_for_attempt",
  text: `
    select e.source as "source", e.outcome->>'kind' as "outcome", e.effect as "effect",
      e.reason as "reason", iso(e.at) as "at", e.outcome as "proposed",
      coalesce(k.origin, k.id) as "origin"
    from attempt_evidence e
    join api_keys k on k.merchant_id = ? and k.id = e.source and k.revoked_at is null
    where e.merchant_id = ? and e.attempt_id = ? and e.effect = '${PROPOSED}'
    order by e.line desc limit 100`,
};

/**
 * What has been proposed for an attempt, newest first, by the holder's keys. What a key proposed that has been revoked
 * since does not count: it may have been in the wrong hands.
 */
export async function findProposals(
  db: Db,
  attempt: { readonly merchantId: string; readonly id: string },
  holder: string,
): Promise<Proposal[]> {
  return run<Proposal>(db, FIND_PROPOSALS, [holder, attempt.merchantId, attempt.id]);
}
