import type { App } from "../../src/app";
import { continueErasures } from "../../src/erasure/continue-erasures";
import { type Server, startServer } from "../../src/server";
import {
  CANCEL_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  REFUND_INTENT,
  type TestApi,
  hearStatements,
  makeIntent,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { type TestRedis, redisIsMissing, startRedis } from "../support/redis";
import { waitFor } from "../support/wait-for";
import { eraseCustomer, erasureOf } from "./erase";

/** What Redis and other processes remember of a customer is not shown once the erasure is finished. */

const missing = redisIsMissing();
if (missing !== undefined) console.info(`Skipped: ${missing}.`);
const withRedis = missing === undefined ? describe : describe.skip;

const ANNA = {
  customer: "cus-anna-4711",
  description: "Socks for Anna Schmidt",
  metadata: { mail: "anna@example.com" },
};
const REFUND_NOTE = "Anna was not amused";
const SECRETS = /anna/i;

const FIELDS = "id description customer metadata personalDataErasedAt version status";
const shown = (query: string): string =>
  query.replace("paymentIntent { id", `paymentIntent { ${FIELDS}`);

withRedis("an erasure, where answers are remembered", () => {
  let redis: TestRedis;
  let api: TestApi;
  let here: Process;
  let there: Process;

  interface Process {
    readonly app: App;
    readonly server: Server;
    /** What was asked of the records of keys since the last time. */
    lookedUp(): number;
  }

  interface Asked {
    readonly query: string;
    readonly key: string;
    readonly input: object;
  }

  beforeAll(async () => {
    redis = (await startRedis()) as TestRedis;
    api = await startTestApi();
    [here, there] = [await open(), await open()];
  });
  afterAll(async () => {
    await api.drain();
    await Promise.all([here.server.close(), there.server.close()]);
    await api.stop();
    await redis.stop();
  });

  async function open(): Promise<Process> {
    const app = api.anotherApp({ REDIS_URL: redis.url });
    let count = 0;
    hearStatements(app, ({ sql }) => {
      if (/(from|into) idempotency_keys/.test(sql)) count += 1;
    });
    const lookedUp = (): number => {
      const since = count;
      count = 0;
      return since;
    };
    return { app, server: await startServer(app, { host: "127.0.0.1", port: 0 }), lookedUp };
  }

  async function ask(at: Process, asked: Asked, key = api.merchant.secretKey): Promise<string> {
    const { query, input } = asked;
    const variables = { input, key: asked.key };
    const { body, data } = await send(at.server.url, { query, variables, key });
    expect(body.errors).toBeUndefined();
    return JSON.stringify(data);
  }

  async function untilRemembered(at: Process, asked: Asked, key?: string): Promise<string> {
    return waitFor("an answer without the database", async () => {
      at.lookedUp();
      const answer = await ask(at, asked, key);
      return at.lookedUp() === 0 && answer;
    });
  }

  const isRemembered = async (at: Process, asked: Asked, key?: string): Promise<boolean> => {
    at.lookedUp();
    await ask(at, asked, key);
    return at.lookedUp() === 0;
  };

  test("nothing of the customer comes back, from any process, and strangers' answers stay known", async () => {
    const asked = await somePayments();
    const strangers = {
      query: shown(CREATE_INTENT),
      key: newKey(),
      input: { amount: 100, currency: "USD", customer: ANNA.customer },
    };
    await ask(here, strangers, api.stranger.secretKey);
    const before: string[] = [];
    for (const one of asked) {
      const answer = await untilRemembered(here, one);
      expect(answer).toMatch(SECRETS);
      expect(await untilRemembered(there, one)).toBe(answer);
      before.push(answer);
    }

    const erasure = await eraseCustomer({ ...api, send: sendHere }, ANNA.customer);
    // The process that was asked knows at once.
    for (const one of asked) expect(await ask(here, one)).not.toMatch(SECRETS);
    await waitFor("the erasure to be finished", async () => {
      // All the while: kept fresh, as by clients who do not stop asking.
      for (const one of asked) await ask(there, one);
      await continueErasures(there.app);
      return (await erasureOf(api, erasure.id))?.status === "FINISHED";
    });
    const after: string[] = [];
    for (const one of asked) after.push(await ask(there, one));
    for (const [index, one] of asked.entries()) {
      const [known = "", now = ""] = [before[index], after[index]];
      expect(now).not.toMatch(SECRETS);
      expect(idsIn(now)).toEqual(idsIn(known));
      expect(await ask(here, one)).toBe(now);
      expect(await ask({ ...here, server: api.server }, one)).toBe(now);
      // Nor is anything remembered of this merchant until what was written before is over.
      for (const at of [here, there]) expect(await isRemembered(at, one)).toBe(false);
    }
    for (const at of [here, there]) {
      expect(await untilRemembered(at, strangers, api.stranger.secretKey)).toMatch(SECRETS);
    }
  });

  const sendHere: TestApi["send"] = (request) =>
    send(here.server.url, { key: api.merchant.secretKey, ...request });

  const idsIn = (text: string): string[] => text.match(/(pi|re)_[0-9a-z]+/g) ?? [];

  /** A repeat of everything whose answer shows a customer. */
  async function somePayments(): Promise<Asked[]> {
    const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa", ...ANNA };
    const create = { query: shown(CREATE_INTENT), key: newKey(), input };
    const { createPaymentIntent } = JSON.parse(await ask(here, create)) as Created;
    const paymentIntentId = createPaymentIntent.paymentIntent.id;
    const confirm = { query: shown(CONFIRM_INTENT), key: newKey(), input: { paymentIntentId } };
    await ask(here, confirm);
    await api.drain();
    const refund = {
      query: shown(REFUND_INTENT),
      key: newKey(),
      input: { paymentIntentId, amount: 700, metadata: { note: REFUND_NOTE } },
    };
    await ask(here, refund);
    await api.drain();
    const { id } = await makeIntent(api, ANNA);
    const cancel = {
      query: shown(CANCEL_INTENT),
      key: newKey(),
      input: { paymentIntentId: id },
    };
    await ask(here, cancel);
    return [create, confirm, refund, cancel];
  }

  interface Created {
    readonly createPaymentIntent: { readonly paymentIntent: { readonly id: string } };
  }
});
