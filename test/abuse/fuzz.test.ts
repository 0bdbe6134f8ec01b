import { createRandom } from "../attack/random";
import { type TestApi, makePaid, startTestApi } from "../support/api";
import { createCommand } from "../support/factories";
import { type FuzzWorld, fuzzRequest } from "./fuzz";
import { judge } from "./judge";

/* The short form of `npm run attack -- --only fuzz`, with a fixed seed; its books are audited when the API stops. */

const SEED = 1;
const REQUESTS = 600;
const SECRET_NOTE = "told to nobody else 7391";

let api: TestApi;
let world: FuzzWorld;
let foreign: string;
beforeAll(async () => {
  api = await startTestApi();
  const mine = await makePaid(api);
  const manual = await makePaid(api, { captureMethod: "MANUAL" });
  const theirs = await api.app.createPaymentIntent(
    createCommand(api.stranger.id, { description: SECRET_NOTE, customer: SECRET_NOTE }),
  );
  foreign = "result" in theirs ? theirs.result.id : "";
  const { rows } = await api.db.raw<{ rows: { id: string }[] }>(
    "select id from attempts union select id from events union select id from ledger_accounts",
  );
  world = {
    secretKeys: [api.merchant.secretKey, api.merchant.operatorKey],
    publishableKey: api.merchant.publishableKey,
    clientSecrets: [mine.clientSecret, manual.clientSecret],
    ids: [mine.id, manual.id, foreign, ...rows.map(({ id }) => id)],
  };
});
afterAll(() => api.stop());

const STRANGERS = `
  select (select count(*) from payment_intents where merchant_id = ?) as intents,
    (select count(*) from idempotency_keys where merchant_id = ?) as keys,
    (select count(*) from webhook_endpoints where merchant_id = ?) as endpoints`;

async function strangersRows(): Promise<unknown> {
  const { id } = api.stranger;
  return (await api.db.raw<{ rows: unknown[] }>(STRANGERS, [id, id, id])).rows[0];
}

test("whatever is asked: no INTERNAL, nothing shown that is not the caller's, nothing of a stranger's changed", async () => {
  expect(foreign).toMatch(/^pi_/);
  const before = await strangersRows();
  const random = createRandom(SEED);
  const codes: Record<string, number> = {};
  const faults: unknown[] = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const request = fuzzRequest(random, world);
    const secrets = [SECRET_NOTE, api.stranger.id];
    const { code, fault } = await judge(`${api.server.url}/graphql`, request, secrets);
    codes[code] = (codes[code] ?? 0) + 1;
    if (fault !== undefined) faults.push({ fault, request });
  }
  expect(faults).toEqual([]);
  process.stderr.write(`${JSON.stringify(codes)}\n`);
  // It got past the parser, and was let in and turned away in all ways.
  for (const code of ["OK", "BAD_USER_INPUT", "FORBIDDEN", "UNAUTHENTICATED", "NOT_FOUND"]) {
    expect([code, codes[code] ?? 0]).toEqual([code, expect.any(Number)]);
    expect(codes[code] ?? 0).toBeGreaterThan(0);
  }
  expect(await strangersRows()).toEqual(before);
});
