import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { signWebhook } from "../../src/sandbox/webhook-signature";
import { CREATE_INTENT, type TestApi, newKey, startTestApi } from "../support/api";
import {
  type ConnectedAccount,
  ROTATE_ACCOUNT_SECRET,
  connectAccount,
} from "../support/processor-accounts";
import { atNetwork, attemptsOf, confirm, confirmed, movedAt, route, statusOf, to } from "./world";

/** What is signed with one account's secret is about that account's attempts, and changes nothing of any other's. */

const INSTALLATION_SECRET = "what the installation's own sandbox signs with";

let api: TestApi;
let own: ConnectedAccount;
let theirs: ConnectedAccount;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: INSTALLATION_SECRET,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  own = await connectAccount(api);
  theirs = await connectAccount(api, { key: api.stranger.secretKey });
  await route(api, [to(own)]);
  await route(api, [to(theirs)], api.stranger.secretKey);
});
afterAll(() => api.stop());

interface Told {
  readonly path: string;
  readonly secret: string;
  readonly eventId?: string;
  readonly data: object;
}

async function tell({ path, secret, eventId = newKey(), data }: Told): Promise<number> {
  const body = JSON.stringify({ id: eventId, type: "charge.told", data });
  const response = await fetch(`${api.server.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "sandbox-signature": signWebhook(secret, body, Date.now()),
    },
    body,
  });
  await response.text();
  return response.status;
}

const by = ({ webhookPath: path, webhookSecret: secret }: ConnectedAccount) => ({ path, secret });
const INSTALLATION = { path: "/processors/sandbox/webhooks", secret: INSTALLATION_SECRET };

const declined = (reference: string) => ({
  reference,
  status: "declined",
  code: "card_declined",
  message: "no",
  advice_code: "do_not_try_again",
});
const approved = (reference: string) => ({
  reference,
  status: "succeeded",
  charge_id: "ch_1",
  amount: 2_500,
  fee: 0,
});

async function apply(): Promise<void> {
  await api
    .db("inbox")
    .whereNotNull("next_at")
    .update({ next_at: new Date(0) });
  await applyProcessorWebhooks(api.app, 100);
}

/** The stranger's payment, which the network has charged and whose answer was lost. */
async function theirUnknown() {
  const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };
  const key = api.stranger.secretKey;
  const made = await api.send({ query: CREATE_INTENT, variables: { input, key: newKey() }, key });
  const { id } = made.data.createPaymentIntent.paymentIntent as { id: string };
  await confirm(api, id, {}, { by: key });
  await atNetwork(api, theirs, "faults", { fault: "lose_response", rate: 1, count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const [attempt] = await attemptsOf(api, id);
  expect(attempt).toMatchObject({ status: "UNKNOWN", processor_account_id: theirs.id });
  return { id, reference: attempt?.id ?? "" };
}

test.each([
  ["another tenant's account", () => by(own)],
  ["the installation's own processor", () => INSTALLATION],
])(
  "%s neither settles nor suppresses what is an account's: same reference, same event id",
  async (_who, liar) => {
    const { id, reference } = await theirUnknown();
    const eventId = newKey();
    expect(await tell({ ...liar(), eventId, data: declined(reference) })).toBe(200);
    await apply();
    expect((await attemptsOf(api, id))[0]?.status).toBe("UNKNOWN");
    const dispute = { id: "dsp_1", status: "open", amount: 2_500, currency: "USD", fee: 0 };
    const times = { evidence_due_by: null, opened_at: new Date().toISOString(), closed_at: null };
    const body = { reference, reason: "fraudulent", ...dispute, ...times };
    expect(await tell({ ...liar(), data: body })).toBe(200);
    await apply();
    // The true news has the same id as the lie, and is heard.
    expect(await tell({ ...by(theirs), eventId, data: approved(reference) })).toBe(200);
    await apply();
    expect(await statusOf(api, id)).toBe("SUCCEEDED");
    expect(await movedAt(api, reference)).toEqual([theirs.name]);
    expect(await api.db("disputes").where({ payment_intent_id: id })).toEqual([]);
    const kept = await api.db("inbox").where({ event_id: eventId }).orderBy("received_at");
    expect(kept.map(({ status }) => status as string)).toEqual(["PARKED", "APPLIED"]);
  },
);

test("an account neither settles nor suppresses what is the installation's", async () => {
  await route(api, []);
  const { id, attempt } = await confirmed(api);
  await route(api, [to(own)]);
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const eventId = newKey();
  expect(await tell({ ...by(own), eventId, data: declined(attempt.id) })).toBe(200);
  await apply();
  expect((await attemptsOf(api, id))[0]?.status).toBe("UNKNOWN");
  expect(await tell({ ...INSTALLATION, eventId, data: approved(attempt.id) })).toBe(200);
  await apply();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});

test("of twenty copies of an event at once one is stored, for each account", async () => {
  const eventId = newKey();
  const copies = Array.from({ length: 20 }, (_, n) =>
    tell({
      ...by(n % 2 === 0 ? own : theirs),
      eventId,
      data: { reference: "att_nothing", status: "processing" },
    }),
  );
  expect(new Set(await Promise.all(copies))).toEqual(new Set([200]));
  expect(await api.db("inbox").where({ event_id: eventId })).toHaveLength(2);
});

test("who signs with another's secret, or writes to an account that is none, is refused, and nothing is stored", async () => {
  const count = async () => (await api.db("inbox")).length;
  const before = await count();
  const data = { reference: "att_nothing", status: "processing" };
  const nobodys = `${own.webhookPath.slice(0, -"0000/webhooks".length)}0000/webhooks`;
  for (const [told, status] of [
    [{ path: own.webhookPath, secret: theirs.webhookSecret }, 401],
    [{ path: own.webhookPath, secret: INSTALLATION_SECRET }, 401],
    [{ path: INSTALLATION.path, secret: own.webhookSecret }, 401],
    [{ path: nobodys, secret: own.webhookSecret }, 404],
    [{ path: "/processors/sandbox/__proto__/webhooks", secret: own.webhookSecret }, 404],
    [{ path: own.webhookPath.replace("sandbox", "acme"), secret: own.webhookSecret }, 404],
  ] as const) {
    expect([told.path, await tell({ ...told, data })]).toEqual([told.path, status]);
  }
  expect(await count()).toBe(before);
});

test("a replaced secret is accepted for its overlap, and at once no more where there is none", async () => {
  const account = await connectAccount(api);
  const data = { reference: "att_nothing", status: "processing" };
  const rotate = async (webhookSecret: string, overlapSeconds: number) => {
    const input = { processorAccountId: account.id, webhookSecret, overlapSeconds };
    const { error } = await api.send({
      query: ROTATE_ACCOUNT_SECRET,
      variables: { input, key: newKey() },
    });
    expect(error).toBeUndefined();
  };
  const isAccepted = async (secret: string) =>
    (await tell({ path: account.webhookPath, secret, data })) === 200;
  await rotate("the second one", 3_600);
  expect([await isAccepted(account.webhookSecret), await isAccepted("the second one")]).toEqual([
    true,
    true,
  ]);
  const over = { old_webhook_secret_until: new Date(Date.now() - 1) };
  await api.db("processor_accounts").where({ id: account.id }).update(over);
  expect([await isAccepted(account.webhookSecret), await isAccepted("the second one")]).toEqual([
    false,
    true,
  ]);
  await rotate("the third one", 0);
  expect([await isAccepted("the second one"), await isAccepted("the third one")]).toEqual([
    false,
    true,
  ]);
});

test("the network's own webhooks reach the account that they are for", async () => {
  await atNetwork(api, own, "webhooks", {
    url: `${api.server.url}${own.webhookPath}`,
    secret: own.webhookSecret,
  });
  await atNetwork(api, own, "faults", { fault: "lose_response", rate: 1, count: 1 });
  const { id, attempt } = await confirmed(api);
  await api.relayOnce();
  await api.runCharges();
  const stored = () => api.db("inbox").where({ reference: attempt.id, processor: own.id });
  while ((await stored()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await apply();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});
