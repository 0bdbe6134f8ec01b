import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../sdk/client";
import type { ReplayPlan } from "../../sdk/objects";
import { type Call, type Command, UsageError } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  numberOf,
  readAll,
  required,
} from "./ask";
import {
  LETTER_HELP,
  LETTER_OPTIONS,
  countLetters,
  countsText,
  letterFilter,
} from "./letter-filter";
import { progress, table } from "./table";

const POLL_MS = 500;
// A page of more costs more than one query may.
const LIST_MAX = 40;

const RATE_HELP = "  --per-second N    how many letters a second at most, 1 to 1000; 50 by default";

export const planCommand: Command = {
  name: "ops dead-letters plan",
  summary: "replays many dead letters together, after counting them",
  help: `Makes a replay plan: writes down which dead letters match, at most 25,000, and counts them. Nothing is sent
without --start. With it, the plan runs to its end while progress is shown; it runs on if this command is stopped.
${OPS_HELP}
${LETTER_HELP}
  --reason TEXT     why; it is kept with the plan and in the audit log
  --start           start it, and wait for its end
${RATE_HELP}
${DRY_RUN_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...LETTER_OPTIONS,
    ...DRY_RUN,
    reason: { type: "string" },
    start: { type: "boolean", default: false },
    "per-second": { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const reason = required(values, "reason");
    const filter = letterFilter(values);
    if (values["dry-run"] === true) {
      const counts = await askApi(call, (client) => countLetters(client, filter));
      return { json: { dryRun: true, ...counts }, text: countsText(counts) };
    }
    return askApi(call, async (client) => {
      const { replayPlan } = await client.createReplayPlan({ filter, reason });
      const plan = values["start"] === true ? await runPlan(call, client, replayPlan) : replayPlan;
      return { json: { ...plan }, text: planText(plan) };
    });
  },
};

/** Starts it and shows how far it is, until it stands still. */
export async function runPlan(
  { values, say }: Call,
  client: Client,
  { id, letters }: ReplayPlan,
): Promise<ReplayPlan> {
  const perSecond = numberOf(values, "per-second");
  await client.startReplayPlan({ planId: id, ...(perSecond !== undefined && { perSecond }) });
  let shown = "";
  for (;;) {
    const plan = (await client.node({ id })) as ReplayPlan;
    const line = progress(plan.sent + plan.skipped, letters);
    if (line !== shown) say(line);
    shown = line;
    if (plan.status !== "RUNNING") return plan;
    await pause(POLL_MS);
  }
}

export function planText(plan: ReplayPlan): string {
  const rows = [
    ...plan.endpoints.map((one): [string, number] => [one.endpointId, one.letters]),
    ...plan.types.map((one): [string, number] => [one.type, one.letters]),
    ...plan.causes.map((one): [string, number] => [one.cause, one.letters]),
  ];
  const more = plan.hasMore ? " More letters match than one plan may have." : "";
  return `Plan ${plan.id} is ${plan.status}: ${String(plan.letters)} letters, ${String(plan.superseded)} of them superseded; ${String(plan.sent)} sent, ${String(plan.skipped)} skipped.${more}
${rows.length > 0 ? table(["BY", "LETTERS"], rows) : ""}`;
}

export const listPlansCommand: Command = {
  name: "ops plans list",
  summary: "lists replay plans and how far they are",
  help: `Lists replay plans, newest first, at most ${String(LIST_MAX)}.
${OPS_HELP}`,
  options: OPS_OPTIONS,
  run: async (call) => {
    const replayPlans = await askApi(call, (client) =>
      readAll((page) => client.replayPlans(page), LIST_MAX),
    );
    const rows = replayPlans.map((plan) => [
      plan.id,
      plan.status,
      plan.letters,
      plan.sent,
      plan.skipped,
      plan.perSecond,
      plan.reason,
    ]);
    const headings = ["PLAN", "STATUS", "LETTERS", "SENT", "SKIPPED", "PER SECOND", "REASON"];
    return { json: { replayPlans }, text: table(headings, rows) };
  },
};

type Verb = "start" | "pause" | "resume" | "cancel";

function steerCommand(verb: Verb, summary: string): Command {
  return {
    name: `ops plans ${verb}`,
    summary,
    help: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.
${OPS_HELP}
  --id ID           the plan's id
${RATE_HELP} (start and resume)
${DRY_RUN_HELP}`,
    options: {
      ...OPS_OPTIONS,
      ...DRY_RUN,
      id: { type: "string" },
      "per-second": { type: "string" },
    },
    run: async (call) => {
      const planId = required(call.values, "id");
      const perSecond = numberOf(call.values, "per-second");
      const takesRate = verb === "start" || verb === "resume";
      if (perSecond !== undefined && !takesRate) {
        throw new UsageError("--per-second belongs to start and resume.");
      }
      const plan = await askApi(call, async (client) => {
        if (call.values["dry-run"] === true) return thePlan(client, planId);
        const rate = perSecond === undefined ? {} : { perSecond };
        const steer = {
          start: () => client.startReplayPlan({ planId, ...rate }),
          pause: () => client.pauseReplayPlan({ planId }),
          resume: () => client.resumeReplayPlan({ planId, ...rate }),
          cancel: () => client.cancelReplayPlan({ planId }),
        };
        return (await steer[verb]()).replayPlan;
      });
      return { json: { ...plan }, text: planText(plan) };
    },
  };
}

async function thePlan(client: Client, id: string): Promise<ReplayPlan> {
  const found = await client.node({ id });
  if (found?.__typename !== "ReplayPlan") throw new Error(`There is no replay plan ${id}.`);
  return found;
}

export const STEER_COMMANDS: readonly Command[] = [
  steerCommand("start", "starts a replay plan"),
  steerCommand("pause", "pauses a replay plan"),
  steerCommand("resume", "resumes a replay plan where it stopped"),
  steerCommand("cancel", "cancels a replay plan"),
];
