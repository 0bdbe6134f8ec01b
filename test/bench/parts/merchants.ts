import { type Bench, rounds, runLoad, warmupSeconds, withInstallation } from "../bench";
import { median } from "../load/latency";
import type { MerchantFigures, Results } from "../results";
import { runPayments } from "./payment";
import { requiredClients } from "./operations";
import { settleTables } from "./seed";

const THOUSAND = 1_000;

/** All the load on one merchant, against the same load spread over a thousand. */
export async function measureMerchants(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("merchants")) return {};
  const { seconds } = bench.options;
  const creates = await measureCreates(bench);
  const one = await runPayments(bench, { merchants: 1, seconds: 2 * seconds });
  const thousand = await runPayments(bench, { merchants: THOUSAND, seconds: 2 * seconds });
  const payments = { one: one.throughput, thousand: thousand.throughput };
  bench.say(`payments: one merchant ${show(payments.one)}/s, many ${show(payments.thousand)}/s`);
  return { merchants: { ...creates, payments } };
}

async function measureCreates(bench: Bench): Promise<Omit<MerchantFigures, "payments">> {
  const options = { name: "merchants", merchants: THOUSAND };
  return withInstallation(bench, options, async (installation) => {
    const api = await installation.start("api");
    const apiKeys = installation.merchants.map(({ secretKey }) => secretKey);
    const create = async (keys: readonly string[], seconds: number): Promise<number> => {
      const clients = requiredClients(bench.options.clients);
      const plan = {
        port: api.port,
        operation: "create" as const,
        apiKeys: keys,
        clients,
        seconds,
      };
      return (await runLoad(bench, plan)).throughput;
    };
    await create(apiKeys, warmupSeconds(bench));
    await settleTables(installation);
    const rates = { one: [] as number[], thousand: [] as number[] };
    for (let round = 0; round < rounds(bench); round += 1) {
      rates.one.push(await create(apiKeys.slice(0, 1), bench.options.seconds));
      rates.thousand.push(await create(apiKeys, bench.options.seconds));
    }
    const [oneThroughput, thousandThroughput] = [median(rates.one), median(rates.thousand)];
    bench.say(`creates: one merchant ${show(oneThroughput)}/s, many ${show(thousandThroughput)}/s`);
    return { oneThroughput, thousandThroughput };
  });
}

function show(rate: number): string {
  return rate.toFixed(0);
}
