import { type IntentWatch, createIntentWatch } from "../../src/live/watch-intents";
import { newestOf } from "../../src/live/newest";
import { CONFIRM_INTENT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";

let api: TestApi;
let deaf: IntentWatch;

beforeAll(async () => {
  api = await startTestApi();
  const { app } = api;
  // Nobody answers there: it can never listen.
  const config = { databaseUrl: "postgres://nobody@127.0.0.1:1/nothing" };
  deaf = createIntentWatch({ ...app, config, tenantDb: (of) => app.tenantDb(of) });
});
afterAll(async () => {
  await deaf.stop();
  await api.stop();
});

test("without any announcement, changes are found by comparing versions", async () => {
  const { id } = await makeIntent(api);
  const states = await deaf.watch(api.merchant.id, id);
  const next = async (): Promise<string> => {
    const { value, done } = (await states.next()) as IteratorResult<{ status: string }>;
    return done ? "over" : value.status;
  };
  expect(await next()).toBe("REQUIRES_CONFIRMATION");
  const changed = next();
  await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  });
  expect(await changed).toBe("PROCESSING");
  const ended = next();
  await api.drain();
  expect(await ended).toBe("SUCCEEDED");
  expect(await next()).toBe("over");
  expect(deaf.watching()).toBe(0);
});

test("many who come at once are shown their payments by one statement for each merchant", async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => makeIntent(api)));
  const asked: string[] = [];
  const unhear = api.hear(({ sql }) => asked.push(sql));
  const watches = await Promise.all(made.map(({ id }) => deaf.watch(api.merchant.id, id)));
  unhear();
  const reads = asked.filter((sql) => sql.includes("payment_intent_snapshot"));
  // The first goes at once, and those that come meanwhile go together.
  expect(reads.length).toBeLessThanOrEqual(2);
  for (const [index, states] of watches.entries()) {
    expect((await states.next()).value).toMatchObject({ id: made[index]?.id, version: 1 });
    await states.return?.();
  }
  expect(deaf.watching()).toBe(0);
});

test("another merchant's payment is not there", async () => {
  const { id } = await makeIntent(api);
  const failure: unknown = await deaf.watch(api.stranger.id, id).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "NOT_FOUND" });
  expect(deaf.watching()).toBe(0);
});

describe("the newest of what comes", () => {
  test("is what a reader gets that was away, and then the end", async () => {
    let ends = 0;
    const newest = newestOf<number>(() => (ends += 1));
    newest.put(1);
    newest.put(2);
    expect(await newest.next()).toEqual({ value: 2, done: false });
    const waiting = newest.next();
    newest.put(3);
    expect(await waiting).toEqual({ value: 3, done: false });
    newest.put(4);
    newest.end();
    newest.put(5);
    expect(await newest.next()).toEqual({ value: 4, done: false });
    expect((await newest.next()).done).toBe(true);
    expect(ends).toBe(1);
  });

  test("wakes who waits when the reader is gone", async () => {
    const newest = newestOf<number>(() => undefined);
    const waiting = newest.next();
    await newest.return?.();
    expect((await waiting).done).toBe(true);
  });
});
