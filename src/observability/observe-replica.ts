import { Gauge } from "prom-client";
import { registry } from "./counted";

/** How old the replica may be that lists are read from, as this process has it proved. */
export function observeReplica(replica: { readonly ageSeconds: () => number } | undefined): void {
  if (!replica) return;
  new Gauge({
    name: "oncepay_replica_age_seconds",
    help: "How long ago the replica of ONCEPAY_REPLICA_URL was as new as the primary, as far as is known; Inf: it never was.",
    registers: [registry],
    collect() {
      this.set(replica.ageSeconds());
    },
  });
}
