import { readFileSync } from "node:fs";
import path from "node:path";
import { MIGRATIONS } from "../../migrations/index";
import { type Rule, findDangers } from "../checks/find-migration-dangers";

const DIRECTORY = path.resolve(__dirname, "../../migrations");

/** Those before it ran before anybody looked at them in this way, and are not changed any more. */
const FIRST_LOOKED_AT = "20261215000100";

const lookedAt = Object.keys(MIGRATIONS).filter((name) => name >= FIRST_LOOKED_AT);

it.each(lookedAt)("%s can be run while payments are made", (name) => {
  const source = readFileSync(path.join(DIRECTORY, `${name}.ts`), "utf8");
  expect(findDangers(source)).toEqual([]);
});

const up = (sql: string): string => `await tx.raw(\`${sql}\`);`;
const rulesIn = (sql: string): Rule[] => findDangers(up(sql)).map(({ rule }) => rule);

it.each<[string, Rule]>([
  ["create index a_b on attempts (b)", "index"],
  ["create unique index a_b on attempts (b)", "index"],
  ["alter table attempts add constraint a unique (b)", "unique"],
  ["alter table attempts alter column amount type numeric", "rewrite"],
  ["alter table attempts add column c uuid default gen_random_uuid()", "rewrite"],
  ["alter table attempts add column c int generated always as (a + 1) stored", "rewrite"],
  ["alter table attempts add column c int not null", "not null"],
  ["alter table attempts alter column c set not null", "not null"],
  ["alter table attempts add constraint c check (a > 0)", "constraint"],
  ["alter table attempts add foreign key (a) references b (a)", "constraint"],
  ["alter table attempts add column c text references b (a)", "constraint"],
  ["update attempts set c = 1", "backfill"],
  ["delete from attempts where c = 1", "backfill"],
  ["alter table attempts drop column c", "contract"],
  ["alter table attempts rename column c to d", "contract"],
  ["drop table attempts", "contract"],
  ["lock table attempts", "lock"],
  ["reindex table attempts", "lock"],
])("%s: %s", (sql, rule) => {
  expect(rulesIn(sql)).toEqual([rule]);
});

it.each([
  "create table notes (id text primary key references a (b), check (id <> '')); create index n on notes (id)",
  "create index concurrently a_b on attempts (b)",
  "alter table attempts add column c int",
  "alter table attempts add column c int not null default 0",
  "alter table attempts alter column c set default current_timeline()",
  "alter table attempts add constraint c check (a > 0) not valid",
  "alter table attempts validate constraint c",
  "alter table attempts add constraint a unique using index a_b",
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
