import { Client } from "pg";
import { newId, timePart } from "../../../src/ids";
import { takeBalanceSnapshots } from "../../../src/ledger/take-balance-snapshots";
import { TOOK_MS } from "../../../src/webhooks/endpoint-hours";
import type { Installation } from "../installation";
import { settleTables } from "./seed";

/*
 * What a busy merchant has after twenty hours, as the product would have left it: payments that were charged, posted and
 * told of, of whose webhooks some died; set by set, and not payment by payment.
 */

export interface ConsoleTables {
  readonly payments: number;
  readonly letters: number;
}

/** One of each thing that has a page of its own. */
export interface Samples {
  readonly payment: string;
  readonly letter: string;
  readonly endpoint: string;
  readonly account: string;
  readonly break: string;
}

const SLICES = 40;
const SLICE_MS = 30 * 60_000;
const ENDPOINTS = 3;
const UNKNOWN = 200;
const BREAKS = 200;
const ACCOUNT = "acct_00000000000000000000000001";

export async function fillConsoleTables(
  installation: Installation,
  { payments, letters }: ConsoleTables,
): Promise<Samples> {
  const merchantId = installation.merchants[0]?.id ?? "";
  const endpoints = Array.from({ length: ENDPOINTS }, () => newId("webhookEndpoint"));
  const client = new Client({ connectionString: installation.databaseUrl });
  await client.connect();
  try {
    // What is written here is right, and checking each row would take longer than writing it.
    await client.query("set session_replication_role = replica; set synchronous_commit = off");
    // As old as what is in its tables; a horizon is never set back otherwise.
    await client.query("update balance_horizon set before = now() - $1 * interval '1 ms'", [
      (SLICES + 1) * SLICE_MS,
    ]);
    for (const endpoint of endpoints) await client.query(ENDPOINT, [merchantId, endpoint]);
    await client.query(ACCOUNTS, [merchantId]);
    const size = Math.ceil(payments / SLICES);
    for (let first = 0, slice = 1; first < payments; first += size, slice += 1) {
      const last = Math.min(payments, first + size) - 1;
      const atMs = Date.now() - (SLICES - slice + 1) * SLICE_MS + SLICE_MS / 2;
      const of = [merchantId, first, last, timePart(atMs), new Date(atMs)];
      for (const text of OF_PAYMENTS) await client.query(text, of);
      // The newest of each slice died.
      const dead = Math.ceil((letters * (last - first + 1)) / payments);
      await client.query(DELIVERIES, [...of, endpoints, dead]);
      // As a sweeper would have done at that time.
      const marginMs = Date.now() - (atMs + SLICE_MS / 4);
      await takeBalanceSnapshots(installation.db, { limit: 100, marginMs });
    }
    await client.query(HOURS, [merchantId]);
    await client.query(UNKNOWN_ATTEMPTS, [merchantId, UNKNOWN]);
    await client.query(OPEN_BREAKS, [merchantId, BREAKS]);
  } finally {
    await client.end();
  }
  await settleTables(installation);
  return samplesOf(installation, endpoints[0] ?? "");
}

async function samplesOf({ db }: Installation, endpoint: string): Promise<Samples> {
  const idOf = async (query: string): Promise<string> => {
    const { rows } = await db.raw<{ rows: { id: string | null }[] }>(query);
    const id = rows[0]?.id;
    if (id == null) throw new Error(`nothing was filled in: ${query}`);
    return id;
  };
  return {
    payment: await idOf("select max(id) as id from payment_intents"),
    letter: await idOf("select max(id) as id from webhook_deliveries where status = 'DEAD'"),
    endpoint,
    account: ACCOUNT,
    break: await idOf("select max(id) as id from reconciliation_breaks"),
  };
}

const ENDPOINT = `
  insert into webhook_endpoints (merchant_id, id, url, secret, idempotency_key)
  values ($1, $2, 'https://shop.example/webhooks', '\\x00', $2)`;

const HOURS = `
  insert into webhook_endpoint_hours (merchant_id, endpoint_id, hour, attempts, succeeded, took)
  select $1, w.id, date_bin('1 hour', now() - n * interval '1 hour', timestamptz '2000-01-01Z'),
    5000, 4900, array(select 1 + s from generate_series(1, ${String(TOOK_MS.length)}) s)
  from webhook_endpoints w, generate_series(0, 23) n where w.merchant_id = $1`;

const ACCOUNTS = `
  insert into ledger_accounts (merchant_id, id, kind, currency)
  values ($1, '${ACCOUNT}', 'PROCESSOR_RECEIVABLE', 'USD'),
    ($1, 'acct_00000000000000000000000002', 'MERCHANT_BALANCE', 'USD'),
    ($1, 'acct_00000000000000000000000003', 'PROCESSING_FEES', 'USD')`;

const RATIO = 40;

/** Payment number n, with ids that grow with n. */
const PAYMENT = `
  from generate_series($2::int, $3::int) as n,
  lateral (select $1::text as merchant_id, $4::text || lpad(n::text, 16, '0') as id,
    $4::text || lpad(n::text, 15, '0') as eid,
    1000 + n % 5000 as amount, $5::timestamptz as at) as p`;

const SNAPSHOT = `json_build_object('id', 'pi_' || p.id, 'object', 'payment_intent',
  'status', 'SUCCEEDED', 'amount', p.amount, 'currency', 'USD', 'version', 3)`;

