import type { Db } from "../../src/db/db";
import { RIGHTS } from "../../src/db/wall/rights";

/*
 * A tenant's twin: another tenant whose rows have the very same ids, which is possible because every key begins with the
 * merchant. All else about them is different. A statement that forgets to ask whose rows it wants finds two of them, or
 * the wrong one; with ids that are never the same it would go unnoticed.
 */

const TWINNED = Object.entries(RIGHTS).flatMap(([name, { tenantIn }]) =>
  // The outbox is empty, and its ids are its own.
  tenantIn === "merchant_id" && name !== "outbox" ? [name] : [],
);

/** Values of these types may be anything; the others stay, so that constraints hold. */
const OTHER_VALUES: Readonly<Record<string, string>> = {
  "timestamp with time zone": "r.? - interval '3 days'",
  jsonb: `r.? || '{"twin": true}'`,
  json: `(r.?::jsonb || '{"twin": true}')::json`,
};
// Not what lists are filtered by: then the filter would hide what the predicate should.
const OTHER_TEXTS = new Set(["description", "name", "url", "error", "message"]);

interface Column {
  readonly name: string;
  readonly type: string;
}

const COLUMNS = `
  select a.attname as "name", format_type(a.atttypid, null) as "type" from pg_attribute a
  where a.attrelid = ?::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  order by a.attnum`;

export async function makeTwin(db: Db, merchantId: string, twinId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw("insert into merchants (id, name) values (?, 'the twin')", [twinId]);
    for (const table of TWINNED) {
      const { rows } = await tx.raw<{ rows: Column[] }>(COLUMNS, [table]);
      const columns = rows.map(({ name }) => name).join(", ");
      const values = rows.map((column) => valueOf(table, column)).join(", ");
      await tx.raw(
        `insert into ${table} (${columns}) overriding system value
         select ${values} from ${table} r where r.merchant_id = :merchantId`,
        { merchantId, twinId },
      );
    }
  });
}

function valueOf(table: string, { name, type }: Column): string {
  if (name === "merchant_id") return ":twinId";
  // Entries are listed by it, and hours chosen: those of the twin must be where one's own are.
  if (table === "postings" && name === "created_at") return name;
  // There is one for each account of the processor, whoever has connected it.
  if (name === "external_account_id") return "r.external_account_id || 'twin'";
  if (table === "webhook_endpoint_hours" && name === "hour") return name;
  // What is erased holds no other values.
  if (name === "personal_data_erased_at") return "null";
  if (OTHER_TEXTS.has(name)) return `'the twin''s'`;
  return (OTHER_VALUES[type] ?? "r.?").replace("?", name);
}

export async function removeTwin(db: Db, twinId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    for (const table of TWINNED)
      await tx.raw(`delete from ${table} where merchant_id = ?`, [twinId]);
    await tx.raw("delete from merchants where id = ?", [twinId]);
  });
}

/** All that a tenant has, as one value. */
export async function everythingOf(db: Db, merchantId: string): Promise<string> {
  const parts = [...TWINNED, "outbox"].map(
    (table) => `
      select '${table}' as name, md5(string_agg(r::text, '|' order by r::text)) as rows
      from ${table} r where r.merchant_id = :merchantId`,
  );
  const { rows } = await db.raw<{ rows: unknown[] }>(parts.join(" union all "), { merchantId });
  return JSON.stringify(rows);
}
