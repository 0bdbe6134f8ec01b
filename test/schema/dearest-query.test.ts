import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type GraphQLObjectType,
  Kind,
  getNamedType,
  isLeafType,
  isObjectType,
  parse,
} from "graphql";
import { COST_MAX, costOf } from "../../schema/cost";
import { buildSchema } from "../../schema/schema";
import { readAsked } from "../../schema/selection";
import { type TestApi, makePaid, startTestApi } from "../support/api";
import { createCommand, refundCommand, succeeded } from "../support/factories";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";

/*
 * What is permitted to cost the most, asked of a database whose lists are full and whose values are large. A query
 * must not be able to end the process: its answer and the memory that it takes are bounded, whatever it asks.
 */

const FULL = 100;
const MB = 1_048_576;
const METADATA = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => [
    `${"k".repeat(38)}${String(index).padStart(2, "0")}`,
    "v".repeat(500),
  ]),
);

let api: TestApi;
let id: string;
let gc: () => void;
beforeAll(async () => {
  setFlagsFromString("--expose-gc");
  gc = runInNewContext("gc") as () => void;
  api = await startTestApi();
  const { app, merchant } = api;
  const metadata = METADATA;
  ({ id } = await makePaid(api, { amount: 2_500, metadata, description: "d".repeat(1_000) }));
  for (let index = 0; index < FULL; index += 1) {
    const command = refundCommand(merchant.id, id, { amount: 1, metadata });
    succeeded(await refundPaymentIntent(app.db, command));
  }
  await Promise.all(
    Array.from({ length: FULL }, () =>
      app.createPaymentIntent(createCommand(merchant.id, { metadata })),
    ),
  );
  await api.drain();
}, 120_000);
afterAll(() => api.stop());

const schema = buildSchema();

function typeOf(name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`there is no type ${name}`);
  return type;
}

/** A list of a type as the schema has it: a page where it is a connection, and else all of it. */
function list(name: string, size: number, inner: string): string {
  const [parent = "", field = ""] = name.split(".");
  const { type } = typeOf(parent).getFields()[field] ?? {};
  if (!type) throw new Error(`there is no ${name}`);
  if (!getNamedType(type).name.endsWith("Connection")) return `${field} { ${inner} }`;
  return `${field}(first: ${String(size)}) { edges { node { ${inner} } } }`;
}

/** Every value that an object of this type shows itself. */
function valuesOf(name: string): string {
  const fields = Object.values(typeOf(name).getFields());
  return fields
    .filter(({ type }) => isLeafType(getNamedType(type)))
    .map((field) => field.name)
    .join(" ");
}

function costOfQuery(query: string): number {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("the operation comes first");
  return costOf(readAsked(schema, document, operation), {})?.cost ?? 0;
}

/** As large as the budget lets it be; undefined when even the smallest is too dear. */
function largest(make: (size: number) => string): string | undefined {
  for (let size = FULL; size >= 1; size -= 1) {
    if (costOfQuery(make(size)) <= COST_MAX) return make(size);
  }
  return undefined;
}

/** Some aliases of one thing: how many the limits leave room for. */
function times(size: number, make: (alias: string) => string): string {
  const count = Math.min(size, 25);
  return Array.from({ length: count }, (_, index) => make(`a${String(index)}`)).join(" ");
}

const intents = (size: number, inner: string): string =>
  `{ paymentIntents(first: ${String(size)}) { edges { node { ${inner} } } } }`;
const full = (inner: string): string => `{ paymentIntent(id: "${id}") { ${inner} } }`;

