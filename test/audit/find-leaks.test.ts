import { PLACES, SUSPICIOUS, findLeaks } from "../../src/audit/find-leaks";
import { type TestApp, startTestApp } from "../support/app";
import { aMerchant, anIntent } from "../support/factories";
import { spelledCards } from "../security/corpus";

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

// Ids, states and other words that only we make up, and the processors' own ids.
const OUR_WORDS = new RegExp(
  `^(?:${[
    String.raw`\w+\.(?:id|(?!request_)\w+_id|status|\w+_status|kind|type|event_types|operation|(?:fee_)?currency|period)`,
    String.raw`\w+\.(?:source|effect|actor|cause|replay_of|replayed_as|scopes|hint|reference|processor)`,
    "api_keys.(?:allowed_addresses|created_by|origin|rolled_from)",
    "attempts.advice_code",
    "audit_log.(?:action|actor_kind|error_code|outcome|subject_type)",
    "events.api_version",
    "outbox.relay_error",
    "resolution_checks.(?:resolution|conclusion)",
    "seals.names",
    "webhook_deliveries.(?:error_class|line_subject)",
    "webhook_delivery_attempts.(?:error|error_class)",
    "webhook_endpoints.breaker",
    // Of a caller's nothing is taken that the detector finds something in; ours are random, and may spell anything.
    String.raw`\w+\.traceparent`,
    "idempotency_keys.failure_code",
    "merchants.mode",
    "partitioned_tables.(?:name|id_prefix)",
    "payment_intents.(?:capture_method|cancellation_reason|authorization_expiry_policy)",
    "refunds.reason",
    // Of a run's lines only ids, amounts and words that the format allows are stored: they are struck out as they are read.
    "reconciliation_breaks.(?:proposal|resolution)",
    "reconciliation_runs.(?:position|lists|failure)",
    "processor_lines.processor_ref",
    "audit_state.(?:at_merchant|differences)",
    "(?:processor_)?disputes.reason",
    "processor_accounts.(?:mode|api_version)",
    "processor_routes.capture_method",
    "replay_plans.(?:horizon|position|counts|sample_ids|created_by)",
    "webhook_endpoints.(?:api_version|secret_hint|old_secret_hint|challenge_error)",
  ].join("|")})$`,
);

const TEXT_COLUMNS = `
  select c.relname || '.' || a.attname as column
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not c.relispartition and c.relname not like 'knex%'
    and format_type(a.atttypid, null) in ('text', 'text[]', 'character varying', 'json', 'jsonb')`;

it("looks at every column that can hold what others wrote", async () => {
  const { rows } = await t.db.raw<{ rows: { column: string }[] }>(TEXT_COLUMNS);
  const looked = PLACES.flatMap(({ table, columns }) =>
    columns.map((column) => `${table}.${column}`),
  );
  const columns = rows.map(({ column }) => column);
  expect(looked.filter((column) => !columns.includes(column))).toEqual([]);
  expect(looked.filter((column) => OUR_WORDS.test(column))).toEqual([]);
  const left = columns.filter((column) => !looked.includes(column) && !OUR_WORDS.test(column));
  // A new column belongs into PLACES, unless only we ever write to it.
  expect(left).toEqual([]);
});

it("has Postgres find every row that the detector would find something in", async () => {
  const texts = [
    ...spelledCards().map(([, text]) => text),
    `sk_live_01m7w8gk88x1y3hd6s91afm9yb_${"a1B2".repeat(11)}`,
    `whsec%5F${"QUJD".repeat(10)}`,
    `pi_01m7w8gk88x1y3hd6s91afm9yb_secret_${"a-_2".repeat(6)}`,
  ];
  const { rows } = await t.db.raw<{ rows: { text: string }[] }>(
    `select t as text from unnest(?::text[]) t where json_build_array(t)::text !~ '${SUSPICIOUS}'`,
    [texts],
  );
  expect(rows).toEqual([]);
});

it("looks at more rows than fit into memory at once", async () => {
  const undo = new Error("undo");
  let found = 0;
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx.raw(
        `insert into merchants (id, name)
         select 'mer_' || n, case when n > 2990 then '4242/4242/4242/4242' else '20261120101530 %' end
         from generate_series(1, 3000) n`,
      );
      found = (await findLeaks(tx)).length;
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  expect(found).toBe(10);
});

it("finds nothing in what ordinary callers write", async () => {
  await anIntent(t, merchantId, {
    description: "Bücher für 4 500 000 000 000 IDR & 20 % Rabatt",
    customer: "+49 1512 3456789",
    metadata: { iban: "DE89 3704 0044 0532 0130 00", at: "23-12-2026 26-12-2026" },
  });
  expect(await t.db.transaction((tx) => findLeaks(tx))).toEqual([]);
});
