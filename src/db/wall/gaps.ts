import { QUEUE_SCHEMA } from "../queue-schema";
import { SYSTEM_ROLE, TENANT_ROLE, TENANT_SETTING } from "../roles";
import type { FunctionFacts, Policy, TableFacts, WallFacts } from "./facts";
import { OWNERS_FUNCTIONS, RIGHTS, type Right, type TableRights } from "./rights";

/** Where the wall is not as it should be. */
export interface Gap {
  /** The role, table or function that it is about. */
  readonly subject: string;
  readonly detail: string;
  /** What closes it, for the owner to run; none where a person must decide. */
  readonly repair?: readonly string[];
}

const ROLES = [TENANT_ROLE, SYSTEM_ROLE] as const;

/** Every gap there is; none when the wall stands. */
export function findGaps(facts: WallFacts): Gap[] {
  return [
    ...roleGaps(facts),
    ...Object.entries(RIGHTS).flatMap(([name, rights]) => {
      const table = facts.tables.find((found) => found.name === name);
      return table ? tableGaps(table, rights) : [];
    }),
    ...facts.tables.filter(({ name }) => !(name in RIGHTS)).flatMap(strangerGaps),
    ...functionGaps(facts),
    ...queueGaps(facts),
  ];
}

function roleGaps({ roles }: WallFacts): Gap[] {
  return ROLES.flatMap((name) => {
    const role = roles.find((found) => found.name === name);
    if (!role) {
      return [{ subject: name, detail: "does not exist", repair: [`create role ${name} nologin`] }];
    }
    return role.excess.map((detail) => ({ subject: name, detail }));
  });
}

function tableGaps(table: TableFacts, rights: TableRights): Gap[] {
  const { name } = table;
  const gaps: Gap[] = [];
  if (rights.tenantIn !== null && !table.isGuarded) {
    gaps.push({
      subject: name,
      detail: "has no row-level security",
      repair: [`alter table ${name} enable row level security`],
    });
  }
  const wanted = policiesOf(rights);
  if (JSON.stringify(table.policies.map(comparable)) !== JSON.stringify(wanted.map(comparable))) {
    gaps.push({
      subject: name,
      detail: "its policies are not the ones that it should have",
      repair: [
        ...table.policies.map((policy) => `drop policy "${policy.name}" on ${name}`),
        ...wanted.map((policy) => {
          const to = policy.roles.join(", ");
          return `create policy ${policy.name} on ${name} to ${to} using ${policy.using ?? ""}`;
        }),
      ],
    });
  }
  gaps.push(...grantGaps(table, TENANT_ROLE, rights.tenant));
  gaps.push(...grantGaps(table, SYSTEM_ROLE, rights.system));
  gaps.push(...grantGaps(table, "public", []));
  return gaps;
}

/*
 * A policy applies to every command, and what it lets a role see is what it lets it write. The tenant's says nothing
 * about a session that is not bound: the setting is null or empty then, and equals no tenant.
 */
function policiesOf({ tenantIn }: TableRights): Policy[] {
  if (tenantIn === null) return [];
  const every = { command: "*", isPermissive: true, check: null };
  const isTheirs = `(${tenantIn} = current_setting('${TENANT_SETTING}'::text, true))`;
  return [
    { ...every, name: "system", roles: [SYSTEM_ROLE], using: "(true)" },
    { ...every, name: "tenant", roles: [TENANT_ROLE], using: isTheirs },
  ];
}

function comparable(policy: Policy): unknown[] {
  const { name, roles, command, isPermissive, check } = policy;
  return [name, roles, command, isPermissive, check, policy.using?.replace(/[()\s]/g, "")];
}

function grantGaps(table: TableFacts, role: string, wanted: readonly Right[]): Gap[] {
  const { name } = table;
  const held = new Set(
    table.grants.filter((grant) => grant.role === role).map(({ right }) => right),
  );
  const lacking = wanted.filter((right) => !held.has(right));
  const surplus = [...held].filter((right) => !(wanted as readonly string[]).includes(right));
  const gaps: Gap[] = [];
  if (surplus.length > 0) {
    gaps.push({
      subject: name,
      detail: `${role} may ${surplus.join(", ")}`,
      // All of them: also those in single columns.
      repair: [`revoke all on ${name} from ${role}`, ...grant(wanted, name, role)],
    });
  } else if (lacking.length > 0) {
    gaps.push({
      subject: name,
      detail: `${role} may not ${lacking.join(", ")}`,
      repair: grant(lacking, name, role),
    });
  }
  return gaps;
}

function grant(rights: readonly Right[], table: string, role: string): string[] {
  return rights.length === 0 ? [] : [`grant ${rights.join(", ")} on ${table} to ${role}`];
}

/** A partition, or a table that is not ours: no role of ours may do anything with it. */
function strangerGaps(table: TableFacts): Gap[] {
  return ROLES.flatMap((role) => grantGaps(table, role, []));
}

function functionGaps({ functions }: WallFacts): Gap[] {
  const known = functions.filter(({ name }) => OWNERS_FUNCTIONS.includes(name));
  return [
    ...functions
      .filter((found) => !known.includes(found) && found.callers.some(isOurs))
      .map(({ name }) => ({
        subject: name,
        detail: "runs as its owner, is not known, and may be called",
      })),
    ...known.flatMap(callGaps),
  ];
}

function isOurs(caller: string): boolean {
  return caller === "public" || (ROLES as readonly string[]).includes(caller);
}

function callGaps({ name, settings, callers }: FunctionFacts): Gap[] {
  const gaps: Gap[] = [];
  if (!settings.some((setting) => setting.startsWith("search_path="))) {
    gaps.push({ subject: name, detail: "runs as its owner with its caller's search path" });
  }
  const theirs = callers.filter(isOurs);
  if (theirs.length !== 1 || theirs[0] !== SYSTEM_ROLE) {
    const from = ["public", ...ROLES].join(", ");
    gaps.push({
      subject: name,
      detail: `may be called by ${theirs.join(", ") || "nobody"}`,
      repair: [
        `revoke all on function ${name} from ${from}`,
        `grant execute on function ${name} to ${SYSTEM_ROLE}`,
      ],
    });
  }
  return gaps;
}

function queueGaps({ hasQueue }: WallFacts): Gap[] {
  if (hasQueue) return [];
  return [
    {
      subject: QUEUE_SCHEMA,
      detail: `${SYSTEM_ROLE} cannot use all of the queue's tables`,
      repair: [
        `grant usage on schema ${QUEUE_SCHEMA} to ${SYSTEM_ROLE}`,
        `grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to ${SYSTEM_ROLE}`,
        `grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to ${SYSTEM_ROLE}`,
      ],
    },
  ];
}
