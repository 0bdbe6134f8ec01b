import type { Knex } from "knex";

/**
 * Endpoints that get the events of one payment in strict order. What is planned for them knows its place in a line, and
 * stands there until nothing before it is left. Deliveries of all other endpoints are in no line and in no index of one.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table webhook_endpoints add column ordered boolean not null default false;
    alter table webhook_deliveries
      -- The line: what the event is about, and its sequence. Null: it is in none.
      add column line_subject text collate "C",
      add column line_sequence int,
      -- True: it stands behind another, and is due at 'infinity'. Whatever is not, may be sent.
      add column stands boolean;
    create index webhook_deliveries_line on webhook_deliveries (merchant_id, endpoint_id, line_subject, line_sequence)
      where line_subject is not null and status in ('SCHEDULED', 'IN_FLIGHT', 'RETRYING', 'PAUSED');

    -- What stands in a line does not wait for its endpoint: a long line would be in the way of all that does.
    drop index webhook_deliveries_held;
    create index webhook_deliveries_held on webhook_deliveries (merchant_id, endpoint_id, id)
      where next_at = 'infinity' and stands is not true;

    -- Rows that relays may have died over are relayed out of their turn. Empty as a rule.
    create index outbox_suspects on outbox (merchant_id) where relay_deaths > 0;
  `);
}
