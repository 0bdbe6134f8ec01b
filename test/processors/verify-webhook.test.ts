import { verifySandboxWebhook } from "../../src/processors/sandbox/verify-webhook";
import { signWebhook } from "../../src/sandbox/webhook-signature";

const NOW = 1_800_000_000_000;
const SECRET = "whsec_one";
const BODY = JSON.stringify({
  id: "wev_1",
  type: "charge.succeeded",
  created: new Date(NOW).toISOString(),
  data: { reference: "att_1", status: "succeeded", charge_id: "ch_1", amount: 5, fee: 5 },
});

function verify(overrides: Partial<Parameters<typeof verifySandboxWebhook>[0]> = {}) {
  return verifySandboxWebhook({
    secrets: [SECRET],
    header: signWebhook(SECRET, BODY, NOW),
    body: BODY,
    nowMs: NOW,
    toleranceMs: 300_000,
    ...overrides,
  });
}

test("reads what the network signed", () => {
  expect(verify()).toEqual({
    eventId: "wev_1",
    type: "charge.succeeded",
    reference: "att_1",
    outcome: { kind: "approved", processorChargeId: "ch_1", amountMinor: 5, feeMinor: 5 },
  });
});

test.each([
  ["another body", { body: `${BODY} ` }],
  ["another secret", { secrets: ["whsec_two"] }],
  ["no secret", { secrets: [""], header: signWebhook("", BODY, NOW) }],
  ["no header", { header: undefined }],
  ["a malformed header", { header: "v1=abc" }],
  ["a signature of another length", { header: "t=1800000000,v1=abcd" }],
  ["an old signature", { nowMs: NOW + 301_000 }],
  ["a signature from the future", { nowMs: NOW - 301_000 }],
  ["a body that is no event", { body: "{}", header: signWebhook(SECRET, "{}", NOW) }],
  ["a body that is no JSON", { body: "{", header: signWebhook(SECRET, "{", NOW) }],
])("throws at %s", (_what, overrides) => {
  expect(() => verify(overrides)).toThrow();
});

test("an outcome it cannot understand is unknown, not an error: the event is still news", () => {
  const body = JSON.stringify({ id: "wev_2", type: "x.y", data: { reference: "att_1" } });
  expect(verify({ body, header: signWebhook(SECRET, body, NOW) }).outcome.kind).toBe("unknown");
});
