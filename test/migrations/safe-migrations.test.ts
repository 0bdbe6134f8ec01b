import { readFileSync } from "node:fs";
import path from "node:path";
import { MIGRATIONS } from "../../migrations/index";
import { type Rule, findDangers } from "../checks/find-migration-dangers";

const DIRECTORY = path.resolve(__dirname, "../../migrations");

/** Those before it ran before anybody looked at them in this way, and are not changed any more. */
const FIRST_LOOKED_AT = "20261215000100";

/** What they do all the same, and why it does no harm. A migration that has run is not changed, not even in its comments. */
const KNOWN: Readonly<Record<string, Partial<Record<Rule, string>>>> = {
  "20261216000100_lists_of_accounts": {
    contract:
      "the release before it says `on conflict do nothing`, which names no constraint; nothing on a payment's way reads by it",
  },
  "20261216000200_payouts_of_accounts": {
    contract:
      "the release before it looks for a payout before it inserts one, and names no constraint",
  },
};

const lookedAt = Object.keys(MIGRATIONS).filter((name) => name >= FIRST_LOOKED_AT);

it.each(lookedAt)("%s can be run while payments are made", (name) => {
  const source = readFileSync(path.join(DIRECTORY, `${name}.ts`), "utf8");
  const dangers = findDangers(source);
  const known = KNOWN[name] ?? {};
  expect(dangers.filter(({ rule }) => known[rule] === undefined)).toEqual([]);
  expect([...new Set(dangers.map(({ rule }) => rule))]).toEqual(Object.keys(known));
});

const up = (sql: string): string => `await tx.raw(\`${sql}\`);`;
const rulesIn = (sql: string): Rule[] => findDangers(up(sql)).map(({ rule }) => rule);

it.each<[string, Rule]>([
  ["create index a_b on attempts (b)", "index"],
  ["create unique index a_b on attempts (b)", "index"],
  ["create index if not exists a_b on only attempts (b)", "index"],
  ["alter table attempts add constraint a unique (b)", "unique"],
  ["alter table attempts add primary key (b)", "unique"],
  ["alter table attempts add constraint a exclude using gist (b with &&)", "unique"],
  ["alter table attempts add column c int unique", "unique"],
  ["alter table attempts add c int primary key", "unique"],
  ["alter table attempts alter column amount type numeric", "rewrite"],
  ["alter table attempts alter amount set data type numeric", "rewrite"],
  ["alter table attempts add column c uuid default gen_random_uuid()", "rewrite"],
  ["alter table attempts add column c float default (1 + random())", "rewrite"],
  ["alter table attempts add column c timestamptz default clock_timestamp()", "rewrite"],
  ["alter table attempts add column c bigint default nextval('numbers')", "rewrite"],
  ["alter table attempts add column c bigserial", "rewrite"],
  ["alter table attempts add column c int generated always as identity", "rewrite"],
  ["alter table attempts add column c int generated always as (a + 1) stored", "rewrite"],
  ["alter table attempts set tablespace other", "rewrite"],
  ["alter table attempts set unlogged", "rewrite"],
  ["alter table attempts add column c int not null", "not null"],
  ["alter table attempts add c int not null", "not null"],
  ["alter table attempts add column c int not null, add column d int default 0", "not null"],
  ["alter table attempts alter column c set not null", "not null"],
  ["alter table attempts add constraint c check (a > 0)", "constraint"],
  [
    "alter table attempts add constraint c check (a > 0), add constraint d check (a > 1) not valid",
    "constraint",
  ],
  ["alter table attempts add foreign key (a) references b (a)", "constraint"],
  ["alter table attempts add column c text references b (a)", "constraint"],
  ["alter table attempts add column c int default 0 check (c >= 0)", "constraint"],
  ["alter table events attach partition events_old for values from (1) to (2)", "constraint"],
  [
    "alter table attempts add constraint c check (a > 0) not valid; alter table attempts validate constraint c",
    "constraint",
  ],
  ["update attempts set c = 1", "backfill"],
  ["delete from attempts where c = 1", "backfill"],
  ["with old as (select id from attempts) update attempts set c = 1 from old", "backfill"],
  ["insert into notes select id from attempts", "backfill"],
  ["merge into attempts a using notes n on n.id = a.id when matched then delete", "backfill"],
  ["alter table attempts drop column c", "contract"],
  ["alter table attempts drop column if exists c", "contract"],
  ["alter table attempts drop c", "contract"],
  ["alter table attempts drop constraint attempts_key", "contract"],
  ["alter table attempts alter column c drop default", "contract"],
  ["alter table attempts rename column c to d", "contract"],
  ["alter table attempts rename c to d", "contract"],
  ["alter table attempts rename to tries", "contract"],
  ["alter table attempts rename constraint c to d", "contract"],
  ["alter table attempts set schema other", "contract"],
  ["alter table attempts enable row level security", "contract"],
  ["alter table events detach partition events_old", "contract"],
  ["alter type mood rename value 'sad' to 'blue'", "contract"],
  ["alter function f() rename to g", "contract"],
  ["drop table attempts", "contract"],
  ["drop index attempts_key", "contract"],
  [
    "drop function f(int); create function f(int, int) returns int language sql as $$ select 1 $$",
    "contract",
  ],
  ["drop trigger t on attempts", "contract"],
  ["revoke select on attempts from oncepay_tenant", "contract"],
  ["lock table attempts", "lock"],
  ["lock attempts", "lock"],
  ["reindex table attempts", "lock"],
  ["vacuum full attempts", "lock"],
  ["cluster attempts using a_b", "lock"],
  ["refresh materialized view totals", "lock"],
  ["do $$ begin update attempts set c = 1; end $$", "unread"],
])("%s: %s", (sql, rule) => {
  expect(rulesIn(sql)).toEqual([rule]);
});

