import type { NetworkDispute } from "../../src/audit/compare-disputes";
import { configureFailpoints } from "../../src/failpoints";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { signWebhook } from "../../src/sandbox/webhook-signature";
import { REFUND_INTENT, type TestApi, makePaid, newKey, startTestApi } from "../support/api";
import { chargeOf, decideAtNetwork, effectsOf, openAtNetwork } from "../support/disputes";
import { theIntent } from "../support/factories";
import { type ReceivedWebhook, type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/*
 * Disputes on their whole way: opened at the card network, announced by its webhooks, stored, applied, and told to the
 * merchant. Between the network and the API stands a postman, who keeps what he is given until he is told to deliver it:
 * late, twice, in another order or with another's signature.
 */

const SECRET = "what the sandbox signs with";

let api: TestApi;
let postman: TestReceiver;
/** The merchant's own endpoint. */
let shop: TestReceiver;
beforeAll(async () => {
  const settings = { ONCEPAY_SANDBOX_WEBHOOK_SECRET: SECRET };
  [api, postman, shop] = await Promise.all([
    startTestApi(settings),
    startReceiver(),
    startReceiver(),
  ]);
  await api.sandbox.post("/admin/webhooks", { url: postman.url, secret: SECRET });
});
afterEach(() => configureFailpoints(undefined));
afterAll(async () => {
  await postman.close();
  await shop.close();
  await api.stop();
});

type Verb = "created" | "won" | "lost";

/** What the network has announced, as the postman has it. */
function letter(dispute: Pick<NetworkDispute, "id">, verb: Verb): Promise<ReceivedWebhook> {
  return waitFor(`dispute.${verb}`, () =>
    postman.received.find(({ body }) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { id?: string } };
      return type === `dispute.${verb}` && data.id === dispute.id;
    }),
  );
}

