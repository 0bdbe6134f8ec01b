import { z } from "zod";
import { flag, wholeNumber } from "../process/settings";
import { parseAddresses } from "./addresses";

/** Also for programs that read this setting alone. */
export const databaseUrl = z
  .string()
  .refine(
    (text) => parseAddresses(text) !== undefined,
    "must be an address such as postgres://user:password@host:5432/name, or " +
      "postgres://user:password@a:5432,b:5432/name?target_session_attrs=read-write; " +
      "characters such as @ and / in the password must be percent-encoded",
  );

export const DATABASE_SETTINGS = {
  DATABASE_URL: databaseUrl.describe(
    "the Postgres database that holds the payments; of several hosts, whichever takes writes",
  ),
  ONCEPAY_REPLICA_URL: databaseUrl
    .refine(
      (text) => parseAddresses(text)?.urls.length === 1,
      "must be one address; for several standbys, that of a proxy in front of them",
    )
    .optional()
    .describe("a standby of it, at which lists are read whose filter has no index"),
  ONCEPAY_REPLICA_LAG_MS: wholeNumber(100, 3_600_000, "milliseconds")
    .default(5_000)
    .describe("how old what is read at the standby may be; beyond that the primary is read"),
  ONCEPAY_REQUIRE_SYNC: flag
    .default(false)
    .describe(
      "whether to start, and to be ready, only where a synchronous standby has every commit before it is answered",
    ),
} as const;

export interface DatabaseConfig {
  readonly databaseUrl: string;
  readonly requireSync: boolean;
  readonly replicaUrl: string | undefined;
  readonly replicaLagMs: number;
}

export function databaseConfig(
  settings: z.infer<z.ZodObject<typeof DATABASE_SETTINGS>>,
): DatabaseConfig {
  return {
    databaseUrl: settings.DATABASE_URL,
    requireSync: settings.ONCEPAY_REQUIRE_SYNC,
    replicaUrl: settings.ONCEPAY_REPLICA_URL,
    replicaLagMs: settings.ONCEPAY_REPLICA_LAG_MS,
  };
}
