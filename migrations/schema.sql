-- What the migrations make. Not run by anything; refresh it with: npm run generate

create table api_keys (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null,
  name text not null default ''::text,
  scopes text[] not null,
  secret_hash bytea not null,
  hint text not null,
  idempotency_key text,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  allowed_addresses text[] not null default '{}'::text[],
  rolled_from text collate "C",
  created_by text collate "C",
  origin text collate "C",
  first_used_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint api_keys_pkey PRIMARY KEY (merchant_id, id),
  constraint api_keys_merchant_id_idempotency_key_key UNIQUE (merchant_id, idempotency_key),
  constraint api_keys_merchant_id_secret_hash_key UNIQUE (merchant_id, secret_hash),
  constraint api_keys_one_successor UNIQUE (merchant_id, rolled_from),
  constraint api_keys_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint api_keys_kind_check CHECK ((kind = ANY (ARRAY['SECRET'::text, 'PUBLISHABLE'::text, 'RESTRICTED'::text, 'OPERATOR'::text, 'PLATFORM'::text]))),
  constraint api_keys_platform_check CHECK (((kind = 'PLATFORM'::text) = (merchant_id = 'mer_00000000000000000000000000'::text))),
  constraint api_keys_secret_hash_check CHECK ((length(secret_hash) = 32))
) with (fillfactor=80);
alter table api_keys enable row level security;
create policy system on api_keys to oncepay_system using (true);
create policy tenant on api_keys to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on api_keys to oncepay_system;
grant insert, select, update on api_keys to oncepay_tenant;

create table attempt_evidence (
  merchant_id text collate "C" not null,
  attempt_id text collate "C" not null,
  line bigint not null generated always as identity,
  source text not null,
  outcome jsonb not null,
  effect text not null,
  reason text,
  at timestamp with time zone not null default now(),
  constraint attempt_evidence_pkey PRIMARY KEY (merchant_id, attempt_id, line),
  constraint attempt_evidence_merchant_id_attempt_id_fkey FOREIGN KEY (merchant_id, attempt_id) REFERENCES attempts(merchant_id, id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.attempt_evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table attempt_evidence enable row level security;
create policy system on attempt_evidence to oncepay_system using (true);
create policy tenant on attempt_evidence to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on attempt_evidence to oncepay_system;
grant select on attempt_evidence to oncepay_tenant;

create table attempts (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  operation text not null,
  status text not null,
  processor text not null,
  amount bigint not null,
  currency text not null,
  payment_method text,
  return_url text,
  final boolean,
  capture_id text collate "C",
  refund_id text collate "C",
  target_attempt_id text collate "C",
  replaces_attempt_id text collate "C",
  generation integer not null default 1,
  processor_charge_id text,
  code text,
  decline_code text,
  message text,
  fee bigint,
  worker_id text,
  sends integer not null default 0,
  lookups integer not null default 0,
  reversing boolean not null default false,
  next_at timestamp with time zone default now(),
  sent_at timestamp with time zone,
  unknown_since timestamp with time zone,
  settled_at timestamp with time zone,
  idempotency_key text collate "C",
  created_at timestamp with time zone not null default now(),
  advice_code text,
  network_decline_code text,
  challenge_expires_at timestamp with time zone,
  fee_currency text,
  traceparent text,
  processor_ref text,
  target_processor_ref text,
  processor_account_id text collate "C",
  timeline integer default current_timeline(),
  constraint attempts_pkey PRIMARY KEY (id, merchant_id),
  constraint attempts_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint attempts_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id),
  constraint attempts_amount_check CHECK ((amount > 0)),
  constraint attempts_check CHECK (((status = ANY (ARRAY['SUCCEEDED'::text, 'DECLINED'::text, 'ABANDONED'::text])) = (settled_at IS NOT NULL))),
  constraint attempts_check1 CHECK (((status <> 'SENT'::text) OR (worker_id IS NOT NULL))),
  constraint attempts_fee_currency CHECK (((fee_currency IS NULL) OR (fee IS NOT NULL))),
  constraint attempts_operation_check CHECK ((operation = ANY (ARRAY['charge'::text, 'authorize'::text, 'capture'::text, 'refund'::text, 'void'::text, 'reverse'::text, 'compensate'::text]))),
  constraint attempts_status_check CHECK ((status = ANY (ARRAY['QUEUED'::text, 'SENT'::text, 'UNKNOWN'::text, 'REQUIRES_ACTION'::text, 'SUCCEEDED'::text, 'DECLINED'::text, 'ABANDONED'::text]))),
  constraint attempts_traceparent_check CHECK ((traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'::text)) NOT VALID
) with (autovacuum_analyze_scale_factor=0.02, autovacuum_vacuum_scale_factor=0.02, fillfactor=70);
CREATE INDEX attempts_by_account ON public.attempts USING btree (processor_account_id, id) WHERE (processor_account_id IS NOT NULL);
CREATE INDEX attempts_by_intent ON public.attempts USING btree (merchant_id, payment_intent_id, id);
CREATE INDEX attempts_by_processor_ref ON public.attempts USING btree (processor_account_id, processor_ref) WHERE ((processor_account_id IS NOT NULL) AND (processor_ref IS NOT NULL));
CREATE INDEX attempts_due ON public.attempts USING btree (next_at) WHERE (settled_at IS NULL);
CREATE UNIQUE INDEX attempts_one_charge_in_flight ON public.attempts USING btree (merchant_id, payment_intent_id) WHERE ((operation = ANY (ARRAY['charge'::text, 'authorize'::text])) AND (settled_at IS NULL));
CREATE INDEX attempts_settled_late ON public.attempts USING btree (settled_at) WHERE ((settled_at - created_at) > '48:00:00'::interval);
CREATE INDEX attempts_unknown ON public.attempts USING btree (merchant_id, id) WHERE ((unknown_since IS NOT NULL) AND (settled_at IS NULL));
CREATE TRIGGER check_attempt_account AFTER INSERT ON public.attempts FOR EACH ROW WHEN (((new.processor_account_id IS NOT NULL) OR (new.target_attempt_id IS NOT NULL) OR (new.replaces_attempt_id IS NOT NULL))) EXECUTE FUNCTION check_attempt_account();
CREATE CONSTRAINT TRIGGER check_suspense AFTER UPDATE OF status ON public.attempts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.status = 'UNKNOWN'::text) <> (new.status = 'UNKNOWN'::text))) EXECUTE FUNCTION check_suspense();
CREATE TRIGGER keep_processor_account BEFORE UPDATE OF processor_account_id, processor ON public.attempts FOR EACH ROW WHEN (((old.processor IS DISTINCT FROM new.processor) OR (old.processor_account_id IS DISTINCT FROM new.processor_account_id))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_processor_ref BEFORE UPDATE OF processor_ref ON public.attempts FOR EACH ROW WHEN (((old.processor_ref IS NOT NULL) OR (new.status <> 'SENT'::text))) EXECUTE FUNCTION refuse_change();
alter table attempts enable row level security;
create policy system on attempts to oncepay_system using (true);
create policy tenant on attempts to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on attempts to oncepay_system;
grant insert, select, update on attempts to oncepay_tenant;

create table audit_log (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  action text not null,
  operation text,
  outcome text not null,
  error_code text,
  actor_kind text not null,
  actor_id text collate "C",
  actor_hint text,
  address text,
  request_id text,
  subject_id text collate "C",
  idempotency_key text,
  count integer not null default 1,
  at timestamp with time zone not null default now(),
  last_at timestamp with time zone not null default now(),
  details jsonb not null default '{}'::jsonb,
  constraint audit_log_pkey PRIMARY KEY (merchant_id, id),
  constraint audit_log_action_check CHECK ((action = ANY (ARRAY['AUTHENTICATION_REFUSED'::text, 'ACCESS_REFUSED'::text, 'API_KEY_USED'::text, 'READ'::text, 'WRITE'::text, 'COMMAND'::text]))),
  constraint audit_log_check CHECK ((last_at >= at)),
  constraint audit_log_count_check CHECK ((count > 0)),
  constraint audit_log_details_check CHECK ((length((details)::text) <= 2000)),
  constraint audit_log_outcome_check CHECK ((outcome = ANY (ARRAY['SUCCEEDED'::text, 'REPLAYED'::text, 'REFUSED'::text]))),
  constraint audit_log_refusals_say_why CHECK (((outcome = 'REFUSED'::text) = (error_code IS NOT NULL)))
) partition by RANGE (id);
CREATE INDEX audit_log_of_action ON ONLY public.audit_log USING btree (merchant_id, action, id);
CREATE INDEX audit_log_of_actor ON ONLY public.audit_log USING btree (merchant_id, actor_id, id) WHERE (actor_id IS NOT NULL);
CREATE INDEX audit_log_of_subject ON ONLY public.audit_log USING btree (merchant_id, subject_id, id) WHERE (subject_id IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
create table audit_log_default partition of audit_log DEFAULT;
alter table audit_log enable row level security;
create policy system on audit_log to oncepay_system using (true);
create policy tenant on audit_log to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on audit_log to oncepay_system;
grant insert, select on audit_log to oncepay_tenant;

create table audit_marks (
  merchant_id text collate "C" not null,
  posted_before timestamp with time zone not null default '-infinity'::timestamp with time zone,
  feed_position bigint not null default 0,
  cleared_before timestamp with time zone not null default '-infinity'::timestamp with time zone,
  constraint audit_marks_pkey PRIMARY KEY (merchant_id),
  constraint audit_marks_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id)
);
grant insert, select, update on audit_marks to oncepay_system;

create table audit_state (
  only_one boolean not null default true,
  at_merchant text collate "C" not null default ''::text,
  pass_started_at timestamp with time zone,
  pass_found bigint not null default 0,
  last_pass_at timestamp with time zone,
  last_clean_pass_at timestamp with time zone,
  differences jsonb not null default '{}'::jsonb,
  pass_took interval not null default '00:00:00'::interval,
  constraint audit_state_pkey PRIMARY KEY (only_one),
  constraint audit_state_only_one_check CHECK (only_one)
);
grant select, update on audit_state to oncepay_system;

create table balance_horizon (
  only_row boolean not null default true,
  before timestamp with time zone not null,
  constraint balance_horizon_pkey PRIMARY KEY (only_row),
  constraint balance_horizon_only_row_check CHECK (only_row)
);
CREATE TRIGGER keep_horizon BEFORE UPDATE ON public.balance_horizon FOR EACH ROW WHEN ((new.before < old.before)) EXECUTE FUNCTION keep_horizon();
CREATE TRIGGER keep_row BEFORE DELETE OR TRUNCATE ON public.balance_horizon FOR EACH STATEMENT EXECUTE FUNCTION keep_horizon();
grant select, update on balance_horizon to oncepay_system;

create table balance_snapshots (
  merchant_id text collate "C" not null,
  account_id text collate "C" not null,
  before timestamp with time zone not null,
  debits numeric not null,
  credits numeric not null,
  pending_debits numeric not null,
  pending_credits numeric not null,
  taken_at timestamp with time zone not null default now(),
  constraint balance_snapshots_pkey PRIMARY KEY (merchant_id, account_id, before),
  constraint balance_snapshots_merchant_id_account_id_fkey FOREIGN KEY (merchant_id, account_id) REFERENCES ledger_accounts(merchant_id, id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.balance_snapshots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table balance_snapshots enable row level security;
create policy system on balance_snapshots to oncepay_system using (true);
create policy tenant on balance_snapshots to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on balance_snapshots to oncepay_system;
grant select on balance_snapshots to oncepay_tenant;

create table captures (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  final boolean not null,
  failure_code text,
  idempotency_key text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint captures_pkey PRIMARY KEY (merchant_id, id),
  constraint captures_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint captures_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id),
  constraint captures_amount_check CHECK ((amount > 0)),
  constraint captures_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text])))
);
CREATE INDEX captures_by_intent ON public.captures USING btree (merchant_id, payment_intent_id, id);
alter table captures enable row level security;
create policy system on captures to oncepay_system using (true);
create policy tenant on captures to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on captures to oncepay_system;
grant insert, select on captures to oncepay_tenant;

