import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { verifySandboxWebhook } from "../../src/processors/sandbox/verify-webhook";
import { PATIENCE_MS } from "../support/patience";
import { startTestNetwork, until, type TestNetwork } from "./network";

let network: TestNetwork;
let receiver: Server;
let received: { body: string; signature: string | undefined }[] = [];
let statuses: number[] = [];

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const signature = request.headers["sandbox-signature"];
      received.push({ body: Buffer.concat(chunks).toString(), signature: signature?.toString() });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  network = await startTestNetwork({ webhookUrl: `http://127.0.0.1:${port}/hooks?from=network` });
});
afterEach(async () => {
  const calm = { duplicateRate: 0, delayMinMs: 0, delayMaxMs: 0, shuffle: false };
  await network.post("/admin/webhooks", calm);
  received = [];
  statuses = [];
});
afterAll(async () => {
  await network.close();
  await new Promise((resolve) => receiver.close(resolve));
});

function verified() {
  return received.map(({ body, signature }) =>
    verifySandboxWebhook({
      secrets: ["whsec_test"],
      header: signature,
      body,
      nowMs: Date.now(),
      toleranceMs: PATIENCE_MS,
    }),
  );
}

test("announces each outcome, signed", async () => {
  await network.charge("wh_ok");
  await network.charge("wh_no", { source: "pm_card_chargeDeclined" });
  await network.charge("wh_3ds", { source: "pm_card_threeDSecureRequired" });
  await network.refund("wh_ok", { reference: "wh_re", amount: 400 });
  await until(() => received.length === 4);
  const events = verified().map((event) => [event.type, event.reference, event.outcome.kind]);
  expect(events.sort()).toEqual([
    ["charge.failed", "wh_no", "declined"],
    ["charge.requires_action", "wh_3ds", "action_required"],
    ["charge.succeeded", "wh_ok", "approved"],
    ["refund.succeeded", "wh_re", "approved"],
  ]);
});

test("brings the news of a charge whose answer was lost", async () => {
  await network.setFault({ fault: "lose_response", rate: 1, count: 1 });
  await expect(network.charge("wh_lost")).rejects.toThrow();
  await until(() => received.length === 1);
  expect(verified()[0]).toMatchObject({ reference: "wh_lost", outcome: { kind: "approved" } });
});

test("sends again what was not taken, the same bytes", async () => {
  statuses = [500, 302, 200];
  await network.charge("wh_again");
  await until(() => received.length === 3);
  expect(new Set(received.map((hook) => hook.body)).size).toBe(1);
});

test("gives up after five more tries", async () => {
  const before = (await network.get("/admin/stats")).body.webhooks.abandoned;
  statuses = [500, 500, 500, 500, 500, 500];
  await network.charge("wh_never");
  const abandoned = async () =>
    (await network.get("/admin/stats")).body.webhooks.abandoned > before;
  await until(abandoned);
  expect(received).toHaveLength(6);
});

test("sends twice, late and out of order when it is told to", async () => {
  const careless = { duplicateRate: 1, delayMinMs: 0, delayMaxMs: 60, shuffle: true };
  await network.post("/admin/webhooks", careless);
  for (let index = 0; index < 12; index += 1) await network.charge(`wh_order_${index}`);
  await until(() => received.length === 24);
  const ids = verified().map((event) => event.eventId);
  expect(new Set(ids).size).toBe(12);
  expect(ids).not.toEqual([...ids].sort());
});

test("sends nothing when it is switched off", async () => {
  await network.post("/admin/webhooks", { enabled: false });
  await network.charge("wh_silent");
  await network.post("/admin/webhooks", { enabled: true });
  await network.charge("wh_loud");
  await until(() => received.length === 1);
  expect(verified()[0]?.reference).toBe("wh_loud");
});

test("lets a refund fail after it had succeeded", async () => {
  await network.setLatency(0, 0, 30);
  await network.charge("wh_fail", { source: "pm_card_refundFail" });
  const refund = await network.refund("wh_fail", { reference: "wh_fail_re", amount: 1_000 });
  expect(refund.body.status).toBe("succeeded");
  await until(() => received.length === 3);
  expect(verified().find(({ type }) => type === "refund.failed")).toMatchObject({
    outcome: { kind: "declined", code: "refund_failed" },
  });
  const movements = await network.movements("wh_fail_re");
  expect(movements.map((row) => row.kind)).toEqual(["refund", "reverse"]);
  expect((await network.lookUp("wh_fail_re")).body.code).toBe("refund_failed");
});

test("decides some refunds later, over a restart, and holds their amount meanwhile", async () => {
  await network.setLatency(0, 0, 600_000);
  await network.charge("wh_pend", { source: "pm_card_pendingRefund" });
  const refund = await network.refund("wh_pend", { reference: "wh_pend_re", amount: 700 });
  expect(refund.body.status).toBe("processing");
  const tooMuch = await network.refund("wh_pend", { reference: "wh_pend_more", amount: 301 });
  expect(tooMuch.body.code).toBe("amount_too_large");
  expect(await network.movements("wh_pend_re")).toEqual([]);
  await network.restart();
  await until(async () => (await network.movements("wh_pend_re")).length === 1);
  expect((await network.lookUp("wh_pend_re")).body.status).toBe("succeeded");
});

test("a reversal of a refund that is not decided yet gives its amount free", async () => {
  await network.setLatency(0, 0, 600_000);
  await network.charge("wh_undecided", { source: "pm_card_pendingRefund" });
  await network.refund("wh_undecided", { reference: "wh_undecided_re", amount: 700 });
  await network.reverse("wh_undecided_re");
  expect((await network.lookUp("wh_undecided_re")).body.status).toBe("reversed");
  const whole = await network.refund("wh_undecided", { reference: "wh_whole", amount: 1_000 });
  expect(whole.body.status).toBe("processing");
});
