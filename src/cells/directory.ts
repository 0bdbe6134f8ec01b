import type { Client } from "pg";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";

/*
 * Which cell each merchant is in. A cell is a database cluster with API and worker processes of its own, which know of
 * no other. Only the commands read the directory: the router has its map, and the cells never ask. While the directory
 * is away, nobody can be assigned or moved, and nothing else is different.
 *
 * It is a schema of its own in any database, a cell's if need be. It holds no secrets: of a cell's database only the
 * name of the environment variable that its address is in.
 */

const SCHEMA = `
  create schema if not exists oncepay_cells;
  create table if not exists oncepay_cells.cells (
    name text collate "C" primary key,
    database_url_env text not null,
    added_at timestamptz not null default now()
  );
  create table if not exists oncepay_cells.merchants (
    merchant_id text collate "C" primary key,
    cell text collate "C" not null references oncepay_cells.cells,
    assigned_at timestamptz not null default now()
  );
  create index if not exists merchants_of_cell on oncepay_cells.merchants (cell);
  create table if not exists oncepay_cells.accounts (
    account_id text collate "C" primary key,
    merchant_id text collate "C" not null references oncepay_cells.merchants
  );
  create table if not exists oncepay_cells.moves (
    merchant_id text collate "C" not null references oncepay_cells.merchants,
    from_cell text collate "C" not null references oncepay_cells.cells,
    to_cell text collate "C" not null references oncepay_cells.cells,
    begun_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (merchant_id, begun_at)
  );
  create unique index if not exists moves_under_way on oncepay_cells.moves (merchant_id)
    where ended_at is null;`;

export interface Cell {
  readonly name: string;
  /** The environment variable that holds the address of its database. */
  readonly databaseUrlEnv: string;
}

export interface ListedCell extends Cell {
  readonly merchants: number;
}

/** Makes the directory where there is none. A cell that is there keeps its merchants, and may get another variable. */
export async function addCell(directory: Client, cell: Cell): Promise<void> {
  await directory.query("begin");
  // "if not exists" alone lets two who come at once collide.
  await directory.query("select pg_advisory_xact_lock(hashtext('oncepay.cells'))");
  await directory.query(SCHEMA);
  await directory.query(
    `insert into oncepay_cells.cells (name, database_url_env) values ($1, $2)
    on conflict (name) do update set database_url_env = excluded.database_url_env`,
    [cell.name, cell.databaseUrlEnv],
  );
  await directory.query("commit");
}

export async function listCells(directory: Client): Promise<ListedCell[]> {
  const { rows } = await directory.query<ListedCell>(
    `select c.name as "name", c.database_url_env as "databaseUrlEnv",
      (select count(*) from oncepay_cells.merchants m where m.cell = c.name)::int as "merchants"
    from oncepay_cells.cells c order by c.name`,
  );
  return rows;
}

export async function findCell(directory: Client, name: string): Promise<Cell | undefined> {
  const { rows } = await directory.query<Cell>(
    `select name, database_url_env as "databaseUrlEnv" from oncepay_cells.cells where name = $1`,
    [name],
  );
  return rows[0];
}

export async function cellOf(directory: Client, merchantId: string): Promise<string | undefined> {
  const { rows } = await directory.query<{ cell: string }>(
    "select cell from oncepay_cells.merchants where merchant_id = $1",
    [merchantId],
  );
  return rows[0]?.cell;
}

export interface Assigned {
  readonly assigned: number;
  /** Merchants whose rows this cell has and who are assigned to another. They stay where they are. */
  readonly elsewhere: number;
}

const SET_MAX = 5_000;

/**
 * Assigns to a cell every merchant of its database, or one, that is assigned to none; and notes all their processor
 * accounts. Repeating it changes nothing. One who is assigned already is never assigned anew: that takes a move.
 *
 * Cost: a statement on each side for every 5,000 merchants and accounts.
 */
export async function assignMerchants(
  { directory, database }: { readonly directory: Client; readonly database: Client },
  { cell, merchantId }: { readonly cell: string; readonly merchantId?: string },
): Promise<Assigned> {
  let assigned = 0;
  let elsewhere = 0;
  const only = merchantId ?? null;
  for (let after = ""; ;) {
    const found = await database.query<{ id: string }>(
      `select id from merchants
      where id > $1 and id <> $2 and ($3::text is null or id = $3)
      order by id limit ${String(SET_MAX)}`,
      [after, PLATFORM_MERCHANT_ID, only],
    );
    const ids = found.rows.map(({ id }) => id);
    const { rowCount } = await directory.query(
      `insert into oncepay_cells.merchants (merchant_id, cell)
      select id, $2 from unnest($1::text[]) id on conflict do nothing`,
      [ids, cell],
    );
    const others = await directory.query(
      "select from oncepay_cells.merchants where merchant_id = any($1) and cell <> $2",
      [ids, cell],
    );
    assigned += rowCount ?? 0;
    elsewhere += others.rows.length;
    if (ids.length < SET_MAX) break;
    after = ids.at(-1) ?? "";
  }
  await noteAccounts({ directory, database }, only);
  return { assigned, elsewhere };
}

async function noteAccounts(
  { directory, database }: { readonly directory: Client; readonly database: Client },
  only: string | null,
): Promise<void> {
  for (let after = ""; ;) {
    const { rows } = await database.query<{ id: string; merchantId: string }>(
      `select id, merchant_id as "merchantId" from processor_accounts
      where id > $1 and ($2::text is null or merchant_id = $2)
      order by id limit ${String(SET_MAX)}`,
      [after, only],
    );
    await directory.query(
      `insert into oncepay_cells.accounts (account_id, merchant_id)
      select id, merchant_id from unnest($1::text[], $2::text[]) as a (id, merchant_id)
      join oncepay_cells.merchants using (merchant_id) on conflict do nothing`,
      [rows.map(({ id }) => id), rows.map(({ merchantId }) => merchantId)],
    );
    if (rows.length < SET_MAX) return;
    after = rows.at(-1)?.id ?? "";
  }
}

/** What the router looks up, and the cell that it finds there. */
export interface MapEntry {
  readonly name: string;
  readonly cell: string;
}

/** Merchants as they are in their keys, without mer_; processor accounts; and `cell:a` for what names its cell. */
export async function readMap(directory: Client): Promise<MapEntry[]> {
  const { rows } = await directory.query<MapEntry>(
    `select substr(merchant_id, 5) as "name", cell as "cell" from oncepay_cells.merchants
    union all
    select a.account_id, m.cell from oncepay_cells.accounts a
    join oncepay_cells.merchants m using (merchant_id)
    union all
    select 'cell:' || name, name from oncepay_cells.cells
    order by 1`,
  );
  return rows;
}
