import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Mode } from "./api-key";

export interface Merchant {
  readonly id: string;
  readonly name: string;
  readonly mode: Mode;
  readonly createdAt: string;
}

const MERCHANT_COLUMNS = `id, name, mode, iso(created_at) as "createdAt"`;

const INSERT: Statement = {
  name: "insert_merchant",
  text: `insert into merchants (id, name, mode) values (?, ?, ?) returning ${MERCHANT_COLUMNS}`,
};

export async function insertMerchant(
  tx: Tx,
  { id, name, mode }: Pick<Merchant, "id" | "name" | "mode">,
): Promise<Merchant> {
  const [row] = await run<Merchant>(tx, INSERT, [id, name, mode]);
  return row as Merchant;
}

const FIND: Statement = {
  name: "find_merchant",
  text: `select ${MERCHANT_COLUMNS} from merchants where id = ?`,
};

export async function findMerchant(db: Db, id: string): Promise<Merchant | undefined> {
  const [row] = await run<Merchant>(db, FIND, [id]);
  return row;
}

// Of the name and not of the row, which would take the right to change the merchant. What others did while it was waited
// for is seen by the statements after it; a merchant itself does not change.
const LOCK: Statement = {
  name: "lock_merchant",
  text: `
    with locked as materialized (
      select pg_advisory_xact_lock(hashtextextended('merchants ' || given.id, 0)), given.id
      from (select ?::text as id) given
    )
    select ${MERCHANT_COLUMNS} from locked join merchants using (id)`,
};

/** Whatever changes a merchant's keys locks the merchant first: so nobody counts or rolls beside another. */
export async function lockMerchant(tx: Tx, id: string): Promise<Merchant | undefined> {
  const [row] = await run<Merchant>(tx, LOCK, [id]);
  return row;
}
