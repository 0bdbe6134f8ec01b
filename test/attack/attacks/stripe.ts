import type { Movement } from "../../../src/audit/compare-movements";
import { run } from "../../../src/db/db";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, type Context, limitMs } from "../attack";
import type { Installation } from "../installation";
import { eachLimited, openShop } from "../shop";
import {
  CREDENTIALS,
  type StripeNetwork,
  WEBHOOK_SECRET,
  endLate,
  openStripe,
} from "../stripe/stripe-network";
import { WISHES, comeTrue } from "../stripe/wishes";
import { effectsAt, settledWithin } from "../witness";

const SIZES = {
  full: { payments: 300, concurrency: 16, killEveryMs: 2_000 },
  short: { payments: 30, concurrency: 8, killEveryMs: 3_000 },
};
const FAULTS = 0.2;
// A cancellation of an authorisation that a worker died over may be on its way for a minute and a half after its timeout.
const ON_ITS_WAY_MS = 120_000;

/** A merchant's account at Stripe, by the simulation that the package types. */
export const stripe: Attack = {
  name: "stripe",
  promise:
    "An account at Stripe: workers killed, a fifth of the answers and a third of the webhooks lost; one movement each.",
  options: { apis: 1, workers: 1, proxied: [] },
  run: async (context) => {
    const { check, progress, random, seed } = context;
    const size = SIZES[context.size];
    const payments = context.operations ?? size.payments;
    const network = await openStripe(random, context.faults ?? FAULTS);
    const { simulation, counted } = network;
    const installation = await context.install({
      name: "at-stripe",
      apis: 2,
      workers: 2,
      network,
      env: { ONCEPAY_STRIPE_URL: simulation.url, ONCEPAY_LIST_EVENTS_EVERY_MS: "1000" },
    });
    const shop = openShop(installation);
    const path = await connect(installation, seed);
    const leave = network.begin({ installation, path });
    const end = killWorkers(installation, size.killEveryMs);
    const timeoutMs = limitMs(context) + ON_ITS_WAY_MS;
    let done = 0;
    await eachLimited(Array.from({ length: payments }), size.concurrency, async (_, index) => {
      const wish = WISHES[index % WISHES.length] ?? "sale";
      const id = `stripe-${String(seed)}-${String(index)}`;
      const asked = { installation, shop, id, amount: 1_500 + index, limitMs: timeoutMs };
      await comeTrue(wish, asked).catch((error: unknown) => {
        check.holds(`${wish}: ${(error as Error).message}`, false);
      });
      done += 1;
      if (done % 50 === 0) progress(`${String(done)} of ${String(payments)}`);
    });
    const kills = await end();
    simulation.server.dice = () => undefined;
    await settledWithin(installation, timeoutMs);
    endLate(simulation, counted, random);
    const heard = await waitUntil(() => isHeard(installation, network), { timeoutMs });
    check.holds("disputes and refunds that failed are heard of", heard);
    await leave();
    await settledWithin(installation, timeoutMs);
    const listed = await countListed(installation, network);
    const books = await compare(context, installation, network);
    const { doubleSales } = await effectsAt(installation);
    check.equal("sales counted twice at the consumer", doubleSales, 0);
    const faults = Object.values(counted.faults).reduce((sum, times) => sum + times, 0);
    return {
      figures: {
        "payments, each operation asked for three times at once": payments,
        "requests that Stripe got": simulation.server.requests.length,
        "captures that stand in Stripe's books, and payments captured": `${String(books.captures)}, ${String(books.captured)}`,
        "refunds that stand in Stripe's books": books.refunds,
        "events that no webhook told of, found in the list": listed,
      },
      sometimes: {
        "workers killed": kills,
        "answers lost, or failures, by kind": Object.keys(counted.faults).length,
        "answers lost, or failures": faults,
        "webhooks lost": counted.webhooksLost.size,
        "lost webhooks found in the list": listed,
        challenges: counted.challenges,
        "declines that a shopper tried to confirm": counted.confirmedAgain.size,
        "refunds that failed later": counted.refunds,
        disputes: counted.disputes,
      },
    };
  },
};

