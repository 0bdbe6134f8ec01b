import type { Client } from "../../sdk/client";
import { type Command, UsageError } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  momentOf,
  readAll,
  required,
} from "./ask";
import { countLetters, countsText } from "./letter-filter";
import { planText, runPlan } from "./plans";

/** Shown when nothing is done. */
const COUNTED_MAX = 1_000;

/** All that failed at one endpoint since a moment, in one command. */
export const recoverCommand: Command = {
  name: "ops recover",
  summary: "replays what failed at an endpoint since a moment",
  help: `For an endpoint that is back: replays its letters that died since a moment, by a plan that runs to its end, and attempts
what is still waiting for its next try, too. Run twice it sends nothing twice.
${OPS_HELP}
  --endpoint ID     the endpoint
  --since T         since when: 2026-11-21T08:00:00Z, or so long ago: 90m, 12h, 3d
  --reason TEXT     why; it is kept with the plan and in the audit log
  --per-second N    how many letters a second at most, 1 to 1000; 50 by default
${DRY_RUN_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...DRY_RUN,
    endpoint: { type: "string" },
    since: { type: "string" },
    reason: { type: "string" },
    "per-second": { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const endpointId = required(values, "endpoint");
    const diedAfter = momentOf(values, "since");
    if (diedAfter === undefined) throw new UsageError("--since is required.");
    const reason = required(values, "reason");
    const filter = { endpointId, diedAfter };
    return askApi(call, async (client) => {
      if (values["dry-run"] === true) {
        const retrying = await findRetrying(client, endpointId, diedAfter);
        const counts = await countLetters(client, filter);
        const text = `${countsText(counts)}${String(retrying.length)} waiting for their next try.\n`;
        return { json: { dryRun: true, ...counts, retrying: retrying.length }, text };
      }
      const hurried = await hurry(client, { endpointId, since: diedAfter, reason });
      const { replayPlan } = await client.createReplayPlan({ filter, reason });
      const isEmpty = replayPlan.letters === 0;
      const plan = isEmpty
        ? (await client.cancelReplayPlan({ planId: replayPlan.id })).replayPlan
        : await runPlan(call, client, replayPlan);
      const text = `${planText(plan)}${String(hurried)} attempted before their time.\n`;
      return { json: { plan, hurried }, text };
    });
  },
};

async function findRetrying(
  client: Client,
  endpointId: string,
  since: string,
): Promise<readonly string[]> {
  const found = await readAll(
    (page) => client.webhookDeliveries({ filter: { endpointId, statuses: ["RETRYING"] }, ...page }),
    COUNTED_MAX,
  );
  return found.filter(({ updatedAt }) => updatedAt >= since).map(({ id }) => id);
}

/** All of them, a set at a time. */
async function hurry(
  client: Client,
  { endpointId, since, reason }: { endpointId: string; since: string; reason: string },
): Promise<number> {
  const filter = { endpointId, failedAfter: since, failedBefore: new Date().toISOString() };
  for (let hurried = 0; ;) {
    const { count, hasMore } = await client.retryWebhookDeliveriesNow({ filter, reason });
    hurried += count;
    if (!hasMore) return hurried;
  }
}
