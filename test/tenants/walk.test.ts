import { randomUUID } from "node:crypto";
import { buildSchema } from "../../schema/schema";
import { configureFailpoints } from "../../src/failpoints";
import { RIGHTS } from "../../src/db/wall/rights";
import { newId } from "../../src/ids";
import { type TestAnswer, type TestApi, send, startTestApi } from "../support/api";
import { type Watching, watch } from "../live/watch";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";
import { type Operation, coordinatesOf, fieldsIn, operationsOn } from "./schema-walk";
import { type World, makeWorld, nowhere, valuesFrom } from "./tenant-world";
import { everythingOf, makeTwin, removeTwin } from "./twin";
import { type Sent, type Walls, openWalls } from "./walls";

/*
 * Over every field and argument of the schema, which it is made from, against both walls between tenants: the
 * predicates of the statements and the policies of the tables. Three questions:
 *
 * - does a tenant's answer change when there is another tenant whose rows have the very same ids (twin.ts)?
 * - is another tenant's id answered like one that does not exist, and without an effect?
 * - would either be noticed? Each predicate and each policy is taken down in turn, and the walk must find it missing.
 *
 * With the policies down it is about the predicates alone; with the predicates out, about the policies alone.
 */

const schema = buildSchema();
const ROOTS = ["Query", "Mutation"].flatMap((type) =>
  coordinatesOf(schema).filter((coordinate) => new RegExp(`^${type}\\.\\w+$`).test(coordinate)),
);
const QUERIES = ROOTS.filter((root) => root.startsWith("Query."));
const MUTATIONS = ROOTS.filter((root) => root.startsWith("Mutation."));

/** What only operators may ask for, or see all of. */
const FOR_OPERATORS = new Set([
  "Query.nodes",
  "Query.unknownAttempts",
  "Query.backlog",
  "Query.reconciliationBreaks",
  "Query.auditLog",
]);
/** And what only those of the installation may, for a tenant. */
const FOR_THE_PLATFORM = new Set([
  "Mutation.lookUpAttempt",
  "Mutation.resolveUnknownAttempt",
  "Mutation.createMerchant",
  "Mutation.releaseSetAsideMessages",
  "Query.setAsideMessages",
  "Mutation.resolveReconciliationBreak",
  "Query.reconciliationReports",
]);

/** What no query reads, or none by itself. The raw walk reads every table: test/db/tenant-wall. */
const NOT_READ = [
  "merchant_holds",
  "payment_intent_updates",
  "erased_payment_intents",
  "journals",
  "balance_snapshots",
  "processor_changes",
  "webhook_endpoint_changes",
  "webhook_replays",
  "delivery_retries",
  "replay_plan_letters",
];

/** What is recorded beside the requests would change answers while they are compared. */
const RECORD_NOTHING = `
  create function skip() returns trigger language plpgsql as 'begin return null; end';
  create trigger skip before insert on audit_log for each row
    when (new.action not in ('WRITE', 'COMMAND')) execute function skip();
  create trigger skip before update on api_keys for each row
    when (new.last_used_at is distinct from old.last_used_at) execute function skip();
`;

// An unknown outcome stays unknown, however long this takes.
const PATIENT = { ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000" };

type KeyName = "secretKey" | "operatorKey" | "publishableKey";

let api: TestApi;
let receiver: TestReceiver;
/** The one who asks, and the other one. */
let own: World;
let other: World;
let twinId: string;
/** Without policies, and with them. */
let bare: Walls;
let walled: Walls;

beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(PATIENT), startReceiver()]);
  own = await makeWorld(api, api.merchant, receiver);
  other = await makeWorld(api, api.stranger, receiver);
  twinId = newId("merchant", 0);
  await api.app.auditLog.flush();
  await api.db.raw(RECORD_NOTHING);
  const open = (policies: boolean) => openWalls(api.databaseUrl, api.sandbox.url, { policies });
  [bare, walled] = await Promise.all([open(false), open(true)]);
  await findResultTypes(bare);
});
afterAll(async () => {
  await Promise.all([bare.close(), walled.close(), receiver.close()]);
  await api.stop();
});
afterEach(() => {
  bare.strip([]);
  walled.strip([]);
  configureFailpoints(undefined);
});

/** What was asked with, and what was shown: counted at the end. */
const covered = new Set<string>();

