import { hostOf } from "../db/addresses";
import { READ_FROM, type Replica, type ReplicaOptions, openReplica } from "../db/replica";
import { replicaLag, replicaReads } from "./metrics";

/** The standby of the configuration, if there is one, with its lag among the metrics. */
export function openConfiguredReplica(
  config: {
    readonly replicaUrl: string | undefined;
    readonly replicaLagMs: number;
    readonly listTimeoutMs: number;
  },
  options: Pick<ReplicaOptions, "primary" | "applicationName" | "poolMax">,
): Replica | undefined {
  const { replicaUrl: url, replicaLagMs: lagMaxMs, listTimeoutMs: statementTimeoutMs } = config;
  if (url === undefined) return undefined;
  for (const from of READ_FROM) replicaReads.inc({ from }, 0);
  const server = hostOf(url);
  const onLag = (seconds: number | undefined): void => {
    if (seconds === undefined) replicaLag.remove({ server });
    else replicaLag.set({ server }, seconds);
  };
  return openReplica({ ...options, url, lagMaxMs, onLag, statementTimeoutMs });
}
