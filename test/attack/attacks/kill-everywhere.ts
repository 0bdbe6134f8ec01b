import { FAILPOINTS } from "../../../src/failpoints";
import { run } from "../../../src/db/db";
import { type Attack, type Context, limitMs } from "../attack";
import { BEHAVIOURS, type Cell, type Expected, play, setBehaviour, victimOf } from "../cells";
import type { Installation, InstallationOptions } from "../installation";
import { shuffled } from "../random";
import { eachLimited, openShop } from "../shop";
import { effectsAt, settledWithin } from "../witness";

const SIZES = { full: { lanes: 6, cells: Infinity }, short: { lanes: 3, cells: 12 } };

/** One of each, because another would do the work of the one that was killed. */
const LANE: Partial<InstallationOptions> = {
  apis: 1,
  workers: 1,
  proxied: ["processor"],
  // Every cell waits for one of these: the dead worker's leases, or the answer that never comes.
  env: {
    ONCEPAY_WORKER_LEASE_MS: "1500",
    ONCEPAY_PROCESSOR_TIMEOUT_MS: "2500",
    ONCEPAY_WEBHOOK_TIMEOUT_MS: "2000",
  },
};

/** SIGKILL at every step of every path, whatever the card network does at that moment. */
export const killEverywhere: Attack = {
  name: "kill-everywhere",
  promise:
    "SIGKILL at every failpoint × every behaviour of the processor: no violation, settled within 60 s.",
  options: LANE,
  run: async (context) => {
    const { check, progress, random } = context;
    const size = SIZES[context.size];
    const cells = shuffled(matrix(), random).slice(0, context.operations ?? size.cells);
    const others = await Promise.all(
      Array.from({ length: size.lanes - 1 }, (_, index) =>
        context.install({ name: `lane-${index + 2}`, ...LANE }),
      ),
    );
    const lanes = [context.installation, ...others];
    const free = [...lanes];
    const settledMs: number[] = [];
    let done = 0;
    await eachLimited(cells, lanes.length, async (cell, index) => {
      const lane = free.pop();
      if (!lane) throw new Error("no lane is free");
      const name = [cell.failpoint, cell.at, cell.behaviour].filter(Boolean).join(" × ");
      try {
        const id = `cell-${context.seed}-${index}`;
        const ms = await runCell(lane, { cell, id, limit: limitMs(context) });
        settledMs.push(ms);
        const inTime = ms <= limitMs(context);
        check.holds(`${name}: settled within ${limitMs(context) / 1_000} s (${ms} ms)`, inTime);
      } catch (error) {
        check.holds(`${name}: ${(error as Error).message} (${lane.logDirectory})`, false);
      }
      free.push(lane);
      done += 1;
      if (done % 10 === 0) progress(`${done} of ${cells.length} cells`);
    });
    const consumers = await Promise.all(lanes.map((lane) => compareConsumer(context, lane)));
    const sorted = [...settledMs].sort((a, b) => a - b);
    const failpoints = new Set(cells.map(({ failpoint }) => failpoint)).size;
    return {
      figures: {
        "failpoints × behaviours": `${failpoints} × ${BEHAVIOURS.length}`,
        "cells run (three failpoints twice: on a creation and a confirmation)": cells.length,
        "processes killed": settledMs.length,
        "settled after the kill, ms: median, longest": `${sorted[sorted.length >> 1] ?? 0}, ${sorted.at(-1) ?? 0}`,
        "payments that succeeded, and sales at the consumers": consumers.join(" + "),
      },
      sometimes: { kills: settledMs.length },
    };
  },
};

// Erasing a customer, reconciling and replaying letters by plan are no part of a payment, and the sandbox prepares nothing:
// test/erasure, test/reconciliation, test/webhooks and test/crashes kill those between their steps.
const IN_PAYMENTS = FAILPOINTS.filter(
  ({ name }) => !/^(erase|prepare|reconcile|replay_plan|seal)\./.test(name),
);

function matrix(): Cell[] {
  return IN_PAYMENTS.flatMap(({ name: failpoint }) =>
    BEHAVIOURS.flatMap((behaviour): Cell[] =>
      failpoint.startsWith("api.")
        ? [
            { failpoint, behaviour },
            { failpoint, behaviour, at: "create" },
          ]
        : [{ failpoint, behaviour }],
    ),
  );
}

/** Returns how long it took from the kill until everything was settled. */
async function runCell(
  lane: Installation,
  { cell, id, limit }: { readonly cell: Cell; readonly id: string; readonly limit: number },
): Promise<number> {
  const victim = (victimOf(cell) === "api" ? lane.apis : lane.workers)[0];
  const client = openShop(lane).client();
  if (!victim) throw new Error("the lane has no such process");
  await setBehaviour(lane, cell);
  let deathsBefore = Infinity;
  const arm = async (): Promise<void> => {
    await victim.kill();
    deathsBefore = victim.exits.length;
    victim.reviveWith({ ONCEPAY_FAILPOINTS: undefined });
    const armed = { ONCEPAY_FAILPOINTS: `${cell.failpoint}:kill#1` };
    // One that dies in its first sweep is ready only after its revival.
    await victim.start(armed);
  };
  try {
    const { intentId, expected } = await play(cell, { installation: lane, client, arm, id });
    if (!(await victim.diedWithin(limit, deathsBefore))) {
      throw new Error("the failpoint never fired");
    }
    const death = victim.exits[deathsBefore];
    if (death?.signal !== "SIGKILL")
      throw new Error(`it ended by itself, with ${death?.code ?? 0}`);
    await settledWithin(lane, limit);
    const settledMs = Date.now() - death.atMs;
    await compareIntent(lane, intentId, expected);
    return settledMs;
  } finally {
    victim.reviveWith(undefined);
    // A process that still has its failpoint would take it into the next cell.
    if (victim.exits.length === deathsBefore) await victim.kill();
    if (!victim.isAlive()) await victim.start({ ONCEPAY_FAILPOINTS: undefined });
  }
}

async function compareIntent(
  { db }: Installation,
  intentId: string,
  expected: Expected,
): Promise<void> {
  const [found] = await run<Expected>(
    db,
    {
      name: "attack_intent",
      text: `select status as "status", amount_refunded as "amountRefunded" from payment_intents where id = ?`,
    },
    [intentId],
  );
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${intentId} is ${is}, and not ${should}`);
}

async function compareConsumer({ check }: Context, lane: Installation): Promise<string> {
  const [row] = await run<{ succeeded: number }>(
    lane.db,
    {
      name: "attack_succeeded",
      text: `select count(*) as "succeeded" from payment_intents where status = 'SUCCEEDED'`,
    },
    [],
  );
  const { sales, doubleSales } = await effectsAt(lane);
  check.equal(`sales at the consumer of ${lane.logDirectory}`, sales, row?.succeeded);
  check.equal("payments sold twice at the consumer", doubleSales, 0);
  return `${row?.succeeded ?? 0} = ${sales}`;
}