create table clearing_items (
  merchant_id text collate "C" not null,
  account_id text collate "C" not null,
  item_id text collate "C" not null,
  kind text not null,
  currency text not null,
  payment_intent_id text collate "C",
  amount numeric not null,
  open_since timestamp with time zone not null,
  constraint clearing_items_pkey PRIMARY KEY (merchant_id, account_id, item_id),
  constraint clearing_items_merchant_id_account_id_fkey FOREIGN KEY (merchant_id, account_id) REFERENCES ledger_accounts(merchant_id, id)
);
CREATE INDEX clearing_items_by_age ON public.clearing_items USING btree (kind, open_since);
CREATE INDEX clearing_items_cleared ON public.clearing_items USING btree (merchant_id) WHERE (amount = (0)::numeric);
grant delete, insert, select, update on clearing_items to oncepay_system;

create table console_sessions (
  merchant_id text collate "C" not null,
  token_hash bytea not null,
  key_id text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  constraint console_sessions_pkey PRIMARY KEY (merchant_id, token_hash),
  constraint console_sessions_merchant_id_key_id_fkey FOREIGN KEY (merchant_id, key_id) REFERENCES api_keys(merchant_id, id),
  constraint console_sessions_token_hash_check CHECK ((length(token_hash) = 32))
);
alter table console_sessions enable row level security;
create policy system on console_sessions to oncepay_system using (true);
create policy tenant on console_sessions to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant delete, insert, select, update on console_sessions to oncepay_system;

create table delivery_retries (
  merchant_id text collate "C" not null,
  idempotency_key text collate "C" not null,
  fingerprint bytea not null,
  count integer not null,
  has_more boolean not null,
  created_at timestamp with time zone not null default now(),
  constraint delivery_retries_spent_key PRIMARY KEY (merchant_id, idempotency_key),
  constraint delivery_retries_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint delivery_retries_count_check CHECK ((count >= 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.delivery_retries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table delivery_retries enable row level security;
create policy system on delivery_retries to oncepay_system using (true);
create policy tenant on delivery_retries to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant select on delivery_retries to oncepay_system;
grant insert, select on delivery_retries to oncepay_tenant;

create table disputes (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  attempt_id text collate "C" not null,
  processor text not null,
  processor_dispute_id text collate "C" not null,
  status text not null,
  reason text not null,
  amount bigint not null,
  currency text not null,
  fee bigint not null,
  evidence_due_by timestamp with time zone,
  opened_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  opened_event_id text collate "C",
  closed_event_id text collate "C",
  constraint disputes_pkey PRIMARY KEY (merchant_id, id),
  constraint disputes_of_processor UNIQUE (merchant_id, processor, processor_dispute_id),
  constraint disputes_merchant_id_attempt_id_fkey FOREIGN KEY (merchant_id, attempt_id) REFERENCES attempts(merchant_id, id),
  constraint disputes_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id),
  constraint disputes_amount_check CHECK (((amount >= 1) AND (amount <= '9007199254740991'::bigint))),
  constraint disputes_check CHECK (((status = 'OPEN'::text) = (closed_at IS NULL))),
  constraint disputes_check1 CHECK ((version =
CASE status
    WHEN 'OPEN'::text THEN 1
    ELSE 2
END)),
  constraint disputes_fee_check CHECK (((fee >= 0) AND (fee <= '9007199254740991'::bigint))),
  constraint disputes_reason_check CHECK ((reason = ANY (ARRAY['CREDIT_NOT_PROCESSED'::text, 'DUPLICATE'::text, 'FRAUDULENT'::text, 'GENERAL'::text, 'PRODUCT_NOT_RECEIVED'::text, 'PRODUCT_UNACCEPTABLE'::text, 'SUBSCRIPTION_CANCELED'::text, 'UNRECOGNIZED'::text]))),
  constraint disputes_status_check CHECK ((status = ANY (ARRAY['OPEN'::text, 'WON'::text, 'LOST'::text])))
);
CREATE INDEX disputes_by_intent ON public.disputes USING btree (merchant_id, payment_intent_id, id);
CREATE TRIGGER guard_dispute BEFORE INSERT OR UPDATE ON public.disputes FOR EACH ROW EXECUTE FUNCTION guard_dispute();
CREATE TRIGGER keep_disputes BEFORE DELETE OR TRUNCATE ON public.disputes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table disputes enable row level security;
create policy system on disputes to oncepay_system using (true);
create policy tenant on disputes to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on disputes to oncepay_system;
grant select on disputes to oncepay_tenant;

create table erased_payment_intents (
  merchant_id text collate "C" not null,
  erasure_id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  cleaned boolean not null default false,
  constraint erased_payment_intents_pkey PRIMARY KEY (merchant_id, erasure_id, payment_intent_id),
  constraint erased_payment_intents_merchant_id_erasure_id_fkey FOREIGN KEY (merchant_id, erasure_id) REFERENCES erasures(merchant_id, id),
  constraint erased_payment_intents_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id)
);
CREATE INDEX erased_payment_intents_uncleaned ON public.erased_payment_intents USING btree (merchant_id, erasure_id, payment_intent_id) WHERE (NOT cleaned);
alter table erased_payment_intents enable row level security;
create policy system on erased_payment_intents to oncepay_system using (true);
create policy tenant on erased_payment_intents to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on erased_payment_intents to oncepay_system;
grant insert, select on erased_payment_intents to oncepay_tenant;

create table erasures (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  customer text,
  customer_mac bytea not null,
  actor text not null,
  requested_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  payment_intents integer not null default 0,
  events_in_clear integer not null default 0,
  idempotency_key text collate "C" not null,
  cleaned_at timestamp with time zone,
  constraint erasures_pkey PRIMARY KEY (merchant_id, id),
  constraint erasures_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint erasures_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint erasures_check CHECK (((customer IS NULL) = (finished_at IS NOT NULL)))
);
CREATE INDEX erasures_finished ON public.erasures USING btree (finished_at);
CREATE INDEX erasures_in_clear ON public.erasures USING btree (finished_at) WHERE (events_in_clear > 0);
CREATE INDEX erasures_unfinished ON public.erasures USING btree (requested_at) WHERE (finished_at IS NULL);
CREATE TRIGGER keep_erasures BEFORE DELETE OR TRUNCATE ON public.erasures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table erasures enable row level security;
create policy system on erasures to oncepay_system using (true);
create policy tenant on erasures to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on erasures to oncepay_system;
grant insert, select, update on erasures to oncepay_tenant;

create table event_feed (
  merchant_id text collate "C" not null,
  position bigint not null,
  event_id text collate "C" not null,
  type text not null,
  constraint event_feed_pkey PRIMARY KEY (merchant_id, "position")
) with (autovacuum_vacuum_insert_scale_factor=0.02);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.event_feed FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table event_feed enable row level security;
create policy system on event_feed to oncepay_system using (true);
create policy tenant on event_feed to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on event_feed to oncepay_system;
grant select on event_feed to oncepay_tenant;

create table events (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  type text not null,
  api_version text not null,
  subject_id text collate "C" not null,
  sequence integer,
  object json not null,
  created_at timestamp with time zone not null default now(),
  personal bytea,
  constraint events_pkey PRIMARY KEY (merchant_id, id)
) partition by RANGE (id);
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER guard_event BEFORE UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION guard_event();
create table events_default partition of events DEFAULT;
alter table events enable row level security;
create policy system on events to oncepay_system using (true);
create policy tenant on events to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on events to oncepay_system;
grant insert, select on events to oncepay_tenant;

create table idempotency_keys (
  merchant_id text collate "C" not null,
  operation text not null,
  key text collate "C" not null,
  period date not null default (date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)))::date,
  fingerprint bytea not null,
  event_id text collate "C",
  failure_code text,
  failure_details jsonb,
  created_at timestamp with time zone not null default now(),
  result json,
  beside json,
  sealed bytea,
  sealed_until timestamp with time zone,
  refused_id text collate "C",
  constraint idempotency_keys_pkey PRIMARY KEY (merchant_id, operation, key, period),
  constraint idempotency_keys_hold_one_outcome CHECK ((num_nonnulls(event_id, result, failure_code) = 1)),
  constraint idempotency_keys_seal_for_a_time CHECK (((sealed IS NULL) = (sealed_until IS NULL)))
) partition by RANGE (period);
CREATE INDEX idempotency_keys_refused ON ONLY public.idempotency_keys USING btree (merchant_id, refused_id) WHERE (refused_id IS NOT NULL);
CREATE INDEX idempotency_keys_sealed ON ONLY public.idempotency_keys USING btree (sealed_until) WHERE (sealed IS NOT NULL);
CREATE TRIGGER refuse_keys_of_held AFTER INSERT ON public.idempotency_keys REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION refuse_keys_of_held();
create table idempotency_keys_default partition of idempotency_keys DEFAULT;
alter table idempotency_keys enable row level security;
create policy system on idempotency_keys to oncepay_system using (true);
create policy tenant on idempotency_keys to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on idempotency_keys to oncepay_system;
grant insert, select on idempotency_keys to oncepay_tenant;

create table inbox (
  processor text not null,
  event_id text collate "C" not null,
  type text not null,
  reference text collate "C" not null,
  outcome jsonb not null,
  status text not null default 'RECEIVED'::text,
  effect text,
  tries integer not null default 0,
  next_at timestamp with time zone default now(),
  received_at timestamp with time zone not null default now(),
  applied_at timestamp with time zone,
  constraint inbox_pkey PRIMARY KEY (processor, event_id),
  constraint inbox_check CHECK (((status = ANY (ARRAY['RECEIVED'::text, 'PARKED'::text])) = (next_at IS NOT NULL))),
  constraint inbox_status_check CHECK ((status = ANY (ARRAY['RECEIVED'::text, 'PARKED'::text, 'APPLIED'::text, 'GIVEN_UP'::text])))
);
CREATE INDEX inbox_due ON public.inbox USING btree (next_at) WHERE (next_at IS NOT NULL);
grant insert, select, update on inbox to oncepay_system;

create table journals (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null,
  payment_intent_id text collate "C",
  source_id text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  corrects_journal_id text collate "C",
  constraint journals_pkey PRIMARY KEY (merchant_id, id),
  constraint journals_corrects FOREIGN KEY (merchant_id, corrects_journal_id) REFERENCES journals(merchant_id, id) NOT VALID,
  constraint journals_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id)
);
CREATE UNIQUE INDEX journals_booked_once ON public.journals USING btree (merchant_id, source_id, kind) WHERE (kind <> ALL (ARRAY['suspense_hold'::text, 'suspense_void'::text]));
CREATE INDEX journals_by_intent ON public.journals USING btree (merchant_id, payment_intent_id, id);
CREATE INDEX journals_corrections ON public.journals USING btree (merchant_id, corrects_journal_id) WHERE (corrects_journal_id IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.journals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER check_suspense AFTER INSERT ON public.journals DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.kind = ANY (ARRAY['suspense_hold'::text, 'suspense_void'::text]))) EXECUTE FUNCTION check_suspense();
alter table journals enable row level security;
create policy system on journals to oncepay_system using (true);
create policy tenant on journals to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on journals to oncepay_system;
grant select on journals to oncepay_tenant;

create table ledger_accounts (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null,
  currency text not null,
  created_at timestamp with time zone not null default now(),
  constraint ledger_accounts_pkey PRIMARY KEY (merchant_id, id),
  constraint ledger_accounts_merchant_id_id_currency_key UNIQUE (merchant_id, id, currency),
  constraint ledger_accounts_merchant_id_kind_currency_key UNIQUE (merchant_id, kind, currency),
  constraint ledger_accounts_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id)
);
CREATE TRIGGER keep_accounts BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table ledger_accounts enable row level security;
create policy system on ledger_accounts to oncepay_system using (true);
create policy tenant on ledger_accounts to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on ledger_accounts to oncepay_system;
grant select on ledger_accounts to oncepay_tenant;

create table ledger_proofs (
  merchant_id text collate "C" not null,
  account_id text collate "C" not null,
  kind text not null,
  currency text not null,
  debits numeric not null default 0,
  credits numeric not null default 0,
  open_since timestamp with time zone,
  pending_debits numeric not null default 0,
  pending_credits numeric not null default 0,
  constraint ledger_proofs_pkey PRIMARY KEY (merchant_id, account_id),
  constraint ledger_proofs_merchant_id_account_id_fkey FOREIGN KEY (merchant_id, account_id) REFERENCES ledger_accounts(merchant_id, id)
);
CREATE INDEX ledger_proofs_open ON public.ledger_proofs USING btree (open_since) WHERE (open_since IS NOT NULL);
grant insert, select, update on ledger_proofs to oncepay_system;

