import { startTestNetwork, until, type TestNetwork } from "./network";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterAll(() => network.close());

test("charges a card, keeps its fee, and shows one capture", async () => {
  const { status, body } = await network.charge("ref_charge");
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: "succeeded", operation: "charge", amount: 1_000, fee: 59 });
  const movements = await network.movements("ref_charge");
  expect(movements).toEqual([
    {
      id: expect.stringMatching(/^mov_/),
      kind: "capture",
      amount: 1_000,
      currency: "USD",
      reference: "ref_charge",
      chargeId: body.charge_id,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    },
  ]);
});

test.each([
  ["pm_card_chargeDeclined", "card_declined", "generic_decline", true],
  ["pm_card_chargeDeclinedLostCard", "card_declined", "lost_card", true],
  ["pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card", true],
  ["pm_card_chargeDeclinedFraudulent", "card_declined", "fraudulent", true],
  ["pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", false],
  ["pm_card_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded", false],
  ["pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", false],
  ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", false],
  ["pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", false],
  ["pm_card_nobodyKnows", "invalid_payment_method", undefined, false],
  ["tok_visa", "invalid_payment_method", undefined, false],
])("declines %s and moves nothing", async (source, code, declineCode, hard) => {
  const reference = `ref_${source}`;
  const { body } = await network.charge(reference, { source });
  expect(body).toMatchObject({ status: "declined", code });
  expect(body.decline_code).toBe(declineCode);
  expect(body.advice_code === "do_not_try_again").toBe(hard);
  expect((await network.lookUp(reference)).body).toMatchObject({ status: "declined", code });
  expect(await network.movements(reference)).toEqual([]);
});

test("charges twice when it is asked twice, and the lookup says so", async () => {
  const first = await network.charge("ref_twice");
  const second = await network.charge("ref_twice");
  expect(second.body.charge_id).not.toBe(first.body.charge_id);
  expect(await network.movements("ref_twice")).toHaveLength(2);
  const found = await network.lookUp("ref_twice");
  expect(found.body).toMatchObject({ charge_id: first.body.charge_id, count: 2 });
  const stats = (await network.get("/admin/stats")).body;
  expect(stats.requestsByReference.max).toBe(2);
});

test("captures an authorisation in parts until the final one", async () => {
  await network.authorize("ref_parts");
  const first = await network.capture("ref_parts", { reference: "p1", amount: 300, final: false });
  expect(first.body).toMatchObject({ status: "succeeded", amount: 300, fee: 39 });
  const tooMuch = { reference: "p2", amount: 701, final: false };
  expect((await network.capture("ref_parts", tooMuch)).body).toMatchObject({
    status: "declined",
    code: "amount_too_large",
    advice_code: "do_not_try_again",
  });
  await network.capture("ref_parts", { reference: "p3", amount: 200, final: true });
  const afterFinal = { reference: "p4", amount: 1, final: false };
  expect((await network.capture("ref_parts", afterFinal)).body.status).toBe("declined");
  expect((await network.voidCharge("ref_parts", "p5")).body.code).toBe("nothing_to_void");
  const kinds = (await network.movements()).filter((row) => /^p\d|ref_parts/.test(row.reference));
  expect(kinds.map((row) => [row.kind, row.amount])).toEqual([
    ["authorize", 1_000],
    ["capture", 300],
    ["capture", 200],
  ]);
});

test("voids what is left of an authorisation, once", async () => {
  await network.authorize("ref_void");
  await network.capture("ref_void", { reference: "v1", amount: 400, final: false });
  expect((await network.voidCharge("ref_void", "v2")).body).toMatchObject({
    status: "succeeded",
    amount: 600,
  });
  expect((await network.voidCharge("ref_void", "v3")).body.code).toBe("nothing_to_void");
  expect((await network.lookUp("v2")).body).toMatchObject({ operation: "void", amount: 600 });
});

test("refunds no more than was captured, however many ask at once", async () => {
  await network.charge("ref_refunds");
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      network.refund("ref_refunds", { reference: `many_${index}`, amount: 300 }),
    ),
  );
  const approved = replies.filter((reply) => reply.body.status === "succeeded");
  expect(approved).toHaveLength(3);
  const refused = replies.find((reply) => reply.body.status === "declined");
  expect(refused?.body.code).toBe("amount_too_large");
});

test("refuses what acts on a charge it does not know, or in another currency", async () => {
  const unknown = await network.refund("ref_nowhere", { reference: "rn", amount: 1 });
  expect(unknown.body).toMatchObject({ status: "declined", code: "charge_not_found" });
  await network.charge("ref_dollars");
  const euros = { reference: "re_eur", amount: 1, currency: "EUR" };
  expect((await network.refund("ref_dollars", euros)).body.code).toBe("currency_mismatch");
});

test("knows nothing under a reference it has not seen", async () => {
  const { status, body } = await network.lookUp("ref_unseen");
  expect(status).toBe(404);
  expect(body).toMatchObject({ found: false, error: { code: "not_found" } });
});

test("says that it is still working on a request that has not been decided", async () => {
  await network.setLatency(3_000);
  const charging = network.charge("ref_slow");
  await until(async () => (await network.lookUp("ref_slow")).body.status === "processing");
  expect(await network.movements("ref_slow")).toEqual([]);
  expect((await charging).body.status).toBe("succeeded");
  await network.setLatency(0);
});

test.each([
  ["no JSON", "{"],
  ["an amount that is no integer", { amount: 1.5 }],
  ["no amount", { amount: 0 }],
  ["an amount beyond what a double holds", { amount: 2 ** 53 }],
  ["a reference with spaces", { reference: "a b" }],
  ["no currency", { currency: "dollars" }],
  ["a return address that is a script", { return_url: "javascript:alert(1)" }],
])("answers 400 to %s", async (_what, overrides) => {
  const body = { reference: "bad", amount: 1, currency: "USD", source: "pm_card_visa" };
  const response = await fetch(`${network.url}/v1/charges`, {
    method: "POST",
    body:
      typeof overrides === "string"
        ? overrides
        : JSON.stringify({ ...body, capture: true, ...overrides }),
  });
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe("invalid_request");
  expect(error.message).not.toBe("");
  expect(await network.movements("bad")).toEqual([]);
});

test("refuses a body that is too large, and lives", async () => {
  const body = "x".repeat(200_000);
  const sent = fetch(`${network.url}/v1/charges`, { method: "POST", body });
  // Depending on who is first, the client sees the answer or the closed connection.
  const status = await sent.then((response) => response.status).catch(() => 413);
  expect(status).toBe(413);
  expect((await network.get("/health/live")).status).toBe(200);
});

test("lives through an outage", async () => {
  await network.post("/admin/outage", { mode: "refuse" });
  await expect(network.charge("ref_outage")).rejects.toThrow();
  expect((await network.get("/health/live")).status).toBe(200);
  await network.post("/admin/outage", { mode: "off" });
  expect(await network.movements("ref_outage")).toEqual([]);
  expect((await network.charge("ref_outage")).body.status).toBe("succeeded");
});
