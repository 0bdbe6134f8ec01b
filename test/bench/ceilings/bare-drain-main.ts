import { Client } from "pg";
import { Pool } from "undici";
import { SEALED_PART, type SealedPart, joinPersonalKey } from "../../../src/events/personal-data";
import { webhookBody } from "../../../src/webhooks/deliver-webhook";
import { signWebhook } from "../../../src/webhooks/sign";
import { serveTasks } from "../helper";

/**
 * The shortest honest relay: claim 500 with SKIP LOCKED, POST them signed with 50 in flight, record them in one
 * statement, again until there are none. No queue, no retries, no leases.
 */
export interface BareDrain {
  readonly databaseUrl: string;
  readonly receiverPort: number;
  readonly secret: string;
}

const BATCH = 500;
const IN_FLIGHT = 50;

const CLAIM = `
  with claimed as (
    update bench_queue set claimed_at = now() where position in (
      select position from bench_queue where claimed_at is null order by position limit ${String(BATCH)} for update skip locked)
    returning position, merchant_id, event_id
  )
  select c.position, e.id as "eventId", e.type, e.api_version as "apiVersion", iso(e.created_at) as "createdAt",
    e.sequence, e.object::text as object, ${SEALED_PART}
  from claimed c join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
  ${joinPersonalKey()}`;

const RECORD = `
  with done as (delete from bench_queue where position = any($1) returning event_id)
  insert into bench_delivered (event_id, status_code) select event_id, 204 from done`;

interface Claimed extends SealedPart {
  readonly position: number;
  readonly eventId: string;
  readonly type: string;
  readonly apiVersion: string;
  readonly createdAt: string;
  readonly sequence: number;
  readonly object: string;
}

/** Returns how many milliseconds it took. */
async function drain(given: BareDrain): Promise<number> {
  const client = new Client({ connectionString: given.databaseUrl });
  await client.connect();
  const pool = new Pool(`http://127.0.0.1:${String(given.receiverPort)}`, {
    connections: IN_FLIGHT,
  });
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await client.query<Claimed>({ name: "claim", text: CLAIM });
    if (rows.length === 0) break;
    let next = 0;
    const send = async (): Promise<void> => {
      for (let row = rows[next++]; row; row = rows[next++]) await post(pool, given.secret, row);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, send));
    const positions = rows.map(({ position }) => position);
    await client.query({ name: "record", text: RECORD, values: [positions] });
  }
  const tookMs = performance.now() - startedAt;
  await Promise.all([client.end(), pool.close()]);
  return tookMs;
}

async function post(pool: Pool, secret: string, event: Claimed): Promise<void> {
  const body = webhookBody(event);
  const signature = signWebhook({
    id: event.eventId,
    timestampSeconds: Math.floor(Date.now() / 1_000),
    body,
    secrets: [secret],
  });
  const answer = await pool.request({
    path: "/webhooks",
    method: "POST",
    headers: { ...signature, "content-type": "application/json" },
    body,
  });
  await answer.body.dump();
  if (answer.statusCode !== 204) throw new Error(`the receiver said ${String(answer.statusCode)}`);
}

serveTasks({ drain });
