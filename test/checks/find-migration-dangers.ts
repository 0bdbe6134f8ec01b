/*
 * What a migration must not do while payments are made by processes of the release before it. It reads the SQL as text, so
 * it misses what is put together at run time, and refuses what it cannot read; who means it writes `-- safe (rule): why`
 * into the migration.
 */

export type Rule =
  | "index"
  | "unique"
  | "rewrite"
  | "not null"
  | "constraint"
  | "backfill"
  | "contract"
  | "lock"
  | "unread";

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

/** Actions of ALTER TABLE come one by one, each with the table's name, and say COLUMN where SQL lets it be left out. */
const CHECKS: readonly Check[] = [
  {
    rule: "index",
    finds: /^create (unique )?index (?!concurrently)/,
    why: "writes wait while it is built: export it as the migration's `index`, which is built concurrently",
  },
  {
    rule: "unique",
    finds:
      /\badd (constraint \S+ )?(unique|primary key|exclude)\b|\badd column .*\b(unique|primary key)\b/,
    unless: /\busing index\b/,
    why: "everybody waits while its index is built: build that concurrently, then add it using the index",
  },
  {
    rule: "rewrite",
    finds:
      /\balter column \S+ (set data )?type\b|\badd column .*\bdefault\b.*?\b(?!now\b|numeric\b|varchar\b|char\b|check\b)\w+ ?\(|\badd column .*(\bstored\b|\b(small|big)?serial\b|\bidentity\b)|\bset (logged|unlogged|tablespace|access method)\b/,
    why: "the whole table is written anew: add a column without a default, and set the default for rows to come",
  },
  {
    rule: "not null",
    finds: /\bset not null\b|\badd column (?!.*\bdefault\b).*\bnot null\b/,
    why: "the table is read whole under a lock, or the rows of older processes are refused: use a check that is not valid, and validate it",
  },
  {
    rule: "constraint",
    finds:
      /\badd (constraint \S+ )?(check|foreign key)\b|\badd column .*\b(references|check)\b|\battach partition\b/,
    unless: /\bnot valid\b/,
    why: "the table is read whole under a lock: add it not valid, and validate it in another migration",
  },
  {
    rule: "backfill",
    finds:
      /^(update|delete from|merge into) |^insert into .*\bselect\b|^with .*\b(update|delete from|insert into|merge into)\b/,
    why: "it locks every row that it changes until it commits, and leaves as many dead ones: do it in slices, by a command",
  },
  {
    rule: "contract",
    finds:
      /^drop (?!index)|^drop index\b|^alter .*\b(drop (column|constraint|default|attribute|expression|identity)|detach partition|rename|set schema|(enable|force) row level security)\b|^revoke\b|^truncate\b/,
    why: "processes of the release before it still rely on it: stop using it first, and remove it a release later",
  },
  {
    rule: "lock",
    finds:
      /^(lock\b|vacuum full|cluster|truncate|(reindex|refresh materialized view) (?!.*concurrently))/,
    why: "it keeps everybody out for as long as it takes",
  },
  {
    rule: "unread",
    finds: /^do\b/,
    why: "what a block does is not read here: write its statements",
  },
];

const TOGETHER =
  "it is validated under the lock with which it was added: validate it in another migration";
const BUILT = "only SQL is read here, and not what Knex makes: write it as SQL, in raw()";

export function findDangers(source: string): Danger[] {
  const sql = sqlIn(source);
  const meant = new Set([...sql.matchAll(/-- safe \(([^)]+)\): \S/g)].map(([, rule]) => rule));
  const statements = statementsOf(sql);
  const made = statements.flatMap(
    (text) => /^create table (?:if not exists )?(\S+)/.exec(text)?.[1] ?? [],
  );
  const others = statements.filter((text) => !made.some((table) => concerns(text, table)));
  const found = others.flatMap((statement) =>
    CHECKS.filter(({ finds, unless }) => finds.test(statement) && unless?.test(statement) !== true)
      .filter(({ rule }) => rule !== "contract" || !isMadeAgain(statement, statements))
      .map(({ rule, why }): Danger => ({ rule, statement, why })),
  );
  const together = others
    .filter((statement) => isAddedHere(statement, statements))
    .map((statement): Danger => ({ rule: "constraint", statement, why: TOGETHER }));
  const built = (
    source.match(/\b(tx|knex)(\.schema\b|\(|\.(table|into|from|batchInsert)\()/g) ?? []
  ).map((statement): Danger => ({ rule: "unread", statement, why: BUILT }));
  return [...found, ...together, ...built].filter(({ rule }) => !meant.has(rule));
}

/** All that stands in backticks, and what is in other quotes where SQL is expected. */
function sqlIn(source: string): string {
  const quoted = /`([^`]*)`|\braw\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/g;
  return [...source.matchAll(quoted)].map(([, a, b, c]) => a ?? b ?? c ?? "").join(";\n");
}

function statementsOf(sql: string): string[] {
  return (
    sql
      .replace(/--.*$/gm, "")
      .replace(/\/\*[\s\S]*?\*\//g, " ")
      // The bodies of functions run later, by whoever calls them.
      .replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
      .split(";")
      .map((statement) => statement.replace(/\s+/g, " ").trim().toLowerCase())
      .filter((statement) => statement !== "")
      .flatMap(actionsOf)
  );
}

/** Of several in one ALTER TABLE each by itself: what one of them says is no excuse for another. */
function actionsOf(statement: string): string[] {
  const [, head, rest] = /^(alter table (?:if exists )?(?:only )?\S+) (.*)$/.exec(statement) ?? [];
  if (head === undefined || rest === undefined) return [statement];
  const table = head.replace(/ (if exists|only)(?= )/g, "");
  return splitAtCommas(rest).map((action) => `${table} ${withColumn(action)}`);
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = 0;
  for (const [index, character] of [...text].entries()) {
    if (character === "'") isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character !== "," || depth > 0) continue;
    parts.push(text.slice(start, index).trim());
    start = index + 1;
  }
  return [...parts, text.slice(start).trim()];
}

function withColumn(action: string): string {
  const implied =
    /^(add|drop|alter|rename) (?!(?:column|constraint|unique|primary|check|foreign|exclude|generated|not|to)\b)/;
  return action
    .replace(implied, "$1 column ")
    .replace(/^((?:add|drop) column) if (?:not )?exists /, "$1 ");
}

/** A table that the migration makes itself is empty, and nobody waits for it. */
function concerns(statement: string, table: string): boolean {
  const on =
    /^(?:create table(?: if not exists)?|alter table|update|delete from|insert into|lock table|truncate(?: table)?|revoke .*? on(?: table)?)\s+(\S+)|^create (?:unique )?index .*? on (\S+)/;
  const [, first, second] = on.exec(statement) ?? [];
  return (first ?? second) === table;
}

/** Dropped, and made under the same name in the same commit. A function with other parameters is another one. */
function isMadeAgain(statement: string, statements: readonly string[]): boolean {
  const [, table, constraint] =
    /^(alter table \S+) drop constraint (?:if exists )?(\S+)/.exec(statement) ?? [];
  if (constraint !== undefined) {
    return statements.some((one) => one.startsWith(`${table ?? ""} add constraint ${constraint} `));
  }
  const [, kind, name] =
    /^drop (index|trigger|view|policy) (?:if exists )?(\S+)/.exec(statement) ?? [];
  if (kind === undefined || name === undefined) return false;
  return statements.some((one) => {
    const plain = one.replace(/ (concurrently|if not exists)(?= )/g, "");
    return plain.startsWith("create ") && plain.includes(` ${kind} ${name} `);
  });
}

function isAddedHere(statement: string, statements: readonly string[]): boolean {
  const [, table, name] = /^(alter table \S+) validate constraint (\S+)/.exec(statement) ?? [];
  if (table === undefined || name === undefined) return false;
  return statements.some((one) => one.startsWith(`${table} add constraint ${name} `));
}
