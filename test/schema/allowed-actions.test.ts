import { newId } from "../../src/ids";
import { newApiKey } from "../../src/merchants/api-key";
import { insertApiKeys } from "../../src/merchants/api-key-store";
import { PAYMENT_INTENT_STATUSES } from "../../src/payments/payment-intent";
import { explainRefusal } from "../../src/payments/confirm-refusal";
import { allowedActions, decideActions, invalidState } from "../../src/payments/intent-actions";
import { type TestApi, makeIntent, makePaid, startTestApi } from "../support/api";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const ACTIONS = `query ($id: ID!) {
  paymentIntent(id: $id) { allowedActions { action allowed because } }
}`;

interface Decision {
  readonly action: string;
  readonly allowed: boolean;
  readonly because: string | null;
}

async function decided(
  id: string,
  as: { readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Map<string, Decision>> {
  const { data, body } = await api.send({ query: ACTIONS, variables: { id }, ...as });
  expect(body.errors).toBeUndefined();
  const decisions = data.paymentIntent.allowedActions as Decision[];
  for (const { allowed, because } of decisions) expect(because === null).toBe(allowed);
  return new Map(decisions.map((decision) => [decision.action, decision]));
}

function namesOf(decisions: ReadonlyMap<string, Decision>): string[] {
  return [...decisions.values()].filter(({ allowed }) => allowed).map(({ action }) => action);
}

test("every action is decided, for the intent's state", async () => {
  const intent = await makeIntent(api);
  expect(namesOf(await decided(intent.id))).toEqual(["CONFIRM", "CANCEL", "UPDATE"]);
  const paid = await makePaid(api);
  const decisions = await decided(paid.id);
  expect(namesOf(decisions)).toEqual(["REFUND"]);
  expect(decisions.get("CANCEL")?.because).toBe("The payment has ended: it is SUCCEEDED.");
  const authorised = await makePaid(api, { captureMethod: "MANUAL" });
  expect(namesOf(await decided(authorised.id))).toEqual(["CAPTURE", "CANCEL"]);
});

test("a publishable key may only confirm", async () => {
  const { id, clientSecret } = await makeIntent(api);
  const headers = { "oncepay-client-secret": clientSecret };
  const decisions = await decided(id, { key: api.merchant.publishableKey, headers });
  expect(namesOf(decisions)).toEqual(["CONFIRM"]);
  expect(decisions.get("CANCEL")?.because).toContain("publishable key");
});

test("a key without the scope is told so", async () => {
  const { secret, hash, hint } = newApiKey("RESTRICTED", api.merchant);
  const row = {
    merchantId: api.merchant.id,
    id: newId("apiKey"),
    kind: "RESTRICTED" as const,
    name: "reader and confirmer",
    scopes: ["payments:read" as const, "payments:confirm" as const],
    hash,
    hint,
  };
  await api.db.transaction((tx) => insertApiKeys(tx, [row]));
  const decisions = await decided((await makeIntent(api)).id, { key: secret });
  expect(namesOf(decisions)).toEqual(["CONFIRM"]);
  expect(decisions.get("CANCEL")?.because).toBe("The API key lacks the scope payments:write.");
});

test("in every state, refusals list what is allowed, and say why the rest is not", () => {
  for (const status of PAYMENT_INTENT_STATUSES) {
    for (const [amountAuthorized, amountCaptured, amountRefundable, amountDisputed] of [
      [0, 0, 0, 0],
      [500, 0, 0, 0],
      [500, 500, 500, 0],
      [500, 500, 0, 0],
      [500, 500, 200, 300],
      [500, 500, 0, 500],
    ] as const) {
      const captured = { amountCaptured, amountRefundable, amountDisputed };
      const amounts = { amountAuthorized, amountCapturable: 0, ...captured };
      const times = { authorizationExpiredAt: null, cancellationRequestedAt: null };
      const intent = { status, ...amounts, ...times };
      const allowed = decideActions(intent).filter((decision) => decision.allowed);
      expect(allowedActions(intent)).toEqual(allowed.map(({ action }) => action));
      const because = expect.stringMatching(/^[A-Z].+\.$/) as string;
      for (const { action } of decideActions(intent).filter((decision) => !decision.allowed)) {
        expect(invalidState({ ...intent, id: "pi_1" }, action).details).toMatchObject({ because });
      }
      expect(explainRefusal({ id: "pi_1", intent })).toMatchObject({ because });
      if (status !== "PROCESSING") continue;
      // While the processor is at work, what is not authorised yet may be canceled, once.
      const canCancel = allowed.some(({ action }) => action === "CANCEL");
      expect(canCancel).toBe(amountAuthorized === 0);
      const canceling = { ...intent, cancellationRequestedAt: "2026-11-20T10:30:00.000Z" };
      expect(allowedActions(canceling)).not.toContain("CANCEL");
    }
  }
});
