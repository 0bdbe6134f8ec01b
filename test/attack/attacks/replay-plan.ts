import { createMerchant } from "../../../src/merchants/create-merchant";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Client, createClient } from "../../../src/sdk/client";
import { type Attack, type Context, limitMs } from "../attack";
import { type Receiver, openReceiver } from "../backlog/receiver";
import type { Installation } from "../installation";
import { makeEvent } from "../noisy-endpoint/tenants";
import { settledWithin } from "../witness";

const SIZES = {
  full: { letters: 10_000, late: 500, perSecond: 250 },
  short: { letters: 200, late: 20, perSecond: 50 },
};
const SET = 200;
const REASON = "the receiver is back";

/**
 * Two operators plan a replay of the same letters and start both plans in the same moment. The worker that runs them is
 * killed when some are sent, and there are more letters by then than when they were planned. The witness is the receiver.
 */
export const replayPlan: Attack = {
  name: "replay-plan",
  promise:
    "A plan sends each of its letters at most once, whoever else plans the same and whatever is killed, and no others.",
  options: { apis: 1, workers: 1, proxied: [] },
  run: async (context) => {
    const { check, progress } = context;
    const { letters, late, perSecond } = SIZES[context.size];
    const receiver = await openReceiver();
    try {
      const installation = await context.install({
        name: "with-letters",
        apis: 1,
        workers: 2,
        workerArgs: (index) => ["--only", index === 0 ? "relay" : "charges,webhooks,sweeper"],
      });
      const worker = installation.workers[1];
      if (!worker) throw new Error("there is no worker");
      await worker.kill();
      const merchant = await aMerchant(installation, receiver.urlOf("letters"));
      progress(`writing ${String(letters)} letters`);
      const planned = await makeLetters(context, installation, { merchant, count: letters });
      const plans = await Promise.all(
        merchant.operators.map(async (operator) => {
          const { replayPlan } = await operator.createReplayPlan({ filter: {}, reason: REASON });
          return replayPlan;
        }),
      );
      for (const plan of plans) {
        check.equal("letters that the dry run counts", plan.letters, letters);
      }
      const others = await makeLetters(context, installation, { merchant, count: late });
      await worker.start();
      progress("both operators start theirs");
      const startedAt = performance.now();
      await Promise.all(
        merchant.operators.map((operator, n) =>
          operator.startReplayPlan({ planId: plans[n]?.id ?? "", perSecond, reason: REASON }),
        ),
      );
      const sentBy = () => sentOf(installation, merchant.id);
      await until(context, "a quarter is sent", async () => (await sentBy()).sent > letters / 4);
      const atKill = await sentBy();
      await worker.kill();
      progress(`the worker is killed after ${String(atKill.sent)}`);
      await worker.start();
      await until(context, "both plans are finished", async () => (await sentBy()).finished === 2);
      const seconds = (performance.now() - startedAt) / 1_000;
      await settledWithin(installation, 3 * limitMs(context));
      const { sent, skipped } = await sentBy();
      check.equal("letters sent by both plans together", sent, letters);
      check.equal("letters that one of them left to the other", skipped, letters);
      const rate = sent / seconds;
      check.holds(
        `${rate.toFixed(0)} a second, where each plan may send ${String(perSecond)}`,
        rate <= 2 * perSecond * 1.1,
      );
      await checkReceived(context, { receiver, installation, planned, others });
      await checkRecord(context, merchant.operators[0], plans.length);
      return {
        figures: { "letters of both plans": letters, "sent a second by both": rate.toFixed(0) },
        sometimes: {
          "letters sent when the worker was killed": atKill.sent,
          "letters that were not sent yet": letters - atKill.sent,
          "letters that came after the plans were made": late,
        },
      };
    } finally {
      await receiver.close();
    }
  },
};

interface Merchant {
  readonly id: string;
  /** Two people, with keys of their own. */
  readonly operators: readonly Client[];
}

