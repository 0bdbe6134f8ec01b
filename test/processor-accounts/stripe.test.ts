import { openDispute } from "../stripe-simulation/bank";
import { idOf } from "../stripe-simulation/objects";
import { type Simulation, startSimulation } from "../stripe-simulation/simulation";
import { REFUND_INTENT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";
import { booksOf } from "../support/stripe-books";
import {
  type StripeAccount,
  connectStripe,
  paid as paidThere,
  tellAll as tellAllThere,
} from "./stripe-account";
import { attemptsOf, confirm, route, statusOf, to } from "./world";

/**
 * A merchant connects an account at Stripe and takes money through it: over HTTP, through the workers, and heard of by
 * Stripe's own webhooks. The witness of what moved is the simulation's books.
 */

let api: TestApi;
let stripe: Simulation;
let account: StripeAccount;
beforeAll(async () => {
  stripe = await startSimulation();
  api = await startTestApi({
    ONCEPAY_STRIPE_URL: stripe.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  api.movements = booksOf(stripe);
  account = await connectStripe(api);
  expect((await route(api, [to({ id: account.id })])).error).toBeUndefined();
});
afterAll(async () => {
  await api.stop();
  await stripe.close();
});

const paid = () => paidThere(api);
const tellAll = () => tellAllThere(api, stripe, account);

test("a payment is charged and refunded at the account, once each, whatever is told how often", async () => {
  const { id, reference } = await paid();
  await tellAll();
  const variables = { input: { paymentIntentId: id, amount: 1_000 }, key: newKey() };
  for (let times = 0; times < 2; times += 1) {
    const { error } = await api.send({ query: REFUND_INTENT, variables });
    expect(error).toBeUndefined();
  }
  await api.drain();
  await tellAll();
  expect(stripe.moved(reference)).toEqual(["capture 2500"]);
  const attempts = await attemptsOf(api, id);
  expect(attempts.map(({ operation, status }) => [operation, status])).toEqual([
    ["charge", "SUCCEEDED"],
    ["refund", "SUCCEEDED"],
  ]);
  expect(stripe.moved(attempts[1]?.id ?? "")).toEqual(["refund 1000"]);
});

test("an answer that is lost is found by what Stripe tells, and nothing is charged again", async () => {
  const { id } = await makeIntent(api, { amount: 2_500 });
  stripe.server.faults.push({ fault: "lose_answer", only: "confirm" });
  await confirm(api, id, { returnUrl: "https://shop.example/return" });
  await api.drain();
  const [before] = await attemptsOf(api, id);
  expect(before?.status).toBe("UNKNOWN");
  await tellAll();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  expect(stripe.moved(before?.id ?? "")).toEqual(["capture 2500"]);
});

test("a dispute, which names nothing but Stripe's own PaymentIntent, is of its payment", async () => {
  const { id, reference } = await paid();
  const row = await api
    .db("attempts")
    .where({ id: reference })
    .first<{ processor_ref: string }>("processor_ref");
  const intent = stripe.bank.intents.get(row.processor_ref);
  const charge = stripe.bank.charges.get(idOf(intent?.latest_charge ?? ""));
  if (!charge) throw new Error("nothing was charged");
  openDispute(stripe.bank, charge);
  await tellAll();
  expect(
    await api.db("disputes").where({ payment_intent_id: id }).select("status", "amount"),
  ).toEqual([{ status: "OPEN", amount: 2_500 }]);
});

test("what somebody else has signed is refused, and changes nothing", async () => {
  const { id } = await paid();
  await tellAll();
  const before = (await attemptsOf(api, id))[0];
  const { rawBody, headers } = stripe.sign(
    JSON.stringify({ id: "evt_else", type: "payment_intent.succeeded" }),
    "whsec_of_somebody_else",
  );
  const answer = await fetch(`${api.server.url}${account.webhookPath}`, {
    method: "POST",
    headers,
    body: rawBody,
  });
  expect(answer.status).toBe(401);
  expect((await attemptsOf(api, id))[0]).toEqual(before);
});
