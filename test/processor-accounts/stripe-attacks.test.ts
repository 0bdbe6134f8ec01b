import { lookUpAttempts } from "../../src/payments/look-up-attempts";
import { newBank } from "../stripe-simulation/bank";
import { SECRET_KEY } from "../stripe-simulation/simulation";
import { REFUND_INTENT, makeIntent, newKey } from "../support/api";
import { ROTATE_CREDENTIALS } from "../support/processor-accounts";
import { type StripeWorld, startStripeWorld } from "./stripe-world";
import { attemptsOf, confirm, statusOf } from "./world";

/**
 * Ways to make money move twice, or not at all, at a merchant's account at Stripe: over HTTP and through the workers. The
 * witness is the simulation's books, which the audit at the end compares as a whole.
 */

let it: StripeWorld;
beforeAll(async () => {
  it = await startStripeWorld();
});
afterAll(() => it.stop());
afterEach(() => {
  expect(it.stripe.server.faults).toEqual([]);
  it.stripe.server.beforeAnswer = () => Promise.resolve();
});

const CHALLENGED = "pm_card_threeDSecureRequired";
const BROKE = "pm_card_visa_chargeDeclinedInsufficientFunds";
const HOUR_MS = 3_600_000;

const attemptOf = async (id: string, operation: string) => {
  const attempts = await attemptsOf(it.api, id);
  return attempts.find((attempt) => attempt.operation === operation);
};

/** So many hours pass for the attempt that is unknown, and for Stripe's keys. */
async function hoursPass(id: string, hours: number): Promise<void> {
  it.stripe.ageKeys(hours * HOUR_MS);
  await it.api.db.raw(
    `update attempts set sent_at = sent_at - ? * interval '1 hour'
     where payment_intent_id = ? and status = 'UNKNOWN'`,
    [hours, id],
  );
}

async function paid(given?: { readonly manual?: boolean }): Promise<string> {
  const id = await it.confirmed(given);
  await it.api.drain();
  return id;
}

describe("everybody at once", () => {
  test("the same confirmation and the same refund, many times and under other keys: one movement each", async () => {
    const { id } = await makeIntent(it.api, { amount: 2_500 });
    const key = newKey();
    const ask = (own: string) =>
      confirm(it.api, id, { returnUrl: "https://shop.example/" }, { key: own });
    const keys = Array.from({ length: 40 }, (_, index) => (index % 4 === 3 ? newKey() : key));
    await Promise.all([...keys.map(ask), it.api.drain()]);
    await it.api.drain();
    expect(await it.stands(id)).toEqual(["capture 2500"]);
    const variables = { input: { paymentIntentId: id, amount: 1_000 }, key: newKey() };
    const refunds = keys.map(() => it.api.send({ query: REFUND_INTENT, variables }));
    await Promise.all([...refunds, it.api.drain()]);
    await it.settle();
    expect(await it.stands(id)).toEqual(["capture 2500", "refund 1000"]);
  });

  test("refunds of more than all of it, each under its own key: no more is given back than was taken", async () => {
    const id = await paid();
    const refund = () => {
      const variables = { input: { paymentIntentId: id, amount: 1_000 }, key: newKey() };
      return it.api.send({ query: REFUND_INTENT, variables });
    };
    await Promise.all([...Array.from({ length: 12 }, refund), it.api.drain()]);
    await it.settle();
    expect(await it.stands(id)).toEqual(["capture 2500", "refund 1000", "refund 1000"]);
  });
});

describe("a failure (500) that Stripe rolls forward later", () => {
  test.each(["before it is looked up", "after it was given up"])(
    "of a charge, %s: one capture stands",
    async (when) => {
      it.stripe.server.faults.push({ fault: "fail_first" });
      const { id } = await it.sent();
      expect(await statusOf(it.api, id)).toBe("PROCESSING");
      if (when.startsWith("before")) it.stripe.server.rollForward();
      await it.settle();
      it.stripe.server.rollForward();
      await it.settle();
      expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
      expect(await it.stands(id)).toEqual(["capture 2500"]);
    },
  );

  test.each(["capture", "refund"])(
    "of a %s: it is waited for, and never asked anew",
    async (what) => {
      const id = await paid({ manual: what === "capture" });
      it.stripe.server.faults.push({ fault: "fail_first" });
      await (what === "capture" ? it.capture(id) : it.refund(id, 1_000));
      await it.settle();
      expect((await attemptOf(id, what))?.status).toBe("UNKNOWN");
      it.stripe.server.rollForward();
      await it.settle();
      expect((await attemptOf(id, what))?.status).toBe("SUCCEEDED");
      const moved =
        what === "capture" ? ["authorize 2500", "capture 2500"] : ["capture 2500", "refund 1000"];
      expect(await it.stands(id)).toEqual(moved);
    },
  );
});

