import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Bench, warmupSeconds, withInstallation } from "../bench";
import type { AnswerPlan, ExchangePlan, RowsPlan } from "../floor/floor-main";
import { type Exchange, type Message, startRecorder } from "../floor/recorder";
import { prepareRows } from "../floor/rows";
import { type Helper, startHelper } from "../helper";
import { type Installation, newReceiverSecret } from "../installation";
import type { LoopPlan } from "../load/closed-loop";
import { openConnection } from "../load/connection";
import type { PaymentsPlan, PaymentsResult } from "../load/payments";
import { complaint, confirmRequest, createRequest, headFor, idIn } from "../load/requests";
import type { FloorFigures, Results } from "../results";
import { cpuSeconds, cpuSecondsOfTree } from "../usage";
import { PAYMENTS_UNDERWAY, sampleBacklog } from "./payment";
import { settleTables } from "./seed";

const CONNECTIONS = 64;
const LENGTH = 4;
const WEBHOOKS = 3;
const WAIT_MS = 60_000;

/**
 * What a whole payment costs beside what it consists of: two requests, one charge and three webhooks, byte for byte the
 * same between bare Node processes, and the rows that it leaves, written once more by bare SQL. Processor time, and not
 * how long it takes: that has no queues in it.
 */
export async function measureFloor(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("floor")) return {};
  const secret = newReceiverSecret();
  const port = await bench.load.call<number>("preparePayments", { secret });
  const said = await record(bench, { secret, port });
  const webhooks = { port, secret, eventTypes: [] };
  return withInstallation(bench, { name: "floor", webhooks }, async (installation) => {
    const product = await measureProduct(bench, installation);
    const { payments } = product;
    const floor = await measureBare(bench, installation, { said, payments, receiverPort: port });
    const figures: FloorFigures = { ...floor, product: product.ms, payments };
    const sum = (parts: object): string =>
      Object.values(parts)
        .reduce((total: number, ms: number) => total + ms, 0)
        .toFixed(2);
    bench.say(`whole payment: ${sum(product.ms)} ms of processor, the floor ${sum(floor.bare)} ms`);
    return { floor: figures };
  });
}

/** What one payment says, to whom. */
interface Said {
  readonly create: Message;
  readonly confirm: Message;
  readonly id: string;
  readonly charge: Exchange;
  readonly webhooks: readonly Exchange[];
}

async function record(
  bench: Bench,
  { secret, port }: { readonly secret: string; readonly port: number },
): Promise<Said> {
  const receiver = await startRecorder(port);
  const webhooks = { port: receiver.port, secret, eventTypes: [] };
  try {
    return await withInstallation(bench, { name: "recorded", webhooks }, async (installation) => {
      const sandbox = await installation.start("sandbox");
      const network = await startRecorder(sandbox.port);
      const env = { ONCEPAY_SANDBOX_URL: `http://127.0.0.1:${String(network.port)}` };
      const api = await installation.start("api", { env });
      await installation.start("worker", { env });
      const head = headFor(installation.merchants[0]?.secretKey ?? "");
      const create = await askOnce(api.port, createRequest(head, randomUUID()));
      const id = idIn(Buffer.from(create.body));
      const confirm = await askOnce(api.port, confirmRequest(head, id));
      await until(() => Promise.resolve(receiver.exchanges.length >= WEBHOOKS));
      network.close();
      const [charge] = network.exchanges.filter(({ request }) => request.body !== "");
      if (!charge) throw new Error("nothing was charged");
      return { create, confirm, id, charge, webhooks: [...receiver.exchanges] };
    });
  } finally {
    receiver.close();
  }
}

async function askOnce(port: number, text: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    void openConnection(port, reject).then((connection) => {
      connection.ask(text, (head, body) => {
        connection.close();
        const wrong = complaint(head, body);
        if (wrong === undefined) resolve({ head, body: body.toString() });
        else reject(new Error(wrong));
      });
    }, reject);
  });
}

type Ms = Readonly<Record<string, number>>;

