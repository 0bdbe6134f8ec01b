import { failRefund, newBank, openDispute } from "../stripe-simulation/bank";
import { SECRET_KEY } from "../stripe-simulation/simulation";
import { type StripeBench, startStripeBench } from "./stripe-bench";

/** What happens rarely, and moves money twice where it is not thought of. Each ends with the simulation's own books. */

let it: StripeBench;
beforeAll(async () => {
  it = await startStripeBench();
});
afterAll(() => it.close());

const HOUR_MS = 3_600_000;
const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

const VISA = "pm_card_visa";
const BROKE = "pm_card_visa_chargeDeclinedInsufficientFunds";
const CHALLENGED = "pm_card_threeDSecureRequired";

describe("a charge", () => {
  test("that is confirmed again after its key was forgotten has moved once", async () => {
    const { known, outcome } = await it.send(it.request());
    it.advance(25 * HOUR_MS);
    expect(await it.processor.send(known)).toEqual(outcome);
    expect(it.moved(known.reference)).toEqual(["capture 1000"]);
  });

  test("is prepared anew where preparing failed: that failure is replayed for a day", async () => {
    const request = it.request();
    it.server.faults.push({ fault: "fail_answer", only: "/payment_intents" });
    const first = await it.prepare(request);
    const second = await it.prepare(request);
    expect(await it.processor.send(second)).toMatchObject({ kind: "approved" });
    expect(second.processorRef).not.toBe(first.processorRef);
    expect(it.moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("whose failure is replayed for ever is found, and is not made again", async () => {
    const known = await it.prepare(it.request());
    it.server.faults.push({ fault: "fail_answer" });
    for (let time = 0; time < 3; time += 1) {
      expect(await it.processor.send(known)).toMatchObject({ kind: "unknown" });
    }
    expect(await it.lookUp(known)).toMatchObject({ kind: "approved", amountMinor: 1_000 });
    expect(it.moved(known.reference)).toEqual(["capture 1000"]);
  });

  test("that was declined cannot be confirmed by the shopper any more", async () => {
    const { known, outcome } = await it.send(it.request({ paymentMethod: BROKE }));
    expect(outcome).toEqual({
      kind: "declined",
      code: "card_declined",
      declineCode: "insufficient_funds",
      message: "Your card was declined.",
      hard: false,
      adviceCode: "TRY_AGAIN_LATER",
      networkDeclineCode: "51",
    });
    expect(it.confirmAgain(known.processorRef ?? "", VISA)).toBe(false);
    expect(it.moved(known.reference)).toEqual([]);
  });

  test("is approved where the shopper was quicker than the end of the decline", async () => {
    const known = await it.prepare(it.request({ paymentMethod: BROKE }));
    it.server.beforeAnswer = (path) => {
      if (path.endsWith("/confirm")) it.confirmAgain(known.processorRef ?? "", VISA);
      return Promise.resolve();
    };
    expect(await it.processor.send(known)).toMatchObject({ kind: "approved" });
    it.server.beforeAnswer = () => Promise.resolve();
    expect(it.moved(known.reference)).toEqual(["capture 1000"]);
  });

  test("is no decline until that is closed, and the look-up closes it", async () => {
    const known = await it.prepare(it.request({ paymentMethod: BROKE }));
    it.server.faults.push({ fault: "lose_request", only: "/cancel" });
    expect(await it.processor.send(known)).toMatchObject({ kind: "unknown" });
    expect(it.intentOf(known).status).toBe("requires_payment_method");
    expect(await it.lookUp(known)).toMatchObject({ kind: "declined", hard: false });
    expect(it.confirmAgain(known.processorRef ?? "", VISA)).toBe(false);
    expect(it.moved(known.reference)).toEqual([]);
  });

  test("that succeeds while it is being given up is given back, once", async () => {
    const { known, outcome } = await it.send(it.request({ paymentMethod: CHALLENGED }));
    expect(outcome.kind).toBe("action_required");
    it.authenticate(known.processorRef ?? "");
    // What was refunded is not known: the refund is found, and not made again, however old the key is.
    it.server.faults.push({ fault: "lose_answer", only: "/refunds" });
    it.server.faults.push({ fault: "lose_answer", only: "/refunds" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    it.advance(25 * HOUR_MS);
    expect(await it.processor.reverse(known)).toEqual({ kind: "reversed" });
    expect(await it.lookUp(known)).toEqual({ kind: "reversed" });
    expect(it.moved(known.reference)).toEqual(["capture 1000", "reverse 1000"]);
  });

  test("is undone only once the refund of it has succeeded, and again where that failed", async () => {
    const { known } = await it.send(it.request());
    it.bank.refundStatus = "pending";
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    it.bank.refundStatus = "succeeded";
    const [refund] = [...it.bank.refunds.values()].slice(-1);
    if (refund) failRefund(it.bank, refund);
    expect(await it.processor.reverse(known)).toEqual({ kind: "reversed" });
    const failed = ["reverse 1000", "refund_failure 1000"];
    expect(it.moved(known.reference)).toEqual(["capture 1000", ...failed, "reverse 1000"]);
  });

  test("has half an hour for its challenge, and none after that was given up", async () => {
    const { known, outcome } = await it.send(it.request({ paymentMethod: CHALLENGED }));
    if (outcome.kind !== "action_required") throw new Error(`It was ${outcome.kind}.`);
    const createdMs = it.intentOf(known).created * 1_000;
    expect(Date.parse(outcome.expiresAt) - createdMs).toBe(30 * 60_000);
    expect(await it.processor.reverse(known)).toEqual({ kind: "reversed" });
    expect(() => {
      it.authenticate(known.processorRef ?? "");
    }).toThrow("canceled");
    expect(await it.lookUp(known)).toEqual({ kind: "reversed" });
    expect(it.moved(known.reference)).toEqual([]);
  });

  test("whose challenge failed is declined, and closed", async () => {
    const { known } = await it.send(it.request({ paymentMethod: CHALLENGED }));
    it.authenticate(known.processorRef ?? "", false);
    const code = "payment_intent_authentication_failure";
    expect(await it.lookUp(known)).toMatchObject({ kind: "declined", code, hard: false });
    expect(it.intentOf(known).status).toBe("canceled");
    expect(it.moved(known.reference)).toEqual([]);
  });

  test("is declined where a challenge is wanted, and there is no way back from it", async () => {
    const { returnUrl: _, ...request } = it.request({ paymentMethod: CHALLENGED });
    const { known, outcome } = await it.send(request);
    expect(outcome).toMatchObject({ kind: "declined", code: "authentication_required" });
    expect(it.intentOf(known).status).toBe("canceled");
  });

  test("with a card that does not exist is declined before anything is prepared", async () => {
    const prepared = await it.processor.prepare?.(it.request({ paymentMethod: "pm_none" }));
    expect(prepared).toMatchObject({ kind: "declined", hard: true });
  });

  test("that is being processed is pending", async () => {
    const { known, outcome } = await it.send(it.request({ paymentMethod: "pm_card_processing" }));
    expect(outcome).toEqual({ kind: "pending" });
    expect(await it.lookUp(known)).toEqual({ kind: "pending" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
  });
});

describe("a refund", () => {
  test("that was lost on its way is repeated within 23 hours, and not after them", async () => {
    const { known } = await it.send(it.request());
    const refund = it.follow("refund", known, { amountMinor: 400 });
    it.server.faults.push({ fault: "lose_request" });
    expect(await it.processor.send(refund)).toMatchObject({ kind: "unknown" });
    const late = { ...refund, sentAt: hoursAgo(23.1) };
    expect(await it.processor.send(late)).toMatchObject({ kind: "unknown" });
    expect(await it.lookUp(late)).toEqual({ kind: "not_found" });
    expect(it.moved(refund.reference)).toEqual([]);
    const inTime = { ...refund, sentAt: hoursAgo(22.9) };
    expect(await it.processor.send(inTime)).toMatchObject({ kind: "approved", amountMinor: 400 });
    expect(it.moved(refund.reference)).toEqual(["refund 400"]);
  });

  test("whose answer was lost is found at 25 hours, and not made again", async () => {
    const { known } = await it.send(it.request());
    const refund = it.follow("refund", known, { amountMinor: 400 });
    it.server.faults.push({ fault: "lose_answer" });
    expect(await it.processor.send(refund)).toMatchObject({ kind: "unknown" });
    it.advance(25 * HOUR_MS);
    const late = { ...refund, sentAt: hoursAgo(25) };
    expect(await it.processor.send(late)).toMatchObject({ kind: "unknown" });
    expect(await it.lookUp(late)).toMatchObject({ kind: "approved", amountMinor: 400 });
    expect(it.moved(refund.reference)).toEqual(["refund 400"]);
  });

  test("of what somebody else gave back is declined, and never a success", async () => {
    const { known } = await it.send(it.request());
    await it.processor.send(it.follow("refund", known));
    const second = it.follow("refund", known);
    const code = "charge_already_refunded";
    expect(await it.processor.send(second)).toMatchObject({ kind: "declined", code });
    const repeat = it.follow("refund", known, { sentAt: hoursAgo(1) });
    expect(await it.processor.send(repeat)).toMatchObject({ kind: "unknown" });
    expect(it.moved(second.reference)).toEqual([]);
  });

  test("that fails later is declined then", async () => {
    const { known } = await it.send(it.request());
    const request = it.follow("refund", known);
    expect(await it.processor.send(request)).toMatchObject({ kind: "approved" });
    const [refund] = [...it.bank.refunds.values()].slice(-1);
    if (refund) failRefund(it.bank, refund);
    const failed = { kind: "declined", code: "refund_failed", declineCode: "lost_or_stolen_card" };
    expect(await it.lookUp(request)).toMatchObject(failed);
    const heard = it.hear(it.lastEvent("refund.failed"));
    expect(heard).toMatchObject({ reference: request.reference, outcome: failed });
    expect(it.moved(request.reference)).toEqual(["refund 1000", "refund_failure 1000"]);
  });

  test("of a disputed charge is declined", async () => {
    const { known } = await it.send(it.request());
    const charge = it.chargeOf(known);
    if (charge) openDispute(it.bank, charge);
    expect(await it.processor.send(it.follow("refund", known))).toMatchObject({ kind: "declined" });
  });

  test("that is pending is not settled", async () => {
    const { known } = await it.send(it.request());
    it.bank.refundStatus = "pending";
    const refund = it.follow("refund", known);
    expect(await it.processor.send(refund)).toEqual({ kind: "pending" });
    it.bank.refundStatus = "succeeded";
    expect(await it.lookUp(refund)).toEqual({ kind: "pending" });
  });
});

describe("an authorisation", () => {
  const authorized = async () => (await it.send(it.request({ operation: "authorize" }))).known;

  test("says until when it holds", async () => {
    const { outcome } = await it.send(it.request({ operation: "authorize" }));
    expect(outcome).toMatchObject({ kind: "approved", feeMinor: 0 });
    const { authorizationExpiresAt: until } = outcome as { authorizationExpiresAt: string };
    expect(Date.parse(until)).toBeGreaterThan(Date.now() + 6 * 24 * HOUR_MS);
  });

  test("is captured in parts whose answers are lost, each once", async () => {
    const known = await authorized();
    const parts = [300, 200].map((amountMinor) =>
      it.follow("capture", known, { amountMinor, final: false }),
    );
    for (const part of parts) {
      it.server.faults.push({ fault: "lose_answer" });
      expect(await it.processor.send(part)).toMatchObject({ kind: "unknown" });
      const { amountMinor } = part;
      expect(await it.lookUp(part)).toMatchObject({ kind: "approved", amountMinor });
      const repeat = { ...part, sentAt: new Date() };
      expect(await it.processor.send(repeat)).toMatchObject({ kind: "approved", amountMinor });
      expect(it.moved(part.reference)).toEqual([`capture ${String(amountMinor)}`]);
    }
    const rest = it.follow("void", known, { amountMinor: 500 });
    it.server.faults.push({ fault: "lose_answer" });
    expect(await it.processor.send(rest)).toMatchObject({ kind: "unknown" });
    expect(await it.lookUp(rest)).toMatchObject({ kind: "approved" });
    expect(it.moved(rest.reference)).toEqual(["void 500"]);
  });

  test("that somebody captures elsewhere leaves our captures unknown: a person has to look", async () => {
    const known = await authorized();
    const capture = it.follow("capture", known, { amountMinor: 300, final: false });
    await it.processor.send(capture);
    it.intentOf(known).amount_received += 100;
    expect(await it.lookUp(capture)).toMatchObject({ kind: "unknown" });
  });

  test("that has expired cannot be captured, and says so", async () => {
    const known = await authorized();
    Object.assign(it.intentOf(known), { status: "canceled", cancellation_reason: "automatic" });
    const outcome = await it.processor.send(it.follow("capture", known));
    expect(outcome).toMatchObject({ kind: "declined", authorizationExpired: true });
    expect(await it.processor.send(it.follow("void", known))).toMatchObject({ kind: "approved" });
  });

  test("is voided once, and not captured after that", async () => {
    const known = await authorized();
    const letGo = it.follow("void", known);
    expect(await it.processor.send(letGo)).toMatchObject({ kind: "approved" });
    expect(await it.processor.send(it.follow("capture", known))).toMatchObject({
      kind: "declined",
    });
    expect(it.moved(letGo.reference)).toEqual(["void 1000"]);
  });

  test("that is captured already is no success of another capture, and cannot be voided", async () => {
    const known = await authorized();
    await it.processor.send(it.follow("capture", known));
    const second = it.follow("capture", known);
    expect(await it.processor.send(second)).toMatchObject({ kind: "declined" });
    expect(it.moved(second.reference)).toEqual([]);
    expect(await it.processor.send(it.follow("void", known))).toMatchObject({ kind: "declined" });
  });
});

describe("a key", () => {
  test("says whose account it is", async () => {
    const account = it.accounts.get(SECRET_KEY);
    expect(await it.processor.identify()).toEqual({ externalAccountId: account?.id, mode: "TEST" });
  });

  test("that is revoked sends nothing, and proves nothing about what was sent", async () => {
    const { known } = await it.send(it.request());
    const prepared = await it.prepare(it.request());
    const account = it.accounts.get(SECRET_KEY);
    it.accounts.delete(SECRET_KEY);
    expect(await it.processor.identify()).toBeUndefined();
    expect(await it.processor.prepare?.(it.request())).toMatchObject({ kind: "unsent" });
    expect(await it.processor.send(prepared)).toMatchObject({ kind: "unsent" });
    const refund = it.follow("refund", known);
    expect(await it.processor.send(refund)).toMatchObject({ kind: "unsent" });
    const repeat = { ...refund, sentAt: new Date() };
    expect(await it.processor.send(repeat)).toMatchObject({ kind: "unknown" });
    expect(await it.lookUp(known)).toMatchObject({ kind: "unknown" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    if (account) it.accounts.set(SECRET_KEY, account);
    expect(await it.processor.send(prepared)).toMatchObject({ kind: "approved" });
    expect(it.moved(prepared.reference)).toEqual(["capture 1000"]);
  });

  test("of another account finds nothing, which is no evidence", async () => {
    const { known } = await it.send(it.request());
    const account = it.accounts.get(SECRET_KEY);
    const other = { id: "acct_other", livemode: false, bank: newBank(Date.now) };
    it.accounts.set(SECRET_KEY, other);
    expect(await it.lookUp(known)).toMatchObject({ kind: "unknown" });
    expect(await it.processor.reverse(known)).toMatchObject({ kind: "unknown" });
    if (account) it.accounts.set(SECRET_KEY, account);
    expect(await it.lookUp(known)).toMatchObject({ kind: "approved" });
  });

  test("of which too much is asked is turned away before anything is done", async () => {
    const prepared = await it.prepare(it.request());
    it.server.faults.push({ fault: "turn_away" });
    expect(await it.processor.send(prepared)).toMatchObject({ kind: "unsent" });
    expect(await it.processor.send(prepared)).toMatchObject({ kind: "approved" });
    expect(it.moved(prepared.reference)).toEqual(["capture 1000"]);
  });
});
