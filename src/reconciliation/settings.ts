import { z } from "zod";
import { wholeNumber } from "../process/settings";

export const GHOST_POLICIES = ["leave", "reverse", "adopt"] as const;
export type GhostPolicy = (typeof GHOST_POLICIES)[number];

export const DUPLICATE_POLICIES = ["leave", "reverse"] as const;
export type DuplicatePolicy = (typeof DUPLICATE_POLICIES)[number];

export const DISPUTE_POLICIES = ["leave", "adopt"] as const;
export type DisputePolicy = (typeof DISPUTE_POLICIES)[number];

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
  ONCEPAY_DUPLICATE_MOVEMENTS: z
    .enum(DUPLICATE_POLICIES, "must be leave or reverse")
    .default("reverse")
    .describe(
      "what becomes of money that a processor moved more than once for one attempt: all but one movement is reversed, where the processor can do that, or left for a person",
    ),
  ONCEPAY_MISSED_DISPUTES: z
    .enum(DISPUTE_POLICIES, "must be leave or adopt")
    .default("adopt")
    .describe(
      "what becomes of a dispute that a processor's list or settlement file has and no webhook told of: it is taken for the news that it is, or left for a person",
    ),
} as const;

export interface BreakConfig {
  readonly listEveryMs: number;
  readonly ghostCharges: GhostPolicy;
  readonly duplicateMovements: DuplicatePolicy;
  readonly missedDisputes: DisputePolicy;
}

export function breakConfig(settings: z.infer<z.ZodObject<typeof BREAK_SETTINGS>>): BreakConfig {
  return {
    listEveryMs: settings.ONCEPAY_LIST_EVERY_MS,
    ghostCharges: settings.ONCEPAY_GHOST_CHARGES,
    duplicateMovements: settings.ONCEPAY_DUPLICATE_MOVEMENTS,
    missedDisputes: settings.ONCEPAY_MISSED_DISPUTES,
  };
}
