import { run } from "../../../src/db/db";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, type Context, limitMs } from "../attack";
import { eachLimited, openShop, orders, pay } from "../shop";
import { takeTally, tallySince } from "../tally";
import { settledWithin } from "../witness";

const SIZES = { full: { rounds: 10, payments: 20 }, short: { rounds: 1, payments: 5 } };

/** Published and not marked; posted and not recorded: each is done a second time, and must count once. */
export const relayKilled: Attack = {
  name: "relay-killed",
  promise:
    "A relay killed after publishing and before marking publishes again; each effect at the consumer is one.",
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const { rounds, payments } = SIZES[context.size];
    const before = await takeTally(installation);
    const figures = { published: 0, posted: 0, again: 0 };
    const shop = openShop(installation);
    for (let round = 0; round < rounds; round += 1) {
      const wanted = (name: string) => orders(payments, { prefix: `${name}-${seed}-${round}` });
      const published = await killOnce(context, "relay.after_publish", async () => {
        await eachLimited(wanted("relay"), 5, (order) => pay(shop.client(), order));
      });
      figures.published += published.deaths;
      figures.again += published.leftInOutbox;
      const posted = await killOnce(context, "webhook.after_post", async () => {
        await eachLimited(wanted("webhook"), 5, (order) => pay(shop.client(), order));
      });
      figures.posted += posted.deaths;
      progress(`round ${round + 1} of ${rounds}`);
    }
    await settledWithin(installation, limitMs(context));
    const counted = await tallySince(installation, before);
    const total = 2 * rounds * payments;
    check.equal("charges in the network's books", counted.captures, total);
    check.equal("sales at the consumer", counted.sales, total);
    check.equal("amount: consumer and network", counted.salesAmount, counted.captured);
    return {
      figures: {
        payments: total,
        "relays killed between publishing and marking": figures.published,
        "outbox rows published again": figures.again,
        "workers killed between posting and recording": figures.posted,
        "webhooks that came twice to the consumer": counted.duplicates,
        "effects at the downstream consumer": counted.sales,
        "charges in the network's books": counted.captures,
      },
      sometimes: {
        "relays killed": figures.published,
        "rows published again": figures.again,
        "webhooks posted again": counted.duplicates,
      },
    };
  },
};

/** Arms a failpoint in every worker, works until one of them died of it, and lets all go on without it. */
async function killOnce(
  context: Context,
  failpoint: string,
  work: () => Promise<void>,
): Promise<{ deaths: number; leftInOutbox: number }> {
  const { workers, db } = context.installation;
  const armed = { ONCEPAY_FAILPOINTS: `${failpoint}:kill#1` };
  const exitsBefore = workers.map((worker) => worker.exits.length + 1);
  await Promise.all(workers.map((worker) => worker.restart(armed)));
  const deaths = (): number =>
    workers.filter((worker, index) => worker.exits.length > (exitsBefore[index] ?? 0)).length;
  await work();
  // All of them: while one is left, it does the work of the others.
  await waitUntil(() => deaths() === workers.length, { timeoutMs: limitMs(context), everyMs: 10 });
  const [row] = await run<{ rows: number }>(
    db,
    { name: "attack_outbox", text: `select count(*) as "rows" from outbox` },
    [],
  );
  const died = deaths();
  await Promise.all(workers.map((worker) => worker.restart({ ONCEPAY_FAILPOINTS: undefined })));
  return { deaths: died, leftInOutbox: row?.rows ?? 0 };
}
