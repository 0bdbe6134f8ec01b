import { type Bench, runLoad, warmupSeconds } from "../bench";
import { startHelper } from "../helper";
import type { Installation } from "../installation";
import { median } from "../load/latency";

/** What HTTP and GraphQL do alone, requests a second: creates are answered from memory. */
export interface HttpCeiling {
  readonly create: number;
  readonly typename: number;
}

export interface HttpProbe {
  /** Creates once more, in turns with what is compared with them. */
  again(): Promise<void>;
  /** The last time; creates become the median of their runs. */
  measure(): Promise<HttpCeiling>;
  stop(): Promise<void>;
}

/** The API but for its database, and with graphql-js for every document: what compiled execution has to be better than. */
export async function createHttpProbe(
  bench: Bench,
  { installation, clients }: { readonly installation: Installation; readonly clients: number },
): Promise<HttpProbe> {
  // As the API is run, for which graphql-js looks there.
  const helper = startHelper("ceilings/http-main.ts", { NODE_ENV: "production" });
  const port = await helper.call<number>("start", {
    DATABASE_URL: installation.databaseUrl,
    ONCEPAY_ENCRYPTION_KEY: installation.encryptionKey,
    ONCEPAY_COMPILED_EXECUTION: "false",
  });
  const apiKeys = installation.merchants.map(({ secretKey }) => secretKey);
  const plan = { port, apiKeys, clients };
  await runLoad(bench, { ...plan, operation: "create", seconds: warmupSeconds(bench) });
  const rate = async (operation: "create" | "typename"): Promise<number> => {
    const run = await runLoad(bench, { ...plan, operation, seconds: bench.options.seconds });
    bench.say(`ceiling: HTTP without a database, ${operation}: ${run.throughput.toFixed(0)}/s`);
    return run.throughput;
  };
  const creates: number[] = [];
  const again = async (): Promise<void> => {
    creates.push(await rate("create"));
  };
  return {
    again,
    measure: async () => {
      await again();
      return { create: median(creates), typename: await rate("typename") };
    },
    stop: () => helper.stop(),
  };
}
