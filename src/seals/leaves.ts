/*
 * What is sealed, and as which bytes. A leaf of a tree is one row, written as JSON in this order of columns; its hash is
 * SHA-256 of a zero byte and these bytes (RFC 6962), so that no leaf can be taken for a node. The database hashes them,
 * because rows need not leave it for that. The texts are here, not in functions of the database: whoever can change its
 * rows could change its functions.
 *
 * What a leaf says never changes: a column that is added belongs into a leaf of another form, for seals from then on. A
 * test fails when a sealed table has a column that is not here.
 */

export const SEALED_TABLES = ["events", "transitions", "journals", "postings"] as const;
export type SealedTable = (typeof SEALED_TABLES)[number];

type Kind = "text" | "plain" | "time" | "json" | "digest";

const COLUMNS: Readonly<Record<SealedTable, Readonly<Record<string, Kind>>>> = {
  events: {
    merchant_id: "text",
    id: "text",
    type: "text",
    api_version: "text",
    subject_id: "text",
    sequence: "plain",
    object: "json",
    created_at: "time",
    // Of what is sealed for the merchant alone a leaf has the hash, for leaves are shown to others.
    personal: "digest",
  },
  transitions: {
    merchant_id: "text",
    payment_intent_id: "text",
    version: "plain",
    from_status: "text",
    to_status: "text",
    event_id: "text",
    actor: "text",
    cause: "text",
    amount: "plain",
    terminal: "plain",
    at: "time",
  },
  journals: {
    merchant_id: "text",
    id: "text",
    kind: "text",
    payment_intent_id: "text",
    source_id: "text",
    created_at: "time",
    corrects_journal_id: "text",
  },
  postings: {
    merchant_id: "text",
    journal_id: "text",
    line: "plain",
    debit_account_id: "text",
    credit_account_id: "text",
    amount: "plain",
    currency: "text",
    pending: "plain",
    created_at: "time",
  },
};

// JSON of a time is the same whatever the session's settings are; that of a json column is the bytes that are stored.
const AS_JSON: Readonly<Record<Kind, (column: string) => string>> = {
  text: (column) => `coalesce(to_json(${column})::text, 'null')`,
  plain: (column) => `coalesce(${column}::text, 'null')`,
  time: (column) => `coalesce(to_json(${column} at time zone 'UTC')::text, 'null')`,
  json: (column) => `coalesce(${column}::text, 'null')`,
  digest: (column) => `coalesce('"' || encode(sha256(${column}), 'hex') || '"', 'null')`,
};

function leafOf(table: SealedTable, alias: string, object?: string): string {
  const fields = Object.entries(COLUMNS[table]).map(([column, kind]) => {
    const isReplaced = column === "object" && object !== undefined;
    const ownName = kind === "digest" ? `${column}_sha256` : column;
    const name = isReplaced ? "object_without_personal_data" : ownName;
    const value = isReplaced ? object : AS_JSON[kind](`${alias}.${column}`);
    return `',"${name}":' || ${value}`;
  });
  return `('{"table":"${table}"' || ${fields.join("\n      || ")} || '}')`;
}

const PERSONAL = "'{description,customer,metadata,personalDataErasedAt}'::text[]";
const WITHOUT_PERSON = leafOf("events", "e", `(e.object::jsonb - ${PERSONAL})::text`);

/*
 * Events from before there was a sealed part may yet have what they say of a person blanked (blank-legacy-events.ts),
 * and stay what they were apart from that. So that part of them is under no seal.
 */
const MAY_BE_BLANKED = `
  e.personal is null and e.subject_id like 'pi\\_%' and (e.object ->> 'customer' is not null
    or e.object ->> 'description' is not null or coalesce(e.object ->> 'metadata', '{}') <> '{}')`;

const EVENT = `case when ${MAY_BE_BLANKED} then ${WITHOUT_PERSON} else ${leafOf("events", "e")} end`;

/** Names of rows, as seals hold them: an event's and a journal's id, and what a transition and a posting are numbered by. */
export const NAME: Readonly<Record<SealedTable, string>> = {
  events: "e.id",
  transitions: "t.payment_intent_id || ':' || t.version",
  journals: "j.id",
  postings: "p.journal_id || ':' || p.line",
};

