import { ClientError, GraphQLClient } from "graphql-request";
import { documents } from "../../src/sdk/typed-documents";
import { type TestApi, makeIntent, startTestApi } from "../support/api";
import { losing } from "./losing";

/* A client that knows nothing of this package but its documents: what a caller does by hand. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

function clientWith(options: { fetch?: typeof fetch; headers?: Record<string, string> } = {}) {
  const authorization = `Bearer ${api.merchant.secretKey}`;
  return new GraphQLClient(`${api.server.url}/graphql`, {
    ...options,
    headers: { authorization, ...options.headers },
  });
}

test("creates, confirms and reads a payment, with types from the documents", async () => {
  const client = clientWith();
  const { createPaymentIntent } = await client.request(documents.createPaymentIntent, {
    input: { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" },
    idempotencyKey: "order-1",
  });
  const { id } = createPaymentIntent.paymentIntent;
  await client.request(documents.confirmPaymentIntent, {
    input: { paymentIntentId: id },
    idempotencyKey: "order-1",
  });
  await api.drain();
  const { paymentIntent } = await client.request(documents.paymentIntent, { id });
  expect(paymentIntent?.status).toBe("SUCCEEDED");
});

test("repeats with the same key what was not answered", async () => {
  const client = clientWith({ fetch: losing(1) });
  const pay = () =>
    client.request(documents.createPaymentIntent, {
      input: { amount: 100, currency: "USD" },
      idempotencyKey: "order-2",
    });
  await expect(pay()).rejects.toThrow("the answer was lost");
  const { createPaymentIntent } = await pay();
  expect(createPaymentIntent.idempotency.status).toBe("REPLAYED");
});

test("finds the code of a refusal in the errors", async () => {
  const { id } = await makeIntent(api);
  const variables = { input: { paymentIntentId: id, amount: 1 }, idempotencyKey: "refund-1" };
  const error: unknown = await clientWith()
    .request(documents.refundPaymentIntent, variables)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ClientError);
  expect((error as ClientError).response.errors?.[0]?.extensions.code).toBe("INVALID_STATE");
});
