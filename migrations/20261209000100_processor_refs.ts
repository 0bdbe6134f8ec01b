import type { Knex } from "knex";

/**
 * What a processor calls an attempt that it has prepared is a column of its own: the id of what it has answered says that
 * an answer was heard, and this one that the attempt may be sent. The trigger is for this column alone, so that no other
 * update of an attempt asks for it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table attempts
      add column processor_ref text,
      add column target_processor_ref text;
    create trigger keep_processor_ref before update of processor_ref on attempts for each row
      when (old.processor_ref is not null or new.status <> 'SENT')
      execute function refuse_change();
  `);
}