function cover({ root, used }: Operation, { data }: TestAnswer): void {
  const [rootType = ""] = root.split(".");
  for (const coordinate of [...used, ...fieldsIn(rootType, data)]) covered.add(coordinate);
}

interface Asked {
  readonly answer: TestAnswer;
  readonly sent: readonly Sent[];
}

async function ask(
  walls: Walls,
  { root, query, variables }: Pick<Operation, "root" | "query" | "variables">,
  as?: { readonly key: KeyName; readonly headers?: Record<string, string> },
): Promise<Asked> {
  const usual = FOR_OPERATORS.has(root) ? "operatorKey" : "secretKey";
  const by =
    !as && FOR_THE_PLATFORM.has(root)
      ? api.asPlatform
      : { key: own.merchant[as?.key ?? usual], headers: as?.headers ?? {} };
  walls.sent();
  const answer = await send(walls.url, { query, variables, ...by });
  return { answer, sent: walls.sent() };
}

function queriesFrom(world: World): Operation[] {
  return QUERIES.flatMap((root) => operationsOn(schema, root, valuesFrom(world))).filter(
    isOfItsResult,
  );
}

/** What the mutations resulted in that `operation` is asked about, by their names. */
const resultTypes = new Map<string, string | undefined>();

async function findResultTypes(walls: Walls): Promise<void> {
  const root = "Query.operation";
  const query = `query ($idempotencyKey: String!, $name: String!) {
    operation(idempotencyKey: $idempotencyKey, name: $name) { result { __typename } } }`;
  const names = valuesFrom(own)("Query.operation(name)") as readonly string[];
  for (const name of names) {
    const variables = { name, idempotencyKey: own.words.key };
    const { answer } = await ask(walls, { root, query, variables });
    // Some may not be asked about by a tenant: then there is nothing behind them.
    resultTypes.set(name, answer.body.data?.operation?.result?.__typename);
  }
}

/** Of a result, only what is behind its own type is asked for: it is of one type for each mutation, whoever asks. */
function isOfItsResult({ root, query, variables }: Operation): boolean {
  if (root !== "Query.operation") return true;
  const [, type] = /\bresult \{ __typename \.\.\. on (\w+)/.exec(query) ?? [];
  return type === undefined || type === resultTypes.get(String(variables["name"]));
}

/** Each with a key of its own, unless the key is what it is about. */
function mutationsFrom(world: World): Operation[] {
  return MUTATIONS.flatMap((root) =>
    operationsOn(schema, root, valuesFrom(world)).map((operation, index) => ({
      ...operation,
      variables: {
        ...operation.variables,
        ...(index > 0 && { idempotencyKey: randomUUID() }),
      },
    })),
  );
}

/** What an answer says, apart from what is different each time. */
function said({ body }: TestAnswer, of?: Pick<World, "ids" | "words">): string {
  let text = JSON.stringify(body);
  for (const [name, id] of Object.entries({ ...of?.ids, ...of?.words }))
    text = text.replaceAll(id, `<${name}>`);
  return text
    .replace(/"requestId":"[^"]*"/g, "")
    .replace(/"firstSeenAt":"[^"]*"/g, "")
    .replace(/"errors":\[.*?\]\}$/, (errors) => errors.replace(/"locations":\[[^\]]*\],?/g, ""));
}