/** The account, and everything goes to it; the path of its webhooks. */
async function connect(installation: Installation, seed: number): Promise<string> {
  const client = openShop(installation).client();
  const { processorAccount: account } = await client.connectProcessorAccount(
    { processor: "stripe", credentials: CREDENTIALS, webhookSecret: WEBHOOK_SECRET },
    { idempotencyKey: `connect-${String(seed)}` },
  );
  await client.replaceProcessorRoutes(
    { routes: [{ processorAccountId: account.id }] },
    { idempotencyKey: `route-${String(seed)}` },
  );
  return account.webhookPath;
}

/** One after the other, until it is told to end; how many that were. */
function killWorkers({ workers }: Installation, everyMs: number): () => Promise<number> {
  let kills = 0;
  let ended = false;
  let wake: () => void = () => undefined;
  const killing = (async () => {
    while (!ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everyMs);
      });
      if (ended) return;
      const victim = workers[kills % workers.length];
      await victim?.kill();
      await victim?.start();
      kills += 1;
    }
  })();
  return async () => {
    ended = true;
    wake();
    await killing;
    return kills;
  };
}

const HEARD = {
  name: "attack_heard",
  text: `
    select (select count(*) from disputes) as "disputes",
      (select count(*) from disputes where status = 'OPEN') as "open",
      (select count(*) from refunds where status = 'REVERSED') as "refunds"`,
};

async function isHeard(
  { db }: Installation,
  { simulation, counted }: StripeNetwork,
): Promise<boolean> {
  const [row] = await run<{ disputes: number; open: number; refunds: number }>(db, HEARD, []);
  const open = [...simulation.bank.disputes.values()].filter(
    ({ status }) => status === "needs_response",
  );
  return (
    row?.disputes === counted.disputes &&
    row.open === open.length &&
    row.refunds === counted.refunds
  );
}

async function countListed({ db }: Installation, { counted }: StripeNetwork): Promise<number> {
  const [row] = await run<{ rows: number }>(
    db,
    {
      name: "attack_listed",
      text: `select count(*) as "rows" from inbox where event_id = any(?)`,
    },
    [[...counted.webhooksLost]],
  );
  return row?.rows ?? 0;
}

interface Row {
  readonly id: string;
  readonly captured: number;
  readonly refunded: number;
  readonly attempts: readonly string[];
}

const PAYMENTS = {
  name: "attack_payments",
  text: `
    select p.id as "id", p.amount_captured as "captured", p.amount_refunded as "refunded",
      (select json_agg(a.id) from attempts a
        where a.merchant_id = p.merchant_id and a.payment_intent_id = p.id) as "attempts"
    from payment_intents p`,
};

/** Payment by payment: what stands in Stripe's books is what the payment says, in one movement each. */
async function compare(
  { check }: Context,
  { db }: Installation,
  network: StripeNetwork,
): Promise<{ captures: number; captured: number; refunds: number }> {
  const byReference = new Map<string, Movement[]>();
  for (const movement of await network.movements()) {
    const { reference } = movement;
    byReference.set(reference, [...(byReference.get(reference) ?? []), movement]);
  }
  const sum = { captures: 0, captured: 0, refunds: 0 };
  for (const { id, captured, refunded, attempts } of await run<Row>(db, PAYMENTS, [])) {
    const standing = attempts.flatMap((attempt) => {
      const moved = byReference.get(attempt) ?? [];
      return moved.some(({ kind }) => kind === "reverse") ? [] : moved;
    });
    const amounts = (kind: string): number[] =>
      standing.filter((movement) => movement.kind === kind).map(({ amount }) => amount);
    check.equal(`${id}: captures that stand`, amounts("capture"), captured > 0 ? [captured] : []);
    check.equal(`${id}: refunds that stand`, amounts("refund"), refunded > 0 ? [refunded] : []);
    sum.captures += amounts("capture").length;
    sum.captured += captured > 0 ? 1 : 0;
    sum.refunds += amounts("refund").length;
  }
  return sum;
}
