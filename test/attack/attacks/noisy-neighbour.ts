import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createMerchant } from "../../../src/merchants/create-merchant";
import { createPaymentIntents } from "../../../src/payments/create-payment-intent";
import { createCommand } from "../../support/factories";
import { type Attack, type Context, limitMs } from "../attack";
import { ASSAULTS, type Assault, type Codes, DESCRIBED } from "../noisy-neighbour/assault";
import { attack } from "../noisy-neighbour/attacker";
import { type Customer, type Experience, openCustomer } from "../noisy-neighbour/customer";
import { plotNeighbours } from "../noisy-neighbour/plot";
import { openShop, pay } from "../shop";
import { metric, settledWithin } from "../witness";

const SIZES = {
  full: { intents: 30_000, phaseMs: 30_000, warmUpMs: 5_000, everyMs: 50 },
  short: { intents: 256, phaseMs: 1_500, warmUpMs: 200, everyMs: 100 },
};

const SLOWER_MAX = 2;
const MEMORY_MAX_MB = 400;
const SET_SIZE = 128;
/** Beneath this a factor says nothing. */
const P99_FLOOR_MS = 10;
const PLOT = path.resolve(__dirname, "../../../bench-results/noisy-neighbour.svg");

export interface Phase {
  readonly name: string;
  readonly experience: Experience;
  readonly memoryMb: number;
  /** What the attacker was answered; absent where nobody attacks. */
  readonly codes?: Codes;
}

/** One tenant does the worst that it can, one thing after the other, while another makes payments as always. */
export const noisyNeighbour: Attack = {
  name: "noisy-neighbour",
  promise:
    "What one tenant does at full force, another one does not notice: no error, p99 within twice.",
  options: { apis: 1, workers: 1, proxied: [] },
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const size = SIZES[context.size];
    const [url = ""] = installation.graphqlUrls;
    const noisy = await createMerchant(installation.db, "A noisy neighbour");
    const paymentIntentId = await prepare(context, noisy);
    const key = installation.merchant.secretKey;
    const customer = openCustomer({ url, key, prefix: `quiet-${seed}`, everyMs: size.everyMs });
    const phases: Phase[] = [];
    try {
      await customer.payFor(size.warmUpMs);
      phases.push(await phase(context, customer, "nobody else"));
      for (const assault of ASSAULTS) {
        progress(DESCRIBED[assault]);
        const plan = { assault, url, key: noisy.secretKey, paymentIntentId, seed };
        const attacker = attack(plan);
        await customer.payFor(size.warmUpMs);
        const suffered = await phase(context, customer, assault);
        phases.push({ ...suffered, codes: await attacker.stop() });
      }
    } finally {
      await customer.close();
    }
    await settledWithin(installation, limitMs(context));
    judge(context, phases);
    if (context.size === "full") {
      await mkdir(path.dirname(PLOT), { recursive: true });
      await writeFile(PLOT, plotNeighbours(phases));
      progress(`plotted in ${PLOT}`);
    }
    const sent = phases.map(({ codes = {} }) => sum(Object.values(codes)));
    check.holds(
      "every assault was one",
      sent.slice(1).every((count) => count > 0),
    );
    return {
      figures: Object.fromEntries(phases.flatMap(figuresOf)),
      sometimes: Object.fromEntries(ASSAULTS.map((name, index) => [name, sent[index + 1] ?? 0])),
    };
  },
};

/** Lists to read, and a payment to refund. */
async function prepare(
  context: Context,
  noisy: { id: string; secretKey: string },
): Promise<string> {
  const { installation } = context;
  const { intents } = SIZES[context.size];
  for (let made = 0; made < intents; made += SET_SIZE) {
    const metadata = { sku: "shirt", note: "n".repeat(200) };
    const set = Array.from({ length: SET_SIZE }, () => createCommand(noisy.id, { metadata }));
    await createPaymentIntents(installation.db, set);
  }
  const shop = openShop({
    graphqlUrls: installation.graphqlUrls,
    merchant: { ...installation.merchant, secretKey: noisy.secretKey },
  });
  const order = { id: `noisy-${context.seed}`, amount: 500, card: "pm_card_visa" };
  const id = await pay(shop.client(), order);
  await settledWithin(installation, limitMs(context));
  return id;
}

async function phase(context: Context, customer: Customer, name: string): Promise<Phase> {
  let memoryMb = 0;
  const look = async (): Promise<void> => {
    const bytes = await metric(context.installation.apis, "oncepay_process_resident_memory_bytes");
    memoryMb = Math.max(memoryMb, Math.round(bytes / 1_048_576));
  };
  const timer = setInterval(() => void look().catch(() => undefined), 500);
  const experience = await customer.payFor(SIZES[context.size].phaseMs);
  clearInterval(timer);
  await look();
  return { name, experience, memoryMb };
}

function judge({ check, size }: Context, [alone, ...attacked]: readonly Phase[]): void {
  for (const { name, experience } of attacked) {
    const { UNAVAILABLE = 0, ...errors } = experience.errors;
    check.equal(`errors of the other tenant during ${name}`, errors, {});
    // A machine that is busy with something else may be overloaded by next to nothing.
    if (size === "full") check.equal(`UNAVAILABLE during ${name}`, UNAVAILABLE, 0);
  }
  // How long anything takes says something only where the machine does nothing else.
  if (size !== "full" || !alone) return;
  const p99Max = SLOWER_MAX * Math.max(P99_FLOOR_MS, alone.experience.p99);
  for (const { name, experience, memoryMb } of attacked) {
    const { p99 } = experience;
    check.holds(`p99 during ${name} (${p99} ms) at most ${p99Max} ms`, p99 <= p99Max);
    check.holds(`memory during ${name} (${memoryMb} MB)`, memoryMb <= MEMORY_MAX_MB);
  }
}

function figuresOf({ name, experience, memoryMb, codes }: Phase): [string, string][] {
  const { requests, p50, p99, longest } = experience;
  const title = DESCRIBED[name as Assault] ?? name;
  const answers = codes && Object.entries(codes).map(([code, count]) => `${code} ${count}`);
  return [
    [title, `p50 ${p50}, p99 ${p99}, max ${longest} ms; ${requests} requests; ${memoryMb} MB`],
    ...(answers ? ([[`  answered, ${name}`, answers.join(", ")]] as [string, string][]) : []),
  ];
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