it.each([
  "create table notes (id text primary key references a (b), check (id <> '')); create index n on notes (id)",
  "create index concurrently a_b on attempts (b)",
  "alter table attempts add column c int",
  "alter table attempts add column if not exists c numeric(10, 2), add d text default 'a, b'",
  "alter table attempts add column c int not null default 0, add column d timestamptz default now()",
  "alter table attempts add column c int not null default 0",
  "alter table attempts alter column c set default current_timeline()",
  "alter table attempts add constraint c check (a > 0) not valid",
  "alter table attempts validate constraint c",
  "alter table attempts add constraint a unique using index a_b",
  "alter table attempts drop constraint c, add constraint c check (a > 1) not valid",
  "drop trigger t on attempts; create trigger t before update on attempts execute function f()",
  "drop index notes_by_id; create table notes (id text); create index concurrently notes_by_id on notes (id)",
  "create table notes (id text); insert into notes select id from attempts; revoke all on notes from public",
  "insert into settings values ('a', 'b')",
  "reindex table concurrently attempts",
  "/* update attempts set c = 1; */ create sequence numbers",
  "create function f() returns int language sql as $$ update attempts set c = 1 $$",
  "-- update attempts set c = 1",
])("%s: harmless", (sql) => {
  expect(rulesIn(sql)).toEqual([]);
});

it("lets pass what says why, and nothing else", () => {
  const sql =
    "-- safe (backfill): the table has a row for each merchant\n update merchants set c = 1";
  expect(rulesIn(sql)).toEqual([]);
  expect(rulesIn(`${sql}; create index m on merchants (c)`)).toEqual(["index"]);
});

it("reads SQL in whatever quotes, and refuses what Knex would make", () => {
  const rules = (source: string): Rule[] => findDangers(source).map(({ rule }) => rule);
  expect(rules(`await tx.raw("drop table attempts")`)).toEqual(["contract"]);
  expect(rules(`await tx.raw('drop table attempts')`)).toEqual(["contract"]);
  expect(rules(`await tx.schema.dropTable("attempts")`)).toEqual(["unread"]);
  expect(rules(`await tx("attempts").update({ c: 1 })`)).toEqual(["unread"]);
});
