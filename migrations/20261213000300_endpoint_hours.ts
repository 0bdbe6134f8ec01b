import type { Knex } from "knex";

/** How each endpoint did in each hour. `took` counts tries by how long they took, in the steps of src/webhooks/endpoint-hours.ts. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table webhook_endpoint_hours (
      merchant_id text collate "C" not null,
      endpoint_id text collate "C" not null,
      hour timestamptz not null,
      attempts integer not null check (attempts > 0),
      succeeded integer not null check (succeeded between 0 and attempts),
      took integer[] not null,
      primary key (merchant_id, endpoint_id, hour),
      foreign key (merchant_id, endpoint_id) references webhook_endpoints (merchant_id, id)
    ) with (fillfactor = 70);
  `);
}
