import type { Client } from "pg";

/** What the directory knows of moves: one of a merchant at a time, until it is ended. */

export interface RecordedMove {
  readonly merchantId: string;
  readonly from: string;
  readonly to: string;
}

const UNDER_WAY = `
  select merchant_id as "merchantId", from_cell as "from", to_cell as "to"
  from oncepay_cells.moves where merchant_id = $1 and ended_at is null`;

/** Of the commands that move a merchant, or give that up, one goes on and the others are refused. */
export async function isAlone(directory: Client, merchantId: string): Promise<boolean> {
  const { rows } = await directory.query<{ locked: boolean }>(
    "select pg_try_advisory_lock(hashtext('oncepay.cells.moves'), hashtext($1)) as locked",
    [merchantId],
  );
  return rows[0]?.locked === true;
}

export async function listMoves(directory: Client): Promise<RecordedMove[]> {
  const { rows } = await directory.query<RecordedMove>(
    `select merchant_id as "merchantId", from_cell as "from", to_cell as "to"
    from oncepay_cells.moves where ended_at is null order by begun_at`,
  );
  return rows;
}

/** The move of the merchant that is under way, wherever it goes; else one from where it is now. */
export async function beginMove(
  directory: Client,
  merchantId: string,
  to: string,
): Promise<RecordedMove | undefined> {
  const { rows: found } = await directory.query<RecordedMove>(UNDER_WAY, [merchantId]);
  if (found[0]) return found[0];
  await directory.query(
    `insert into oncepay_cells.moves (merchant_id, from_cell, to_cell)
    select merchant_id, cell, $2 from oncepay_cells.merchants where merchant_id = $1 and cell <> $2
    on conflict do nothing`,
    [merchantId, to],
  );
  const { rows: begun } = await directory.query<RecordedMove>(UNDER_WAY, [merchantId]);
  return begun[0];
}

/** From now on the map says the new cell. */
export async function switchCell(directory: Client, { merchantId, to }: RecordedMove) {
  await directory.query("update oncepay_cells.merchants set cell = $2 where merchant_id = $1", [
    merchantId,
    to,
  ]);
}

export async function endMove(
  directory: Client,
  { merchantId }: Pick<RecordedMove, "merchantId">,
): Promise<void> {
  await directory.query(
    `update oncepay_cells.moves set ended_at = now() where merchant_id = $1 and ended_at is null`,
    [merchantId],
  );
}
