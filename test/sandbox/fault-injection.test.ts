import { PATIENCE_MS } from "../support/patience";
import { startTestNetwork, type TestNetwork } from "./network";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterEach(() => network.call("DELETE", "/admin/faults"));
afterAll(() => network.close());

/** What the client gets, and how often money moved. */
async function observe(reference: string, patienceMs = PATIENCE_MS): Promise<[string, number]> {
  const request = fetch(`${network.url}/v1/charges`, {
    method: "POST",
    body: JSON.stringify({
      reference,
      amount: 500,
      currency: "USD",
      source: "pm_card_visa",
      capture: true,
    }),
    signal: AbortSignal.timeout(patienceMs),
  });
  const answer = await request.then(
    (response) => String(response.status),
    (error: Error) => error.name,
  );
  return [answer, (await network.movements(reference)).length];
}

test.each([
  ["lose_response", "TypeError", 1],
  ["lose_request", "TypeError", 0],
  ["hang", "TimeoutError", 1],
  ["error_after", "500", 1],
  ["reset", "TypeError", 0],
])("%s: the client sees %s, and %d moved", async (fault, seen, moved) => {
  await network.setFault({ fault, rate: 1, count: 1 });
  const patienceMs = fault === "hang" ? 2_000 : PATIENCE_MS;
  expect(await observe(`fault_${fault}`, patienceMs)).toEqual([seen, moved]);
  const { body } = await network.get("/admin/faults");
  expect(body.faults).toEqual([{ fault, rate: 1, count: 1, seed: 1, fired: 1 }]);
  expect(await observe(`after_${fault}`)).toEqual(["200", 1]);
});

test("befalls only the operation it names", async () => {
  await network.setFault({ fault: "error_after", rate: 1, operation: "refund" });
  expect((await network.charge("named")).status).toBe(200);
  expect((await network.refund("named", { reference: "named_re", amount: 1 })).status).toBe(500);
  expect((await network.lookUp("named_re")).body.status).toBe("succeeded");
});

test("loses the answer to a reversal, which has happened", async () => {
  await network.charge("lost_reversal");
  await network.setFault({ fault: "lose_response", rate: 1, operation: "reverse" });
  await expect(network.reverse("lost_reversal")).rejects.toThrow();
  expect((await network.lookUp("lost_reversal")).body.status).toBe("reversed");
});

test("is switched off again", async () => {
  await network.setFault({ fault: "reset", rate: 1 });
  const { body } = await network.call("DELETE", "/admin/faults");
  expect(body.faults).toEqual([]);
  expect((await network.charge("well_behaved")).status).toBe(200);
});

test.each([
  ["/admin/faults", { fault: "explode", rate: 1 }],
  ["/admin/faults", { fault: "hang", rate: 2 }],
  ["/admin/faults", { fault: "hang", rate: 1, operation: "everything" }],
  ["/admin/faults", { fault: "hang", rate: 1, often: 3 }],
  ["/admin/latency", { minMs: 5, maxMs: 1 }],
  ["/admin/latency", { minMs: -1, maxMs: 1 }],
  ["/admin/outage", { mode: "sometimes" }],
  ["/admin/webhooks", { url: "ftp://example.com" }],
])("answers 400 to a bad order to %s: %j", async (path, body) => {
  const reply = await network.post(path, body);
  expect(reply.status).toBe(400);
  expect(reply.body.error.message).not.toBe("");
});

test("counts what happened", async () => {
  const { body } = await network.get("/admin/stats");
  expect(body.requests.charge).toBeGreaterThan(10);
  expect(body.faultsFired.reset).toBe(1);
  expect(body.concurrency.max).toBeGreaterThanOrEqual(1);
  expect(body.movements.capture).toBe(
    (await network.movements()).filter((row) => row.kind === "capture").length,
  );
});
