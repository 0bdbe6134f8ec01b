/*
 * What a migration must not do while payments are made by processes of the release before it. It reads the SQL as text, so
 * it misses what is put together at run time; who means it writes `-- safe (rule): why` into the migration.
 */

export type Rule =
  "index" | "unique" | "rewrite" | "not null" | "constraint" | "backfill" | "contract" | "lock";

export interface Danger {
  readonly rule: Rule;
  readonly statement: string;
  readonly why: string;
}

interface Check {
  readonly rule: Rule;
  readonly finds: RegExp;
  /** Unless it also says this. */
  readonly unless?: RegExp;
  readonly why: string;
}

const CHECKS: readonly Check[] = [
  {
    rule: "index",
    finds: /^create (unique )?index (?!concurrently)/,
    why: "writes wait while it is built: export it as the migration's `index`, which is built concurrently",
  },
  {
    rule: "unique",
    finds: /\badd (constraint \S+ )?(unique|primary key)\b/,
    unless: /\busing index\b/,
    why: "everybody waits while its index is built: build that concurrently, then add it using the index",
  },
  {
    rule: "rewrite",
    finds:
      /\balter column \S+ (set data )?type\b|\badd column .*(\bdefault \w+\((?<!now\()|\bstored\b|\bserial\b|\bidentity\b)/,
    why: "the whole table is written anew: add a column without a default, and set the default for rows to come",
  },
  {
    rule: "not null",
    finds: /\bset not null\b|\badd column (?!.*\bdefault\b).*\bnot null\b/,
    why: "the table is read whole under a lock, or the rows of older processes are refused: use a check that is not valid, and validate it",
  },
  {
    rule: "constraint",
    finds: /\badd (constraint \S+ )?(check|foreign key)\b|\badd column .*\b(references|check)\b/,
    unless: /\bnot valid\b/,
    why: "the table is read whole under a lock: add it not valid, and validate it in another migration",
  },
  {
    rule: "backfill",
    finds: /^(update|delete from) /,
    why: "it locks every row that it changes until it commits, and leaves as many dead ones: do it in slices, by a command",
  },
  {
    rule: "contract",
    finds: /\bdrop column\b|^drop table\b|\brename (column|to)\b/,
    why: "processes of the release before it still use the name: stop using it first, and remove it a release later",
  },
  {
    rule: "lock",
    finds: /^(lock table|vacuum full|cluster|reindex (?!.*concurrently))/,
    why: "it keeps everybody out for as long as it takes",
  },
];

export function findDangers(source: string): Danger[] {
  const sql = [...source.matchAll(/`([^`]*)`/g)].map(([, text = ""]) => text).join(";\n");
  const meant = new Set([...sql.matchAll(/-- safe \(([^)]+)\): \S/g)].map(([, rule]) => rule));
  const statements = sql
    .replace(/--.*$/gm, "")
    // The bodies of functions run later, by whoever calls them.
    .replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
    .split(";")
    .map((statement) => statement.replace(/\s+/g, " ").trim().toLowerCase())
    .filter((statement) => statement !== "");
  const made = statements.flatMap((text) => /^create table (\S+)/.exec(text)?.[1] ?? []);
  return statements
    .filter((text) => !made.some((table) => concerns(text, table)))
    .flatMap((statement) =>
      CHECKS.filter(
        ({ finds, unless }) => finds.test(statement) && unless?.test(statement) !== true,
      )
        .filter(({ rule }) => !meant.has(rule))
        .map(({ rule, why }) => ({ rule, statement, why })),
    );
}

/** A table that the migration makes itself is empty, and nobody waits for it. */
function concerns(statement: string, table: string): boolean {
  const on =
    /^(?:create table|alter table(?: only)?|update|delete from)\s+(\S+)|^create (?:unique )?index .*? on (\S+)/;
  const [, first, second] = on.exec(statement) ?? [];
  return (first ?? second) === table;
}
