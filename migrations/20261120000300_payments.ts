import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table payment_intents (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      status text not null check (status in ('REQUIRES_PAYMENT_METHOD', 'REQUIRES_CONFIRMATION', 'REQUIRES_ACTION',
        'PROCESSING', 'REQUIRES_CAPTURE', 'SUCCEEDED', 'FAILED', 'CANCELED')),
      amount bigint not null check (amount between 1 and 9007199254740991),
      currency text not null check (length(currency) = 3),
      capture_method text not null check (capture_method in ('AUTOMATIC', 'MANUAL')),
      payment_method text,
      amount_authorized bigint not null default 0 check (amount_authorized between 0 and amount),
      amount_capturing bigint not null default 0 check (amount_capturing >= 0),
      amount_captured bigint not null default 0 check (amount_captured >= 0),
      amount_refunding bigint not null default 0 check (amount_refunding >= 0),
      amount_refunded bigint not null default 0 check (amount_refunded >= 0),
      description text,
      customer text,
      merchant_reference text,
      metadata jsonb not null default '{}',
      last_payment_error jsonb,
      next_action jsonb,
      cancellation_reason text,
      attempts_made int not null default 0,
      version int not null default 1,
      idempotency_key text collate "C" not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      -- For ever: a create key whose record has expired still cannot make a second intent.
      constraint payment_intents_spent_key unique (merchant_id, idempotency_key),
      -- What is in flight is reserved, so that concurrent captures and refunds can never exceed what there is.
      check (amount_captured + amount_capturing <= amount_authorized),
      check (amount_refunded + amount_refunding <= amount_captured)
    ) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

    create index payment_intents_by_status on payment_intents (merchant_id, status, id);
    create index payment_intents_by_customer on payment_intents (merchant_id, customer, id) where customer is not null;
    create index payment_intents_by_reference on payment_intents (merchant_id, merchant_reference, id) where merchant_reference is not null;

    -- The legal edges, mirrored from src/payments/payment-intent.ts (a test walks every pair and compares).
    create function payment_intent_may_move(from_status text, to_status text) returns boolean language sql immutable as $$
      select (from_status, to_status) in (
        ('REQUIRES_PAYMENT_METHOD', 'PROCESSING'), ('REQUIRES_PAYMENT_METHOD', 'CANCELED'),
        ('REQUIRES_CONFIRMATION', 'PROCESSING'), ('REQUIRES_CONFIRMATION', 'CANCELED'),
        ('PROCESSING', 'SUCCEEDED'), ('PROCESSING', 'REQUIRES_CAPTURE'), ('PROCESSING', 'REQUIRES_ACTION'),
        ('PROCESSING', 'REQUIRES_PAYMENT_METHOD'), ('PROCESSING', 'FAILED'), ('PROCESSING', 'CANCELED'),
        ('REQUIRES_ACTION', 'PROCESSING'),
        ('REQUIRES_CAPTURE', 'PROCESSING'))
    $$;

    create function guard_payment_intent() returns trigger language plpgsql as $$
    begin
      if new.status <> old.status and not payment_intent_may_move(old.status, new.status) then
        raise exception 'illegal transition of a payment intent: % to %', old.status, new.status using errcode = 'check_violation';
      end if;
      if new.version <= old.version or new.amount <> old.amount or new.currency <> old.currency
        or new.id <> old.id or new.merchant_id <> old.merchant_id or new.idempotency_key <> old.idempotency_key then
        raise exception 'a payment intent keeps its identity and amount, and its version only grows' using errcode = 'check_violation';
      end if;
      return new;
    end $$;
    create trigger guard_payment_intent before update on payment_intents for each row execute function guard_payment_intent();
    create trigger keep_payment_intents before delete or truncate on payment_intents for each statement execute function refuse_change();

    create table captures (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      status text not null check (status in ('PENDING', 'SUCCEEDED', 'FAILED')),
      amount bigint not null check (amount > 0),
      currency text not null,
      final boolean not null,
      failure_code text,
      idempotency_key text collate "C" not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      constraint captures_spent_key unique (merchant_id, idempotency_key),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    );
    create index captures_by_intent on captures (merchant_id, payment_intent_id, id);

    create table refunds (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      status text not null check (status in ('PENDING', 'SUCCEEDED', 'FAILED')),
      amount bigint not null check (amount > 0),
      currency text not null,
      reason text,
      metadata jsonb not null default '{}',
      failure_code text,
      idempotency_key text collate "C" not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      constraint refunds_spent_key unique (merchant_id, idempotency_key),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    );
    create index refunds_by_intent on refunds (merchant_id, payment_intent_id, id);

    create table attempts (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      operation text not null check (operation in ('charge', 'authorize', 'capture', 'refund', 'void', 'reverse', 'compensate')),
      status text not null check (status in ('QUEUED', 'SENT', 'UNKNOWN', 'REQUIRES_ACTION', 'SUCCEEDED', 'DECLINED', 'ABANDONED')),
      processor text not null,
      amount bigint not null check (amount > 0),
      currency text not null,
      payment_method text,
      return_url text,
      final boolean,
      capture_id text collate "C",
      refund_id text collate "C",
      -- capture, refund, void: the attempt they act on, whose id is the reference at the processor.
      target_attempt_id text collate "C",
      -- The earlier try that is proven to have moved nothing, and that this one replaces.
      replaces_attempt_id text collate "C",
      generation int not null default 1,
      processor_charge_id text,
      code text,
      decline_code text,
      message text,
      fee bigint,
      worker_id text,
      sends int not null default 0,
      lookups int not null default 0,
      -- It has been decided to undo it by its reference: from then on nothing but the acknowledgement settles it.
      reversing boolean not null default false,
      -- When it is due next: QUEUED, to be sent; UNKNOWN and REQUIRES_ACTION, to be looked up.
      next_at timestamptz default now(),
      sent_at timestamptz,
      unknown_since timestamptz,
      settled_at timestamptz,
      -- confirmPaymentIntent's key, for ever, as captures and refunds keep theirs.
      idempotency_key text collate "C",
      created_at timestamptz not null default now(),
      primary key (merchant_id, id),
      constraint attempts_spent_key unique (merchant_id, idempotency_key),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id),
      check ((status in ('SUCCEEDED', 'DECLINED', 'ABANDONED')) = (settled_at is not null)),
      check (status <> 'SENT' or worker_id is not null)
    ) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
    create index attempts_by_intent on attempts (merchant_id, payment_intent_id, id);
    -- Two charges in flight for one intent cannot exist, whatever the code above does.
    create unique index attempts_one_charge_in_flight on attempts (merchant_id, payment_intent_id)
      where operation in ('charge', 'authorize') and status in ('QUEUED', 'SENT', 'UNKNOWN', 'REQUIRES_ACTION');
    -- The sweeper's two questions, across merchants: what is due, and what did a dead worker hold?
    create index attempts_due on attempts (next_at) where status in ('QUEUED', 'UNKNOWN', 'REQUIRES_ACTION');
    create index attempts_held on attempts (worker_id) where status = 'SENT';

    -- A processor's webhook knows our reference and not our merchant.
    create index attempts_by_reference on attempts (id);
    create index attempts_unknown on attempts (merchant_id, id) where status = 'UNKNOWN';

    -- What was heard about an attempt and from whom, beyond the plain answer to the call: look-ups, webhooks, operators,
    -- and whatever came late. Append-only: it is why an outcome that was unknown became what it is.
    create table attempt_evidence (
      merchant_id text collate "C" not null,
      attempt_id text collate "C" not null,
      line bigint generated always as identity,
      source text not null,
      outcome jsonb not null,
      effect text not null,
      reason text,
      at timestamptz not null default now(),
      primary key (merchant_id, attempt_id, line),
      foreign key (merchant_id, attempt_id) references attempts (merchant_id, id)
    );
    create trigger append_only before update or delete or truncate on attempt_evidence for each statement execute function refuse_change();

    create table transitions (
      merchant_id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      version int not null,
      from_status text,
      to_status text not null,
      event_id text collate "C" not null,
      actor text not null,
      cause text not null,
      amount bigint,
      terminal boolean not null,
      at timestamptz not null default now(),
      primary key (merchant_id, payment_intent_id, version),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    ) partition by range (payment_intent_id);
    create table transitions_default partition of transitions default;
    insert into partitioned_tables values ('transitions', 'pi');
    create trigger append_only before update or delete or truncate on transitions for each statement execute function refuse_change();
    select keep_append_only('transitions', 'transitions_default');

    -- A worker's lease. What it holds is taken from it when the lease, by this database's clock, has run out.
    create table worker_leases (
      worker_id text primary key,
      started_at timestamptz not null default now(),
      expires_at timestamptz not null
    );
  `);
}
