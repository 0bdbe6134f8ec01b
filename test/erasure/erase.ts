import { continueErasures } from "../../src/erasure/continue-erasures";
import type { Erasure } from "../../src/erasure/erasure";
import { type TestApi, newKey } from "../support/api";

const ERASURE = "id status paymentIntents eventsInClear requestedAt finishedAt";

export async function eraseCustomer(
  api: TestApi,
  customer: string,
  idempotencyKey = newKey(),
): Promise<Erasure> {
  const { data, body } = await api.send({
    query: `mutation ($input: EraseCustomerInput!, $idempotencyKey: String!) {
      eraseCustomer(input: $input, idempotencyKey: $idempotencyKey) { erasure { ${ERASURE} } } }`,
    variables: { input: { customer }, idempotencyKey },
  });
  expect(body.errors).toBeUndefined();
  return data.eraseCustomer.erasure as Erasure;
}

export async function erasureOf(
  api: TestApi,
  id: string,
  key = api.merchant.secretKey,
): Promise<Erasure | null> {
  const { data, body } = await api.send({ query: `{ erasure(id: "${id}") { ${ERASURE} } }`, key });
  expect(body.errors).toBeUndefined();
  return data.erasure as Erasure | null;
}

/** Does what the worker does until no erasure is left. */
export async function expectFinished(
  api: TestApi,
  id: string,
  expected: Partial<Erasure>,
): Promise<void> {
  let left = 1;
  for (let round = 0; left > 0 && round < 100; round += 1) {
    left = (await continueErasures(api.app)).left;
  }
  expect(await erasureOf(api, id)).toMatchObject({
    status: "FINISHED",
    finishedAt: expect.any(String) as string,
    ...expected,
  });
  expect(await api.db("erasures").where({ id }).pluck("customer")).toEqual([null]);
}
