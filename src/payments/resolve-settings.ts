import type { z } from "zod";
import { flag, wholeNumber } from "../process/settings";

/** How operators resolve outcomes that are unknown; see resolve-unknown-attempt.ts. */
export const RESOLVE_SETTINGS = {
  ONCEPAY_RESOLVE_AFTER_MS: wholeNumber(0, 2_147_483_647, "milliseconds")
    .default(900_000)
    .describe(
      "how long an outcome must have been unknown before an operator may resolve it without insisting",
    ),
  ONCEPAY_FOUR_EYES: flag
    .default(false)
    .describe("whether resolveUnknownAttempt needs two platform operators who say the same"),
} as const;

export interface ResolveConfig {
  readonly resolveAfterMs: number;
  readonly fourEyes: boolean;
}

export function resolveConfig(
  settings: z.infer<z.ZodObject<typeof RESOLVE_SETTINGS>>,
): ResolveConfig {
  return {
    resolveAfterMs: settings.ONCEPAY_RESOLVE_AFTER_MS,
    fourEyes: settings.ONCEPAY_FOUR_EYES,
  };
}
