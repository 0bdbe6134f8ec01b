import type Stripe from "stripe";
import { closeDispute, failRefund, openDispute } from "../../stripe-simulation/bank";
import type { Fault } from "../../stripe-simulation/server";
import { SECRET_KEY, type Simulation, startSimulation } from "../../stripe-simulation/simulation";
import { booksOf } from "../../support/stripe-books";
import type { Installation, WitnessedNetwork } from "../installation";
import { type Random, shuffled } from "../random";

/** Stripe's simulation as a network that nothing can be relied on of: answers, webhooks, failures that end well later. */

export const WEBHOOK_SECRET = "whsec_of_the_attacked_endpoint";

const FAULTS: readonly Fault["fault"][] = [
  "lose_answer",
  "lose_request",
  "fail_answer",
  "fail_first",
  "error_page",
  "turn_away",
];

// What webhooks lose is listed once it is a minute old: on this clock everything is older.
const BEHIND_MS = 120_000;
const TURN_MS = 50;
const WEBHOOKS_LOST = 0.3;

export interface StripeNetwork extends WitnessedNetwork {
  readonly simulation: Simulation;
  readonly counted: Counted;
  /** Shoppers, webhooks and late ends, until it is stopped. */
  begin(told: { readonly installation: Installation; readonly path: string }): () => Promise<void>;
}

export interface Counted {
  readonly faults: Record<string, number>;
  /** By event id. */
  readonly webhooksLost: Set<string>;
  challenges: number;
  /** What a shopper tried to confirm once more, after a decline. */
  readonly confirmedAgain: Set<string>;
  refunds: number;
  disputes: number;
}

export async function openStripe(random: Random, faults: number): Promise<StripeNetwork> {
  const simulation = await startSimulation();
  simulation.advance(-BEHIND_MS);
  const counted: Counted = {
    faults: {},
    webhooksLost: new Set(),
    challenges: 0,
    confirmedAgain: new Set(),
    refunds: 0,
    disputes: 0,
  };
  simulation.server.dice = () => {
    if (random() >= faults) return undefined;
    const fault = FAULTS[Math.floor(random() * FAULTS.length)] ?? "lose_answer";
    counted.faults[fault] = (counted.faults[fault] ?? 0) + 1;
    return fault;
  };
  const books = booksOf(simulation);
  return {
    simulation,
    counted,
    movements: () => books(),
    close: () => simulation.close(),
    begin: (told) => {
      let stopped = false;
      const teller = newTeller(simulation, counted, { ...told, random });
      const turns = (async () => {
        while (!stopped) {
          visit(simulation, counted, random);
          await teller();
          await new Promise((resolve) => setTimeout(resolve, TURN_MS));
        }
        simulation.server.rollForward();
        await teller();
      })();
      return async () => {
        stopped = true;
        await turns;
      };
    },
  };
}

export const CREDENTIALS = { secretKey: SECRET_KEY };

/** Shoppers pass their challenges or do not, and try again what was declined. */
function visit(simulation: Simulation, counted: Counted, random: Random): void {
  const { bank } = simulation;
  for (const { id, status, last_payment_error: declined } of bank.intents.values()) {
    if (status === "requires_action" && random() < 0.5) {
      simulation.authenticate(id, random() < 0.8);
      counted.challenges += 1;
    }
    const isOver = status === "succeeded" || counted.confirmedAgain.has(id);
    if (declined !== null && !isOver && random() < 0.2) {
      simulation.confirmAgain(id, "pm_card_visa");
      counted.confirmedAgain.add(id);
    }
  }
  if (random() < 0.2) simulation.server.rollForward();
}

/** Tells what happened since: some of it never, the rest in no order, and some of it twice. */
function newTeller(
  simulation: Simulation,
  { webhooksLost }: Counted,
  to: { readonly installation: Installation; readonly path: string; readonly random: Random },
): () => Promise<void> {
  const { installation, path, random } = to;
  const { bank } = simulation;
  let told = 0;
  const post = async (event: Stripe.Event): Promise<void> => {
    const [api] = installation.apis;
    const { rawBody: body, headers } = simulation.sign(event, WEBHOOK_SECRET);
    const answer = await fetch(`${api?.url ?? ""}${path}`, { method: "POST", headers, body });
    await answer.arrayBuffer();
    // Stripe would send it again for days; here it is lost.
    if (!answer.ok) webhooksLost.add(event.id);
  };
  return async () => {
    const news = bank.events.slice(told);
    told += news.length;
    const sent = news.flatMap((event) => {
      if (random() >= WEBHOOKS_LOST) return random() < 0.5 ? [event] : [event, event];
      webhooksLost.add(event.id);
      return [];
    });
    await Promise.all(shuffled(sent, random).map(post));
  };
}

/** What ends late: some refunds fail after they have succeeded, and some charges are disputed. */
export function endLate({ bank }: Simulation, counted: Counted, random: Random): void {
  for (const refund of bank.refunds.values()) {
    const isOurs = refund.metadata?.["oncepay_attempt"] !== undefined;
    if (!isOurs || refund.status !== "succeeded" || random() >= 0.5) continue;
    failRefund(bank, refund);
    counted.refunds += 1;
  }
  for (const charge of bank.charges.values()) {
    const isWhole = charge.amount_captured > 0 && charge.amount_refunded === 0;
    if (!isWhole || charge.disputed || random() >= 0.1) continue;
    const dispute = openDispute(bank, charge);
    counted.disputes += 1;
    if (random() < 0.6) closeDispute(bank, dispute, random() < 0.5 ? "won" : "lost");
  }
}