describe("a twin, whose rows have the same ids", () => {
  let operations: Operation[];
  let before: Answered[];

  interface Answered {
    readonly operation: Operation;
    readonly said: string;
    readonly sent: readonly Sent[];
  }

  async function answered(walls: Walls, operation: Operation): Promise<Answered> {
    const { answer, sent } = await ask(walls, operation);
    cover(operation, answer);
    return { operation, said: said(answer), sent };
  }

  /** Whether it is answered otherwise than before there was a twin, or reads other rows for the same answer. */
  async function isChanged(walls: Walls, was: Answered): Promise<boolean> {
    const now = await answered(walls, was.operation);
    // Those that are asked at once come in any order, and reads by id that come together are one.
    const rowsOf = ({ sent }: Answered): string => {
      const rows = sent.flatMap(({ name, rows: read }) => read.map((row) => `${name} ${row}`));
      return [...new Set(rows)].sort().join();
    };
    return now.said !== was.said || rowsOf(now) !== rowsOf(was);
  }

  async function changed(walls: Walls): Promise<string[]> {
    const found: string[] = [];
    for (const was of before) if (await isChanged(walls, was)) found.push(was.operation.query);
    return found;
  }

  /** By those that send what is looked for: whether any of them is changed. */
  async function isNoticed(walls: Walls, sends: (sent: Sent) => boolean): Promise<boolean> {
    for (const was of before) {
      if (was.sent.some(sends) && (await isChanged(walls, was))) return true;
    }
    return false;
  }

  beforeAll(async () => {
    operations = queriesFrom(own);
    before = [];
    for (const operation of operations) before.push(await answered(bare, operation));
    await makeTwin(api.db, own.merchant.id, twinId);
  });
  afterAll(() => removeTwin(api.db, twinId));

  it("changes no answer, and no row that is read for one, with either wall down", async () => {
    expect(await changed(bare)).toEqual([]);
    walled.strip("all");
    expect(await changed(walled)).toEqual([]);
  });

  it("is noticed when any one predicate is missing, and there are no policies", async () => {
    const guarded = before.flatMap(({ sent }) => sent.filter(({ hasPredicate }) => hasPredicate));
    const names = [...new Set(guarded.map(({ name }) => name))];
    const unnoticed: string[] = [];
    for (const name of names) {
      bare.strip([name]);
      if (!(await isNoticed(bare, (sent) => sent.name === name))) unnoticed.push(name);
    }
    expect(unnoticed).toEqual([]);
    expect(names.length).toBeGreaterThan(40);
  });

  it("is noticed when any one policy is missing, and there are no predicates", async () => {
    walled.strip("all");
    const unnoticed: string[] = [];
    for (const [table, { tenantIn, tenant }] of Object.entries(RIGHTS)) {
      if (tenantIn !== "merchant_id" || !tenant.includes("SELECT")) continue;
      const names = new RegExp(`\\b${table}\\b`);
      await api.db.raw(`alter policy tenant on ${table} using (true)`);
      try {
        if (!(await isNoticed(walled, ({ text }) => names.test(text)))) unnoticed.push(table);
      } finally {
        await api.db.raw(
          `alter policy tenant on ${table} using (merchant_id = current_setting('oncepay.tenant', true))`,
        );
      }
    }
    expect(unnoticed).toEqual(NOT_READ);
  });

  it("loses nothing and gains nothing by what its twin changes", async () => {
    const twins = await everythingOf(api.db, twinId);
    // The policies alone protect it; what the predicates do alone is seen below, with another tenant's ids.
    walled.strip("all");
    for (const operation of mutationsFrom(own)) {
      const variables = { ...operation.variables, idempotencyKey: randomUUID() };
      const { answer } = await ask(walled, { ...operation, variables });
      cover(operation, answer);
      expect(JSON.stringify(answer.body)).not.toContain("twin");
    }
    expect(await everythingOf(api.db, twinId)).toBe(twins);
  });
});

