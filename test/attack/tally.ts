import { run } from "../../src/db/db";
import type { Installation } from "./installation";
import { effectsAt, metric, networkOf, standing } from "./witness";

/** What each witness has counted so far. Attacks compare two of them, one before and one after. */
export interface Tally {
  /** The card network's own books: captures that stand, minor units captured, refunds that stand. */
  readonly captures: number;
  readonly captured: number;
  readonly refunds: number;
  /** Requests for money that reached the card network. */
  readonly charges: number;
  readonly faults: number;
  /** Metrics of our processes. */
  readonly effects: number;
  readonly executed: number;
  readonly replayed: number;
  readonly inUse: number;
  readonly reused: number;
  readonly lookups: number;
  readonly unknown: number;
  /** Our own tables. */
  readonly succeeded: number;
  readonly failed: number;
  /** The downstream consumer. */
  readonly sales: number;
  readonly salesAmount: number;
  readonly duplicates: number;
}

const STATUSES = `
  select count(*) filter (where status = 'SUCCEEDED') as "succeeded",
    count(*) filter (where status in ('FAILED', 'REQUIRES_PAYMENT_METHOD') and attempts_made > 0) as "failed"
  from payment_intents`;

export async function takeTally(installation: Installation): Promise<Tally> {
  const { apis, workers, db } = installation;
  const network = networkOf(installation);
  const all = [...apis, ...workers];
  const outcomes = (outcome: string): Promise<number> =>
    metric(apis, "oncepay_idempotency_outcomes_total", { outcome });
  const calls = (labels: Record<string, string>): Promise<number> =>
    metric(workers, "oncepay_processor_calls_total", labels);
  const [movements, stats, consumer, [statuses]] = await Promise.all([
    network.movements(),
    network.stats(),
    effectsAt(installation),
    run<{ succeeded: number; failed: number }>(db, { name: "attack_statuses", text: STATUSES }, []),
  ]);
  const effects = (operation: string): Promise<number> =>
    metric(all, "oncepay_effects_applied_total", { operation, outcome: "approved" });
  const captured = movements.filter(({ kind }) => kind === "capture");
  return {
    captures: standing(movements, "capture"),
    captured: captured.reduce((sum, { amount }) => sum + amount, 0),
    refunds: standing(movements, "refund"),
    charges: stats.requests["charge"] ?? 0,
    faults: Object.values(stats.faultsFired).reduce((sum, count) => sum + count, 0),
    effects: (await effects("charge")) + (await effects("capture")),
    executed: await outcomes("executed"),
    replayed: await outcomes("replayed"),
    inUse: await outcomes("in_use"),
    reused: await outcomes("reused"),
    lookups: await calls({ operation: "lookup" }),
    unknown: await calls({ operation: "charge", outcome: "unknown" }),
    succeeded: statuses?.succeeded ?? 0,
    failed: statuses?.failed ?? 0,
    sales: consumer.sales,
    salesAmount: consumer.revenue["EUR"] ?? 0,
    duplicates: consumer.duplicates,
  };
}

/**
 * The most requests for money that the network ever got under one reference. Each attempt has its own and is sent once.
 * A payment may need a second attempt, when the first was provably undone before it had its effect.
 */
export async function mostByReference(installation: Installation): Promise<number> {
  return (await networkOf(installation).stats()).requestsByReference.max;
}

/** What was counted since. */
export async function tallySince(installation: Installation, before: Tally): Promise<Tally> {
  const after = await takeTally(installation);
  const names = Object.keys(after) as (keyof Tally)[];
  return Object.fromEntries(
    names.map((name) => [name, after[name] - before[name]]),
  ) as unknown as Tally;
}