describe.each(["capture", "refund"])("a %s that got no answer", (what) => {
  const stands =
    what === "capture" ? ["authorize 2500", "capture 2500"] : ["capture 2500", "refund 1000"];

  async function lost(fault: "lose_request" | "lose_answer") {
    const id = await paid({ manual: what === "capture" });
    it.stripe.server.faults.push({ fault });
    await (what === "capture" ? it.capture(id) : it.refund(id, 1_000));
    await it.api.relayOnce();
    await it.api.runCharges();
    const first = await attemptOf(id, what);
    expect(first?.status).toBe("UNKNOWN");
    /** How often it came under its key. */
    const sent = (): number =>
      it.stripe.server.keys.filter((key) => key === `${first?.id ?? ""}:${what}`).length;
    return { id, sent };
  }

  test.each([
    ["lose_request", 22, 2],
    ["lose_answer", 22, 1],
    ["lose_answer", 25, 1],
  ] as const)("(%s) is found out after %s hours, sent %s times", async (fault, hours, times) => {
    const { id, sent } = await lost(fault);
    await hoursPass(id, hours);
    await it.settle();
    expect(await it.stands(id)).toEqual(stands);
    expect((await attemptOf(id, what))?.status).toBe("SUCCEEDED");
    expect(sent()).toBe(times);
  });

  test("(lose_request) is asked for anew after 25 hours, and not under the key that is forgotten", async () => {
    const { id, sent } = await lost("lose_request");
    await hoursPass(id, 25);
    await it.settle();
    expect(await it.stands(id)).toEqual(stands);
    const attempts = (await attemptsOf(it.api, id)).filter(({ operation }) => operation === what);
    expect(attempts.map(({ status }) => status)).toEqual(["ABANDONED", "SUCCEEDED"]);
    expect(sent()).toBe(1);
  });

  test("(lose_answer) stays unknown after 25 hours while nobody says what became of it", async () => {
    const { id, sent } = await lost("lose_answer");
    await hoursPass(id, 25);
    const [attempt] = await attemptsOf(it.api, id);
    const intent = it.intentOf(attempt?.id ?? "");
    for (let times = 0; times < 2; times += 1) {
      const only = what === "capture" ? intent : "/refunds";
      it.stripe.server.faults.push({ fault: "error_page", only });
      await it.api.makeDue();
      await it.api.sweepOnce();
      expect((await attemptOf(id, what))?.status).toBe("UNKNOWN");
    }
    await it.settle();
    expect(await it.stands(id)).toEqual(stands);
    expect(sent()).toBe(1);
  });
});

describe("a decline", () => {
  test("cannot be turned into a charge by the shopper, and another card is charged once", async () => {
    const { id, intent } = await it.sent({ card: BROKE });
    expect(await statusOf(it.api, id)).toBe("REQUIRES_PAYMENT_METHOD");
    expect(it.stripe.confirmAgain(intent, "pm_card_visa")).toBe(false);
    const { error } = await confirm(it.api, id, { paymentMethod: "pm_card_visa" });
    expect(error).toBeUndefined();
    await it.api.drain();
    expect(it.stripe.confirmAgain(intent, "pm_card_visa")).toBe(false);
    expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
    expect(await it.stands(id)).toEqual(["capture 2500"]);
  });

  test("is none where the shopper was quicker with another card, whoever hears of it how often", async () => {
    const { server, bank } = it.stripe;
    const since = bank.events.length;
    const isOpen = (id: string): boolean => bank.intents.get(id)?.last_payment_error != null;
    server.beforeAnswer = (path) => {
      const intent = path.split("/").at(-2) ?? "";
      if (path.endsWith("/confirm") && isOpen(intent))
        it.stripe.confirmAgain(intent, "pm_card_visa");
      return Promise.resolve();
    };
    const { id } = await it.sent({ card: BROKE });
    for (const event of bank.events.slice(since).flatMap((told) => [told, told]))
      await it.post(event);
    await it.apply();
    await it.settle();
    expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
    expect(await it.stands(id)).toEqual(["capture 2500"]);
  });
});

