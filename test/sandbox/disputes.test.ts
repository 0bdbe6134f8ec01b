import { type ReceivedWebhook, type TestReceiver, startReceiver } from "../support/receiver";
import { type TestNetwork, startTestNetwork, until } from "./network";

let network: TestNetwork;
let receiver: TestReceiver;

beforeAll(async () => {
  receiver = await startReceiver();
  network = await startTestNetwork({ webhookUrl: receiver.url });
});
afterAll(async () => {
  await network.close();
  await receiver.close();
});

const open = (order: object) => network.post("/admin/disputes", order);
const decide = (id: string, outcome: string) => network.post(`/admin/disputes/${id}`, { outcome });
const of = async (reference: string) =>
  (await network.get(`/admin/disputes?reference=${reference}`)).body.disputes;

interface Event {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const eventsOf = (id: string): Event[] =>
  receiver.received
    .map(({ body }: ReceivedWebhook) => JSON.parse(body) as Event)
    .filter(({ data }) => data["id"] === id);

test("a dispute takes all that is left of a charge, for a fee, and is announced", async () => {
  await network.charge("dsp_whole");
  const { status, body } = await open({ reference: "dsp_whole", reason: "duplicate" });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: "open",
    reference: "dsp_whole",
    amount: 1_000,
    currency: "USD",
    fee: 1_500,
    reason: "duplicate",
    closedAt: null,
  });
  await until(() => eventsOf(body.id).length === 1);
  expect(eventsOf(body.id)[0]).toMatchObject({
    type: "dispute.created",
    data: { reference: "dsp_whole", status: "open", amount: 1_000, fee: 1_500, closed_at: null },
  });
  const refund = await network.refund("dsp_whole", { reference: "dsp_whole_re", amount: 1 });
  expect(refund.body).toMatchObject({ status: "declined", code: "amount_too_large" });
  // What moves for a dispute is no movement under the charge's reference.
  expect((await network.movements("dsp_whole")).map(({ kind }) => kind)).toEqual(["capture"]);
});

test("what is won can be refunded again, what is lost cannot, and nothing is decided twice", async () => {
  await network.charge("dsp_two");
  const won = (await open({ reference: "dsp_two", amount: 300 })).body;
  const lost = (await open({ reference: "dsp_two", amount: 200 })).body;
  expect((await decide(won.id, "won")).body).toMatchObject({ status: "won" });
  expect((await decide(lost.id, "lost")).body).toMatchObject({ status: "lost" });
  expect((await decide(won.id, "lost")).status).toBe(409);
  expect((await decide(won.id, "won")).status).toBe(200);
  await until(() => eventsOf(won.id).length === 2 && eventsOf(lost.id).length === 2);
  expect(eventsOf(won.id).map(({ type }) => type)).toEqual(["dispute.created", "dispute.won"]);
  const more = await network.refund("dsp_two", { reference: "dsp_two_more", amount: 801 });
  expect(more.body.status).toBe("declined");
  const all = await network.refund("dsp_two", { reference: "dsp_two_all", amount: 800 });
  expect(all.body.status).toBe("succeeded");
  expect((await of("dsp_two")).map((dispute: { status: string }) => dispute.status)).toEqual([
    "won",
    "lost",
  ]);
});

test("only what was captured and is not given back can be disputed", async () => {
  const authorized = (await network.authorize("dsp_held")).body;
  expect((await open({ reference: "dsp_held" })).status).toBe(409);
  await network.capture("dsp_held", { reference: "dsp_held_cp", amount: 600, final: false });
  await network.refund("dsp_held", { reference: "dsp_held_re", amount: 100 });
  expect((await open({ chargeId: authorized.charge_id, amount: 501 })).status).toBe(409);
  expect((await open({ chargeId: authorized.charge_id, amount: 500 })).status).toBe(200);
  expect((await open({ reference: "dsp_held" })).status).toBe(409);
  expect((await open({ reference: "nobody" })).status).toBe(404);
  expect((await open({ reference: "dsp_held", reason: "none" })).status).toBe(400);
  expect((await decide("dsp_none", "won")).status).toBe(404);
});

test("one card's charges are disputed by themselves, once, and all of it outlives a restart", async () => {
  await network.setLatency(0, 0, 20);
  await network.charge("dsp_card", { source: "pm_card_createDispute" });
  await until(async () => (await of("dsp_card")).length === 1);
  const [dispute] = await of("dsp_card");
  expect(dispute).toMatchObject({ status: "open", amount: 1_000, reason: "fraudulent" });
  await network.restart();
  expect(await of("dsp_card")).toEqual([dispute]);
  await decide(dispute.id, "won");
  await network.restart();
  const [decided] = await of("dsp_card");
  expect(decided).toMatchObject({ id: dispute.id, status: "won" });
  // The schedule of what was captured before the restart has run again by now.
  const refund = await network.refund("dsp_card", { reference: "dsp_card_re", amount: 1_000 });
  expect(refund.body.status).toBe("succeeded");
});
