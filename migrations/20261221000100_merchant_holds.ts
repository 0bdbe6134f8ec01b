import type { Knex } from "knex";

/**
 * Merchants for whom nothing new is to be started. Every mutation keeps its key in the commit of its effect, so refusing
 * the key refuses the mutation, whatever a process believes that it has read a moment ago. Where nobody is held, that is
 * one look at an empty table for each statement, whatever the size of its set.
 *
 * The trigger locks the keys' table for as long as it takes to make it, which is why it is alone.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table merchant_holds (
      merchant_id text collate "C" primary key references merchants,
      reason text not null check (length(reason) between 1 and 500),
      held_at timestamptz not null default now()
    );

    create function refuse_keys_of_held() returns trigger language plpgsql as $$
    begin
      if exists (select from merchant_holds) and exists (
        select from inserted i join merchant_holds h on h.merchant_id = i.merchant_id
      ) then
        raise exception 'a merchant is held: nothing new is started' using errcode = 'OP001';
      end if;
      return null;
    end $$;
    create trigger refuse_keys_of_held after insert on idempotency_keys
      referencing new table as inserted
      for each statement execute function refuse_keys_of_held();
  `);
}
