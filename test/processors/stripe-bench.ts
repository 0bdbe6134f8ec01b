import type Stripe from "stripe";
import type {
  LookupOutcome,
  ProcessorRequest,
  ProcessorWebhook,
  SendOutcome,
} from "../../src/processors/processor";
import {
  type StripeProcessor,
  createStripeProcessor,
} from "../../src/processors/stripe/stripe-processor";
import { getIntent } from "../stripe-simulation/bank";
import { idOf } from "../stripe-simulation/objects";
import { SECRET_KEY, type Simulation, startSimulation } from "../stripe-simulation/simulation";
import { PATIENCE_MS } from "../support/patience";
import { NEVER_SENT } from "./never-sent";

/** The adapter and the simulation that it talks to, with the short forms that tests of it need. */
export interface StripeBench extends Simulation {
  readonly processor: StripeProcessor;
  request(overrides?: Partial<ProcessorRequest>): ProcessorRequest;
  /** About a charge or an authorisation that was prepared. */
  follow(
    operation: "capture" | "refund" | "void",
    target: ProcessorRequest,
    overrides?: Partial<ProcessorRequest>,
  ): ProcessorRequest;
  /** As it is known once it has been prepared. */
  prepare(request: ProcessorRequest): Promise<ProcessorRequest>;
  /** Prepared and sent; what it is known as, and what came of it. */
  send(request: ProcessorRequest): Promise<{ known: ProcessorRequest; outcome: SendOutcome }>;
  lookUp(request: ProcessorRequest): Promise<LookupOutcome>;
  intentOf(request: ProcessorRequest): Stripe.PaymentIntent;
  chargeOf(request: ProcessorRequest): Stripe.Charge | undefined;
  /** What the adapter reads in an event that is sent to it. */
  hear(event: Stripe.Event): ProcessorWebhook;
  /** The last event of a type. */
  lastEvent(type: Stripe.Event["type"]): Stripe.Event;
}

export const WEBHOOK_SECRETS = ["whsec_of_today", "whsec_of_yesterday"] as const;

let references = 0;

export async function startStripeBench(): Promise<StripeBench> {
  const simulation = await startSimulation();
  const processor = createStripeProcessor({
    credentials: { secretKey: SECRET_KEY },
    webhookSecrets: WEBHOOK_SECRETS,
    timeoutMs: PATIENCE_MS,
    apiBase: simulation.url,
  });
  const newReference = (): string => `att_stripe_${String((references += 1))}`;
  const prepare = async (request: ProcessorRequest): Promise<ProcessorRequest> => {
    const prepared = await processor.prepare?.(request);
    if (prepared?.kind !== "prepared") throw new Error(`It was ${String(prepared?.kind)}.`);
    return { ...request, processorRef: prepared.processorRef };
  };
  return {
    ...simulation,
    processor,
    request: (overrides = {}) => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation: "charge",
      amountMinor: 1_000,
      currency: "USD",
      paymentMethod: "pm_card_visa",
      returnUrl: "https://shop.example/return",
      ...overrides,
    }),
    follow: (operation, target, overrides = {}) => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation,
      amountMinor: target.amountMinor,
      currency: target.currency,
      targetReference: target.reference,
      targetProcessorRef: target.processorRef,
      ...overrides,
    }),
    prepare,
    send: async (request) => {
      const known = await prepare(request);
      return { known, outcome: await processor.send(known) };
    },
    lookUp: (request) => processor.lookUp(request),
    intentOf: ({ processorRef }) => getIntent(simulation.bank, processorRef ?? ""),
    chargeOf: ({ processorRef }) => {
      const { latest_charge: charge } = getIntent(simulation.bank, processorRef ?? "");
      return simulation.bank.charges.get(idOf(charge));
    },
    hear: (event) => {
      const { rawBody, headers } = simulation.sign(event, WEBHOOK_SECRETS[0]);
      const [heard] = processor.verifyWebhook?.(rawBody, headers) ?? [];
      if (!heard) throw new Error("Webhooks are not heard.");
      return heard;
    },
    lastEvent: (type) => {
      const event = simulation.bank.events.filter((told) => told.type === type).at(-1);
      if (!event) throw new Error(`There is no ${String(type)}.`);
      return event;
    },
    close: async () => {
      await processor.close();
      await simulation.close();
    },
  };
}