const OF_PAYMENTS = [
  `insert into payment_intents (merchant_id, id, status, amount, currency, capture_method,
     payment_method, amount_authorized, amount_captured, customer, merchant_reference, metadata,
     attempts_made, version, idempotency_key, created_at, updated_at)
   select p.merchant_id, 'pi_' || p.id, 'SUCCEEDED', p.amount, 'USD', 'AUTOMATIC', 'pm_card_visa',
     p.amount, p.amount, 'customer-' || n % 1000, 'order-' || n, '{"cart": "a1b2c3"}', 1, 3,
     'key-' || n, p.at, p.at
   ${PAYMENT}`,
  `insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor, amount,
     currency, fee, processor_charge_id, next_at, sent_at, settled_at, created_at)
   select p.merchant_id, 'att_' || p.id, 'pi_' || p.id, 'charge', 'SUCCEEDED', 'sandbox', p.amount,
     'USD', p.amount / ${String(RATIO)}, 'ch_' || n, null, p.at, p.at, p.at
   ${PAYMENT}`,
  `insert into transitions (merchant_id, payment_intent_id, version, from_status, to_status,
     event_id, actor, cause, amount, terminal, at)
   select p.merchant_id, 'pi_' || p.id, t.version, t.was, t.becomes,
     'evt_' || p.eid || t.version, 'key_bench', t.cause, p.amount, t.version = 3, p.at
   ${PAYMENT}, (values (1, null, 'REQUIRES_CONFIRMATION', 'createPaymentIntent'),
     (2, 'REQUIRES_CONFIRMATION', 'PROCESSING', 'confirmPaymentIntent'),
     (3, 'PROCESSING', 'SUCCEEDED', 'processor')) as t (version, was, becomes, cause)`,
  // An event's id ends with the version.
  `insert into events (merchant_id, id, type, api_version, subject_id, sequence, object, created_at)
   select p.merchant_id, 'evt_' || p.eid || t.version, t.type, '2026-11-20', 'pi_' || p.id,
     t.version, ${SNAPSHOT}, p.at
   ${PAYMENT}, (values (1, 'payment_intent.created'), (2, 'payment_intent.processing'),
     (3, 'payment_intent.succeeded')) as t (version, type)`,
  `insert into event_feed (merchant_id, position, event_id, type)
   select p.merchant_id, n * 3 + t.version, 'evt_' || p.eid || t.version, t.type
   ${PAYMENT}, (values (1, 'payment_intent.created'), (2, 'payment_intent.processing'),
     (3, 'payment_intent.succeeded')) as t (version, type)`,
  `insert into journals (merchant_id, id, kind, payment_intent_id, source_id, created_at)
   select p.merchant_id, 'jrn_' || p.id, 'capture', 'pi_' || p.id, 'att_' || p.id, p.at
   ${PAYMENT}`,
  `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount,
     currency, pending, created_at)
   select p.merchant_id, 'jrn_' || p.id, l.line, 'acct_0000000000000000000000000' || l.debit,
     'acct_0000000000000000000000000' || l.credit, l.amount, 'USD', false, p.at
   ${PAYMENT}, lateral (values (1, 1, 2, p.amount), (2, 3, 1, p.amount / ${String(RATIO)}))
     as l (line, debit, credit, amount)`,
  `insert into audit_log (merchant_id, id, action, operation, outcome, actor_kind, actor_id,
     subject_id, at, last_at)
   select p.merchant_id, 'aud_' || p.id, 'READ', 'paymentIntent', 'SUCCEEDED', 'OPERATOR',
     'key_bench', 'pi_' || p.id, p.at, p.at
   ${PAYMENT} where n % 5 = 0`,
];

/** $6: the endpoints; $7: how many of these are dead. */
const DELIVERIES = `
  insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, status, tries, next_at,
    status_code, error, error_class, duration_ms, created_at, updated_at)
  select p.merchant_id, 'whd_' || p.id, 'evt_' || p.eid || 3, ($6::text[])[1 + n % ${String(ENDPOINTS)}],
    case when d.dead then 'DEAD' else 'SUCCEEDED' end, case when d.dead then 8 else 1 end, null,
    case when d.dead then 500 + n % 4 else 200 end, case when d.dead then 'answered' end,
    case when d.dead then (array['SERVER_ERROR', 'CLIENT_ERROR'])[1 + n % 2] end, 20 + n % 100,
    p.at, p.at
  ${PAYMENT}, lateral (select n > $3::int - $7::int as dead) as d`;

const UNKNOWN_ATTEMPTS = `
  update attempts set status = 'UNKNOWN', settled_at = null, unknown_since = created_at,
    next_at = now() + interval '1 hour', lookups = 5
  where merchant_id = $1 and id in (select id from attempts where merchant_id = $1 order by id
    limit $2)`;

const OPEN_BREAKS = `
  insert into reconciliation_breaks (merchant_id, id, kind, source, processor, subject_id,
    payment_intent_id, currency, detail, ours, theirs, proposal)
  select a.merchant_id, 'brk' || substr(a.id, 4), 'FEE', 'SETTLEMENT_FILE', 'sandbox', a.id,
    a.payment_intent_id, 'USD', 'another fee',
    json_build_object('amount', a.amount, 'currency', 'USD', 'fee', a.fee, 'state', 'SUCCEEDED'),
    json_build_object('amount', a.amount, 'currency', 'USD', 'fee', a.fee + 3, 'state', 'capture'),
    json_build_object('corrects', 'jrn' || substr(a.id, 4), 'postings', json_build_array(
      json_build_object('debit', 'PROCESSING_FEES', 'credit', 'PROCESSOR_RECEIVABLE', 'amount', 3)))
  from attempts a where a.merchant_id = $1 and a.status = 'SUCCEEDED' order by a.id desc limit $2`;
