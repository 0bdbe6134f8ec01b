import type { Db } from "../db/db";
import type { Log } from "../observability/log";
import type { ProcessorFinder } from "../payments/send-attempt";
import type { ProcessorKinds } from "../processors/kind";
import type { Processors } from "../processors/processor";
import { createProcessorKinds } from "../processors/registry";
import type { SecretBox } from "../security/secrets";
import { openAccounts } from "./connected-accounts";

interface Needs {
  readonly db: Db;
  readonly log: Log;
  readonly secrets: SecretBox;
  readonly config: {
    readonly sandboxUrl: string;
    readonly stripeUrl: string;
    readonly adyenUrl: string | undefined;
    readonly processorTimeoutMs: number;
    readonly processorRate: number;
  };
}

interface ReachedProcessors extends ProcessorFinder {
  readonly processorKinds: ProcessorKinds;
  close(): Promise<void>;
}

/** The installation's own processors and those of accounts, by the attempts that they are asked for. */
export function reachProcessors(processors: Processors, needs: Needs): ReachedProcessors {
  const processorKinds = createProcessorKinds(needs.config);
  const accounts = openAccounts({ ...needs, processorKinds });
  return {
    processorKinds,
    processorOf: async ({ merchantId, processor: name, processorAccountId, accountVersion }) => {
      if (processorAccountId !== null) {
        const account = { merchantId, accountId: processorAccountId, version: accountVersion };
        return accounts.connect(account);
      }
      const processor = processors.get(name);
      if (!processor) throw new Error(`no processor is called ${name}`);
      return processor;
    },
    close: async () => {
      await Promise.all([...processors.values(), accounts].map((open) => open.close()));
    },
  };
}
