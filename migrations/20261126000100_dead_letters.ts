import type { Knex } from "knex";

/**
 * What became of a dead letter is in its own row: whoever replays it writes there first, so that two who do it at the
 * same time do it once.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table webhook_deliveries
      -- Why the last try failed: a word of ours. Null: it did not.
      add column error_class text,
      -- The delivery that repeats this one, the latest if there are several. Null: nobody has replayed it.
      add column replayed_as text collate "C",
      -- Why a person decided that it will not be delivered.
      add column discard_reason text;

    -- The letters that wait for a person. Only what dies is written to it.
    create index webhook_deliveries_unanswered on webhook_deliveries (merchant_id, id)
      where status = 'DEAD' and replayed_as is null;

    -- Of what died before, as far as the words of that time say it.
    update webhook_deliveries set error_class = case
      when status_code = 410 then 'GONE'
      when status_code between 300 and 399 then 'REDIRECT'
      when status_code between 400 and 499 then 'CLIENT_ERROR'
      when status_code is not null then 'SERVER_ERROR'
      when error like 'no answer within %' then 'TIMEOUT'
      when error like 'connection %' or error = 'host unreachable' then 'CONNECTION'
      when error like 'the host name %' then 'DNS'
      when error like '%TLS%' then 'TLS'
      when error like 'the address is not %' then 'BLOCKED'
      when error like 'the answer%' then 'PROTOCOL'
      when error = 'it could not be signed' then 'SIGNING'
      else 'OTHER'
    end
    where status = 'DEAD';

    -- What was replayed before stays out of the list as well.
    update webhook_deliveries d set replayed_as = r.id
    from webhook_deliveries r where r.merchant_id = d.merchant_id and r.replay_of = d.id;
  `);
}