describe("a cancellation", () => {
  test("that races a charge that is on its way comes too late, and nothing moves twice", async () => {
    let asked: Promise<void> | undefined;
    const id = await it.confirmed();
    it.stripe.server.beforeAnswer = async (path) => {
      if (path.endsWith("/confirm")) await (asked ??= it.cancel(id));
    };
    await it.settle();
    expect(asked).toBeDefined();
    expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
    expect(await it.stands(id)).toEqual(["capture 2500"]);
  });

  test("that is asked for before the shopper passes the challenge gives back what moved after it", async () => {
    const { id, reference, intent } = await it.sent({ card: CHALLENGED });
    await it.cancel(id);
    it.stripe.authenticate(intent);
    await it.settle();
    expect(await statusOf(it.api, id)).toBe("CANCELED");
    expect(it.stripe.moved(reference)).toEqual(["capture 2500", "reverse 2500"]);
  });

  test("that was carried out leaves the shopper nothing to pass", async () => {
    const { id, reference, intent } = await it.sent({ card: CHALLENGED });
    await it.cancel(id);
    await it.settle();
    expect(() => {
      it.stripe.authenticate(intent);
    }).toThrow("canceled");
    expect(await statusOf(it.api, id)).toBe("CANCELED");
    expect(it.stripe.moved(reference)).toEqual([]);
  });
});

describe("the key", () => {
  const ownAccount = () => {
    const own = it.stripe.accounts.get(SECRET_KEY);
    if (!own) throw new Error("there is no account");
    return own;
  };

  test("that is revoked sends nothing and proves nothing; afterwards each moves once", async () => {
    const own = ownAccount();
    it.stripe.server.faults.push({ fault: "lose_answer", only: "/confirm" });
    const unknown = await it.sent();
    it.stripe.accounts.delete(SECRET_KEY);
    const waiting = await it.confirmed();
    await it.api.relayOnce();
    await it.api.runCharges();
    await it.api.makeDue();
    await it.api.sweepOnce();
    expect((await attemptOf(unknown.id, "charge"))?.status).toBe("UNKNOWN");
    expect((await attemptOf(waiting, "charge"))?.status).toBe("QUEUED");
    expect(await it.stands(waiting)).toEqual([]);
    it.stripe.accounts.set(SECRET_KEY, own);
    await it.settle();
    for (const id of [unknown.id, waiting]) {
      expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
      expect(await it.stands(id)).toEqual(["capture 2500"]);
      expect(await attemptsOf(it.api, id)).toHaveLength(1);
    }
  });

  test("of another account is refused; where it is in use all the same, it proves nothing", async () => {
    const own = ownAccount();
    const other = { id: "acct_other", livemode: false, bank: newBank(Date.now) };
    it.stripe.server.faults.push({ fault: "lose_request", only: "/confirm" });
    const { id } = await it.sent();
    it.stripe.accounts.set("sk_test_of_another", other);
    const credentials = { secretKey: "sk_test_of_another" };
    const input = { processorAccountId: it.account.id, credentials };
    const variables = { input, key: newKey() };
    const { error } = await it.api.send({ query: ROTATE_CREDENTIALS, variables });
    expect(error?.extensions["code"]).toBe("BAD_USER_INPUT");
    it.stripe.accounts.set(SECRET_KEY, other);
    // Another process, which has not asked yet whose credentials these are.
    const elsewhere = it.api.anotherApp();
    await it.api.makeDue();
    expect(await lookUpAttempts(elsewhere, 10)).toHaveLength(1);
    expect(await attemptsOf(it.api, id)).toMatchObject([{ status: "UNKNOWN" }]);
    expect([other.bank.intents.size, other.bank.movements.length]).toEqual([0, 0]);
    it.stripe.accounts.set(SECRET_KEY, own);
    await it.settle();
    expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
    expect(await it.stands(id)).toEqual(["capture 2500"]);
  });
});
