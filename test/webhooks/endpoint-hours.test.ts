import { connect } from "../../src/db/connect";
import { createLog } from "../../src/observability/log";
import {
  type EndpointHours,
  TOOK_MS,
  createEndpointHours,
} from "../../src/webhooks/endpoint-hours";
import { findEndpointHealth } from "../../src/webhooks/read-endpoint-hours";
import { type TestApi, makeIntent, startTestApi } from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { anEndpoint } from "./endpoints";

/** How endpoints do: counted by those who deliver, added up in rows of hours. */

let api: TestApi;
let receiver: TestReceiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
});
afterAll(async () => {
  await receiver.close();
  await api.stop();
});

const hoursOf = (id: string) => api.db("webhook_endpoint_hours").where({ endpoint_id: id });

async function healthOf(id: string) {
  const [health] = await findEndpointHealth(api.db, api.merchant.id, [id]);
  return health;
}

/** A process that delivers, with tries that took so long. */
function tried(hours: EndpointHours, id: string, ...tookMs: readonly number[]): EndpointHours {
  for (const durationMs of tookMs) {
    const of = { merchantId: api.merchant.id, endpointId: id };
    hours.count({ ...of, succeeded: durationMs < 1_000, durationMs });
  }
  return hours;
}

const aProcess = () => createEndpointHours(api.app);

test("an endpoint that is not there for a while has its tries counted, and says so in the API", async () => {
  const { id } = await anEndpoint(api, receiver.url, { eventTypes: ["payment_intent.created"] });
  const query = `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
    last24Hours { since attempts succeeded p95Ms } oldestDueAt } } }`;
  const shown = async () => {
    await api.app.endpointHours.flush();
    const { data, body } = await api.send({ query, variables: { id } });
    expect(body.errors).toBeUndefined();
    return data.node.last24Hours;
  };
  expect(await shown()).toMatchObject({ attempts: 0, succeeded: 0, p95Ms: null });
  receiver.answerWith(503);
  await makeIntent(api);
  await makeIntent(api);
  await api.drain();
  expect(await shown()).toMatchObject({ attempts: 2, succeeded: 1 });
  await api.makeDue();
  await api.drain();
  const { attempts, succeeded, p95Ms, since } = await shown();
  expect([attempts, succeeded]).toEqual([3, 2]);
  expect(TOOK_MS).toContain(p95Ms);
  const ageMs = Date.now() - Date.parse(since as string);
  expect(ageMs).toBeGreaterThan(22.9 * 3_600_000);
  expect(ageMs).toBeLessThan(24.1 * 3_600_000);
});

test("what several processes have counted is added up, whoever writes first", async () => {
  const { id } = await anEndpoint(api, receiver.url);
  const { id: other } = await anEndpoint(api, receiver.url);
  const processes = Array.from({ length: 8 }, () => tried(aProcess(), id, 5, 5, 80, 2_000));
  processes.forEach((one) => tried(one, other, 1));
  await Promise.all(processes.map((one) => one.flush()));
  await Promise.all(processes.map((one) => tried(one, id, 7).stop()));
  expect(await healthOf(id)).toMatchObject({ attempts: 40, succeeded: 32 });
  expect(await healthOf(other)).toMatchObject({ attempts: 8, succeeded: 8, p95Ms: 1 });
  // Nothing is left to be added.
  await Promise.all(processes.map((one) => one.flush()));
  expect(await healthOf(id)).toMatchObject({ attempts: 40 });
});

test.each([
  ["95 of 100 were quick", [...Array<number>(95).fill(40), ...Array<number>(5).fill(9_000)], 40],
  ["94 of 100 were quick", [...Array<number>(94).fill(40), ...Array<number>(6).fill(9_000)], 9_000],
  ["there was one", [0], 0],
  ["one took longer than there are steps", [60_000], 16_384],
])("95 of 100 took no longer, where %s", async (_which, tookMs, trueMs) => {
  const { id } = await anEndpoint(api, receiver.url);
  await tried(aProcess(), id, ...tookMs).flush();
  const p95Ms = (await healthOf(id))?.p95Ms ?? NaN;
  expect(p95Ms).toBeGreaterThanOrEqual(trueMs);
  expect(p95Ms).toBeLessThanOrEqual(Math.max(1, trueMs * 1.2));
});

test("hours from before yesterday do not count, and go when the endpoint is tried again", async () => {
  const { id } = await anEndpoint(api, receiver.url);
  await tried(aProcess(), id, 5).flush();
  const ago = (hours: number) => api.db.raw(`hour - interval '${String(hours)} hours'`);
  await hoursOf(id).update({ hour: ago(24) });
  expect(await healthOf(id)).toMatchObject({ attempts: 0, p95Ms: null });
  await tried(aProcess(), id, 5).flush();
  expect(await hoursOf(id)).toHaveLength(2);
  await hoursOf(id).update({ hour: ago(60) });
  await tried(aProcess(), id, 5).flush();
  expect(await hoursOf(id)).toHaveLength(1);
  expect(await healthOf(id)).toMatchObject({ attempts: 1 });
});

test("what cannot be added now is added later", async () => {
  const { id } = await anEndpoint(api, receiver.url);
  const impatient = connect({
    url: api.databaseUrl,
    poolMax: 1,
    applicationName: "oncepay impatient",
    lockTimeoutMs: 20,
  });
  const log = createLog("test", "silent");
  const hours = tried(createEndpointHours({ db: impatient, log }), id, 5, 5);
  await api.db.transaction(async (tx) => {
    await tx.raw("lock table webhook_endpoint_hours in access exclusive mode");
    await hours.flush();
  });
  expect(await healthOf(id)).toMatchObject({ attempts: 0 });
  await tried(hours, id, 5).flush();
  expect(await healthOf(id)).toMatchObject({ attempts: 3, succeeded: 3 });
  await impatient.destroy();
});
