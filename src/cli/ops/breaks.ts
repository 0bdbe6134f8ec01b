import { BREAK_ACTIONS, type BreakAction } from "../../reconciliation/resolve-break";
import type { ReconciliationBreak } from "../../sdk/objects";
import { type Command, UsageError } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  listOf,
  nodeOf,
  numberOf,
  readAll,
  required,
  textOf,
} from "./ask";
import { fields, table } from "./table";

const LIST_DEFAULT = 50;
const ID_OPTION = { id: { type: "string" } } as const;
const ID_HELP = "  --id ID           the break's id";

export const listBreaksCommand: Command = {
  name: "ops breaks list",
  summary: "lists differences between the books and what the processor says",
  help: `Lists reconciliation breaks, newest first: those that are not resolved, unless others are asked for.
${OPS_HELP}
  --kinds LIST      of these kinds, for example MISSING_HERE,FEE
  --statuses LIST   with one of these statuses; OPEN,EXPLAINED by default
  --subject ID      about this attempt, payment, account or reference
  --limit N         how many; ${String(LIST_DEFAULT)} by default`,
  options: {
    ...OPS_OPTIONS,
    kinds: { type: "string" },
    statuses: { type: "string" },
    subject: { type: "string" },
    limit: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const filter = {
      // What is no kind or status, the API says.
      kinds: (listOf(values, "kinds") ?? null) as ReconciliationBreak["kind"][] | null,
      statuses: (listOf(values, "statuses") ?? [
        "OPEN",
        "EXPLAINED",
      ]) as ReconciliationBreak["status"][],
      subjectId: textOf(values, "subject") ?? null,
    };
    const max = numberOf(values, "limit") ?? LIST_DEFAULT;
    const reconciliationBreaks = await askApi(call, (client) =>
      readAll((page) => client.reconciliationBreaks({ filter, ...page }), max),
    );
    const rows = reconciliationBreaks.map((found) => [
      found.id,
      found.kind,
      found.status,
      ageOf(found.foundAt),
      found.subjectId,
      found.detail,
      found.owner,
    ]);
    const headings = ["BREAK", "KIND", "STATUS", "AGE", "ABOUT", "DIFFERENCE", "OWNER"];
    return { json: { reconciliationBreaks }, text: table(headings, rows) };
  },
};

function ageOf(foundAt: string): string {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(foundAt)) / 60_000));
  if (minutes < 120) return `${String(minutes)}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)}h` : `${String(Math.floor(hours / 24))}d`;
}

export const showBreakCommand: Command = {
  name: "ops breaks show",
  summary: "shows all that is known of one break",
  help: `Shows all that is known of one reconciliation break, and the correction that is proposed.
${OPS_HELP}
${ID_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION },
  run: async (call) => {
    const found = await nodeOf(call, "ReconciliationBreak", "break");
    return { json: { ...found }, text: fields(found) };
  },
};

export const resolveBreakCommand: Command = {
  name: "ops breaks resolve",
  summary: "explains a break, approves its correction, or dismisses it",
  help: `Explains a reconciliation break, or resolves it, on the word of a platform operator.
${OPS_HELP}
${ID_HELP}
  --action ACTION   EXPLAIN: say how it came about; APPROVE_CORRECTION: post what is proposed; DISMISS: neither
  --reason TEXT     how it came about, or why it is resolved; it is kept
  --owner NAME      who sees to it; by default the id of the API key
${DRY_RUN_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...ID_OPTION,
    ...DRY_RUN,
    action: { type: "string" },
    reason: { type: "string" },
    owner: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const action = required(values, "action") as BreakAction;
    if (!BREAK_ACTIONS.includes(action)) {
      throw new UsageError(`--action must be one of ${BREAK_ACTIONS.join(", ")}.`);
    }
    const reason = required(values, "reason");
    if (values["dry-run"] === true) {
      const found = await nodeOf(call, "ReconciliationBreak", "break");
      return {
        json: { dryRun: true, break: found },
        text: `Would be done about:\n${fields(found)}`,
      };
    }
    const breakId = required(values, "id");
    const owner = textOf(values, "owner") ?? null;
    const { reconciliationBreak } = await askApi(call, (client) =>
      client.resolveReconciliationBreak({ breakId, action, reason, owner }),
    );
    const { status, journalId } = reconciliationBreak;
    const posted = journalId === null ? "" : `, with the journal ${journalId}`;
    return { json: { reconciliationBreak }, text: `It is ${status}${posted}.\n` };
  },
};