const DEAR: readonly (readonly [string, (size: number) => string])[] = [
  ["a page of everything that intents show", (size) => intents(size, valuesOf("PaymentIntent"))],
  [
    "large values again and again",
    (size) =>
      intents(
        size,
        times(FULL / size, (alias) => `${alias}: metadata`),
      ),
  ],
  [
    "pages of events with their data",
    (size) =>
      `{ ${times(Math.min(10, Math.ceil(size / 10)), (alias) => `${alias}: events(first: ${String(size)}) { edges { node { ${valuesOf("Event")} } } }`)} }`,
  ],
  [
    "one list several times",
    (size) =>
      full(
        times(
          Math.ceil(size / 10),
          (alias) => `${alias}: ${list("PaymentIntent.refunds", FULL, valuesOf("Refund"))}`,
        ),
      ),
  ],
  [
    "lists in a list",
    (size) =>
      full(
        list(
          "PaymentIntent.refunds",
          size,
          `paymentIntent { ${list("PaymentIntent.attempts", size, "id")} }`,
        ),
      ),
  ],
  [
    "an object that leads back to itself",
    (size) =>
      full(
        list(
          "PaymentIntent.refunds",
          FULL,
          `paymentIntent { ${times(size, (alias) => `${alias}: amount`)} ${valuesOf("PaymentIntent")} }`,
        ),
      ),
  ],
  [
    "all lists of a page of intents",
    (size) =>
      intents(
        size,
        ["refunds", "attempts", "captures", "transitions"]
          .map((name) => list(`PaymentIntent.${name}`, size, "__typename amount"))
          .join(" "),
      ),
  ],
  [
    "what runs statements of its own",
    (size) => full(list("PaymentIntent.attempts", size, "evidence { __typename }")),
  ],
];

/**
 * The most that was alive in the heap while something ran, above what was before. Garbage does not count: how much of
 * it lies there depends on when the collector ran, thus on the machine.
 */
async function heapGrowth<Result>(work: () => Promise<Result>): Promise<[number, Result]> {
  gc();
  const before = process.memoryUsage().heapUsed;
  let most = before;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    gc();
    most = Math.max(most, process.memoryUsage().heapUsed);
  };
  // Collecting takes no more than a third of the time, however large the heap is.
  const keepLooking = (): void => {
    const began = performance.now();
    look();
    timer = setTimeout(keepLooking, 2 * (performance.now() - began));
  };
  keepLooking();
  try {
    const result = await work();
    look();
    return [most - before, result];
  } finally {
    clearTimeout(timer);
  }
}

test("an object that leads back to itself through full lists is refused, and aliases add up", async () => {
  const again = (below: string): string =>
    list("PaymentIntent.refunds", FULL, `paymentIntent { ${below} }`);
  // A third level of connections would be too deep already.
  const multiplied = full(again(again("id status amount")));
  const added = `{ ${times(4, (alias) => `${alias}: ${intents(FULL, valuesOf("PaymentIntent")).slice(1, -1)}`)} }`;
  for (const query of [multiplied, added]) {
    const { error } = await api.send({ query });
    expect(error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      details: { field: null, cost: costOfQuery(query), costMax: COST_MAX },
    });
  }
  expect(costOfQuery(intents(FULL, valuesOf("PaymentIntent")))).toBeLessThan(COST_MAX);
});

test.each(DEAR)("%s", async (what, make) => {
  const query = largest(make);
  if (query === undefined) {
    expect((await api.send({ query: make(1) })).error?.extensions.details["cost"]).toBeGreaterThan(
      COST_MAX,
    );
    return;
  }
  // Not parsed here: what the client makes of the answer is not what is measured.
  const ask = async (): Promise<ArrayBuffer> => {
    const response = await fetch(`${api.server.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${api.merchant.secretKey}`,
      },
      body: JSON.stringify({ query }),
    });
    return response.arrayBuffer();
  };
  await ask();
  const before = process.cpuUsage();
  await ask();
  const { user, system } = process.cpuUsage(before);
  const [growth, answer] = await heapGrowth(ask);
  const text = Buffer.from(answer).toString("latin1");
  // What would be larger is refused while it is executed: see test/schema/budget.
  if (!text.startsWith('{"data":{')) expect(text).toContain('"bytesMax":');
  const facts = [
    `cost ${String(costOfQuery(query))}`,
    `${String(Math.round((user + system) / 1_000))} ms of processor time`,
    `${(answer.byteLength / MB).toFixed(1)} MB answered`,
    `heap +${(growth / MB).toFixed(0)} MB`,
  ];
  // How long it takes depends on the machine, so it is only told.
  process.stderr.write(`${what}: ${facts.join(", ")}\n`);
  expect(answer.byteLength).toBeLessThan(4 * MB);
  expect(growth).toBeLessThan(50 * MB);
});
