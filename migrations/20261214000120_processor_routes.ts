import type { Knex } from "knex";

/**
 * Which of a merchant's accounts gets a payment: the first rule that it meets, in the order of their positions. Without
 * any rule it is the installation's own processor. Rules are replaced as a whole.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table processor_routes (
      merchant_id text collate "C" not null references merchants (id),
      position int not null check (position > 0),
      -- Each of these that is null asks for nothing.
      currency text,
      amount_from bigint check (amount_from >= 0),
      amount_to bigint check (amount_to >= 0),
      capture_method text check (capture_method in ('AUTOMATIC', 'MANUAL')),
      -- Null: the installation's own.
      account_id text collate "C",
      primary key (merchant_id, position),
      foreign key (merchant_id, account_id) references processor_accounts (merchant_id, id),
      check (amount_from <= amount_to)
    );
  `);
}
