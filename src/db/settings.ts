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
  ONCEPAY_REQUIRE_SYNC: flag
    .default(false)
    .describe(
      "whether to start, and to be ready, only where a synchronous standby has every commit before it is answered",
    ),
  ONCEPAY_REPLICA_URL: z
    .string()
    .refine(
      (text) => parseAddresses(text)?.readWrite === false,
      "must be the address of one standby, such as postgres://user:password@host:5432/name",
    )
    .optional()
    .describe(
      "a standby of the database, for lists that may be a little old; without it all is read where it is written",
    ),
  ONCEPAY_REPLICA_LAG_MAX_MS: wholeNumber(1_000, 3_600_000, "milliseconds")
    .default(5_000)
    .describe("how old the standby's lists may be; where it is older, the primary is asked"),
} as const;

export interface DatabaseConfig {
  readonly databaseUrl: string;
  readonly requireSync: boolean;
  readonly replicaUrl: string | undefined;
  readonly replicaLagMaxMs: number;
}

export function databaseConfig(
  settings: z.infer<z.ZodObject<typeof DATABASE_SETTINGS>>,
): DatabaseConfig {
  return {
    databaseUrl: settings.DATABASE_URL,
    requireSync: settings.ONCEPAY_REQUIRE_SYNC,
    replicaUrl: settings.ONCEPAY_REPLICA_URL,
    replicaLagMaxMs: settings.ONCEPAY_REPLICA_LAG_MAX_MS,
  };
}
