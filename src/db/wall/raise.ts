import type { Db, Tx } from "../db";
import { sqlState } from "../errors";
import { SYSTEM_ROLE, TENANT_ROLE } from "../roles";
import { LOCK_WAIT_MS, type Patience } from "../take-locks";
import { readFacts } from "./facts";
import { type Gap, findGaps } from "./gaps";
import { RIGHTS } from "./rights";

/*
 * Brings roles, rights and policies to the state in rights.ts. It changes what differs and nothing else, so a database
 * that is up to date is only read. Run by the owner of the tables, after the migrations, by one process at a time.
 *
 * Each gap is closed in a transaction of its own: what guards a table locks it, for a moment, and two tables are never
 * locked at once. What is left when it is killed, the next run does. Code from before the wall goes on working: it runs
 * as the owner, whom policies do not concern.
 */

export async function raiseWall(db: Db, patiently: Patience = once): Promise<void> {
  // Roles come first, since rights are given to them.
  for (const gap of await gapsIn(db)) {
    await patiently(`the wall around ${gap.subject}`, () => close(db, gap));
  }
  await beMember(db);
}

// A role, or a column that policies ask for, is not there yet: what is lacking then, the wall itself makes good.
const NOT_YET = ["42703", "42704"];

/**
 * Gives what a migration has made to the roles in its own commit. Triggers and functions that it has changed may use that
 * from then on, in processes of the release before, which would otherwise be refused until the wall is raised.
 */
export async function admitToNew(tx: Tx, before: readonly string[]): Promise<void> {
  for (const { subject, repair = [] } of await gapsIn(tx)) {
    const isNew = !before.includes(subject);
    const onlyGives = repair.every((statement) => statement.startsWith("grant "));
    if (!(subject in RIGHTS) || !(isNew || onlyGives)) continue;
    await tx
      .transaction(async (nested) => {
        for (const statement of repair) await nested.raw(statement);
      })
      .catch((error: unknown) => {
        if (!NOT_YET.includes(sqlState(error) ?? "")) throw error;
      });
  }
}

export async function tablesOf(tx: Tx): Promise<string[]> {
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(
    `select relname as "name" from pg_class where relnamespace = current_schema()::regnamespace`,
  );
  return rows.map(({ name }) => name);
}

function once(_: string, work: () => Promise<void>): Promise<void> {
  return work();
}

export async function gapsIn(db: Db): Promise<Gap[]> {
  return findGaps(await readFacts(db));
}

async function close(db: Db, { repair = [] }: Gap): Promise<void> {
  if (repair.length === 0) return;
  try {
    await db.transaction(async (tx) => {
      await tx.raw(`set local lock_timeout = ${String(LOCK_WAIT_MS)}`);
      for (const statement of repair) await tx.raw(statement);
    });
  } catch (error) {
    const isRole = repair.some((statement) => statement.startsWith("create role"));
    // Roles belong to the whole server: another database's migration may have made it a moment ago.
    if (isRole && ["42710", "23505"].includes(sqlState(error) ?? "")) return;
    if (isRole && sqlState(error) === "42501") throw new Error(ASK, { cause: error });
    throw error;
  }
}

const ASK =
  "The user of DATABASE_URL may not create, or give, the roles that oncepay's processes run as. " +
  "Have somebody who may create roles run this, and migrate again (without the first two if the roles exist): " +
  `create role ${TENANT_ROLE} nologin; create role ${SYSTEM_ROLE} nologin; ` +
  `grant ${TENANT_ROLE}, ${SYSTEM_ROLE} to <the user of DATABASE_URL> with admin option;`;

/** So that processes which log in as the owner can take the roles. A superuser can take every role. */
async function beMember(db: Db): Promise<void> {
  const { rows } = await db.raw<{ rows: { name: string; user: string }[] }>(
    `select r.rolname as "name", current_user as "user" from pg_roles r
     where r.rolname in ('${TENANT_ROLE}', '${SYSTEM_ROLE}')
       and not pg_has_role(current_user, r.oid, case
         when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)`,
  );
  for (const { name, user } of rows) await granting(db.raw(`grant ${name} to ??`, [user]));
}

/** Lets a user take the roles: the one that the API and the workers log in as. */
export async function admitUser(db: Db, user: string): Promise<void> {
  await granting(db.raw(`grant ${TENANT_ROLE}, ${SYSTEM_ROLE} to ??`, [user]));
}

/** Whoever did not make the roles may not give them, unless he was given them so. */
async function granting(granted: PromiseLike<unknown>): Promise<void> {
  try {
    await granted;
  } catch (error) {
    if (sqlState(error) === "42501") throw new Error(ASK, { cause: error });
    throw error;
  }
}
