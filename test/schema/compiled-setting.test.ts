import { startServer } from "../../src/server";
import { CREATE_INTENT, type TestApi, makePaid, send, startTestApi } from "../support/api";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const QUERIES = [
  "{ paymentIntents(first: 5) { edges { node { id status metadata attempts { edges { node { id } } } } } } }",
  "{ paymentIntent(id: 5) { id }, other: paymentIntent(id: 6) { id } }",
  '{ node(id: "no id") { id __typename } paymentIntent(id: "pi_00000000000000000000000000") { id } }',
];

test("without compiled execution everything is answered as with it", async () => {
  await makePaid(api);
  const app = api.anotherApp({ ONCEPAY_COMPILED_EXECUTION: "false" });
  const other = await startServer(app, { host: "127.0.0.1", port: 0 });
  const key = api.merchant.secretKey;
  const ask = async (url: string, asked: object): Promise<unknown> => {
    const { status, body } = await send(url, { query: "", key, ...asked });
    return { status, text: JSON.stringify(body).replace(/req_[\w-]+/g, "req") };
  };
  const variables = { input: { amount: 100, currency: "USD" }, key: "the-setting" };
  const created = await ask(api.server.url, { query: CREATE_INTENT, variables });
  expect(created).toMatchObject({ status: 200 });
  const replay = { query: CREATE_INTENT, variables };
  const refused = { query: CREATE_INTENT, variables: { ...variables, input: { amount: "1" } } };
  const replayed = await ask(api.server.url, replay);
  for (const asked of [replay, refused, ...QUERIES.map((query) => ({ query }))]) {
    const answers: unknown[] = [];
    // A document's first time, and those after it.
    for (const url of [api.server.url, api.server.url, other.url, other.url]) {
      answers.push(await ask(url, asked));
    }
    expect(answers).toEqual(answers.map(() => answers[0]));
    if (asked === replay) expect(answers[0]).toEqual(replayed);
  }
  await other.close();
});
