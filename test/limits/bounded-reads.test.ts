import { connectPatiently } from "../support/app";
import type { Db } from "../../src/db/db";
import { type TestApi, makeIntent, startTestApi } from "../support/api";

/*
 * A list that cannot be read in time because no index leads to its page. What keeps it from being read is a lock on the
 * table: how fast the machine is does not matter.
 */

let api: TestApi;
let aside: Db;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LIST_TIMEOUT_MS: "50" });
  aside = connectPatiently(api.app.config);
});
afterAll(async () => {
  await aside.destroy();
  await api.stop();
});

const list = (filter: string, field = "paymentIntents"): string =>
  `{ ${field}(filter: ${filter}) { edges { node { id } } } }`;

const UNINDEXED: readonly (readonly [string, string])[] = [
  ["payment_intents", list("{ amount: 5 }")],
  ["payment_intents", list('{ metadata: { key: "a", value: "b" } }')],
  ["payment_intents", list('{ updatedAfter: "2026-01-01T00:00:00Z" }')],
  ["captures", list("{ statuses: [FAILED] }", "captures")],
  ["refunds", list("{ statuses: [FAILED] }", "refunds")],
  ["event_feed", list('{ types: ["refund.failed"] }', "events")],
  [
    "webhook_deliveries",
    list('{ endpointId: "we_01h00000000000000000000000" }', "webhookDeliveries"),
  ],
  ["webhook_deliveries", list('{ endpointId: "we_01h00000000000000000000000" }', "deadLetters")],
];

test.each(UNINDEXED)("on %s ends after its time and says what to do: %s", async (table, query) => {
  const tx = await aside.transaction();
  try {
    await tx.raw(`lock table ${table} in access exclusive mode`);
    const { error } = await api.send({ query });
    expect(error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      retryable: false,
      details: { field: "filter", timeoutMs: 50 },
    });
    expect(error?.message).toContain("no index");
  } finally {
    await tx.rollback();
  }
});

test("is read like any other where there is time enough", async () => {
  const { id } = await makeIntent(api, { amount: 77 });
  const patient = await startTestApi();
  try {
    const theirs = await makeIntent(patient, { amount: 77 });
    const { data } = await patient.send({ query: list("{ amount: 77 }") });
    expect(data.paymentIntents.edges).toEqual([{ node: { id: theirs.id } }]);
  } finally {
    await patient.stop();
  }
  expect(id).toMatch(/^pi_/);
});

test("is not what a list with an index is: that one waits", async () => {
  const tx = await aside.transaction();
  const reading = (async () => {
    await tx.raw("lock table payment_intents in access exclusive mode");
    return api.send({ query: list('{ customer: "somebody" }') });
  })();
  // Longer than the others may take; an answer within that time would be a wrong one.
  await aside.raw("select pg_sleep(0.2)");
  await tx.rollback();
  expect((await reading).error).toBeUndefined();
});
