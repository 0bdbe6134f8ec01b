import type { Knex } from "knex";

/**
 * An attempt belongs to an account of its merchant at its processor, or to the installation's own. Which one is decided
 * when it is queued, and never changes; what follows a charge goes where the charge is.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table attempts add column processor_account_id text collate "C";

    -- No foreign key: it would lock the account's row for each attempt. An attempt of the installation's own that follows
    -- nothing asks for nothing here.
    create function check_attempt_account() returns trigger language plpgsql as $$
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
    end $$;
    create trigger check_attempt_account after insert on attempts for each row
      when (new.processor_account_id is not null or new.target_attempt_id is not null
        or new.replaces_attempt_id is not null)
      execute function check_attempt_account();
    create trigger keep_processor_account before update of processor_account_id, processor on attempts for each row
      when ((old.processor, old.processor_account_id) is distinct from (new.processor, new.processor_account_id))
      execute function refuse_change();
  `);
}
