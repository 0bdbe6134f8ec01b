import { z } from "zod";
import { wholeNumber } from "../process/settings";

/** How processors are called. */
export const PROCESSOR_SETTINGS = {
  ONCEPAY_PROCESSOR_TIMEOUT_MS: wholeNumber(1, 2_147_483_647, "milliseconds")
    .default(10_000)
    .describe("how long a processor may take to answer before the outcome is UNKNOWN"),
  ONCEPAY_PROCESSOR_RATE: wholeNumber(0, 100_000)
    .default(0)
    .describe(
      "how many calls a second a processor gets from one worker; what is over that waits in the queue; 0 for no limit",
    ),
  ONCEPAY_LIST_EVENTS_EVERY_MS: wholeNumber(1_000, 2_147_483_647, "milliseconds")
    .default(300_000)
    .describe(
      "how often the events of each processor account are listed, which makes up for webhooks that never came",
    ),
  ONCEPAY_STRIPE_URL: z
    .url()
    .default("https://api.stripe.com")
    .describe("where Stripe is asked for merchants' accounts there; another place is for tests"),
  ONCEPAY_ADYEN_URL: z
    .url()
    .optional()
    .describe(
      "where Adyen is asked for merchants' accounts there, in the place of Adyen's own addresses; for tests",
    ),
} as const;

export interface ProcessorConfig {
  readonly processorTimeoutMs: number;
  readonly processorRate: number;
  readonly listEventsEveryMs: number;
  readonly stripeUrl: string;
  readonly adyenUrl: string | undefined;
}

export function processorConfig(
  settings: z.infer<z.ZodObject<typeof PROCESSOR_SETTINGS>>,
): ProcessorConfig {
  return {
    processorTimeoutMs: settings.ONCEPAY_PROCESSOR_TIMEOUT_MS,
    processorRate: settings.ONCEPAY_PROCESSOR_RATE,
    listEventsEveryMs: settings.ONCEPAY_LIST_EVENTS_EVERY_MS,
    stripeUrl: settings.ONCEPAY_STRIPE_URL,
    adyenUrl: settings.ONCEPAY_ADYEN_URL,
  };
}
