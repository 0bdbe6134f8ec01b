import type { Client } from "pg";
import type { Db } from "../../src/db/db";
import { openDatabases } from "../../src/db/databases";
import { createTenantViews } from "../../src/db/tenant-views";
import { PATIENT } from "./patience";
import type { Ask, Question } from "./plan-questions";

/** A connection whose statements tell how they were run, nested ones (foreign keys, triggers) included. */
export interface ExplainedDb {
  /** As the system, which sees every tenant. */
  readonly db: Db;
  /** As one tenant: behind the policies, which the planner has to see through. */
  readonly tenantDb: (merchantId: string) => Db;
  readonly tenantPool: Db;
  readonly close: () => Promise<void>;
  /** Asks some times, each time with plans that are made for it, and gives every node of them that read something. */
  ask(prepare: Question[1], times: number): Promise<Read[]>;
}

/** What one node of one plan read, in all its loops. */
export interface Read {
  readonly statement: string;
  readonly node: string;
  readonly relation: string;
  readonly index: string;
  readonly loops: number;
  /** Answered, or read and thrown away. */
  readonly rows: number;
  readonly pages: number;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  /** Of one loop, like those removed. */
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  /** Of all loops, and of the nodes below too. */
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

const SETTINGS = {
  session_preload_libraries: "auto_explain",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_buffers": "on",
  "auto_explain.log_timing": "off",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_format": "json",
  // To the client that asked, instead of to the server's log.
  "auto_explain.log_level": "notice",
};

/** Has every later connection to this database explain what it does. Only a superuser may. */
export async function explainEverything(db: Db): Promise<void> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>("select current_database() as name");
  for (const [setting, value] of Object.entries(SETTINGS)) {
    await db.raw(`alter database ?? set ${setting} = '${value}'`, [rows[0]?.name ?? ""]);
  }
}

interface Pool {
  on(event: "createSuccess", heard: (eventId: number, client: Client) => void): void;
}

/** The product's own ways into the database, with its settings, over one connection each: so plans can be thrown away. */
export function connectExplained(url: string): ExplainedDb {
  const { db, tenantPool, close } = openDatabases({
    url,
    connectionsMax: { system: 1, tenants: 1 },
    applicationName: "oncepay plans",
    ...PATIENT,
  });
  let heard: string[] | undefined;
  for (const { client: pooling } of [db, tenantPool]) {
    (pooling as { pool: Pool }).pool.on("createSuccess", (_eventId, client) => {
      client.on("notice", ({ message }) => heard?.push(message ?? ""));
    });
  }
  const listenTo = async (ask: Ask): Promise<Read[]> => {
    for (const each of [db, tenantPool]) await each.raw("discard plans");
    heard = [];
    try {
      if (isNothing(await ask())) throw new Error("what this asks for is not there");
      return heard.flatMap(readsIn);
    } finally {
      heard = undefined;
    }
  };
  return {
    db,
    tenantPool,
    tenantDb: createTenantViews(tenantPool),
    close,
    ask: async (prepare, times) => {
      const reads: Read[] = [];
      for (let time = 0; time < times; time += 1) reads.push(...(await listenTo(await prepare())));
      if (reads.length === 0) throw new Error("no plan was heard of");
      return reads;
    },
  };
}

function isNothing(answer: unknown): boolean {
  return answer === undefined || (Array.isArray(answer) && answer.length === 0);
}

const EXPLANATION = /^duration: \S+ ms {2}plan:\n/;

function readsIn(message: string): Read[] {
  if (!EXPLANATION.test(message)) return [];
  const explained = JSON.parse(message.replace(EXPLANATION, "")) as {
    "Query Text": string;
    Plan: PlanNode;
  };
  const statement = explained["Query Text"].trim().replace(/\s+/g, " ");
  return nodesIn(explained.Plan)
    .filter((node) => node["Relation Name"] !== undefined || node["Index Name"] !== undefined)
    .map((node) => ({
      statement,
      node: node["Node Type"],
      relation: node["Relation Name"] ?? "",
      index: node["Index Name"] ?? "",
      loops: node["Actual Loops"],
      rows: rowsOf(node),
      pages: pagesWithin(node) - sum((node.Plans ?? []).map(pagesWithin)),
    }));
}

function nodesIn(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesIn)];
}

function rowsOf(node: PlanNode): number {
  const inOneLoop =
    node["Actual Rows"] +
    (node["Rows Removed by Filter"] ?? 0) +
    (node["Rows Removed by Index Recheck"] ?? 0);
  return Math.round(inOneLoop * node["Actual Loops"]);
}

function pagesWithin(node: PlanNode): number {
  return node["Shared Hit Blocks"] + node["Shared Read Blocks"];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

// A page of a list is 20 here, a set is 10, and a busy merchant has thousands.
const ROWS_MAX = 250;
// From the root of an index to its leaf, and on to the row: more is an index that is read through, although it gives few.
const PAGES_A_ROW_MAX = 4;

/** What is known to read too much: whose complaint it is, and why. */
const EXEMPT: readonly (readonly [complaint: RegExp, why: string])[] = [
  [
    /of event_feed by .* f.type = any/,
    "event_feed_of_types reads the feed through to a rare type: an index by type would be one more write for each event",
  ],
  [
    /of payment_intents by payment_intents_pkey in: exists \( select .* reserved_refunds\(/,
    "one row, and the pages that reserved_refunds reads in the filter: its own statement is looked at by itself",
  ],
];

/** What was read too much, in words. */
export function complaintsIn(reads: readonly Read[]): string[] {
  const complaints = reads.flatMap(({ statement, node, relation, index, loops, rows, pages }) => {
    const where = `${node} of ${relation} by ${index || "no index"} in: ${statement.slice(0, 1_000)}`;
    if (rows > ROWS_MAX) return [`${String(rows)} rows read by ${where}`];
    // A write's pages are those of all the table's indexes.
    if (node === "ModifyTable" || pages <= PAGES_A_ROW_MAX * (rows + loops)) return [];
    return [`${String(pages)} pages read for ${String(rows)} rows by ${where}`];
  });
  const known = (complaint: string): boolean => EXEMPT.some(([of]) => of.test(complaint));
  return [...new Set(complaints)].filter((complaint) => !known(complaint));
}