create table merchant_holds (
  merchant_id text collate "C" not null,
  reason text not null,
  held_at timestamp with time zone not null default now(),
  moved_to text collate "C",
  comes_from text collate "C",
  constraint merchant_holds_pkey PRIMARY KEY (merchant_id),
  constraint merchant_holds_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint merchant_holds_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);
alter table merchant_holds enable row level security;
create policy system on merchant_holds to oncepay_system using (true);
create policy tenant on merchant_holds to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant delete, insert, select on merchant_holds to oncepay_system;
grant select on merchant_holds to oncepay_tenant;

create table merchants (
  id text collate "C" not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  mode text not null default 'TEST'::text,
  constraint merchants_pkey PRIMARY KEY (id),
  constraint merchants_mode_check CHECK ((mode = ANY (ARRAY['TEST'::text, 'LIVE'::text]))),
  constraint merchants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
alter table merchants enable row level security;
create policy system on merchants to oncepay_system using (true);
create policy tenant on merchants to oncepay_tenant using ((id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on merchants to oncepay_system;
grant select on merchants to oncepay_tenant;

create table outbox (
  id bigint not null generated always as identity,
  merchant_id text collate "C" not null,
  event_id text collate "C",
  attempt_id text collate "C",
  delivery_id text collate "C",
  created_at timestamp with time zone not null default now(),
  relay_deaths integer not null default 0,
  aside_until timestamp with time zone,
  aside_since timestamp with time zone,
  relay_error text,
  traceparent text,
  constraint outbox_pkey PRIMARY KEY (id),
  constraint outbox_check CHECK ((num_nonnulls(event_id, attempt_id, delivery_id) > 0)),
  constraint outbox_relay_error_check CHECK ((relay_error = ANY (ARRAY['RELAY_DIED'::text, 'DATABASE'::text, 'OTHER'::text]))),
  constraint outbox_set_aside CHECK (((aside_until IS NULL) OR (relay_deaths > 1))),
  constraint outbox_traceparent_check CHECK ((traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'::text)) NOT VALID
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_insert_scale_factor=0, autovacuum_vacuum_insert_threshold=50000, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);
CREATE INDEX outbox_aside ON public.outbox USING btree (id) WHERE (aside_until IS NOT NULL);
CREATE INDEX outbox_suspects ON public.outbox USING btree (merchant_id) WHERE (relay_deaths > 0);
alter table outbox enable row level security;
create policy system on outbox to oncepay_system using (true);
create policy tenant on outbox to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant delete, insert, select, update on outbox to oncepay_system;
grant insert on outbox to oncepay_tenant;

create table partitioned_tables (
  name text not null,
  id_prefix text,
  constraint partitioned_tables_pkey PRIMARY KEY (name)
);

create table payment_intent_updates (
  merchant_id text collate "C" not null,
  idempotency_key text collate "C" not null,
  payment_intent_id text collate "C" not null,
  fingerprint bytea not null,
  former_customer text,
  created_at timestamp with time zone not null default now(),
  constraint payment_intent_updates_spent_key PRIMARY KEY (merchant_id, idempotency_key),
  constraint payment_intent_updates_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id)
);
CREATE INDEX payment_intent_updates_by_intent ON public.payment_intent_updates USING btree (merchant_id, payment_intent_id);
CREATE INDEX payment_intent_updates_of_customer ON public.payment_intent_updates USING btree (merchant_id, former_customer, payment_intent_id) WHERE (former_customer IS NOT NULL);
CREATE TRIGGER guard_payment_intent_update BEFORE UPDATE ON public.payment_intent_updates FOR EACH ROW WHEN (((new.former_customer IS NOT NULL) OR ((new.merchant_id <> old.merchant_id) OR (new.idempotency_key <> old.idempotency_key) OR (new.payment_intent_id <> old.payment_intent_id) OR (new.fingerprint <> old.fingerprint) OR (new.created_at <> old.created_at)))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_payment_intent_updates BEFORE DELETE OR TRUNCATE ON public.payment_intent_updates FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table payment_intent_updates enable row level security;
create policy system on payment_intent_updates to oncepay_system using (true);
create policy tenant on payment_intent_updates to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on payment_intent_updates to oncepay_system;
grant insert, select, update on payment_intent_updates to oncepay_tenant;

create table payment_intents (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  capture_method text not null,
  payment_method text,
  amount_authorized bigint not null default 0,
  amount_capturing bigint not null default 0,
  amount_captured bigint not null default 0,
  amount_refunding bigint not null default 0,
  amount_refunded bigint not null default 0,
  description text,
  customer text,
  merchant_reference text,
  metadata jsonb not null default '{}'::jsonb,
  last_payment_error jsonb,
  next_action jsonb,
  cancellation_reason text,
  attempts_made integer not null default 0,
  version integer not null default 1,
  idempotency_key text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  personal_key bytea,
  personal bytea,
  personal_data_erased_at timestamp with time zone,
  unique_reference boolean not null default false,
  authorization_expires_at timestamp with time zone,
  authorization_expired_at timestamp with time zone,
  authorization_due_at timestamp with time zone,
  authorization_expiry_policy text,
  cancellation_requested_at timestamp with time zone,
  amount_disputed bigint not null default 0,
  constraint payment_intents_pkey PRIMARY KEY (merchant_id, id),
  constraint payment_intents_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint payment_intents_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint payment_intents_amount_captured_check CHECK ((amount_captured >= 0)),
  constraint payment_intents_amount_capturing_check CHECK ((amount_capturing >= 0)),
  constraint payment_intents_amount_check CHECK (((amount >= 1) AND (amount <= '9007199254740991'::bigint))),
  constraint payment_intents_amount_refunded_check CHECK ((amount_refunded >= 0)),
  constraint payment_intents_amount_refunding_check CHECK ((amount_refunding >= 0)),
  constraint payment_intents_authorization_expiry_policy_check CHECK ((authorization_expiry_policy = ANY (ARRAY['CAPTURE'::text, 'VOID'::text, 'NOTIFY'::text]))),
  constraint payment_intents_capture_method_check CHECK ((capture_method = ANY (ARRAY['AUTOMATIC'::text, 'MANUAL'::text]))),
  constraint payment_intents_check CHECK (((amount_authorized >= 0) AND (amount_authorized <= amount))),
  constraint payment_intents_check1 CHECK (((amount_captured + amount_capturing) <= amount_authorized)),
  constraint payment_intents_check2 CHECK (((amount_refunded + amount_refunding) <= amount_captured)),
  constraint payment_intents_currency_check CHECK ((length(currency) = 3)),
  constraint payment_intents_disputed CHECK (((amount_disputed >= 0) AND (amount_disputed <= amount_captured))),
  constraint payment_intents_erased CHECK (((personal_data_erased_at IS NULL) OR ((num_nonnulls(customer, description, personal) = 0) AND (metadata = '{}'::jsonb)))),
  constraint payment_intents_hold CHECK (((capture_method = 'MANUAL'::text) OR (num_nonnulls(authorization_expires_at, authorization_expired_at, authorization_due_at, authorization_expiry_policy) = 0))),
  constraint payment_intents_hold_a_reference CHECK (((NOT unique_reference) OR (merchant_reference IS NOT NULL))) NOT VALID,
  constraint payment_intents_not_of_the_platform CHECK ((merchant_id <> 'mer_00000000000000000000000000'::text)) NOT VALID,
  constraint payment_intents_personal_key_check CHECK ((length(personal_key) = 32)),
  constraint payment_intents_status_check CHECK ((status = ANY (ARRAY['REQUIRES_PAYMENT_METHOD'::text, 'REQUIRES_CONFIRMATION'::text, 'REQUIRES_ACTION'::text, 'PROCESSING'::text, 'REQUIRES_CAPTURE'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'CANCELED'::text])))
) with (autovacuum_analyze_scale_factor=0.02, autovacuum_vacuum_scale_factor=0.02, fillfactor=85);
CREATE INDEX payment_intents_by_customer ON public.payment_intents USING btree (merchant_id, customer, id) WHERE (customer IS NOT NULL);
CREATE INDEX payment_intents_by_reference ON public.payment_intents USING btree (merchant_id, merchant_reference, id) WHERE (merchant_reference IS NOT NULL);
CREATE INDEX payment_intents_by_status ON public.payment_intents USING btree (merchant_id, status, id);
CREATE INDEX payment_intents_holds_due ON public.payment_intents USING btree (authorization_due_at) WHERE ((status = 'REQUIRES_CAPTURE'::text) AND (authorization_due_at IS NOT NULL));
CREATE UNIQUE INDEX payment_intents_unique_reference ON public.payment_intents USING btree (merchant_id, merchant_reference) WHERE (unique_reference AND (status <> ALL (ARRAY['FAILED'::text, 'CANCELED'::text])));
CREATE TRIGGER guard_payment_intent BEFORE UPDATE ON public.payment_intents FOR EACH ROW WHEN ((((new.status <> old.status) AND (NOT payment_intent_may_move(old.status, new.status))) OR ((new.amount <> old.amount) AND ((new.status <> old.status) OR (old.status <> ALL (ARRAY['REQUIRES_PAYMENT_METHOD'::text, 'REQUIRES_CONFIRMATION'::text])))) OR (new.currency <> old.currency) OR (new.id <> old.id) OR (new.merchant_id <> old.merchant_id) OR (new.idempotency_key <> old.idempotency_key) OR
        CASE
            WHEN (new.personal_data_erased_at IS DISTINCT FROM old.personal_data_erased_at) THEN ((old.personal_data_erased_at IS NOT NULL) OR (new.version <> old.version) OR (new.status <> old.status))
            ELSE (new.version <= old.version)
        END)) EXECUTE FUNCTION guard_payment_intent();
CREATE TRIGGER keep_payment_intents BEFORE DELETE OR TRUNCATE ON public.payment_intents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER keep_what_moved AFTER UPDATE ON public.payment_intents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.amount_captured < old.amount_captured) OR (new.amount_refunded < old.amount_refunded) OR ((new.amount_refunding + new.amount_refunded) < (old.amount_refunding + old.amount_refunded)))) EXECUTE FUNCTION keep_what_moved();
alter table payment_intents enable row level security;
create policy system on payment_intents to oncepay_system using (true);
create policy tenant on payment_intents to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on payment_intents to oncepay_system;
grant select, update on payment_intents to oncepay_tenant;

create table payout_lines (
  merchant_id text collate "C" not null,
  payout_id text collate "C" not null,
  line integer not null,
  kind text not null,
  amount bigint not null,
  attempt_id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  movement_id text collate "C" not null,
  constraint payout_lines_pkey PRIMARY KEY (merchant_id, payout_id, line),
  constraint payout_lines_amount_check CHECK ((((amount >= '-9007199254740991'::bigint) AND (amount <= '9007199254740991'::bigint)) AND (amount <> 0))),
  constraint payout_lines_kind_check CHECK ((kind = ANY (ARRAY['CHARGE'::text, 'REFUND'::text, 'FEE'::text, 'DISPUTE'::text, 'ADJUSTMENT'::text]))),
  constraint payout_lines_line_check CHECK ((line > 0))
);
CREATE INDEX payout_lines_by_attempt ON public.payout_lines USING btree (merchant_id, attempt_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.payout_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_payout_lines AFTER INSERT ON public.payout_lines REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_payout_lines();
alter table payout_lines enable row level security;
create policy system on payout_lines to oncepay_system using (true);
create policy tenant on payout_lines to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on payout_lines to oncepay_system;
grant select on payout_lines to oncepay_tenant;

create table payouts (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  processor text not null,
  processor_payout_id text collate "C" not null,
  report_id text collate "C" not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  line_count integer not null,
  arrives_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  processor_account_id text collate "C",
  constraint payouts_pkey PRIMARY KEY (merchant_id, id),
  constraint payouts_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint payouts_amount_check CHECK (((amount >= '-9007199254740991'::bigint) AND (amount <= '9007199254740991'::bigint))),
  constraint payouts_line_count_check CHECK ((line_count > 0)),
  constraint payouts_status_check CHECK ((status = ANY (ARRAY['IN_TRANSIT'::text, 'PAID'::text, 'FAILED'::text])))
);
CREATE INDEX payouts_by_processor ON public.payouts USING btree (processor, processor_payout_id);
CREATE INDEX payouts_by_time ON public.payouts USING btree (processor, changed_at);
CREATE INDEX payouts_on_their_way ON public.payouts USING btree (arrives_at) WHERE (status = 'IN_TRANSIT'::text);
CREATE UNIQUE INDEX payouts_once ON public.payouts USING btree (merchant_id, COALESCE(processor_account_id, processor), processor_payout_id);
CREATE TRIGGER check_payouts AFTER INSERT ON public.payouts REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_payouts();
CREATE TRIGGER guard_payout BEFORE UPDATE ON public.payouts FOR EACH ROW EXECUTE FUNCTION guard_payout();
CREATE TRIGGER keep_payouts BEFORE DELETE OR TRUNCATE ON public.payouts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table payouts enable row level security;
create policy system on payouts to oncepay_system using (true);
create policy tenant on payouts to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on payouts to oncepay_system;
grant select on payouts to oncepay_tenant;

create table postings (
  merchant_id text collate "C" not null,
  journal_id text collate "C" not null,
  line smallint not null,
  debit_account_id text collate "C" not null,
  credit_account_id text collate "C" not null,
  amount bigint not null,
  currency text not null,
  pending boolean not null,
  created_at timestamp with time zone not null default now(),
  constraint postings_pkey PRIMARY KEY (merchant_id, journal_id, line),
  constraint postings_amount_check CHECK ((amount > 0)),
  constraint postings_check CHECK ((debit_account_id <> credit_account_id))
);
CREATE INDEX postings_by_credit ON public.postings USING btree (credit_account_id, created_at);
CREATE INDEX postings_by_debit ON public.postings USING btree (debit_account_id, created_at);
CREATE INDEX postings_by_time ON public.postings USING btree (merchant_id, created_at);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.postings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_postings AFTER INSERT ON public.postings REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_postings();
alter table postings enable row level security;
create policy system on postings to oncepay_system using (true);
create policy tenant on postings to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on postings to oncepay_system;
grant select on postings to oncepay_tenant;

create table processor_accounts (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  processor text not null,
  mode text not null,
  external_account_id text collate "C" not null,
  status text not null default 'ACTIVE'::text,
  disabled_reason text,
  disabled_at timestamp with time zone,
  api_version text,
  settings jsonb not null default '{}'::jsonb,
  credentials bytea not null,
  credentials_hint text not null,
  credentials_changed_at timestamp with time zone not null default now(),
  webhook_secret bytea,
  webhook_secret_hint text,
  old_webhook_secret bytea,
  old_webhook_secret_until timestamp with time zone,
  version integer not null default 1,
  idempotency_key text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  lists_at timestamp with time zone not null default now(),
  events_from timestamp with time zone,
  events_to timestamp with time zone,
  events_after text collate "C",
  events_due_at timestamp with time zone not null default now(),
  constraint processor_accounts_pkey PRIMARY KEY (merchant_id, id),
  constraint processor_accounts_external UNIQUE (processor, mode, external_account_id),
  constraint processor_accounts_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint processor_accounts_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint processor_accounts_check CHECK (((status = 'DISABLED'::text) = (disabled_at IS NOT NULL))),
  constraint processor_accounts_check1 CHECK (((webhook_secret IS NULL) = (webhook_secret_hint IS NULL))),
  constraint processor_accounts_check2 CHECK (((old_webhook_secret IS NULL) = (old_webhook_secret_until IS NULL))),
  constraint processor_accounts_external_account_id_check CHECK (((length(external_account_id) >= 1) AND (length(external_account_id) <= 255))),
  constraint processor_accounts_mode_check CHECK ((mode = ANY (ARRAY['TEST'::text, 'LIVE'::text]))),
  constraint processor_accounts_status_check CHECK ((status = ANY (ARRAY['ACTIVE'::text, 'DISABLED'::text])))
);
CREATE INDEX processor_accounts_by_id ON public.processor_accounts USING btree (id);
CREATE INDEX processor_accounts_events_due ON public.processor_accounts USING btree (events_due_at);
CREATE INDEX processor_accounts_old_secret_until ON public.processor_accounts USING btree (old_webhook_secret_until) WHERE (old_webhook_secret_until IS NOT NULL);
CREATE INDEX processor_accounts_to_list ON public.processor_accounts USING btree (lists_at);
CREATE TRIGGER guard_processor_account BEFORE UPDATE ON public.processor_accounts FOR EACH ROW EXECUTE FUNCTION guard_processor_account();
CREATE TRIGGER keep_processor_accounts BEFORE DELETE OR TRUNCATE ON public.processor_accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table processor_accounts enable row level security;
create policy system on processor_accounts to oncepay_system using (true);
create policy tenant on processor_accounts to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on processor_accounts to oncepay_system;
grant insert, select, update on processor_accounts to oncepay_tenant;

create table processor_changes (
  merchant_id text collate "C" not null,
  operation text not null,
  idempotency_key text collate "C" not null,
  account_id text collate "C",
  fingerprint bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint processor_changes_spent_key PRIMARY KEY (merchant_id, operation, idempotency_key),
  constraint processor_changes_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.processor_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table processor_changes enable row level security;
create policy system on processor_changes to oncepay_system using (true);
create policy tenant on processor_changes to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on processor_changes to oncepay_system;
grant insert, select on processor_changes to oncepay_tenant;

create table processor_disputes (
  run_id text collate "C" not null,
  movement_id text collate "C" not null,
  processor_dispute_id text collate "C" not null,
  status text not null,
  reference text collate "C" not null,
  reason text not null,
  amount bigint not null,
  currency text not null,
  fee bigint,
  evidence_due_by timestamp with time zone,
  opened_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  compared boolean not null default false,
  constraint processor_disputes_pkey PRIMARY KEY (run_id, movement_id),
  constraint processor_disputes_run_id_fkey FOREIGN KEY (run_id) REFERENCES reconciliation_runs(id),
  constraint processor_disputes_amount_check CHECK (((amount >= 1) AND (amount <= '9007199254740991'::bigint))),
  constraint processor_disputes_check CHECK (((status = 'OPEN'::text) = (closed_at IS NULL))),
  constraint processor_disputes_fee_check CHECK (((fee >= 0) AND (fee <= '9007199254740991'::bigint))),
  constraint processor_disputes_status_check CHECK ((status = ANY (ARRAY['OPEN'::text, 'WON'::text, 'LOST'::text])))
);
CREATE INDEX processor_disputes_to_compare ON public.processor_disputes USING btree (run_id, movement_id) WHERE (NOT compared);
grant insert, select, update on processor_disputes to oncepay_system;

create table processor_lines (
  run_id text collate "C" not null,
  movement_id text collate "C" not null,
  kind text not null,
  amount bigint not null,
  currency text not null,
  fee bigint not null,
  reference text collate "C" not null,
  charge_id text not null,
  moved_at timestamp with time zone not null,
  repeated integer not null default 0,
  fee_currency text,
  processor_ref text,
  constraint processor_lines_pkey PRIMARY KEY (run_id, movement_id),
  constraint processor_lines_run_id_fkey FOREIGN KEY (run_id) REFERENCES reconciliation_runs(id),
  constraint processor_lines_amount_check CHECK (((amount >= 1) AND (amount <= '9007199254740991'::bigint))),
  constraint processor_lines_fee_check CHECK (((fee >= '-9007199254740991'::bigint) AND (fee <= '9007199254740991'::bigint))) NOT VALID,
  constraint processor_lines_kind_check CHECK ((kind = ANY (ARRAY['authorize'::text, 'capture'::text, 'refund'::text, 'void'::text, 'reverse'::text])))
);
CREATE INDEX processor_lines_by_reference ON public.processor_lines USING btree (run_id, reference);
grant delete, insert, select, update on processor_lines to oncepay_system;

create table processor_payout_lines (
  run_id text collate "C" not null,
  processor_payout_id text collate "C" not null,
  line integer not null,
  kind text not null,
  amount bigint not null,
  reference text collate "C" not null,
  movement_id text collate "C" not null,
  constraint processor_payout_lines_pkey PRIMARY KEY (run_id, processor_payout_id, line),
  constraint processor_payout_lines_run_id_fkey FOREIGN KEY (run_id) REFERENCES reconciliation_runs(id),
  constraint processor_payout_lines_amount_check CHECK ((((amount >= '-9007199254740991'::bigint) AND (amount <= '9007199254740991'::bigint)) AND (amount <> 0))),
  constraint processor_payout_lines_kind_check CHECK ((kind = ANY (ARRAY['CHARGE'::text, 'REFUND'::text, 'FEE'::text, 'DISPUTE'::text, 'ADJUSTMENT'::text]))),
  constraint processor_payout_lines_line_check CHECK ((line > 0))
);
grant insert, select, update on processor_payout_lines to oncepay_system;

create table processor_payouts (
  run_id text collate "C" not null,
  processor_payout_id text collate "C" not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  line_count integer not null,
  arrives_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  repeated integer not null default 0,
  constraint processor_payouts_pkey PRIMARY KEY (run_id, processor_payout_id),
  constraint processor_payouts_run_id_fkey FOREIGN KEY (run_id) REFERENCES reconciliation_runs(id),
  constraint processor_payouts_amount_check CHECK (((amount >= '-9007199254740991'::bigint) AND (amount <= '9007199254740991'::bigint))),
  constraint processor_payouts_line_count_check CHECK ((line_count >= 0)),
  constraint processor_payouts_status_check CHECK ((status = ANY (ARRAY['IN_TRANSIT'::text, 'PAID'::text, 'FAILED'::text])))
);
CREATE INDEX processor_payouts_by_id ON public.processor_payouts USING btree (processor_payout_id);
grant insert, select, update on processor_payouts to oncepay_system;

create table processor_routes (
  merchant_id text collate "C" not null,
  position integer not null,
  currency text,
  amount_from bigint,
  amount_to bigint,
  capture_method text,
  account_id text collate "C",
  constraint processor_routes_pkey PRIMARY KEY (merchant_id, "position"),
  constraint processor_routes_merchant_id_account_id_fkey FOREIGN KEY (merchant_id, account_id) REFERENCES processor_accounts(merchant_id, id),
  constraint processor_routes_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint processor_routes_amount_from_check CHECK ((amount_from >= 0)),
  constraint processor_routes_amount_to_check CHECK ((amount_to >= 0)),
  constraint processor_routes_capture_method_check CHECK ((capture_method = ANY (ARRAY['AUTOMATIC'::text, 'MANUAL'::text]))),
  constraint processor_routes_check CHECK ((amount_from <= amount_to)),
  constraint processor_routes_position_check CHECK (("position" > 0))
);
alter table processor_routes enable row level security;
create policy system on processor_routes to oncepay_system using (true);
create policy tenant on processor_routes to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant select on processor_routes to oncepay_system;
grant delete, insert, select on processor_routes to oncepay_tenant;

create table proven_totals (
  currency text not null,
  difference numeric not null default 0,
  constraint proven_totals_pkey PRIMARY KEY (currency)
);
grant insert, select, update on proven_totals to oncepay_system;

create table reconciliation_breaks (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null,
  status text not null default 'OPEN'::text,
  source text not null,
  processor text,
  report_id text collate "C",
  subject_id text collate "C" not null,
  payment_intent_id text collate "C",
  currency text not null,
  detail text not null,
  ours jsonb,
  theirs jsonb,
  proposal jsonb,
  owner text,
  explanation text,
  resolution text,
  journal_id text collate "C",
  next_at timestamp with time zone,
  found_at timestamp with time zone not null default now(),
  explained_at timestamp with time zone,
  resolved_at timestamp with time zone,
  reversing text[],
  processor_account_id text collate "C",
  constraint reconciliation_breaks_pkey PRIMARY KEY (id, merchant_id),
  constraint reconciliation_breaks_once UNIQUE (merchant_id, subject_id, kind, detail),
  constraint reconciliation_breaks_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint reconciliation_breaks_check CHECK (((status = 'RESOLVED'::text) = (resolved_at IS NOT NULL))),
  constraint reconciliation_breaks_check1 CHECK (((status = 'RESOLVED'::text) = (resolution IS NOT NULL))),
  constraint reconciliation_breaks_check2 CHECK (((status = 'EXPLAINED'::text) <= (explanation IS NOT NULL))),
  constraint reconciliation_breaks_journal CHECK (((resolution IS NULL) OR (resolution = 'REVERSED'::text) OR ((resolution = 'CORRECTED'::text) = (journal_id IS NOT NULL)))),
  constraint reconciliation_breaks_kind_check CHECK ((kind = ANY (ARRAY['MISSING_HERE'::text, 'MISSING_THERE'::text, 'AMOUNT'::text, 'CURRENCY'::text, 'FEE'::text, 'STATE'::text, 'DUPLICATE'::text, 'TIMING'::text, 'IMBALANCE'::text, 'UNCLEARED'::text]))),
  constraint reconciliation_breaks_resolution_check CHECK ((resolution = ANY (ARRAY['CLOSED_ITSELF'::text, 'CORRECTED'::text, 'DISMISSED'::text, 'REVERSED'::text]))),
  constraint reconciliation_breaks_reversing_check CHECK ((cardinality(reversing) > 0)),
  constraint reconciliation_breaks_source_check CHECK ((source = ANY (ARRAY['LEDGER'::text, 'PROCESSOR_LIST'::text, 'SETTLEMENT_FILE'::text]))),
  constraint reconciliation_breaks_status_check CHECK ((status = ANY (ARRAY['OPEN'::text, 'EXPLAINED'::text, 'RESOLVED'::text]))),
  constraint reconciliation_breaks_surplus CHECK ((((kind = 'DUPLICATE'::text) AND (resolution = 'REVERSED'::text)) <= (reversing IS NOT NULL)))
);
CREATE INDEX reconciliation_breaks_by_status ON public.reconciliation_breaks USING btree (merchant_id, status, id);
CREATE INDEX reconciliation_breaks_due ON public.reconciliation_breaks USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE INDEX reconciliation_breaks_open ON public.reconciliation_breaks USING btree (kind, found_at) WHERE (status <> 'RESOLVED'::text);
CREATE INDEX reconciliation_breaks_open_by_subject ON public.reconciliation_breaks USING btree (subject_id) WHERE (status <> 'RESOLVED'::text);
CREATE TRIGGER guard_reconciliation_break BEFORE UPDATE ON public.reconciliation_breaks FOR EACH ROW EXECUTE FUNCTION guard_reconciliation_break();
CREATE TRIGGER keep_reconciliation_breaks BEFORE DELETE OR TRUNCATE ON public.reconciliation_breaks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table reconciliation_breaks enable row level security;
create policy system on reconciliation_breaks to oncepay_system using (true);
create policy tenant on reconciliation_breaks to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on reconciliation_breaks to oncepay_system;
grant select on reconciliation_breaks to oncepay_tenant;

create table reconciliation_runs (
  id text collate "C" not null,
  source text not null,
  processor text not null,
  statement text not null,
  period_from timestamp with time zone not null,
  period_to timestamp with time zone not null,
  status text not null default 'LOADING'::text,
  position text not null default ''::text,
  lines bigint not null default 0,
  compared bigint not null default 0,
  matched bigint not null default 0,
  breaks_found bigint not null default 0,
  breaks_closed bigint not null default 0,
  started_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  keeps_lines boolean not null default false,
  merchant_id text collate "C",
  processor_account_id text collate "C",
  lists text[] not null default '{charge,authorize,capture,refund,void}'::text[],
  lists_within_ms integer not null default 300000,
  failure text,
  failed_at timestamp with time zone,
  constraint reconciliation_runs_pkey PRIMARY KEY (id),
  constraint reconciliation_runs_account CHECK (((merchant_id IS NULL) = (processor_account_id IS NULL))) NOT VALID,
  constraint reconciliation_runs_check CHECK (((status = 'COMPLETED'::text) = (finished_at IS NOT NULL))),
  constraint reconciliation_runs_check1 CHECK ((period_from < period_to)),
  constraint reconciliation_runs_failure CHECK ((((failure IS NULL) = (failed_at IS NULL)) AND (failure = ANY (ARRAY['CREDENTIALS_REFUSED'::text, 'OTHER_ACCOUNT'::text, 'NOT_CONNECTED'::text, 'NOT_READ'::text])))) NOT VALID,
  constraint reconciliation_runs_source_check CHECK ((source = ANY (ARRAY['PROCESSOR_LIST'::text, 'SETTLEMENT_FILE'::text]))),
  constraint reconciliation_runs_status_check CHECK ((status = ANY (ARRAY['LOADING'::text, 'COMPARING'::text, 'MISSING'::text, 'PAYOUTS'::text, 'COMPLETED'::text])))
);
CREATE INDEX reconciliation_runs_by_period ON public.reconciliation_runs USING btree (processor, source, period_to) WHERE (processor_account_id IS NULL);
CREATE INDEX reconciliation_runs_by_teller ON public.reconciliation_runs USING btree (COALESCE(processor_account_id, processor), source, period_to);
CREATE INDEX reconciliation_runs_failing ON public.reconciliation_runs USING btree (processor) WHERE (failure IS NOT NULL);
CREATE INDEX reconciliation_runs_keeping_lines ON public.reconciliation_runs USING btree (COALESCE(processor_account_id, processor), period_to) WHERE keeps_lines;
CREATE UNIQUE INDEX reconciliation_runs_once ON public.reconciliation_runs USING btree (COALESCE(processor_account_id, processor), source, statement);
grant insert, select, update on reconciliation_runs to oncepay_system;

create table refunds (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  reason text,
  metadata jsonb not null default '{}'::jsonb,
  failure_code text,
  idempotency_key text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  personal bytea,
  personal_data_erased_at timestamp with time zone,
  note text,
  constraint refunds_pkey PRIMARY KEY (merchant_id, id),
  constraint refunds_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint refunds_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id),
  constraint refunds_amount_check CHECK ((amount > 0)),
  constraint refunds_erased CHECK (((personal_data_erased_at IS NULL) OR ((personal IS NULL) AND (metadata = '{}'::jsonb)))),
  constraint refunds_note_check CHECK ((length(note) <= 500)),
  constraint refunds_note_erased CHECK (((personal_data_erased_at IS NULL) OR (note IS NULL))),
  constraint refunds_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'REVERSED'::text])))
);
CREATE INDEX refunds_by_intent ON public.refunds USING btree (merchant_id, payment_intent_id, id);
CREATE INDEX refunds_pending ON public.refunds USING btree (merchant_id, currency) WHERE (status = 'PENDING'::text);
CREATE TRIGGER check_new_refunds AFTER INSERT ON public.refunds FOR EACH ROW EXECUTE FUNCTION check_refunds();
CREATE TRIGGER check_refunds AFTER UPDATE ON public.refunds FOR EACH ROW WHEN (((new.amount > old.amount) OR (new.payment_intent_id <> old.payment_intent_id) OR ((old.status <> ALL (ARRAY['PENDING'::text, 'SUCCEEDED'::text])) AND (new.status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text]))))) EXECUTE FUNCTION check_refunds();
alter table refunds enable row level security;
create policy system on refunds to oncepay_system using (true);
create policy tenant on refunds to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on refunds to oncepay_system;
grant insert, select, update on refunds to oncepay_tenant;

