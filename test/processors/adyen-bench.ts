import { createAdyenProcessor } from "../../src/processors/adyen/adyen-processor";
import type { ConnectedProcessor } from "../../src/processors/kind";
import type {
  ProcessorRequest,
  ProcessorWebhook,
  SendOutcome,
} from "../../src/processors/processor";
import type { Notification } from "../adyen-simulation/bank";
import { cardOf } from "../adyen-simulation/cards";
import {
  API_KEY,
  MERCHANT_ACCOUNT,
  type Simulation,
  signed,
  startSimulation,
} from "../adyen-simulation/simulation";
import { PATIENCE_MS } from "../support/patience";
import { NEVER_SENT } from "./never-sent";

/** The adapter and the simulation that it talks to, with the short forms that tests of it need. */
export interface AdyenBench extends Simulation {
  readonly processor: ConnectedProcessor;
  request(overrides?: Partial<ProcessorRequest>): ProcessorRequest;
  /** About a charge or an authorisation that was approved. */
  follow(
    operation: "capture" | "refund" | "void",
    target: ProcessorRequest,
    approved: SendOutcome,
  ): ProcessorRequest;
  /** What the adapter reads in items that are sent to it together. */
  hear(...items: readonly Notification[]): readonly ProcessorWebhook[];
  /** All that was told of a reference so far. */
  toldOf(reference: string): readonly ProcessorWebhook[];
}

export const HMAC_KEYS = ["44".repeat(32), "a1".repeat(32)] as const;

let references = 0;

export function openAdyen(url: string, timeoutMs = PATIENCE_MS): ConnectedProcessor {
  return createAdyenProcessor({
    credentials: { apiKey: API_KEY },
    webhookSecrets: HMAC_KEYS,
    timeoutMs,
    merchantAccount: MERCHANT_ACCOUNT,
    mode: "TEST",
    capturesInParts: true,
    apiBase: url,
  });
}

export async function startAdyenBench(): Promise<AdyenBench> {
  const simulation = await startSimulation();
  const processor = openAdyen(simulation.url);
  const newReference = (): string => `att_adyen_${String((references += 1))}`;
  const hear = (...items: readonly Notification[]): readonly ProcessorWebhook[] =>
    processor.verifyWebhook?.(signed(items, HMAC_KEYS[0]), {}) ?? [];
  return {
    ...simulation,
    processor,
    request: (overrides = {}) => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation: "charge",
      amountMinor: 1_000,
      currency: "USD",
      paymentMethod: cardOf("visa"),
      returnUrl: "https://shop.example/return",
      ...overrides,
    }),
    follow: (operation, target, approved) => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation,
      amountMinor: target.amountMinor,
      currency: target.currency,
      targetReference: target.reference,
      targetProcessorRef: approved.kind === "approved" ? approved.processorChargeId : null,
    }),
    hear,
    toldOf: (reference) => {
      simulation.work();
      const { notifications } = simulation.bank;
      return hear(...notifications.filter((item) => item.merchantReference === reference));
    },
    close: async () => {
      await processor.close();
      await simulation.close();
    },
  };
}