async function aMerchant(installation: Installation, url: string): Promise<Merchant> {
  const made = await createMerchant(installation.db, "with letters");
  const api = { url: installation.graphqlUrls[0] ?? "" };
  const backend = createClient({ ...api, apiKey: made.secretKey });
  await backend.createWebhookEndpoint({ url });
  const first = createClient({ ...api, apiKey: made.operatorKey });
  const second = createClient({ ...api, apiKey: made.operatorKey });
  return { id: made.id, operators: [first, second] };
}

/** The ids of events whose deliveries are dead letters. Nobody delivers at this time, or this endpoint is not told of them. */
async function makeLetters(
  context: Context,
  installation: Installation,
  { merchant, count }: { readonly merchant: Merchant; readonly count: number },
): Promise<string[]> {
  const { db } = installation;
  const tenant = { merchantId: merchant.id, manner: "quick" as const };
  for (let made = 0; made < count; made += SET) {
    await makeEvent(installation, Array(Math.min(SET, count - made)).fill(tenant));
  }
  const scheduled = () =>
    db("webhook_deliveries").where({ merchant_id: merchant.id, status: "SCHEDULED" });
  await until(context, "all are planned", async () => {
    const [row] = await scheduled().count({ count: "*" });
    return Number(row?.["count"]) === count;
  });
  const rows = await scheduled()
    .update({ status: "DEAD", next_at: null, tries: 10, error_class: "TIMEOUT" })
    .returning<{ event_id: string }[]>("event_id");
  return rows.map(({ event_id }) => event_id);
}

async function until(context: Context, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const came = await waitUntil(isSo, { timeoutMs: 3 * limitMs(context), everyMs: 50 });
  if (!came) throw new Error(`it did not come about that ${what}`);
}

async function sentOf(
  { db }: Installation,
  merchantId: string,
): Promise<{ sent: number; skipped: number; finished: number }> {
  const { rows } = await db.raw<{ rows: { sent: number; skipped: number; finished: number }[] }>(
    `select coalesce(sum(sent), 0)::int as sent, coalesce(sum(skipped), 0)::int as skipped,
       (count(*) filter (where status = 'FINISHED'))::int as finished
     from replay_plans where merchant_id = ?`,
    [merchantId],
  );
  return rows[0] ?? { sent: 0, skipped: 0, finished: 0 };
}

interface Came {
  readonly receiver: Receiver;
  readonly installation: Installation;
  readonly planned: readonly string[];
  readonly others: readonly string[];
}

/** What was posted when its worker was killed comes again, with the same id: that is the worker's, not the plan's. */
async function checkReceived(context: Context, came: Came): Promise<void> {
  const { check } = context;
  const { ids } = await came.receiver.heard("letters");
  const received = new Set(ids);
  const missing = came.planned.filter((id) => !received.has(id));
  check.equal("planned letters that did not come", missing.length, 0);
  const stray = came.others.filter((id) => received.has(id));
  check.equal("letters that came although they were in no plan", stray.length, 0);
  const { rows } = await came.installation.db.raw<{ rows: { again: number }[] }>(
    `select count(*)::int as again from (
       select 1 from webhook_deliveries where replay_of is not null
       group by merchant_id, replay_of having count(*) > 1) twice`,
  );
  check.equal("letters that were replayed twice", rows[0]?.again, 0);
}

async function checkRecord(
  context: Context,
  operator: Client | undefined,
  plans: number,
): Promise<void> {
  interface Entry {
    readonly operation: string | null;
    readonly details: { readonly reason?: string };
  }
  const answer = await operator?.query<{ auditLog: { edges: { node: Entry }[] } }>(
    "{ auditLog(first: 50) { edges { node { operation details } } } }",
  );
  const nodes = answer?.auditLog.edges.map(({ node }) => node) ?? [];
  for (const operation of ["createReplayPlan", "startReplayPlan"]) {
    const those = nodes.filter((node) => node.operation === operation);
    const reasons = those.map(({ details }) => details.reason);
    context.check.equal(`reasons on record for ${operation}`, reasons, Array(plans).fill(REASON));
  }
}
