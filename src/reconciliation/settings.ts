import { z } from "zod";
import { wholeNumber } from "../process/settings";

export const GHOST_POLICIES = ["leave", "reverse", "adopt"] as const;
export type GhostPolicy = (typeof GHOST_POLICIES)[number];

export const BREAK_SETTINGS = {
  ONCEPAY_LIST_EVERY_MS: wholeNumber(1_000, 2_147_483_647, "milliseconds")
    .default(3_600_000)
    .describe("how often what processors list is compared with the payments and the ledger"),
  ONCEPAY_GHOST_CHARGES: z
    .enum(GHOST_POLICIES, "must be leave, reverse or adopt")
    .default("leave")
    .describe(
      "what becomes of a charge that a processor has and nothing here asked for: it is left for a person, reversed, or posted to suspense",
    ),
} as const;

export interface BreakConfig {
  readonly listEveryMs: number;
  readonly ghostCharges: GhostPolicy;
}

export function breakConfig(settings: z.infer<z.ZodObject<typeof BREAK_SETTINGS>>): BreakConfig {
  return {
    listEveryMs: settings.ONCEPAY_LIST_EVERY_MS,
    ghostCharges: settings.ONCEPAY_GHOST_CHARGES,
  };
}
