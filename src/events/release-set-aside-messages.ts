import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { type StoredFailure, wrongState } from "../failures";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { messageNumber } from "./list-set-aside-messages";

/*
 * Guarantees: rows of the outbox that are set aside are relayed next instead of when their pauses are over, or never.
 * They keep one death: each is begun with alone, so that one that a relay dies over again is set aside again, and
 * nothing else waits for it. None of the given ids being set aside is refused; some of them not being so is not,
 * because a row may have been relayed since it was listed.
 *
 * A release done twice tries twice what is tried by itself anyway, so only the record of its key keeps it.
 *
 * Cost: one statement, and one row written for each message.
 */
export interface ReleaseSetAsideMessages {
  /** Who releases; for the installation itself where it is for no merchant. */
  readonly merchantId: string;
  /** Null: those of all merchants. */
  readonly ofMerchantId: string | null;
  readonly key: string;
  /** Null: all of them. */
  readonly ids: readonly string[] | null;
  readonly reason: string;
  readonly audit?: AuditedWrite | undefined;
}

export interface Released {
  readonly count: number;
  /** Whether there are more than are released at once. */
  readonly hasMore: boolean;
}

export const RELEASED_MAX = 10_000;

const RELEASE: Statement = {
  name: "release_set_aside_messages",
  text: `
    with wanted as (
      select ?::text as merchant_id, ?::bigint[] as ids, ?::int as most
    ), found as materialized (
      select o.id from wanted w cross join lateral (
        select o.id from outbox o
        where o.aside_until is not null and (w.ids is null or o.id = any(w.ids))
          and (w.merchant_id is null or o.merchant_id = w.merchant_id)
        order by o.id limit w.most + 1 for update
      ) o
    ), released as (
      update outbox o set aside_until = null, aside_since = null, relay_deaths = 1
      from (select id from found order by id limit (select most from wanted)) f
      where o.id = f.id
      returning o.id
    )
    select (select count(*)::int from released) as "count",
      (select count(*) from found) > (select most from wanted) as "hasMore"`,
};

const KNOWN: Statement = {
  name: "know_outbox_messages",
  text: `
    select 'msg_' || lpad(o.id::text, 26, '0') as "id" from outbox o
    where o.id = any(?::bigint[]) and (?::text is null or o.merchant_id = ?) order by o.id limit 1`,
};

export const releaseOperation: KeyedOperation<Released> = { name: "releaseSetAsideMessages" };

export async function releaseSetAsideMessages(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: ReleaseSetAsideMessages,
): Promise<Outcome<Released>> {
  const { merchantId, key, ids, reason, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(releaseOperation.name, { ids, reason }).toString("hex"),
    audit,
  };
  return once<Released>(db, request, {
    operation: releaseOperation,
    execute: (tx) => execute(tx, command),
  });
}

async function execute(
  tx: Tx,
  { ofMerchantId, ids }: ReleaseSetAsideMessages,
): Promise<Execution<Released, undefined>> {
  const [released] = await run<Released>(tx, RELEASE, [
    ofMerchantId,
    ids && numbersOf(ids),
    RELEASED_MAX,
  ]);
  const result = released as Released;
  if (ids && result.count === 0) {
    return { failure: await whyNone(tx, ofMerchantId, ids) };
  }
  return { result, audited: { after: { count: result.count } } };
}

function numbersOf(ids: readonly string[]): string[] {
  return ids.flatMap((id) => messageNumber(id) ?? []);
}

async function whyNone(
  tx: Tx,
  merchantId: string | null,
  ids: readonly string[],
): Promise<StoredFailure> {
  const [known] = await run<{ id: string }>(tx, KNOWN, [numbersOf(ids), merchantId, merchantId]);
  if (!known) return { code: "NOT_FOUND", details: { id: ids[0] ?? null, object: "message" } };
  const because = "It is not set aside: the relay takes it by itself.";
  return wrongState({ id: known.id, because, currentState: "NOT_SET_ASIDE", allowedActions: [] });
}
