import type { Client } from "../../sdk/client";
import { type Command, UsageError } from "../command";
import { OPS_HELP, OPS_OPTIONS, askApi, required, textOf } from "./ask";

const PAGE = 100;
const FORMATS = ["csv", "ndjson"] as const;

type Row = Readonly<Record<string, unknown>>;

interface Page {
  readonly edges: readonly { readonly node: object }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** What is exported: its columns in the order in which they are written, and its pages. */
interface Export {
  readonly columns: readonly string[];
  readonly read: (client: Client, page: { first: number; after: string | null }) => Promise<Page>;
}

function exportOf(values: Parameters<Command["run"]>[0]["values"]): Export {
  const what = required(values, "what");
  if (what === "breaks") {
    return { columns: BREAK, read: (client, page) => client.reconciliationBreaks(page) };
  }
  if (what === "payouts") {
    return { columns: PAYOUT, read: (client, page) => client.payouts(page) };
  }
  if (what === "payout-lines") return linesOf(required(values, "payout"));
  if (what !== "entries") {
    throw new UsageError("--what must be breaks, entries, payouts or payout-lines.");
  }
  const id = required(values, "account");
  return {
    columns: ENTRY,
    read: async (client, page) => {
      const account = await client.ledgerAccount({ id, ...page });
      if (!account) throw new Error(`There is no ledger account ${id}.`);
      return account.entries;
    },
  };
}

function linesOf(id: string): Export {
  return {
    columns: PAYOUT_LINE,
    read: async (client, page) => {
      const payout = await client.payout({ id, ...page });
      if (!payout?.lines) throw new Error(`There is no payout ${id}.`);
      return payout.lines;
    },
  };
}

const BREAK = [
  ...["id", "merchantId", "kind", "status", "source", "processor", "reportId", "subjectId"],
  ...["paymentIntentId", "currency", "detail", "ours", "theirs", "proposal", "owner"],
  ...["explanation", "resolution", "journalId", "foundAt", "explainedAt", "resolvedAt"],
];
const ENTRY = [
  ...["journalId", "line", "kind", "side", "amount", "currency", "pending"],
  ...["balanceAfter", "source", "sourceId", "paymentIntentId", "attemptId", "createdAt"],
];

const PAYOUT = [
  ...["id", "status", "amount", "currency", "lineCount", "processor", "processorPayoutId"],
  ...["arrivesAt", "changedAt", "version", "createdAt", "updatedAt"],
];
const PAYOUT_LINE = ["line", "kind", "amount", "attemptId", "paymentIntentId", "movementId"];

/** A page at a time is asked for, written and forgotten: an export may be of any length. */
export const exportCommand: Command = {
  name: "ops export",
  summary: "writes breaks, payouts, or the entries of a ledger account, as CSV or NDJSON",
  help: `Writes all breaks, all entries of one ledger account, or all payouts, newest first, or the lines of one payout, to
standard output while they are read.
${OPS_HELP}
  --what WHAT       breaks, entries, payouts, or payout-lines
  --account ID      the ledger account whose entries to write
  --payout ID       the payout whose lines to write
  --format FORMAT   csv, which is the default, or ndjson`,
  options: {
    ...OPS_OPTIONS,
    what: { type: "string" },
    account: { type: "string" },
    payout: { type: "string" },
    format: { type: "string" },
  },
  run: async (call) => {
    const format = textOf(call.values, "format") ?? "csv";
    if (!FORMATS.some((known) => known === format)) {
      throw new UsageError(`--format must be one of ${FORMATS.join(", ")}.`);
    }
    const { columns, read } = exportOf(call.values);
    let rows = 0;
    await askApi(call, async (client) => {
      if (format === "csv") call.say(columns.join(","));
      for (let after: string | null = null; ;) {
        const { edges, pageInfo }: Page = await read(client, { first: PAGE, after });
        for (const { node } of edges) call.say(lineOf(node as Row, { columns, format }));
        rows += edges.length;
        after = pageInfo.endCursor;
        if (!pageInfo.hasNextPage) return;
      }
    });
    return { json: { rows }, text: "" };
  },
};

function lineOf(
  row: Row,
  { columns, format }: { readonly columns: readonly string[]; readonly format: string },
): string {
  if (format === "ndjson") {
    return JSON.stringify(Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
  }
  return columns.map((name) => cellOf(row[name])).join(",");
}

/** As in RFC 4180. What a spreadsheet would take for a formula is text. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+@\t\r-]/.test(text) && typeof value === "string" ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
