import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  CREATE_MERCHANT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };

test("creates a payment intent and replays it, whatever is selected and whatever defaults are written out", async () => {
  const key = newKey();
  const first = await api.send({ query: CREATE_INTENT, variables: { input, key } });
  expect(first.body.errors).toBeUndefined();
  expect(first.data.createPaymentIntent).toMatchObject({
    paymentIntent: { status: "REQUIRES_CONFIRMATION", amount: 2_500, currency: "USD", version: 1 },
    idempotency: { status: "EXECUTED" },
  });
  const { id } = first.data.createPaymentIntent.paymentIntent;
  const again = await api.send({
    query: `mutation ($key: String!) {
      createPaymentIntent(idempotencyKey: $key, input: {
        currency: "USD", paymentMethod: "pm_card_visa", captureMethod: AUTOMATIC, amount: 2500, description: null, metadata: {}
      }) { idempotency { status } paymentIntent { id attempts { edges { cursor } } createdAt } }
    }`,
    variables: { key },
  });
  expect(again.data.createPaymentIntent).toMatchObject({
    idempotency: { status: "REPLAYED" },
    paymentIntent: { id, attempts: { edges: [] } },
  });
  const other = await api.send({
    query: CREATE_INTENT,
    variables: { input: { ...input, amount: 2_501 }, key },
  });
  expect(other.error?.extensions).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
    retryable: false,
  });
});

test("confirms, and shows everything that belongs to the intent", async () => {
  const { id } = await makeIntent(api, { metadata: { order: "1" } });
  const confirmed = await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  });
  expect(confirmed.body.errors).toBeUndefined();
  expect(confirmed.data.confirmPaymentIntent.paymentIntent).toMatchObject({
    id,
    status: "PROCESSING",
  });
  const { data, body } = await api.send({
    query: `query ($id: ID!) { paymentIntent(id: $id) {
      id status amount currency captureMethod paymentMethod amountAuthorized amountCapturable amountCaptured
      amountRefunded amountRefundable description customer merchantReference metadata cancellationReason version
      createdAt updatedAt allowedActions { action allowed because } clientSecret
      nextAction { type expiresAt ... on RedirectToUrl { redirectUrl } }
      lastPaymentError { code declineCode message retryable attempt { id } }
      attempts { edges { node {
        id operation processor status amount currency paymentMethod code declineCode message processorChargeId sentAt
        unknownSince lookups nextLookupAt settledAt createdAt paymentIntentId evidence { source }
      } } }
      captures { edges { node { id paymentIntent { id } } } }
      refunds { edges { node { id paymentIntent { id } } } }
      transitions { edges { node { version from to at actor cause amount terminal eventId } } }
      events { edges { node { id type apiVersion createdAt subjectId sequence data } } }
    } }`,
    variables: { id },
  });
  expect(body.errors).toBeUndefined();
  expect(data.paymentIntent).toMatchObject({
    metadata: { order: "1" },
    attempts: { edges: [{ node: { operation: "CHARGE", status: "QUEUED", amount: 2_500 } }] },
    transitions: {
      edges: [
        { node: { version: 2, from: "REQUIRES_CONFIRMATION", to: "PROCESSING" } },
        {
          node: {
            version: 1,
            from: null,
            to: "REQUIRES_CONFIRMATION",
            cause: "createPaymentIntent",
          },
        },
      ],
    },
    events: {
      edges: [
        { node: { type: "payment_intent.processing", subjectId: id, sequence: 2 } },
        {
          node: {
            type: "payment_intent.created",
            subjectId: id,
            sequence: 1,
            data: { object: { id } },
          },
        },
      ],
    },
  });
  expect(data.paymentIntent.allowedActions.map(({ action }: { action: string }) => action)).toEqual(
    ["CONFIRM", "CAPTURE", "CANCEL", "REFUND", "UPDATE"],
  );
  for (const { action, allowed, because } of data.paymentIntent.allowedActions) {
    // What is on its way may be canceled: its answer decides.
    const expected = action === "CANCEL" ? null : (expect.any(String) as string);
    expect({ allowed, because }).toEqual({ allowed: action === "CANCEL", because: expected });
  }
  expect(data.paymentIntent.transitions.edges[0].node.actor).toMatch(/^key_/);
});

