import { type Logger, pino } from "pino";

export type Log = Logger;

/** JSON lines on stdout. Callers log ids and outcomes by name; inputs, headers and secrets are never logged. */
export function createLog(name: string, level: string): Log {
  return pino({
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ["*.authorization", "*.secret", "*.paymentMethod", "*.headers"],
  });
}
