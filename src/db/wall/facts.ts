import type { Db } from "../db";
import { QUEUE_SCHEMA } from "../queue-schema";
import { SYSTEM_ROLE, TENANT_ROLE } from "../roles";

/** What the catalogue says about roles, rights and policies: what there is, to be compared with what there should be. */

export interface Policy {
  readonly name: string;
  readonly roles: readonly string[];
  /** `*`: of every command. */
  readonly command: string;
  readonly isPermissive: boolean;
  readonly using: string | null;
  readonly check: string | null;
}

export interface Grant {
  /** `public` is everybody. */
  readonly role: string;
  readonly right: string;
}

export interface TableFacts {
  readonly name: string;
  /** Rights in a partition would go around the policies, which are the partitioned table's. */
  readonly isPartition: boolean;
  readonly isGuarded: boolean;
  readonly policies: readonly Policy[];
  /** In the table or in any of its columns. */
  readonly grants: readonly Grant[];
}

export interface FunctionFacts {
  readonly name: string;
  readonly settings: readonly string[];
  /** Who may call it, apart from its owner. */
  readonly callers: readonly string[];
}

export interface RoleFacts {
  readonly name: string;
  /** What it should not be or have, each in a few words. */
  readonly excess: readonly string[];
}

export interface WallFacts {
  readonly roles: readonly RoleFacts[];
  readonly tables: readonly TableFacts[];
  /** Those that run as their owner. */
  readonly functions: readonly FunctionFacts[];
  /** Whether the system's role can use every table and sequence of the queue, where the queue has been set up. */
  readonly hasQueue: boolean;
}

const GRANTEES = `('${TENANT_ROLE}', '${SYSTEM_ROLE}', 'public')`;

// The grantee 0 is everybody.
const GRANTED = `
  cross join lateral aclexplode(g.acl) a
  cross join lateral (select coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public') as role) r`;

const TABLES = `
  select c.relname as "name", c.relispartition as "isPartition", c.relrowsecurity as "isGuarded",
    (select coalesce(json_agg(json_build_object(
        'name', p.polname, 'command', p.polcmd, 'isPermissive', p.polpermissive,
        'roles', (select json_agg(coalesce(pg_get_userbyid(nullif(oid, 0)), 'public'))
          from unnest(p.polroles) oid),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'check', pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
      from pg_policy p where p.polrelid = c.oid) as "policies",
    (select coalesce(json_agg(json_build_object('role', r.role, 'right', a.privilege_type)), '[]')
      from (
        select c.relacl as acl
        union all
        select t.attacl from pg_attribute t where t.attrelid = c.oid and not t.attisdropped
      ) g ${GRANTED}
      where r.role in ${GRANTEES}) as "grants"
  from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by c.relname collate "C"`;

const FUNCTIONS = `
  select format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) as "identity",
    format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)) as "name",
    coalesce(p.proconfig, '{}') as "settings",
    (select coalesce(json_agg(r.role order by r.role), '[]')
      from (select coalesce(p.proacl, acldefault('f', p.proowner)) as acl) g ${GRANTED}
      where a.grantee <> p.proowner) as "callers"
  from pg_proc p where p.pronamespace = current_schema()::regnamespace and p.prosecdef
  order by 1`;

const ROLES = `
  select r.rolname as "name",
    array_remove(array[
      case when r.rolsuper then 'is a superuser' end,
      case when r.rolbypassrls then 'bypasses the policies' end,
      case when r.rolcreaterole then 'may create roles' end,
      case when r.rolcreatedb then 'may create databases' end,
      case when r.rolreplication then 'may replicate' end,
      case when r.rolcanlogin then 'may log in' end,
      case when exists (select from pg_auth_members m where m.member = r.oid)
        then 'is a member of another role' end,
      case when exists (select from pg_shdepend d
          where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
            and d.dbid = (select oid from pg_database where datname = current_database())
            and d.classid in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass)
            and not (d.classid = 'pg_class'::regclass and exists (
              select from pg_class c where c.oid = d.objid and c.relpersistence = 't')))
        then 'owns something' end,
      case when has_database_privilege(r.oid, current_database(), 'CREATE')
        then 'may create schemas' end,
      case when has_schema_privilege(r.oid, current_schema(), 'CREATE')
        then 'may create tables' end], null) as "excess"
  from pg_roles r where r.rolname in ${GRANTEES} order by 1`;

const QUEUE = `
  select case when s.oid is null then true else
    exists (select from pg_roles where rolname = '${SYSTEM_ROLE}')
    and not exists (
      select from pg_class c
      cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE']) as needed
      where c.relnamespace = s.oid
        and case c.relkind when 'S' then needed = 'USAGE' else
          c.relkind in ('r', 'p') and needed <> 'USAGE' end
        and not exists (
          select from aclexplode(c.relacl) a where pg_get_userbyid(a.grantee) = '${SYSTEM_ROLE}'
            and a.privilege_type = needed)) end as "hasQueue"
  from (select to_regnamespace('${QUEUE_SCHEMA}') as oid) s`;

export async function readFacts(db: Db): Promise<WallFacts> {
  const ask = async <Row>(query: string): Promise<Row[]> =>
    (await db.raw<{ rows: Row[] }>(query)).rows;
  const roles = await ask<RoleFacts>(ROLES);
  const tables = await ask<TableFacts>(TABLES);
  const functions = await ask<FunctionFacts>(FUNCTIONS);
  const [queue] = await ask<{ hasQueue: boolean }>(QUEUE);
  return { roles, tables, functions, hasQueue: queue?.hasQueue === true };
}