test("captures a part, replays the capture as it was made, and refunds it", async () => {
  const { id } = await makePaid(api, { captureMethod: "MANUAL" });
  const key = newKey();
  const capture = {
    query: CAPTURE_INTENT,
    variables: { input: { paymentIntentId: id, amount: 2_000 }, key },
  };
  const captured = await api.send(capture);
  expect(captured.body.errors).toBeUndefined();
  expect(captured.data.capturePaymentIntent).toMatchObject({
    capture: { status: "PENDING", amount: 2_000, final: true },
    paymentIntent: { status: "PROCESSING" },
  });
  await api.drain();
  const replayed = await api.send(capture);
  expect(replayed.data.capturePaymentIntent).toEqual({
    ...captured.data.capturePaymentIntent,
    idempotency: { ...captured.data.capturePaymentIntent.idempotency, status: "REPLAYED" },
  });
  const refund = await api.send({
    query: REFUND_INTENT,
    variables: {
      input: { paymentIntentId: id, amount: 500, reason: "DUPLICATE", metadata: { a: "b" } },
      key: newKey(),
    },
  });
  expect(refund.body.errors).toBeUndefined();
  expect(refund.data.refundPaymentIntent).toMatchObject({
    refund: { status: "PENDING", amount: 500, metadata: { a: "b" }, reason: "DUPLICATE" },
    paymentIntent: { id, amountRefundable: 1_500 },
  });
  await api.drain();
  const { data, body } = await api.send({
    query: `query ($id: ID!, $refund: ID!) {
      paymentIntent(id: $id) {
        status amountRefunded captures { edges { node { status } } }
        refunds { edges { node { status paymentIntent { id } } } }
      }
      refund(id: $refund) { status paymentIntent { id } }
      node(id: $refund) { id ... on Refund { amount } }
    }`,
    variables: { id, refund: refund.data.refundPaymentIntent.refund.id },
  });
  expect(body.errors).toBeUndefined();
  expect(data).toMatchObject({
    paymentIntent: {
      status: "SUCCEEDED",
      amountRefunded: 500,
      captures: { edges: [{ node: { status: "SUCCEEDED" } }] },
      refunds: { edges: [{ node: { status: "SUCCEEDED", paymentIntent: { id } } }] },
    },
    refund: { status: "SUCCEEDED" },
    node: { amount: 500 },
  });
});

test("a decline is data: the intent says why, and which attempt it was", async () => {
  const { id } = await makePaid(api, { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" });
  const { data, body } = await api.send({
    query: `query ($id: ID!) { paymentIntent(id: $id) {
      status allowedActions { action allowed } lastPaymentError { code declineCode message retryable attempt { id operation status processorChargeId } }
    } }`,
    variables: { id },
  });
  expect(body.errors).toBeUndefined();
  expect(data.paymentIntent).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    allowedActions: [
      { action: "CONFIRM", allowed: true },
      { action: "CAPTURE", allowed: false },
      { action: "CANCEL", allowed: true },
      { action: "REFUND", allowed: false },
      { action: "UPDATE", allowed: true },
    ],
    lastPaymentError: { retryable: true, attempt: { operation: "CHARGE", status: "DECLINED" } },
  });
});

test("cancels, and says why", async () => {
  const { id } = await makeIntent(api);
  const { data } = await api.send({
    query: CANCEL_INTENT,
    variables: { input: { paymentIntentId: id, reason: "ABANDONED" }, key: newKey() },
  });
  expect(data.cancelPaymentIntent.paymentIntent).toMatchObject({ status: "CANCELED" });
});

test("a platform operator creates a merchant, whose keys are shown to the same idempotency key for a day", async () => {
  const request = {
    query: CREATE_MERCHANT,
    variables: { input: { name: "New" }, key: newKey() },
    ...api.asPlatform,
  };
  const first = await api.send(request);
  expect(first.body.errors).toBeUndefined();
  const { merchant, secretKey } = first.data.createMerchant;
  const { data } = await api.send({ query: "{ merchant { id name } }", key: secretKey });
  expect(data).toEqual({ merchant: { id: merchant.id, name: "New" } });
  const again = await api.send(request);
  expect(again.data.createMerchant).toMatchObject({
    merchant,
    secretKey,
    idempotency: { status: "REPLAYED" },
  });
  const reused = await api.send({
    ...request,
    variables: { ...request.variables, input: { name: "Other" } },
  });
  expect(reused.error?.extensions.code).toBe("IDEMPOTENCY_KEY_REUSED");
});
