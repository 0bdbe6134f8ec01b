import { z } from "zod";
import { flag } from "../process/settings";
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
} as const;

export interface DatabaseConfig {
  readonly databaseUrl: string;
  readonly requireSync: boolean;
}

export function databaseConfig(settings: {
  readonly DATABASE_URL: string;
  readonly ONCEPAY_REQUIRE_SYNC: boolean;
}): DatabaseConfig {
  return {
    databaseUrl: settings.DATABASE_URL,
    requireSync: settings.ONCEPAY_REQUIRE_SYNC,
  };
}