describe("another tenant's ids, cursors, words and keys", () => {
  const none = (): World => nowhere(other);

  /** Nothing of the other tenant's but what was sent. */
  function expectNothingOf({ body }: TestAnswer, { variables, query }: Operation): void {
    const asked = JSON.stringify(variables) + query;
    const secrets = [
      ...Object.values(other.ids),
      ...Object.values(other.words),
      other.clientSecret,
    ];
    const text = JSON.stringify(body);
    expect(secrets.filter((secret) => text.includes(secret) && !asked.includes(secret))).toEqual(
      [],
    );
  }

  /** The same is said about what another tenant has and about what does not exist. */
  async function expectNothingSeen(walls: Walls): Promise<void> {
    const missing = none();
    const unknown = queriesFrom(missing);
    for (const [index, operation] of queriesFrom(other).entries()) {
      const { answer } = await ask(walls, operation);
      const expected = await ask(walls, unknown[index] as Operation);
      covered.add(operation.root);
      operation.used.forEach((coordinate) => covered.add(coordinate));
      expectNothingOf(answer, operation);
      expect(said(answer, other)).toBe(said(expected.answer, missing));
    }
  }

  async function expectNothingDone(walls: Walls): Promise<void> {
    const before = await everythingOf(api.db, other.merchant.id);
    const missing = none();
    const unknown = mutationsFrom(missing);
    for (const [index, operation] of mutationsFrom(other).entries()) {
      const { answer } = await ask(walls, operation);
      const variables = { ...unknown[index]?.variables, idempotencyKey: randomUUID() };
      const expected = await ask(walls, { ...operation, variables });
      expectNothingOf(answer, operation);
      expect(refusalIn(answer, other.ids)).toEqual(refusalIn(expected.answer, missing.ids));
    }
    expect(await everythingOf(api.db, other.merchant.id)).toBe(before);
  }

  function refusalIn({ status, error }: TestAnswer, ids: World["ids"]): unknown {
    const { requestId: _its, ...extensions } = error?.extensions ?? {};
    const text = JSON.stringify({ status, message: error?.message, extensions });
    const named = Object.entries(ids).reduce(
      (all, [name, id]) => all.replaceAll(id, `<${name}>`),
      text,
    );
    // Details that were stored come back in another order.
    return JSON.parse(named);
  }

  it.each([
    ["with the predicates alone", () => bare, []],
    ["with the policies alone", () => walled, "all"],
  ] as const)(
    "show nothing, and are answered like unknown ones, %s",
    async (_name, walls, strip) => {
      walls().strip(strip);
      await expectNothingSeen(walls());
    },
  );

  it.each([
    ["with the predicates alone", () => bare, []],
    ["with the policies alone", () => walled, "all"],
  ] as const)(
    "change nothing, and are refused like unknown ones, %s",
    async (_name, walls, strip) => {
      walls().strip(strip);
      await expectNothingDone(walls());
    },
  );

  it("are of no use to a publishable key, not even with the other tenant's client secret", async () => {
    const before = await everythingOf(api.db, other.merchant.id);
    const headers = { "oncepay-client-secret": other.clientSecret };
    for (const operation of [...queriesFrom(other), ...mutationsFrom(other)]) {
      const { answer } = await ask(walled, operation, { key: "publishableKey", headers });
      expectNothingOf(answer, operation);
    }
    expect(await everythingOf(api.db, other.merchant.id)).toBe(before);
  });

  it("are noticed in a mutation whose predicate is missing, where there are no policies", async () => {
    // What it would do is rolled back; what it read has been seen by then.
    configureFailpoints("api.before_commit:throw");
    const unnoticed = new Set<string>();
    const missing = mutationsFrom(none());
    for (const [index, operation] of mutationsFrom(other).entries()) {
      const first = { ...operation, variables: { ...operation.variables, idempotencyKey: "none" } };
      const variables = { ...missing[index]?.variables, idempotencyKey: "none" };
      bare.strip([]);
      const { sent } = await ask(bare, first);
      for (const { name } of sent.filter(({ hasPredicate }) => hasPredicate)) {
        bare.strip([name]);
        const seen = await ask(bare, first);
        const unseen = await ask(bare, { ...first, variables });
        const isNoticed = JSON.stringify(seen.sent) !== JSON.stringify(unseen.sent);
        if (!isNoticed) unnoticed.add(`${operation.root} ${name}`);
      }
    }
    expect([...unnoticed]).toEqual([]);
  });
});

describe("subscriptions", () => {
  async function shownOf(walls: Walls, id: string): Promise<readonly unknown[]> {
    const watching = watch(walls.url, { id, key: own.merchant.secretKey });
    await waitFor(
      "the state now, or why not",
      () => watching.states.length > 0 || hasEnded(watching),
    );
    watching.stop();
    return [...watching.states, ...watching.errors.map(({ extensions }) => extensions["code"])];
  }
  const hasEnded = ({ end }: Watching): boolean => end() !== undefined;

  it.each([
    ["with the predicates alone", () => bare, []],
    ["with the policies alone", () => walled, "all"],
  ] as const)(
    "show one's own payments, and of another tenant's that there are none, %s",
    async (_name, walls, strip) => {
      walls().strip(strip);
      const [mine = "", theirs = ""] = [own.ids["paid"], other.ids["paid"]];
      expect(await shownOf(walls(), mine)).toMatchObject([{ id: mine }]);
      expect(await shownOf(walls(), theirs)).toEqual(["NOT_FOUND"]);
      expect(await shownOf(walls(), newId("paymentIntent"))).toEqual(["NOT_FOUND"]);
      covered.add("Subscription.paymentIntentUpdated");
      covered.add("Subscription.paymentIntentUpdated(id)");
    },
  );
});

it("has asked for every field of the schema, with every argument", () => {
  const all = coordinatesOf(schema);
  expect(all.filter((coordinate) => !covered.has(coordinate))).toEqual([]);
  expect(all.length).toBeGreaterThan(400);
});
