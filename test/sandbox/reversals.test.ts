import { startTestNetwork, until, type TestNetwork } from "./network";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterAll(() => network.close());

async function kinds(reference: string): Promise<string> {
  const movements = await network.movements(reference);
  return movements.map((movement) => `${movement.kind} ${movement.amount}`).join(", ");
}

test("undoes a charge once, however often it is asked", async () => {
  await network.charge("rev_charge");
  const replies = await Promise.all([1, 2, 3].map(() => network.reverse("rev_charge")));
  for (const reply of replies)
    expect(reply).toMatchObject({ status: 200, body: { status: "reversed" } });
  expect(await kinds("rev_charge")).toBe("capture 1000, reverse 1000");
  expect((await network.lookUp("rev_charge")).body.status).toBe("reversed");
  const refund = await network.refund("rev_charge", { reference: "rev_refund", amount: 1 });
  expect(refund.body.status).toBe("declined");
});

test("undoes both of two charges under one reference", async () => {
  await network.charge("rev_two");
  await network.charge("rev_two");
  await network.reverse("rev_two");
  expect(await kinds("rev_two")).toBe("capture 1000, capture 1000, reverse 1000, reverse 1000");
});

test("undoes one of two movements by its own id, once, and no other", async () => {
  await network.charge("rev_one");
  await network.charge("rev_one");
  const [first, second] = await network.movements("rev_one");
  const undo = (id: string, reference = "rev_one") =>
    network.post(`/v1/movements/${id}/reverse`, { reference });
  for (let asked = 0; asked < 2; asked += 1) {
    expect(await undo(String(second?.id))).toMatchObject({
      status: 200,
      body: { status: "reversed", movement_id: second?.id },
    });
    expect(await kinds("rev_one")).toBe("capture 1000, capture 1000, reverse 1000");
    // It knows from its books alone.
    await network.restart();
  }
  expect((await network.lookUp("rev_one")).body).toMatchObject({
    status: "succeeded",
    charge_id: first?.chargeId,
  });
  const refund = await network.refund("rev_one", { reference: "rev_one_refund", amount: 1 });
  expect(refund.body.status).toBe("succeeded");
  // Part of it has been refunded: it is not there to be taken back whole.
  expect((await undo(String(first?.id))).status).toBe(409);
  expect((await undo(String(first?.id), "rev_charge")).status).toBe(404);
  expect((await undo("mov_of_nobody")).status).toBe(404);
});

test("stops a request that is still under way", async () => {
  await network.setLatency(3_000);
  const charging = network.charge("rev_early");
  await until(async () => (await network.lookUp("rev_early")).body.status === "processing");
  expect((await network.reverse("rev_early")).status).toBe(200);
  expect((await charging).body.status).toBe("reversed");
  expect(await kinds("rev_early")).toBe("");
  await network.setLatency(0);
});

test("stops a request that arrives later, and remembers that over a restart", async () => {
  expect((await network.reverse("rev_late")).body.status).toBe("reversed");
  expect((await network.lookUp("rev_late")).body.status).toBe("reversed");
  await network.restart();
  expect((await network.lookUp("rev_late")).body.status).toBe("reversed");
  expect((await network.charge("rev_late")).body.status).toBe("reversed");
  expect(await kinds("rev_late")).toBe("");
});

test("gives back only what was not refunded already", async () => {
  await network.charge("rev_rest");
  await network.refund("rev_rest", { reference: "rev_rest_refund", amount: 400 });
  await network.reverse("rev_rest");
  expect(await kinds("rev_rest")).toBe("capture 1000, reverse 600");
});

test("holds again what a reversed final capture had released", async () => {
  await network.authorize("rev_auth");
  await network.capture("rev_auth", { reference: "rev_cap", amount: 300, final: true });
  await network.reverse("rev_cap");
  const again = await network.capture("rev_auth", { reference: "rev_cap2", amount: 1_000 });
  expect(again.body.status).toBe("succeeded");
});

test("lets a reversed refund be tried anew", async () => {
  await network.charge("rev_re");
  await network.refund("rev_re", { reference: "rev_re_1", amount: 1_000 });
  await network.reverse("rev_re_1");
  expect(await kinds("rev_re_1")).toBe("refund 1000, reverse 1000");
  const again = await network.refund("rev_re", { reference: "rev_re_2", amount: 1_000 });
  expect(again.body.status).toBe("succeeded");
});

test("holds again what a reversed void had released", async () => {
  await network.authorize("rev_vo");
  await network.voidCharge("rev_vo", "rev_vo_1");
  await network.reverse("rev_vo_1");
  const capture = await network.capture("rev_vo", { reference: "rev_vo_2", amount: 1_000 });
  expect(capture.body.status).toBe("succeeded");
});

test("releases a reversed authorisation", async () => {
  await network.authorize("rev_hold");
  await network.reverse("rev_hold");
  expect(await kinds("rev_hold")).toBe("authorize 1000, reverse 1000");
  const capture = await network.capture("rev_hold", { reference: "rev_hold_cap", amount: 1 });
  expect(capture.body.status).toBe("declined");
});

test("a decline stays without effect when it is reversed", async () => {
  await network.charge("rev_no", { source: "pm_card_chargeDeclined" });
  expect((await network.reverse("rev_no")).status).toBe(200);
  expect(await kinds("rev_no")).toBe("");
});
