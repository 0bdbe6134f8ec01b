import { registry } from "./counted";
import type { Log } from "./log";

/** From now on the process says of all that it counts, and of what it logs here, which cell it belongs to. */
export function nameCell(cell: string | undefined, log: Log): Log {
  if (cell === undefined) return log;
  registry.setDefaultLabels({ cell });
  return log.child({ cell });
}