create table replay_plan_letters (
  merchant_id text collate "C" not null,
  plan_id text collate "C" not null,
  delivery_id text collate "C" not null,
  constraint replay_plan_letters_pkey PRIMARY KEY (merchant_id, plan_id, delivery_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.replay_plan_letters FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table replay_plan_letters enable row level security;
create policy system on replay_plan_letters to oncepay_system using (true);
create policy tenant on replay_plan_letters to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant select on replay_plan_letters to oncepay_system;
grant insert, select on replay_plan_letters to oncepay_tenant;

create table replay_plans (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  status text not null default 'READY'::text,
  reason text not null,
  filter jsonb not null,
  horizon text collate "C",
  letters integer not null,
  superseded integer not null,
  has_more boolean not null,
  counts jsonb not null,
  sample_ids text[] not null,
  per_second integer,
  position text collate "C" not null default ''::text,
  sent integer not null default 0,
  skipped integer not null default 0,
  spent_until timestamp with time zone,
  version integer not null default 1,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  updated_at timestamp with time zone not null default now(),
  idempotency_key text collate "C" not null,
  constraint replay_plans_pkey PRIMARY KEY (merchant_id, id),
  constraint replay_plans_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint replay_plans_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint replay_plans_check CHECK (((superseded >= 0) AND (superseded <= letters))),
  constraint replay_plans_check1 CHECK (((sent + skipped) <= letters)),
  constraint replay_plans_check2 CHECK (((status = ANY (ARRAY['FINISHED'::text, 'CANCELED'::text])) = (finished_at IS NOT NULL))),
  constraint replay_plans_check3 CHECK (((status = ANY (ARRAY['READY'::text, 'CANCELED'::text])) OR ((per_second IS NOT NULL) AND (started_at IS NOT NULL)))),
  constraint replay_plans_letters_check CHECK ((letters >= 0)),
  constraint replay_plans_per_second_check CHECK (((per_second >= 1) AND (per_second <= 1000))),
  constraint replay_plans_status_check CHECK ((status = ANY (ARRAY['READY'::text, 'RUNNING'::text, 'PAUSED'::text, 'FINISHED'::text, 'CANCELED'::text])))
);
CREATE INDEX replay_plans_running ON public.replay_plans USING btree (id) WHERE (status = 'RUNNING'::text);
CREATE TRIGGER keep_replay_plans BEFORE DELETE OR TRUNCATE ON public.replay_plans FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table replay_plans enable row level security;
create policy system on replay_plans to oncepay_system using (true);
create policy tenant on replay_plans to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant select, update on replay_plans to oncepay_system;
grant insert, select, update on replay_plans to oncepay_tenant;

create table resolution_checks (
  merchant_id text collate "C" not null,
  attempt_id text collate "C" not null,
  resolution text not null,
  lookups integer not null default 0,
  next_at timestamp with time zone,
  conclusion text,
  concluded_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint resolution_checks_pkey PRIMARY KEY (merchant_id, attempt_id),
  constraint resolution_checks_merchant_id_attempt_id_fkey FOREIGN KEY (merchant_id, attempt_id) REFERENCES attempts(merchant_id, id),
  constraint resolution_checks_check CHECK (((conclusion IS NULL) = (concluded_at IS NULL))),
  constraint resolution_checks_check1 CHECK (((conclusion IS NULL) OR (next_at IS NULL))),
  constraint resolution_checks_conclusion_check CHECK ((conclusion = ANY (ARRAY['CONFIRMED'::text, 'CONTRADICTED'::text]))),
  constraint resolution_checks_resolution_check CHECK ((resolution = ANY (ARRAY['SUCCEEDED'::text, 'FAILED'::text])))
);
CREATE INDEX resolution_checks_due ON public.resolution_checks USING btree (next_at) WHERE (next_at IS NOT NULL);
grant insert, select, update on resolution_checks to oncepay_system;

create table seal_state (
  only_one boolean not null default true,
  sealed_up_to timestamp with time zone not null default now(),
  constraint seal_state_pkey PRIMARY KEY (only_one),
  constraint seal_state_only_one_check CHECK (only_one)
);
grant select, update on seal_state to oncepay_system;

create table seals (
  merchant_id text collate "C" not null,
  number integer not null,
  feed_position bigint not null,
  postings_before timestamp with time zone not null,
  leaf_count integer not null,
  leaves bytea not null,
  names text not null,
  root bytea not null,
  previous bytea,
  sealed_at timestamp with time zone not null,
  key_id text collate "C" not null,
  signature bytea not null,
  constraint seals_pkey PRIMARY KEY (merchant_id, number),
  constraint seals_key_id_fkey FOREIGN KEY (key_id) REFERENCES signing_keys(id),
  constraint seals_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint seals_check CHECK ((length(leaves) = (32 * leaf_count))),
  constraint seals_check1 CHECK (((previous IS NULL) = (number = 1))),
  constraint seals_feed_position_check CHECK ((feed_position >= 0)),
  constraint seals_leaf_count_check CHECK ((leaf_count >= 0)),
  constraint seals_number_check CHECK ((number > 0)),
  constraint seals_previous_check CHECK ((length(previous) = 32)),
  constraint seals_root_check CHECK ((length(root) = 32)),
  constraint seals_signature_check CHECK ((length(signature) = 64))
);
CREATE INDEX seals_by_postings ON public.seals USING btree (merchant_id, postings_before, number);
CREATE INDEX seals_by_time ON public.seals USING btree (merchant_id, sealed_at, number);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table seals enable row level security;
create policy system on seals to oncepay_system using (true);
create policy tenant on seals to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on seals to oncepay_system;
grant select on seals to oncepay_tenant;

create table signing_keys (
  id text collate "C" not null,
  public_key bytea not null,
  private_key bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint signing_keys_pkey PRIMARY KEY (id),
  constraint signing_keys_public_key_check CHECK ((length(public_key) = 32))
);
CREATE TRIGGER guard_signing_key BEFORE UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION guard_signing_key();
CREATE TRIGGER keep_signing_keys BEFORE DELETE OR TRUNCATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
grant insert, select, update on signing_keys to oncepay_system;

create table transitions (
  merchant_id text collate "C" not null,
  payment_intent_id text collate "C" not null,
  version integer not null,
  from_status text,
  to_status text not null,
  event_id text collate "C" not null,
  actor text not null,
  cause text not null,
  amount bigint,
  terminal boolean not null,
  at timestamp with time zone not null default now(),
  constraint transitions_pkey PRIMARY KEY (merchant_id, payment_intent_id, version),
  constraint transitions_merchant_id_payment_intent_id_fkey FOREIGN KEY (merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id)
) partition by RANGE (payment_intent_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transitions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
create table transitions_default partition of transitions DEFAULT;
alter table transitions enable row level security;
create policy system on transitions to oncepay_system using (true);
create policy tenant on transitions to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on transitions to oncepay_system;
grant insert, select on transitions to oncepay_tenant;

create table webhook_deliveries (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  event_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  status text not null default 'SCHEDULED'::text,
  tries integer not null default 0,
  next_at timestamp with time zone default now(),
  status_code integer,
  error text,
  response_body text,
  duration_ms integer,
  replay_of text collate "C",
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  response_erased boolean,
  tries_early integer not null default 0,
  not_before timestamp with time zone,
  error_class text,
  replayed_as text collate "C",
  discard_reason text,
  line_subject text collate "C",
  line_sequence integer,
  stands boolean,
  traceparent text,
  constraint webhook_deliveries_pkey PRIMARY KEY (merchant_id, id),
  constraint webhook_deliveries_check CHECK (((status = ANY (ARRAY['SCHEDULED'::text, 'IN_FLIGHT'::text, 'RETRYING'::text])) = (next_at IS NOT NULL))),
  constraint webhook_deliveries_response_body_check CHECK ((length(response_body) <= 2048)),
  constraint webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['SCHEDULED'::text, 'IN_FLIGHT'::text, 'SUCCEEDED'::text, 'RETRYING'::text, 'PAUSED'::text, 'DEAD'::text, 'DISCARDED'::text]))),
  constraint webhook_deliveries_traceparent_check CHECK ((traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'::text)) NOT VALID
) partition by RANGE (id);
CREATE INDEX webhook_deliveries_by_event ON ONLY public.webhook_deliveries USING btree (merchant_id, event_id);
CREATE INDEX webhook_deliveries_due ON ONLY public.webhook_deliveries USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE INDEX webhook_deliveries_held ON ONLY public.webhook_deliveries USING btree (merchant_id, endpoint_id, id) WHERE ((next_at = 'infinity'::timestamp with time zone) AND (stands IS NOT TRUE));
CREATE INDEX webhook_deliveries_line ON ONLY public.webhook_deliveries USING btree (merchant_id, endpoint_id, line_subject, line_sequence) WHERE ((line_subject IS NOT NULL) AND (status = ANY (ARRAY['SCHEDULED'::text, 'IN_FLIGHT'::text, 'RETRYING'::text, 'PAUSED'::text])));
CREATE INDEX webhook_deliveries_paused ON ONLY public.webhook_deliveries USING btree (merchant_id, endpoint_id, id) WHERE (status = 'PAUSED'::text);
CREATE INDEX webhook_deliveries_retrying ON ONLY public.webhook_deliveries USING btree (merchant_id, endpoint_id, id) WHERE (status = 'RETRYING'::text);
CREATE INDEX webhook_deliveries_unanswered ON ONLY public.webhook_deliveries USING btree (merchant_id, id) WHERE ((status = 'DEAD'::text) AND (replayed_as IS NULL));
CREATE INDEX webhook_deliveries_unanswered_anywhere ON ONLY public.webhook_deliveries USING btree (id) WHERE ((status = 'DEAD'::text) AND (replayed_as IS NULL));
CREATE INDEX webhook_deliveries_unwell ON ONLY public.webhook_deliveries USING btree (merchant_id, status, id) WHERE (status = ANY (ARRAY['RETRYING'::text, 'PAUSED'::text, 'DEAD'::text, 'DISCARDED'::text]));
CREATE TRIGGER check_deliveries AFTER INSERT ON public.webhook_deliveries REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_deliveries();
create table webhook_deliveries_default partition of webhook_deliveries DEFAULT;
alter table webhook_deliveries enable row level security;
create policy system on webhook_deliveries to oncepay_system using (true);
create policy tenant on webhook_deliveries to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on webhook_deliveries to oncepay_system;
grant insert, select, update on webhook_deliveries to oncepay_tenant;

create table webhook_delivery_attempts (
  merchant_id text collate "C" not null,
  delivery_id text collate "C" not null,
  number integer not null,
  started_at timestamp with time zone not null,
  duration_ms integer not null,
  status_code integer,
  error_class text,
  error text,
  response_body text,
  constraint webhook_delivery_attempts_pkey PRIMARY KEY (merchant_id, delivery_id, number),
  constraint webhook_delivery_attempts_number_check CHECK ((number > 0)),
  constraint webhook_delivery_attempts_response_body_check CHECK ((length(response_body) <= 2048))
) partition by RANGE (delivery_id);
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON public.webhook_delivery_attempts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER guard_webhook_delivery_attempt BEFORE UPDATE ON public.webhook_delivery_attempts FOR EACH ROW EXECUTE FUNCTION guard_webhook_delivery_attempt();
create table webhook_delivery_attempts_default partition of webhook_delivery_attempts DEFAULT;
alter table webhook_delivery_attempts enable row level security;
create policy system on webhook_delivery_attempts to oncepay_system using (true);
create policy tenant on webhook_delivery_attempts to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on webhook_delivery_attempts to oncepay_system;
grant select on webhook_delivery_attempts to oncepay_tenant;

create table webhook_endpoint_changes (
  merchant_id text collate "C" not null,
  operation text not null,
  idempotency_key text collate "C" not null,
  endpoint_id text collate "C" not null,
  fingerprint bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint webhook_endpoint_changes_spent_key PRIMARY KEY (merchant_id, operation, idempotency_key),
  constraint webhook_endpoint_changes_merchant_id_endpoint_id_fkey FOREIGN KEY (merchant_id, endpoint_id) REFERENCES webhook_endpoints(merchant_id, id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.webhook_endpoint_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table webhook_endpoint_changes enable row level security;
create policy system on webhook_endpoint_changes to oncepay_system using (true);
create policy tenant on webhook_endpoint_changes to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select on webhook_endpoint_changes to oncepay_system;
grant insert, select on webhook_endpoint_changes to oncepay_tenant;

create table webhook_endpoint_hours (
  merchant_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  hour timestamp with time zone not null,
  attempts integer not null,
  succeeded integer not null,
  took integer[] not null,
  constraint webhook_endpoint_hours_pkey PRIMARY KEY (merchant_id, endpoint_id, hour),
  constraint webhook_endpoint_hours_merchant_id_endpoint_id_fkey FOREIGN KEY (merchant_id, endpoint_id) REFERENCES webhook_endpoints(merchant_id, id),
  constraint webhook_endpoint_hours_attempts_check CHECK ((attempts > 0)),
  constraint webhook_endpoint_hours_check CHECK (((succeeded >= 0) AND (succeeded <= attempts)))
) with (fillfactor=70);
alter table webhook_endpoint_hours enable row level security;
create policy system on webhook_endpoint_hours to oncepay_system using (true);
create policy tenant on webhook_endpoint_hours to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant delete, insert, select, update on webhook_endpoint_hours to oncepay_system;
grant select on webhook_endpoint_hours to oncepay_tenant;

create table webhook_endpoints (
  merchant_id text collate "C" not null,
  id text collate "C" not null,
  url text not null,
  description text,
  event_types text[] not null default '{}'::text[],
  status text not null default 'ENABLED'::text,
  disabled_reason text,
  secret bytea,
  idempotency_key text collate "C" not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  rate_limit integer,
  timeout_ms integer,
  concurrency integer,
  rate_spent_until timestamp with time zone,
  failures integer not null default 0,
  failing_since timestamp with time zone,
  failed_at timestamp with time zone,
  breaker text not null default 'CLOSED'::text,
  paused_until timestamp with time zone,
  recovered_at timestamp with time zone,
  warnings integer not null default 0,
  metadata jsonb not null default '{}'::jsonb,
  api_version text not null default '2026-11-20'::text,
  disabled_at timestamp with time zone,
  secret_hint text,
  old_secret bytea,
  old_secret_hint text,
  old_secret_until timestamp with time zone,
  behind_since timestamp with time zone,
  catch_up_from timestamp with time zone,
  proven_url text,
  proven_at timestamp with time zone,
  challenge_error text,
  challenges integer not null default 0,
  challenge_at timestamp with time zone,
  ordered boolean not null default false,
  constraint webhook_endpoints_pkey PRIMARY KEY (merchant_id, id),
  constraint webhook_endpoints_spent_key UNIQUE (merchant_id, idempotency_key),
  constraint webhook_endpoints_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
  constraint webhook_endpoints_breaker CHECK (((breaker = 'CLOSED'::text) = (paused_until IS NULL))),
  constraint webhook_endpoints_breaker_check CHECK ((breaker = ANY (ARRAY['CLOSED'::text, 'OPEN'::text, 'HALF_OPEN'::text]))),
  constraint webhook_endpoints_challenge_at CHECK (((challenge_at IS NULL) OR (status = 'PENDING'::text))),
  constraint webhook_endpoints_concurrency_check CHECK (((concurrency >= 1) AND (concurrency <= 256))),
  constraint webhook_endpoints_failing CHECK ((((failures > 0) = (failing_since IS NOT NULL)) AND ((failures > 0) = (failed_at IS NOT NULL)))),
  constraint webhook_endpoints_old_secret CHECK (((old_secret IS NULL) = (old_secret_until IS NULL))),
  constraint webhook_endpoints_rate_limit_check CHECK (((rate_limit >= 1) AND (rate_limit <= 10000))),
  constraint webhook_endpoints_secret CHECK (((secret IS NULL) = (status = 'DELETED'::text))),
  constraint webhook_endpoints_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'ENABLED'::text, 'DISABLED'::text, 'DELETED'::text]))),
  constraint webhook_endpoints_timeout_ms_check CHECK (((timeout_ms >= 100) AND (timeout_ms <= 15000))),
  constraint webhook_endpoints_url_check CHECK ((length(url) <= 2048))
);
CREATE INDEX webhook_endpoints_behind ON public.webhook_endpoints USING btree (behind_since) WHERE (behind_since IS NOT NULL);
CREATE INDEX webhook_endpoints_challenge_at ON public.webhook_endpoints USING btree (challenge_at) WHERE (challenge_at IS NOT NULL);
CREATE INDEX webhook_endpoints_failing_since ON public.webhook_endpoints USING btree (failing_since) WHERE (failing_since IS NOT NULL);
CREATE INDEX webhook_endpoints_old_secret_until ON public.webhook_endpoints USING btree (old_secret_until) WHERE (old_secret_until IS NOT NULL);
CREATE INDEX webhook_endpoints_recovered ON public.webhook_endpoints USING btree (recovered_at) WHERE (recovered_at IS NOT NULL);
CREATE TRIGGER endpoint_status_changes BEFORE UPDATE ON public.webhook_endpoints FOR EACH ROW WHEN ((new.status <> old.status)) EXECUTE FUNCTION endpoint_status_changes();
CREATE TRIGGER keep_endpoints BEFORE DELETE OR TRUNCATE ON public.webhook_endpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
alter table webhook_endpoints enable row level security;
create policy system on webhook_endpoints to oncepay_system using (true);
create policy tenant on webhook_endpoints to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant insert, select, update on webhook_endpoints to oncepay_system;
grant insert, select, update on webhook_endpoints to oncepay_tenant;