async function deliver(body: string, signature: unknown): Promise<number> {
  const response = await fetch(`${api.server.url}/processors/sandbox/webhooks`, {
    method: "POST",
    headers: { "content-type": "application/json", "sandbox-signature": String(signature) },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

/** Delivers one and has it applied. */
async function tell(dispute: Pick<NetworkDispute, "id">, verb: Verb): Promise<void> {
  const { body, headers } = await letter(dispute, verb);
  expect(await deliver(body, headers["sandbox-signature"])).toBe(200);
  await applyProcessorWebhooks(api.app, 100);
}

async function opened(id: string, order: { amount?: number } = {}): Promise<NetworkDispute> {
  const dispute = await openAtNetwork(api, id, order);
  await tell(dispute, "created");
  return dispute;
}

async function decided(dispute: NetworkDispute, outcome: "won" | "lost"): Promise<void> {
  await decideAtNetwork(api, dispute, outcome);
  await tell(dispute, outcome);
}

const paid = async (amount = 1_000): Promise<string> => (await makePaid(api, { amount })).id;
const amountsOf = async (id: string) => {
  const intent = await theIntent(api, api.merchant.id, id);
  const { amountCaptured, amountRefunded, amountRefundable, amountDisputed, status } = intent;
  return { status, amountCaptured, amountRefunded, amountRefundable, amountDisputed };
};
const disputesOf = (id: string): Promise<{ status: string; version: number; amount: number }[]> =>
  api
    .db("disputes")
    .where({ payment_intent_id: id })
    .orderBy("id")
    .select("status", "version", "amount");
const refund = (id: string, amount?: number, key = newKey()) =>
  api.send({
    query: REFUND_INTENT,
    variables: { input: { paymentIntentId: id, ...(amount !== undefined && { amount }) }, key },
  });
async function applyAgain(): Promise<void> {
  await api.db.raw("update inbox set next_at = now() where next_at is not null");
  await applyProcessorWebhooks(api.app, 100);
}
async function balances(): Promise<Record<string, number>> {
  const { data } = await api.send({
    query: `{ ledgerAccounts(filter: {currencies: ["USD"]}) { edges { node { kind balance } } } }`,
  });
  const nodes = data.ledgerAccounts.edges as { node: { kind: string; balance: string } }[];
  return Object.fromEntries(nodes.map(({ node }) => [node.kind, Number(node.balance)]));
}

const SHOWN = `query ($id: ID!) { paymentIntent(id: $id) {
  amountDisputed amountRefundable version
  allowedActions { action allowed because }
  disputes { edges { node {
    id status reason amount currency fee processorDisputeId evidenceDueBy openedAt closedAt version
    paymentIntentId attemptId paymentIntent { id }
  } } }
} }`;

async function shown(id: string) {
  const { data, body } = await api.send({ query: SHOWN, variables: { id } });
  expect(body.errors).toBeUndefined();
  const { disputes, allowedActions, ...intent } = data.paymentIntent;
  const actions = allowedActions as { action: string; because: string | null }[];
  return {
    ...intent,
    refund: actions.find(({ action }) => action === "REFUND")?.because,
    disputes: disputes.edges.map(({ node }: { node: object }) => node),
  };
}

test("a dispute is opened, seen, told, won, and what it was about may be refunded again", async () => {
  const { data } = await api.send({
    query: `mutation ($input: CreateWebhookEndpointInput!, $key: String!) {
      createWebhookEndpoint(input: $input, idempotencyKey: $key) { secret }
    }`,
    variables: { input: { url: shop.url }, key: newKey() },
  });
  const { secret } = data.createWebhookEndpoint;
  const heard = async (type: string) => {
    await api.drain();
    const webhook = shop.received.find(({ body }) => JSON.parse(body).type === type);
    if (!webhook) throw new Error(`no ${type}`);
    expect(shop.verify(webhook, secret)).toMatchObject({ type });
    return JSON.parse(webhook.body);
  };
  const id = await paid();
  const before = await balances();
  const dispute = await opened(id);
  const charge = await chargeOf(api, id);
  const created = await heard("dispute.created");
  expect(created).toMatchObject({
    sequence: 1,
    data: {
      object: {
        object: "dispute",
        paymentIntentId: id,
        attemptId: charge,
        status: "OPEN",
        reason: "FRAUDULENT",
        amount: 1_000,
        currency: "USD",
        fee: 1_500,
        processorDisputeId: dispute.id,
        openedAt: dispute.openedAt,
        closedAt: null,
        version: 1,
      },
    },
  });
  expect(created.subjectId).toBe(created.data.object.id);
  expect((await heard("payment_intent.amount_disputed_updated")).data.object).toMatchObject({
    id,
    amountDisputed: 1_000,
    amountRefundable: 0,
    status: "SUCCEEDED",
  });
  expect(await shown(id)).toMatchObject({
    amountDisputed: 1_000,
    amountRefundable: 0,
    refund: "Everything captured is disputed.",
    disputes: [{ id: created.subjectId, status: "OPEN", paymentIntent: { id }, closedAt: null }],
  });
  const during = await balances();
  expect(during).toEqual({
    ...before,
    MERCHANT_BALANCE: (before.MERCHANT_BALANCE ?? 0) - 1_000,
    DISPUTES: (before.DISPUTES ?? 0) + 1_000,
    PROCESSING_FEES: (before.PROCESSING_FEES ?? 0) + 1_500,
    PROCESSOR_RECEIVABLE: (before.PROCESSOR_RECEIVABLE ?? 0) - 1_500,
  });
  const key = newKey();
  const refused = await refund(id, 100, key);
  expect(refused.error).toMatchObject({
    message: "Everything captured is disputed.",
    extensions: {
      code: "AMOUNT_TOO_LARGE",
      details: { id, because: "Everything captured is disputed.", disputed: 1_000, remaining: 0 },
    },
  });
  expect((await refund(id, 100, key)).error?.message).toBe(refused.error?.message);
  await decided(dispute, "won");
  expect(await heard("dispute.won")).toMatchObject({
    subjectId: created.subjectId,
    sequence: 2,
    data: { object: { status: "WON", version: 2, amount: 1_000 } },
  });
  expect(await balances()).toEqual({
    ...during,
    MERCHANT_BALANCE: before.MERCHANT_BALANCE,
    DISPUTES: before.DISPUTES,
  });
  expect(await shown(id)).toMatchObject({
    amountDisputed: 0,
    amountRefundable: 1_000,
    refund: null,
  });
  expect((await refund(id)).error).toBeUndefined();
  await api.drain();
  expect(await amountsOf(id)).toMatchObject({ amountRefunded: 1_000, amountDisputed: 0 });
  await decided(await opened(await paid(), { amount: 400 }), "lost");
  expect(await heard("dispute.lost")).toMatchObject({
    sequence: 2,
    data: { object: { status: "LOST", version: 2, amount: 400 } },
  });
});

test("what is lost is gone, and stays disputed", async () => {
  const id = await paid();
  const before = await balances();
  const dispute = await opened(id, { amount: 400 });
  const { version } = await shown(id);
  await decided(dispute, "lost");
  const lost = await shown(id);
  expect(lost).toMatchObject({
    amountDisputed: 400,
    amountRefundable: 600,
    refund: null,
    disputes: [{ status: "LOST", version: 2, amount: 400 }],
  });
  // Nothing about the payment itself has changed since the dispute was opened.
  expect(lost.version).toBe(version);
  expect(await balances()).toEqual({
    ...before,
    MERCHANT_BALANCE: (before.MERCHANT_BALANCE ?? 0) - 400,
    PROCESSING_FEES: (before.PROCESSING_FEES ?? 0) + 1_500,
    PROCESSOR_RECEIVABLE: (before.PROCESSOR_RECEIVABLE ?? 0) - 1_900,
  });
  expect((await refund(id, 601)).error?.extensions.details).toEqual({
    id,
    disputed: 400,
    remaining: 600,
  });
  expect((await refund(id, 600)).error).toBeUndefined();
  await api.drain();
  expect(await amountsOf(id)).toMatchObject({ amountRefunded: 600, amountRefundable: 0 });
  expect((await shown(id)).refund).toBe(
    "Everything captured that has not been refunded is disputed.",
  );
});

test("the card that is disputed by itself is, and is heard of", async () => {
  await api.sandbox.setLatency(0, 0, 5);
  const { id } = await makePaid(api, { paymentMethod: "pm_card_createDispute" });
  const dispute = await waitFor("the dispute", async () => {
    const reference = await chargeOf(api, id);
    return (await api.sandbox.disputes()).find((found) => found.reference === reference);
  });
  await tell(dispute, "created");
  expect(await amountsOf(id)).toMatchObject({ amountDisputed: 2_500, amountRefundable: 0 });
});

describe("news that comes as it likes", () => {
  test("twice, and applied again after a crash: one dispute, one effect", async () => {
    const id = await paid();
    const dispute = await openAtNetwork(api, id);
    configureFailpoints("inbox.after_apply:throw");
    await tell(dispute, "created");
    configureFailpoints(undefined);
    expect(await effectsOf(api, dispute)).toEqual(["RECEIVED"]);
    await tell(dispute, "created");
    await applyAgain();
    expect(await effectsOf(api, dispute)).toEqual(["duplicate"]);
    expect(await disputesOf(id)).toEqual([{ status: "OPEN", version: 1, amount: 1_000 }]);
    expect(await amountsOf(id)).toMatchObject({ amountDisputed: 1_000 });
  });

  test.each(["won", "lost"] as const)(
    "%s before created: both are recorded, in order",
    async (outcome) => {
      const id = await paid();
      const dispute = await openAtNetwork(api, id, { amount: 300 });
      await decideAtNetwork(api, dispute, outcome);
      await tell(dispute, outcome);
      await tell(dispute, "created");
      expect(await effectsOf(api, dispute)).toEqual(["applied", "duplicate"]);
      expect(await disputesOf(id)).toEqual([
        { status: outcome.toUpperCase(), version: 2, amount: 300 },
      ]);
      const events = await api
        .db("events as e")
        .join("disputes as d", "d.id", "e.subject_id")
        .where({ payment_intent_id: id })
        .orderBy("e.sequence")
        .select("e.type", "e.sequence");
      expect(events).toEqual([
        { type: "dispute.created", sequence: 1 },
        { type: `dispute.${outcome}`, sequence: 2 },
      ]);
      expect(await amountsOf(id)).toMatchObject({ amountDisputed: outcome === "won" ? 0 : 300 });
    },
  );

  test("one that was won, heard of after another has taken the same money: both are recorded", async () => {
    const id = await paid();
    const first = await openAtNetwork(api, id, { amount: 600 });
    await decideAtNetwork(api, first, "won");
    const second = await opened(id, { amount: 700 });
    // That money seems to be taken.
    await tell(first, "created");
    expect(await effectsOf(api, first)).toEqual(["PARKED"]);
    await tell(first, "won");
    await applyAgain();
    expect((await effectsOf(api, first)).sort()).toEqual(["applied", "duplicate"]);
    await decided(second, "lost");
    expect(await disputesOf(id)).toMatchObject([{ status: "LOST" }, { status: "WON" }]);
    expect(await amountsOf(id)).toMatchObject({ amountDisputed: 700, amountRefundable: 300 });
  });

  test("all of it at once, from two workers", async () => {
    const id = await paid();
    const dispute = await openAtNetwork(api, id);
    await decideAtNetwork(api, dispute, "won");
    const letters = await Promise.all([letter(dispute, "created"), letter(dispute, "won")]);
    await Promise.all(
      [...letters, ...letters].map(({ body, headers }) =>
        deliver(body, headers["sandbox-signature"]),
      ),
    );
    const another = api.anotherApp();
    await Promise.all([api.app, another, api.app].map((app) => applyProcessorWebhooks(app, 1)));
    await applyProcessorWebhooks(api.app, 100);
    expect(await disputesOf(id)).toEqual([{ status: "WON", version: 2, amount: 1_000 }]);
    expect(await amountsOf(id)).toMatchObject({ amountDisputed: 0, amountRefundable: 1_000 });
  });

  test("the opposite of what was decided, or another amount, changes nothing", async () => {
    const id = await paid();
    const dispute = await opened(id);
    await decided(dispute, "won");
    const { body } = await letter(dispute, "won");
    const event = JSON.parse(body) as { data: object };
    const lies = [{ status: "lost" }, { amount: 999 }, { currency: "EUR" }];
    for (const [index, lie] of lies.entries()) {
      const told = JSON.stringify({
        ...event,
        id: `wev_lie_${dispute.id}_${String(index)}`,
        data: { ...event.data, ...lie },
      });
      expect(await deliver(told, signWebhook(SECRET, told, Date.now()))).toBe(200);
    }
    await applyProcessorWebhooks(api.app, 100);
    expect((await effectsOf(api, dispute)).slice(2)).toEqual(lies.map(() => "contradiction"));
    expect(await disputesOf(id)).toEqual([{ status: "WON", version: 2, amount: 1_000 }]);
  });

  test("forged, it is refused; signed and malformed, too", async () => {
    const id = await paid();
    const dispute = await openAtNetwork(api, id);
    const { body } = await letter(dispute, "created");
    for (const secret of ["whsec_other", ""]) {
      expect(await deliver(body, signWebhook(secret || "x", body, Date.now()))).toBe(401);
    }
    expect(await deliver(`${body} `, signWebhook(SECRET, body, Date.now()))).toBe(401);
    expect(await deliver(body, signWebhook(SECRET, body, Date.now() - 3_600_000))).toBe(401);
    const event = JSON.parse(body) as { data: object };
    for (const wrong of [
      { amount: 0 },
      { amount: -1 },
      { amount: 2 ** 60 },
      { amount: "1000" },
      { fee: -1 },
      { fee: 0.5 },
      { currency: "usd" },
      { status: "drawn" },
      { id: "" },
      { id: "dsp_\u0000" },
      { opened_at: "yesterday" },
      { closed_at: dispute.openedAt },
      { reason: null },
      { evidence_due_by: "infinity" },
    ]) {
      const told = JSON.stringify({ ...event, id: "wev_wrong", data: { ...event.data, ...wrong } });
      const status = await deliver(told, signWebhook(SECRET, told, Date.now()));
      expect({ wrong, status }).toEqual({ wrong, status: 400 });
    }
    expect(await effectsOf(api, dispute)).toEqual([]);
    expect(await disputesOf(id)).toEqual([]);
    await tell(dispute, "created");
  });

  test("about a charge that nobody knows, it is parked", async () => {
    const id = await paid();
    const dispute = await opened(id);
    const event = JSON.parse((await letter(dispute, "created")).body) as { data: object };
    const data = { ...event.data, id: "dsp_nobodys", reference: "att_00000000000000000000000000" };
    const told = JSON.stringify({ ...event, id: "wev_nobodys", data });
    expect(await deliver(told, signWebhook(SECRET, told, Date.now()))).toBe(200);
    await applyProcessorWebhooks(api.app, 100);
    expect(await effectsOf(api, { id: "dsp_nobodys" })).toEqual(["PARKED"]);
  });
});

describe("amounts", () => {
  test("two disputes of one payment, decided differently", async () => {
    const id = await paid();
    const first = await opened(id, { amount: 300 });
    const second = await opened(id, { amount: 700 });
    expect(await amountsOf(id)).toMatchObject({ amountDisputed: 1_000, amountRefundable: 0 });
    await decided(first, "won");
    await decided(second, "lost");
    expect(await amountsOf(id)).toMatchObject({ amountDisputed: 700, amountRefundable: 300 });
    expect((await shown(id)).disputes).toMatchObject([{ status: "LOST" }, { status: "WON" }]);
  });

  test("a dispute after a partial refund is of what is left", async () => {
    const id = await paid();
    await refund(id, 400);
    await api.drain();
    await opened(id);
    expect(await amountsOf(id)).toEqual({
      status: "SUCCEEDED",
      amountCaptured: 1_000,
      amountRefunded: 400,
      amountRefundable: 0,
      amountDisputed: 600,
    });
    expect((await refund(id, 1)).error?.extensions.details).toMatchObject({ disputed: 600 });
  });

  test("of what is authorised, only what was captured can be disputed", async () => {
    const { id } = await makePaid(api, { amount: 1_000, captureMethod: "MANUAL" });
    const capture = (amount: number) =>
      api.send({
        query: `mutation ($input: CapturePaymentIntentInput!, $key: String!) {
          capturePaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id } }
        }`,
        variables: { input: { paymentIntentId: id, amount, final: false }, key: newKey() },
      });
    await capture(300);
    await api.drain();
    await opened(id, { amount: 200 });
    expect(await amountsOf(id)).toMatchObject({ status: "REQUIRES_CAPTURE", amountDisputed: 200 });
    // The next capture has moved money, and its answer is lost: a dispute of that money is early.
    await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "capture", count: 1 });
    await capture(700);
    await api.relayOnce();
    await api.runCharges();
    const early = await opened(id, { amount: 800 });
    expect(await effectsOf(api, early)).toEqual(["PARKED"]);
    expect(await amountsOf(id)).toMatchObject({ status: "PROCESSING", amountDisputed: 200 });
    await api.makeDue();
    await api.drain();
    await applyAgain();
    expect(await effectsOf(api, early)).toEqual(["applied"]);
    expect(await amountsOf(id)).toMatchObject({ status: "SUCCEEDED", amountDisputed: 1_000 });
  });

  test("a dispute of a charge whose answer is unknown waits for the answer", async () => {
    await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
    const { id } = await makePaid(api, { amount: 1_000 });
    expect(await amountsOf(id)).toMatchObject({ status: "PROCESSING", amountCaptured: 0 });
    const dispute = await opened(id);
    await decided(dispute, "lost");
    expect(await effectsOf(api, dispute)).toEqual(["PARKED", "PARKED"]);
    expect(await disputesOf(id)).toEqual([]);
    await api.makeDue();
    await api.drain();
    await applyAgain();
    expect((await effectsOf(api, dispute)).sort()).toEqual(["applied", "applied"]);
    expect(await amountsOf(id)).toMatchObject({ status: "SUCCEEDED", amountDisputed: 1_000 });
  });
});

describe("refunds and disputes of the same money", () => {
  test("a refund in flight is settled as it is, whichever way", async () => {
    const small = await paid();
    const large = await paid();
    await refund(small, 400);
    await refund(large, 700);
    await opened(small, { amount: 600 });
    await opened(large, { amount: 600 });
    expect(await amountsOf(small)).toMatchObject({ amountRefundable: 0 });
    // More is promised than there is; the network decides.
    expect(await amountsOf(large)).toMatchObject({ amountRefundable: 0, amountDisputed: 600 });
    await api.drain();
    expect(await amountsOf(small)).toMatchObject({ amountRefunded: 400, amountRefundable: 0 });
    expect(await amountsOf(large)).toMatchObject({ amountRefunded: 0, amountRefundable: 400 });
  });

  test("a refund that races with the opening is either before it or refused", async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      const id = await paid();
      const dispute = await openAtNetwork(api, id, { amount: 600 });
      await letter(dispute, "created");
      const [answer] = await Promise.all([refund(id, 500), tell(dispute, "created")]);
      const { amountDisputed, amountRefundable } = await amountsOf(id);
      expect(amountDisputed).toBe(600);
      if (answer.error) {
        expect(answer.error.extensions).toMatchObject({
          code: "AMOUNT_TOO_LARGE",
          details: { disputed: 600, remaining: 400 },
        });
        expect(amountRefundable).toBe(400);
      } else expect(amountRefundable).toBe(0);
      outcomes.push(answer.error ? "refused" : "reserved");
      await api.drain();
      expect(await amountsOf(id)).toMatchObject({ amountRefunded: 0, amountRefundable: 400 });
    }
    expect(outcomes).toHaveLength(10);
  });
});

test("another tenant sees nothing of it", async () => {
  const id = await paid();
  await opened(id);
  const [dispute] = (await shown(id)).disputes as { id: string }[];
  const query = `query ($id: ID!) {
    dispute(id: $id) { id } node(id: $id) { id } disputes { edges { node { id } } }
  }`;
  const ask = async (key: string) =>
    (await api.send({ query, variables: { id: dispute?.id }, key })).data;
  expect(await ask(api.stranger.secretKey)).toEqual({
    dispute: null,
    node: null,
    disputes: { edges: [] },
  });
  expect(await ask(api.merchant.secretKey)).toMatchObject({
    dispute: { id: dispute?.id },
    node: { id: dispute?.id },
  });
});
