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