create table webhook_replays (
  merchant_id text collate "C" not null,
  idempotency_key text collate "C" not null,
  delivery_id text collate "C" not null,
  constraint webhook_replays_spent_key PRIMARY KEY (merchant_id, idempotency_key)
);
alter table webhook_replays enable row level security;
create policy system on webhook_replays to oncepay_system using (true);
create policy tenant on webhook_replays to oncepay_tenant using ((merchant_id = current_setting('oncepay.tenant'::text, true)));
grant select on webhook_replays to oncepay_system;
grant insert, select on webhook_replays to oncepay_tenant;

create table worker_leases (
  worker_id text not null,
  started_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint worker_leases_pkey PRIMARY KEY (worker_id)
);
grant delete, insert, select, update on worker_leases to oncepay_system;

CREATE OR REPLACE FUNCTION public.booked_amounts(of_merchant text, of_intent text)
 RETURNS TABLE(captured numeric, refunded numeric)
 LANGUAGE sql
 STABLE
AS $function$
      select
        coalesce(sum(p.amount) filter (where j.kind = 'capture' and c.kind = 'MERCHANT_BALANCE'), 0),
        coalesce(sum(case j.kind when 'refund' then p.amount
          when 'refund_reversal' then -p.amount end), 0)
      from journals j
      join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
      join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
      where j.merchant_id = of_merchant and j.payment_intent_id = of_intent
        and j.kind in ('capture', 'refund', 'refund_reversal') and not p.pending
    $function$;