export const LEAF: Readonly<Record<SealedTable, string>> = {
  events: EVENT,
  transitions: leafOf("transitions", "t"),
  journals: leafOf("journals", "j"),
  postings: leafOf("postings", "p"),
};

/** Of an event that was blanked after it had been sealed. */
export const BLANKED_LEAF = WITHOUT_PERSON;

export function tableOf(name: string): SealedTable {
  if (name.startsWith("evt_")) return "events";
  if (name.startsWith("pi_")) return "transitions";
  return name.includes(":") ? "postings" : "journals";
}

export function hashOf(leaf: string): string {
  return `sha256('\\x00'::bytea || convert_to(${leaf}, 'UTF8'))`;
}

/** ISO 8601, to the microsecond. */
export function isoOf(time: string): string {
  return `((to_json(${time} at time zone 'UTC') #>> '{}') || 'Z')`;
}

/*
 * The leaves of what "span" covers (merchant_id, after_position, until_position, since, before), as one row: their names,
 * one to a line, and their hashes, one after the other. Events in the order of the feed, each followed by its
 * transition; then postings in the order of their times, a journal before its first one.
 *
 * Everything is found by its key (see "offset 0" in planner.ts).
 */
export const LEAVES_OF_SPAN = `
    entry as (
      select 1 as part, f.position as place, null::timestamptz as at, null as journal_id,
        0 as line, s.n, s.name, s.leaf
      from span q
      cross join lateral (
        select * from event_feed f where f.merchant_id = q.merchant_id
          and f.position > q.after_position and f.position <= q.until_position
        offset 0) f
      cross join lateral (
        select * from events e where e.merchant_id = f.merchant_id and e.id = f.event_id
        offset 0) e
      cross join lateral (
        select 1 as n, ${NAME.events} as name, ${LEAF.events} as leaf
        union all
        (select 2, ${NAME.transitions}, ${LEAF.transitions}
        from transitions t
        where t.merchant_id = e.merchant_id and t.payment_intent_id = e.subject_id
          and t.version = e.sequence and t.event_id = e.id
        offset 0)) s
      union all
      select 2, 0, p.created_at, p.journal_id, p.line, s.n, s.name, s.leaf
      from span q
      cross join lateral (
        select * from postings p where p.merchant_id = q.merchant_id
          and p.created_at >= q.since and p.created_at < q.before
        offset 0) p
      cross join lateral (
        (select 1 as n, ${NAME.journals} as name, ${LEAF.journals} as leaf
        from journals j
        where p.line = 1 and j.merchant_id = p.merchant_id and j.id = p.journal_id
        offset 0)
        union all
        select 2, ${NAME.postings}, ${LEAF.postings}) s
    ), leaf as materialized (
      select name, ${hashOf("leaf")} as hash from entry
      order by part, place, at, journal_id, line, n
    )`;

/** Of the rows with these names. Bindings: the merchant, and the names of the rows of each table. */
export function leavesByName(column: (leaf: string) => string): string {
  return `
    select ${NAME.events} as "name", ${column(LEAF.events)}
    from unnest(?::text[]) named (id)
    cross join lateral (
      select * from events e where e.merchant_id = ? and e.id = named.id offset 0) e
    union all
    select ${NAME.transitions}, ${column(LEAF.transitions)}
    from unnest(?::text[]) named (id)
    cross join lateral (
      select * from transitions t where t.merchant_id = ?
        and t.payment_intent_id = split_part(named.id, ':', 1)
        and t.version = split_part(named.id, ':', 2)::int offset 0) t
    union all
    select ${NAME.journals}, ${column(LEAF.journals)}
    from unnest(?::text[]) named (id)
    cross join lateral (
      select * from journals j where j.merchant_id = ? and j.id = named.id offset 0) j
    union all
    select ${NAME.postings}, ${column(LEAF.postings)}
    from unnest(?::text[]) named (id)
    cross join lateral (
      select * from postings p where p.merchant_id = ?
        and p.journal_id = split_part(named.id, ':', 1)
        and p.line = split_part(named.id, ':', 2)::int offset 0) p`;
}

/** The bindings of leavesByName. */
export function bindNames(merchantId: string, names: readonly string[]): unknown[] {
  return SEALED_TABLES.flatMap((table) => [
    names.filter((name) => tableOf(name) === table),
    merchantId,
  ]);
}
