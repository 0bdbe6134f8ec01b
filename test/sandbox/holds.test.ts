import { startTestNetwork, until, type TestNetwork } from "./network";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterAll(() => network.close());

const DAY_MS = 24 * 3_600_000;

async function aBriefHold(reference: string): Promise<void> {
  const source = "pm_card_holdForASecond";
  const { body } = await network.charge(reference, { source, capture: false });
  expect(body.status).toBe("succeeded");
  await until(() => Date.now() >= Date.parse(body.authorization_expires_at));
}

test("says until when it holds, and nothing of the kind for what is captured", async () => {
  const { body } = await network.authorize("hold_week");
  const lifetimeMs = Date.parse(body.authorization_expires_at) - Date.parse(body.created);
  expect(lifetimeMs).toBe(7 * DAY_MS);
  expect((await network.lookUp("hold_week")).body).toEqual(body);
  expect((await network.charge("hold_none")).body.authorization_expires_at).toBeUndefined();
});

test("lets go of what is not captured in time, and refuses to capture or void it", async () => {
  await aBriefHold("hold_over");
  const capture = await network.capture("hold_over", { reference: "hold_over_cap", amount: 400 });
  expect(capture.body).toMatchObject({ status: "declined", code: "authorization_expired" });
  const voided = await network.voidCharge("hold_over", "hold_over_void");
  expect(voided.body).toMatchObject({ status: "declined", code: "authorization_expired" });
  expect(await network.movements("hold_over_cap")).toEqual([]);
  expect(await network.movements("hold_over_void")).toEqual([]);
  await network.restart();
  const again = await network.capture("hold_over", { reference: "hold_over_again", amount: 1 });
  expect(again.body).toMatchObject({ status: "declined", code: "authorization_expired" });
});

test("keeps what was captured in time, which can be refunded for ever", async () => {
  const source = "pm_card_holdForAMinute";
  await network.charge("hold_part", { source, capture: false });
  await network.capture("hold_part", { reference: "hold_part_cap", amount: 1_000 });
  const refund = await network.refund("hold_part", { reference: "hold_part_ref", amount: 1_000 });
  expect(refund.body.status).toBe("succeeded");
});

test("is nowhere to be found once it is reversed, although it had expired", async () => {
  await aBriefHold("hold_reversed");
  await network.reverse("hold_reversed");
  const kinds = (await network.movements("hold_reversed")).map(({ kind }) => kind);
  expect(kinds).toEqual(["authorize", "reverse"]);
});