CREATE OR REPLACE FUNCTION public.capture_snapshot(c captures)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', c.id,
        'object', 'capture',
        'paymentIntentId', c.payment_intent_id,
        'status', c.status,
        'amount', c.amount,
        'currency', c.currency,
        'final', c.final,
        'failureCode', c.failure_code,
        'createdAt', iso(c.created_at),
        'updatedAt', iso(c.updated_at))
    $function$;

CREATE OR REPLACE FUNCTION public.check_attempt_account()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if new.processor_account_id is not null and not exists (
        select from processor_accounts p where p.merchant_id = new.merchant_id and p.id = new.processor_account_id
          and p.processor = new.processor)
      then
        raise exception 'an attempt needs an account of its own merchant, at its processor'
          using errcode = 'foreign_key_violation';
      end if;
      if exists (
        select from attempts a where a.merchant_id = new.merchant_id
          and a.id in (new.target_attempt_id, new.replaces_attempt_id)
          and (a.processor, a.processor_account_id) is distinct from (new.processor, new.processor_account_id))
      then
        raise exception 'what follows an attempt goes to the same account' using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_deliveries()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if exists (
        select from inserted d left join webhook_endpoints w on w.merchant_id = d.merchant_id and w.id = d.endpoint_id
        where w.id is null
      ) then
        raise exception 'a delivery needs an endpoint of its own merchant' using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_payout_lines()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if exists (
        select from inserted i
        left join payouts p on p.merchant_id = i.merchant_id and p.id = i.payout_id
        where p.id is null)
        or exists (
          select from payouts p
          cross join lateral (
            select count(*) as lines, sum(l.amount) as amount from payout_lines l
            where l.merchant_id = p.merchant_id and l.payout_id = p.id
          ) s
          where (p.merchant_id, p.id) in (select i.merchant_id, i.payout_id from inserted i)
            and (s.lines <> p.line_count or s.amount <> p.amount))
      then
        raise exception 'a payout is the sum of its lines' using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_payouts()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if exists (
        select from inserted p
        cross join lateral (
          select count(*) as lines, sum(l.amount) as amount from payout_lines l
          where l.merchant_id = p.merchant_id and l.payout_id = p.id
        ) s
        where s.lines <> p.line_count or s.amount is distinct from p.amount)
      then
        raise exception 'a payout is the sum of its lines' using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_postings()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      perform pg_advisory_xact_lock_shared(hashtext('oncepay.balance_horizon'));
      if exists (select from balance_horizon h join inserted p on p.created_at < h.before) then
        raise exception 'a posting is older than what balances have been summed up to'
          using errcode = 'serialization_failure',
            hint = 'Its transaction took long, or the clock of this server is behind.';
      end if;
      if exists (
        select from inserted p
        left join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
        left join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
          and d.currency = p.currency
        left join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
          and c.currency = p.currency
        where j.id is null or d.id is null or c.id is null
      ) then
        raise exception 'a posting needs its journal, and accounts of its own merchant and currency'
          using errcode = 'foreign_key_violation';
      end if;
      -- Two that post for one intent take turns, whether or not they have locked it: the second sees what the first
      -- has posted, in the statement after this one.
      perform from (
          select distinct j.merchant_id, j.payment_intent_id from inserted p
          join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
          where not p.pending and j.kind in ('capture', 'refund', 'refund_reversal')
        ) t
        join payment_intents pi on pi.merchant_id = t.merchant_id and pi.id = t.payment_intent_id
        for no key update of pi;
      if exists (
        select from (
          select distinct j.merchant_id, j.payment_intent_id from inserted p
          join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
          where not p.pending and j.kind in ('capture', 'refund', 'refund_reversal')
        ) t
        left join payment_intents pi on pi.merchant_id = t.merchant_id
          and pi.id = t.payment_intent_id
        cross join lateral booked_amounts(pi.merchant_id, pi.id) b
        where pi.id is null or b.captured > pi.amount_captured or b.refunded > pi.amount_refunded
          or b.refunded > b.captured
      ) then
        raise exception 'more would be booked as captured or refunded than the payment intent says'
          using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_refunds()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      perform from payment_intents pi
        where pi.merchant_id = new.merchant_id and pi.id = new.payment_intent_id
        for no key update;
      if exists (
        select from payment_intents pi
        where pi.merchant_id = new.merchant_id and pi.id = new.payment_intent_id
          and reserved_refunds(pi.merchant_id, pi.id) > pi.amount_refunding + pi.amount_refunded
      ) then
        raise exception 'more would be refunded than the payment intent says'
          using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.check_suspense()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    declare
      source text;
      state record;
    begin
      if tg_table_name = 'attempts' then source := new.id; else source := new.source_id; end if;
      select b.held, case
          when a.status <> 'UNKNOWN' then 0
          when a.operation in ('charge', 'capture') then a.amount
          when a.operation = 'refund' then -a.amount
          else 0 end as may_have_moved
      into state
      from attempts a
      cross join lateral (
        select coalesce(sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end), 0)
          as held
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        where j.merchant_id = a.merchant_id and j.payment_intent_id = a.payment_intent_id
          and j.source_id = a.id and j.kind in ('suspense_hold', 'suspense_void')
      ) b
      where a.merchant_id = new.merchant_id and a.id = source;
      if state is null or state.held <> state.may_have_moved then
        raise exception 'suspense holds % of %, which may have moved %', state.held, source,
          state.may_have_moved using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.current_timeline()
 RETURNS integer
 LANGUAGE sql
 PARALLEL SAFE
