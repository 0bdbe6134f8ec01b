import { Client } from "pg";

/**
 * The shape of the network's books. Its migrations are its own, applied by itself, because it is a
 * separate program with a separate database: what it says moved must not depend on oncepay's.
 * Append only: a new shape is a new entry, run once, in order.
 */
const MIGRATIONS: readonly string[] = [
  `
  create table movements (
    position     bigint primary key,
    id           text not null,
    kind         text not null
                 check (kind in ('authorize', 'capture', 'refund', 'void', 'reverse')),
    amount       bigint not null check (amount > 0),
    currency     text not null,
    reference    text not null,
    charge_id    text not null,
    operation_id text not null,
    operation    text not null,
    source       text not null,
    fee          bigint not null,
    final        boolean not null,
    at           timestamptz not null
  );
  create index movements_reference on movements (reference);

  create table verdicts (
    position     bigint primary key,
    status       text not null,
    operation_id text not null,
    operation    text not null,
    reference    text not null,
    charge_id    text not null,
    amount       bigint not null,
    currency     text not null,
    source       text not null,
    final        boolean not null,
    decline      jsonb,
    challenge    jsonb,
    at           timestamptz not null
  );

  create table tombstones (
    position  bigint primary key,
    reference text not null unique,
    at        timestamptz not null
  );

  create function refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception '% is append-only', tg_table_name;
  end $$;
  create trigger movements_append_only before update or delete or truncate on movements
    for each statement execute function refuse_change();
  create trigger verdicts_append_only before update or delete or truncate on verdicts
    for each statement execute function refuse_change();
  create trigger tombstones_append_only before update or delete or truncate on tombstones
    for each statement execute function refuse_change();
  `,
  `
  create table disputes (
    position  bigint primary key,
    id        text not null,
    step      text not null check (step in ('opened', 'won', 'lost')),
    charge_id text not null,
    reference text not null,
    amount    bigint not null check (amount > 0),
    currency  text not null,
    fee       bigint not null,
    reason    text not null,
    due_at    timestamptz not null,
    at        timestamptz not null
  );
  create unique index disputes_opened_once on disputes (id) where step = 'opened';
  create unique index disputes_decided_once on disputes (id) where step <> 'opened';
  create trigger disputes_append_only before update or delete or truncate on disputes
    for each statement execute function refuse_change();
  `,
  "create index movements_at on movements (at, position)",
  `
  create table payouts (
    id         text primary key,
    currency   text not null,
    amount     bigint not null,
    line_count int not null,
    arrives_at timestamptz not null
  );
  create table payout_lines (
    payout_id   text not null references payouts (id),
    line        int not null,
    kind        text not null check (kind in ('charge', 'refund', 'fee', 'dispute', 'adjustment')),
    amount      bigint not null,
    reference   text not null,
    movement_id text not null,
    primary key (payout_id, line)
  );
  create index payout_lines_movement on payout_lines (movement_id);
  create table payout_steps (
    payout_id text not null references payouts (id),
    number    int not null,
    step      text not null check (step in ('in_transit', 'paid', 'failed')),
    at        timestamptz not null default clock_timestamp(),
    primary key (payout_id, number)
  );
  create trigger payouts_append_only before update or delete or truncate on payouts
    for each statement execute function refuse_change();
  create trigger payout_lines_append_only before update or delete or truncate on payout_lines
    for each statement execute function refuse_change();
  create trigger payout_steps_append_only before update or delete or truncate on payout_steps
    for each statement execute function refuse_change();
  `,
  // Of the fee, where it is not that of the amount.
  "alter table movements add column fee_currency text",
  // Of the account that it is about; two may be asked for the same reference.
  `
  alter table tombstones add column account text not null default '',
    drop constraint tombstones_reference_key, add unique (account, reference);
  `,
];

// Any fixed number, so long as nothing else in this database takes the same one.
const MIGRATION_LOCK = 7_013_001;

/** Creates the network's database when it is missing, and its tables in it. Safe to run by several at once. */
export async function createSandboxBooks(databaseUrl: string): Promise<void> {
  const client = await connectCreating(databaseUrl);
  try {
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await client.query("create table if not exists migrations (number int primary key)");
    const applied = await client.query<{ number: number }>("select number from migrations");
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (applied.rows.some((row) => row.number === index + 1)) continue;
      await client.query("begin");
      await client.query(sql);
      await client.query("insert into migrations values ($1)", [index + 1]);
      await client.query("commit");
    }
  } finally {
    // Ending the session releases the lock, and rolls back what a failure left half done.
    await client.end();
  }
}

async function connectCreating(databaseUrl: string): Promise<Client> {
  try {
    return await connect(databaseUrl);
  } catch (error) {
    const missing = (error as { code?: string }).code === "3D000";
    if (!missing) throw error;
  }
  const url = new URL(databaseUrl);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = "/postgres";
  const maintenance = await connect(url.toString());
  try {
    await maintenance.query(`create database "${name.replaceAll('"', '""')}"`);
  } catch (error) {
    // Another process may have created it in between; then it is there, which is all we want.
    const code = (error as { code?: string }).code;
    if (code !== "42P04" && code !== "23505") throw error;
  } finally {
    await maintenance.end();
  }
  return connect(databaseUrl);
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while idle would otherwise end the process as an unhandled event.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
