import { findIntentsTogether } from "../../src/payments/find-intents-together";
import { type TestApi, startTestApi } from "../support/api";
import { aMerchant, anIntent } from "../support/factories";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const QUERY = "query ($id: ID!) { paymentIntent(id: $id) { id } }";
const ask = async (id: string, key: string): Promise<unknown> => {
  const { data } = await api.send({ query: QUERY, variables: { id }, key });
  return data.paymentIntent?.id ?? null;
};

it("answers everybody who asks at once with their own", async () => {
  const { merchant, stranger } = api;
  const make = (merchantId: string, count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, async () => (await anIntent(api, merchantId)).id));
  const [own, others] = [await make(merchant.id, 30), await make(stranger.id, 10)];
  const asked = [...own, ...others, ...own];
  const answers = await Promise.all(asked.map((id) => ask(id, merchant.secretKey)));
  expect(answers).toEqual([...own, ...others.map(() => null), ...own]);
  expect(await Promise.all(others.map((id) => ask(id, stranger.secretKey)))).toEqual(others);
});

it("takes one statement for as many as come together", async () => {
  const merchant = await aMerchant(api);
  const db = api.app.tenantDb(merchant.id);
  const ids = await Promise.all(
    Array.from({ length: 30 }, async () => (await anIntent(api, merchant.id)).id),
  );
  let statements = 0;
  const stop = api.hear(() => (statements += 1));
  const found = await Promise.all(ids.map((id) => findIntentsTogether(db, merchant.id, [id])));
  stop();
  expect(found).toMatchObject(ids.map((id) => [{ id }]));
  expect(statements).toBe(1);
});

it("sees what was committed before it was asked, however many others ask meanwhile", async () => {
  const merchant = await aMerchant(api);
  const db = api.app.tenantDb(merchant.id);
  const { id: known } = await anIntent(api, merchant.id);
  let isOver = false;
  const others = Array.from({ length: 5 }, async () => {
    while (!isOver) await findIntentsTogether(db, merchant.id, [known]);
  });
  for (let round = 0; round < 50; round += 1) {
    const { id } = await anIntent(api, merchant.id);
    expect(await findIntentsTogether(db, merchant.id, [id])).toMatchObject([{ id }]);
  }
  isOver = true;
  await Promise.all(others);
});

it("fails alone", async () => {
  const merchant = await aMerchant(api);
  const db = api.app.tenantDb(merchant.id);
  const { id } = await anIntent(api, merchant.id);
  const [found, failed, missing] = await Promise.allSettled(
    [[id], ["pi_\u0000"], ["pi_none"]].map((ids) => findIntentsTogether(db, merchant.id, ids)),
  );
  expect(found).toMatchObject({ status: "fulfilled", value: [{ id }] });
  expect(failed).toMatchObject({ status: "rejected", reason: { code: "22021" } });
  expect(missing).toEqual({ status: "fulfilled", value: [] });
});