AS $function$
      select ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
    $function$;

CREATE OR REPLACE FUNCTION public.dispute_snapshot(d disputes)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', d.id,
        'object', 'dispute',
        'paymentIntentId', d.payment_intent_id,
        'attemptId', d.attempt_id,
        'status', d.status,
        'reason', d.reason,
        'amount', d.amount,
        'currency', d.currency,
        'fee', d.fee,
        'processorDisputeId', d.processor_dispute_id,
        'evidenceDueBy', iso(d.evidence_due_by),
        'openedAt', iso(d.opened_at),
        'closedAt', iso(d.closed_at),
        'version', d.version,
        'createdAt', iso(d.created_at),
        'updatedAt', iso(d.updated_at))
    $function$;

CREATE OR REPLACE FUNCTION public.drop_expired_audit_entries(horizon timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
      select drop_partitions_before('audit_log', horizon)
    $function$;

CREATE OR REPLACE FUNCTION public.drop_expired_keys(horizon timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
      select drop_partitions_before('idempotency_keys', horizon)
    $function$;

CREATE OR REPLACE FUNCTION public.drop_expired_webhook_attempts(horizon timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
      select drop_partitions_before('webhook_delivery_attempts', horizon)
    $function$;

CREATE OR REPLACE FUNCTION public.drop_partitions_before(parent text, horizon timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE plpgsql
AS $function$
    declare
      partition text;
    begin
      for partition in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_\d{4}_\d{2}$')
          and to_timestamp(right(c.relname, 7) || '_01+00', 'YYYY_MM_DD+TZH') + interval '1 month' <= horizon
        order by c.relname
      loop
        execute format('drop table %I', partition);
        return next partition;
      end loop;
    end $function$;

CREATE OR REPLACE FUNCTION public.endpoint_status_changes()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if old.status = 'DELETED' then
        raise exception 'a deleted webhook endpoint stays deleted' using errcode = 'restrict_violation';
      end if;
      new.behind_since := now();
      if new.status <> 'PENDING' then
        new.challenge_at := null;
      end if;
      if new.status in ('PENDING', 'ENABLED') then
        new.disabled_at := null;
        new.disabled_reason := null;
      elsif new.status = 'DISABLED' then
        new.disabled_at := now();
      else
        new.secret := null;
        new.old_secret := null;
        new.old_secret_until := null;
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.ensure_partitions(until timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
    declare
      made int := make_partitions(until);
    begin
      if made > 0 then
        perform expect_busy_merchants();
      end if;
      return made;
    end $function$;

CREATE OR REPLACE FUNCTION public.expect_busy_merchants()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
    declare
      expected record;
    begin
      for expected in
        select c.relname, a.attname, case a.attname when 'merchant_id' then 10 else 1000 end as distinct_values
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attoptions is null
          and (a.attname = 'merchant_id' or (a.attname = 'actor_id' and c.relname like 'audit\_log\_%'))
      loop
        execute format('alter table %I alter column %I set (n_distinct = %s)',
          expected.relname, expected.attname, expected.distinct_values);
      end loop;
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_dispute()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if tg_op = 'INSERT' then
        if new.status = 'OPEN' and exists (
          select from attempts a
          join payment_intents pi on pi.merchant_id = a.merchant_id and pi.id = a.payment_intent_id
          where a.merchant_id = new.merchant_id and a.id = new.attempt_id
            and a.payment_intent_id = new.payment_intent_id and a.operation in ('charge', 'authorize')
            and a.status = 'SUCCEEDED' and pi.currency = new.currency and new.amount <= pi.amount_captured)
        then
          return new;
        end if;
        raise exception 'a dispute is opened on money that was captured' using errcode = 'check_violation';
      end if;
      if old.status = 'OPEN' and new.status in ('WON', 'LOST')
        and (new.merchant_id, new.id, new.payment_intent_id, new.attempt_id, new.processor, new.processor_dispute_id,
            new.reason, new.amount, new.currency, new.fee, new.opened_at, new.created_at)
          = (old.merchant_id, old.id, old.payment_intent_id, old.attempt_id, old.processor, old.processor_dispute_id,
            old.reason, old.amount, old.currency, old.fee, old.opened_at, old.created_at)
        and new.evidence_due_by is not distinct from old.evidence_due_by
      then
        return new;
      end if;
      raise exception 'a dispute is decided once, and all else about it stays' using errcode = 'check_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    declare
      personal constant text[] := '{description,customer,metadata,personalDataErasedAt}';
    begin
      if old.personal is null and new.personal is null
        and (new.merchant_id, new.id, new.type, new.api_version, new.subject_id, new.created_at)
          = (old.merchant_id, old.id, old.type, old.api_version, old.subject_id, old.created_at)
        and new.sequence is not distinct from old.sequence
        and new.object::jsonb - personal = old.object::jsonb - personal
        and new.object ->> 'description' is null and new.object ->> 'customer' is null
        and coalesce(new.object ->> 'metadata', '{}') = '{}'
        and exists (select from payment_intents pi
          where pi.merchant_id = old.merchant_id and pi.id = old.subject_id
            and pi.personal_data_erased_at is not null)
      then
        return new;
      end if;
      raise exception 'events is append-only' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_payment_intent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if new.status <> old.status and not payment_intent_may_move(old.status, new.status) then
        raise exception 'illegal transition of a payment intent: % to %', old.status, new.status using errcode = 'check_violation';
      end if;
      raise exception 'a payment intent keeps its identity, and its amount once it is confirmed; its version only grows, and what is erased stays so'
        using errcode = 'check_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_payout()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if (old.status = 'IN_TRANSIT' and new.status in ('PAID', 'FAILED') or old.status = 'PAID' and new.status = 'FAILED')
        and new.version = old.version + 1
        and (new.merchant_id, new.id, new.processor, new.processor_payout_id, new.report_id, new.amount, new.currency,
            new.line_count, new.created_at)
          = (old.merchant_id, old.id, old.processor, old.processor_payout_id, old.report_id, old.amount, old.currency,
            old.line_count, old.created_at)
        and new.processor_account_id is not distinct from old.processor_account_id
      then
        return new;
      end if;
      raise exception 'a payout is on its way, paid, or failed, in this order, and all else about it stays'
        using errcode = 'check_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_processor_account()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if (new.merchant_id, new.id, new.processor, new.mode, new.external_account_id, new.idempotency_key, new.created_at)
        is distinct from (old.merchant_id, old.id, old.processor, old.mode, old.external_account_id, old.idempotency_key,
          old.created_at)
      then
        raise exception 'what a processor account is does not change' using errcode = 'restrict_violation';
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_reconciliation_break()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if old.status = 'RESOLVED' or (old.status = 'EXPLAINED' and new.status = 'OPEN')
        or (new.merchant_id, new.id, new.kind, new.source, new.subject_id, new.currency, new.detail, new.found_at)
          <> (old.merchant_id, old.id, old.kind, old.source, old.subject_id, old.currency, old.detail, old.found_at)
        or (new.ours, new.theirs, new.proposal, new.payment_intent_id, new.report_id, new.processor,
            new.processor_account_id)
          is distinct from (old.ours, old.theirs, old.proposal, old.payment_intent_id, old.report_id, old.processor,
            old.processor_account_id)
        or (old.reversing is not null and new.reversing is distinct from old.reversing)
      then
        raise exception 'a break is found as it is, and resolved once' using errcode = 'check_violation';
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_signing_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if (new.id, new.public_key, new.created_at) = (old.id, old.public_key, old.created_at) then
        return new;
      end if;
      raise exception 'a signing key stays what it is' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.guard_webhook_delivery_attempt()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if (new.merchant_id, new.delivery_id, new.number, new.started_at, new.duration_ms)
          = (old.merchant_id, old.delivery_id, old.number, old.started_at, old.duration_ms)
        and (new.status_code, new.error_class, new.error)
          is not distinct from (old.status_code, old.error_class, old.error)
        and new.response_body is null
      then
        return new;
      end if;
      raise exception 'webhook_delivery_attempts is append-only' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.id_floor(prefix text, at timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE STRICT
AS $function$
    declare
      alphabet constant text := '0123456789abcdefghjkmnpqrstvwxyz';
      rest bigint := floor(extract(epoch from at) * 1000);
      body text := '';
    begin
      for i in 1..10 loop
        body := substr(alphabet, (rest % 32)::int + 1, 1) || body;
        rest := rest / 32;
      end loop;
      return prefix || '_' || body;
    end $function$;

CREATE OR REPLACE FUNCTION public.iso(at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
      select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    $function$;

CREATE OR REPLACE FUNCTION public.keep_append_only(parent text, partition text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
    begin
      if exists (select from pg_trigger where tgrelid = to_regclass(parent) and tgname = 'append_only') then
        execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', partition);
      end if;
    end $function$;

CREATE OR REPLACE FUNCTION public.keep_horizon()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception 'the balance horizon only moves on' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.keep_what_moved()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      -- As it is at the commit, whatever it was when this was asked for.
      if exists (
        select from payment_intents pi
        cross join lateral booked_amounts(pi.merchant_id, pi.id) b
        where pi.merchant_id = new.merchant_id and pi.id = new.id
          and (b.captured > pi.amount_captured or b.refunded > pi.amount_refunded
            or reserved_refunds(pi.merchant_id, pi.id) > pi.amount_refunding + pi.amount_refunded)
      ) then
        raise exception 'more is captured or refunded than the payment intent would say'
          using errcode = 'check_violation';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.make_partitions(until timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
    declare
      parent record;
      month timestamptz;
      partition text;
      lower_bound text;
      upper_bound text;
      made int := 0;
    begin
      perform pg_advisory_xact_lock(hashtext('oncepay.ensure_partitions'));
      for parent in select * from partitioned_tables order by name loop
        month := date_trunc('month', now(), 'UTC');
        while month <= until loop
          partition := parent.name || '_' || to_char(month at time zone 'UTC', 'YYYY_MM');
          if to_regclass(partition) is null then
            if parent.id_prefix is null then
              lower_bound := quote_literal((month at time zone 'UTC')::date);
              upper_bound := quote_literal(((month at time zone 'UTC') + interval '1 month')::date);
            else
              lower_bound := quote_literal(id_floor(parent.id_prefix, month));
              upper_bound := quote_literal(id_floor(parent.id_prefix, month + interval '1 month'));
            end if;
            execute format('create table %I partition of %I for values from (%s) to (%s)', partition, parent.name, lower_bound, upper_bound);
            perform keep_append_only(parent.name, partition);
            made := made + 1;
          end if;
          month := month + interval '1 month';
        end loop;
      end loop;
      return made;
    end $function$;

CREATE OR REPLACE FUNCTION public.payment_intent_may_move(from_status text, to_status text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
      select (from_status, to_status) in (
        ('REQUIRES_PAYMENT_METHOD', 'PROCESSING'), ('REQUIRES_PAYMENT_METHOD', 'CANCELED'),
        ('REQUIRES_CONFIRMATION', 'PROCESSING'), ('REQUIRES_CONFIRMATION', 'CANCELED'),
        ('PROCESSING', 'SUCCEEDED'), ('PROCESSING', 'REQUIRES_CAPTURE'), ('PROCESSING', 'REQUIRES_ACTION'),
        ('PROCESSING', 'REQUIRES_PAYMENT_METHOD'), ('PROCESSING', 'FAILED'), ('PROCESSING', 'CANCELED'),
        ('REQUIRES_ACTION', 'PROCESSING'), ('REQUIRES_ACTION', 'REQUIRES_PAYMENT_METHOD'), ('REQUIRES_ACTION', 'FAILED'),
        ('REQUIRES_CAPTURE', 'PROCESSING'), ('REQUIRES_CAPTURE', 'SUCCEEDED'), ('REQUIRES_CAPTURE', 'CANCELED'))
    $function$;

CREATE OR REPLACE FUNCTION public.payment_intent_record(p payment_intents)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select case when p.personal is null then payment_intent_snapshot(p) else json_build_object(
        'id', p.id,
        'object', 'payment_intent',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'captureMethod', p.capture_method,
        'paymentMethod', p.payment_method,
        'amountAuthorized', p.amount_authorized,
        'amountCapturable', case when p.status = 'REQUIRES_CAPTURE' then p.amount_authorized - p.amount_captured - p.amount_capturing else 0 end,
        'amountCaptured', p.amount_captured,
        'amountRefunded', p.amount_refunded,
        'amountRefundable', greatest(0, p.amount_captured - p.amount_refunded - p.amount_refunding - p.amount_disputed),
        'amountDisputed', p.amount_disputed,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'cancellationRequestedAt', iso(p.cancellation_requested_at),
        'authorizationExpiresAt', iso(p.authorization_expires_at),
        'authorizationExpiredAt', iso(p.authorization_expired_at),
        'authorizationExpiryPolicy', case when p.capture_method = 'MANUAL' then coalesce(p.authorization_expiry_policy, 'NOTIFY') end,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at)) end
    $function$;

CREATE OR REPLACE FUNCTION public.payment_intent_snapshot(p payment_intents)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', p.id,
        'object', 'payment_intent',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'captureMethod', p.capture_method,
        'paymentMethod', p.payment_method,
        'amountAuthorized', p.amount_authorized,
        'amountCapturable', case when p.status = 'REQUIRES_CAPTURE' then p.amount_authorized - p.amount_captured - p.amount_capturing else 0 end,
        'amountCaptured', p.amount_captured,
        'amountRefunded', p.amount_refunded,
        'amountRefundable', greatest(0, p.amount_captured - p.amount_refunded - p.amount_refunding - p.amount_disputed),
        'amountDisputed', p.amount_disputed,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'cancellationRequestedAt', iso(p.cancellation_requested_at),
        'authorizationExpiresAt', iso(p.authorization_expires_at),
        'authorizationExpiredAt', iso(p.authorization_expired_at),
        'authorizationExpiryPolicy', case when p.capture_method = 'MANUAL' then coalesce(p.authorization_expiry_policy, 'NOTIFY') end,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at),
        'description', p.description,
        'customer', p.customer,
        'metadata', p.metadata,
        'personalDataErasedAt', iso(p.personal_data_erased_at))
    $function$;

CREATE OR REPLACE FUNCTION public.payout_snapshot(p payouts)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', p.id,
        'object', 'payout',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'lineCount', p.line_count,
        'processor', p.processor,
        'processorAccountId', p.processor_account_id,
        'processorPayoutId', p.processor_payout_id,
        'arrivesAt', iso(p.arrives_at),
        'changedAt', iso(p.changed_at),
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at))
    $function$;

CREATE OR REPLACE FUNCTION public.reconciliation_break_snapshot(b reconciliation_breaks)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', b.id,
        'object', 'reconciliation_break',
        'merchantId', b.merchant_id,
        'kind', b.kind,
        'status', b.status,
        'source', b.source,
        'processor', b.processor,
        'processorAccountId', b.processor_account_id,
        'reportId', b.report_id,
        'subjectId', b.subject_id,
        'paymentIntentId', b.payment_intent_id,
        'currency', b.currency,
        'detail', b.detail,
        'ours', b.ours,
        'theirs', b.theirs,
        'proposal', b.proposal,
        'owner', b.owner,
        'explanation', b.explanation,
        'resolution', b.resolution,
        'journalId', b.journal_id,
        'foundAt', iso(b.found_at),
        'explainedAt', iso(b.explained_at),
        'resolvedAt', iso(b.resolved_at))
    $function$;

CREATE OR REPLACE FUNCTION public.refund_record(r refunds)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select case when r.personal is null then refund_snapshot(r) else json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at)) end
    $function$;

CREATE OR REPLACE FUNCTION public.refund_snapshot(r refunds)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
      select json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at),
        'metadata', r.metadata,
        'note', r.note,
        'personalDataErasedAt', iso(r.personal_data_erased_at))
    $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.refuse_keys_of_held()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if exists (select from merchant_holds) and exists (
        select from inserted i join merchant_holds h on h.merchant_id = i.merchant_id
      ) then
        raise exception 'a merchant is held: nothing new is started' using errcode = 'OP001';
      end if;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.reserved_refunds(of_merchant text, of_intent text)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
      select coalesce(sum(r.amount), 0) from refunds r
      where r.merchant_id = of_merchant and r.payment_intent_id = of_intent
        and r.status in ('PENDING', 'SUCCEEDED')
    $function$;

CREATE OR REPLACE FUNCTION public.was_confirmed_by_shopper(of_merchant text, of_intent text, at_moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
    begin
      return exists (
        select from transitions t
        join api_keys k on k.merchant_id = t.merchant_id and k.id = t.actor
        where t.merchant_id = of_merchant and t.payment_intent_id = of_intent
          and t.cause = 'confirmPaymentIntent' and t.at = at_moment and k.kind = 'PUBLISHABLE'
      );
    end $function$;