async function measureProduct(
  bench: Bench,
  installation: Installation,
): Promise<{ readonly ms: Ms; readonly payments: number }> {
  const sandbox = await installation.start("sandbox");
  const api = await installation.start("api");
  const worker = await installation.start("worker");
  const pay = async (seconds: number): Promise<number> => {
    const { started, lost } = await bench.load.call<PaymentsResult>("payments", {
      port: api.port,
      apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
      connections: CONNECTIONS,
      window: PAYMENTS_UNDERWAY,
      warmupSeconds: 0,
      seconds,
    } satisfies PaymentsPlan);
    if (lost > 0) throw new Error(`${String(lost)} payments were never heard of`);
    await until(async () => Object.values(await sampleBacklog(installation)).every((n) => n === 0));
    return started;
  };
  const warm = await pay(2 * warmupSeconds(bench));
  await settleTables(installation);
  const use = usage(bench, { api, worker, "card network": sandbox });
  const started = await pay(bench.options.seconds * LENGTH);
  const ms = use(started);
  for (const child of [api, worker, sandbox]) await child.stop();
  return { ms, payments: warm + started };
}

async function measureBare(
  bench: Bench,
  installation: Installation,
  given: { readonly said: Said; readonly payments: number; readonly receiverPort: number },
): Promise<Pick<FloorFigures, "bare" | "rows">> {
  const { said, payments, receiverPort } = given;
  const names = ["api", "worker", "card network", "rows"] as const;
  const helpers = Object.fromEntries(
    names.map((name) => [name, startHelper("floor/floor-main.ts")]),
  ) as Record<(typeof names)[number], Helper>;
  try {
    const { plan, rows } = await prepareRows(installation.databaseUrl, payments);
    const answers = [
      { word: "createPaymentIntent", answer: said.create },
      { word: "confirmPaymentIntent", answer: said.confirm },
    ];
    const port = await helpers.api.call<number>("answer", { answers } satisfies AnswerPlan);
    const networkPort = await helpers["card network"].call<number>("answer", {
      answers: [{ word: "", answer: said.charge.answer }],
    } satisfies AnswerPlan);
    const exchange = (count: number): Promise<void> =>
      helpers.worker.call("exchange", {
        targets: [
          { port: networkPort, requests: [said.charge.request] },
          { port: receiverPort, requests: said.webhooks.map(({ request }) => request) },
        ],
        payments: count,
        atOnce: CONNECTIONS,
      } satisfies ExchangePlan);
    const ask = async (count: number): Promise<void> => {
      const load = { port, apiKeys: ["floor"], clients: CONNECTIONS, seconds: 600 };
      const created = { id: said.id, key: "", merchant: 0 };
      const loops: LoopPlan[] = [
        { ...load, operation: "create", requestsMax: count },
        { ...load, operation: "confirm", payments: Array.from({ length: count }, () => created) },
      ];
      for (const loop of loops) await bench.load.call("loop", loop);
    };
    // So that what is hot has been compiled, as for the product.
    const few = Math.ceil(payments / 4);
    await Promise.all([exchange(few), ask(few)]);
    const use = usage(bench, helpers);
    await Promise.all([
      exchange(payments),
      ask(payments),
      helpers.rows.call("write", plan satisfies RowsPlan),
    ]);
    const { rows: asking = 0, ...bare } = use(payments);
    const sum = Object.values(rows).reduce((total, count) => total + count, 0);
    // Somebody has to ask the database: for the product that is the API and the worker.
    return { bare: { ...bare, worker: (bare["worker"] ?? NaN) + asking }, rows: sum / payments };
  } finally {
    await Promise.all(Object.values(helpers).map((helper) => helper.stop()));
  }
}

/** From now on; the function that it returns says what each process used for each of so many, in milliseconds. */
function usage(
  bench: Bench,
  processes: Readonly<Record<string, { readonly pid: number }>>,
): (count: number) => Ms {
  const read = (): Ms => ({
    postgres: cpuSecondsOfTree(bench.server.pid) ?? NaN,
    "client and receiver": cpuSeconds(bench.load.pid) ?? NaN,
    ...Object.fromEntries(
      Object.entries(processes).map(([name, { pid }]) => [name, cpuSeconds(pid) ?? NaN]),
    ),
  });
  const before = read();
  return (count) => {
    const after = Object.entries(read());
    return Object.fromEntries(
      after.map(([name, seconds]) => [name, ((seconds - (before[name] ?? NaN)) * 1_000) / count]),
    );
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("what the floor waits for does not come");
    await delay(20);
  }
}
