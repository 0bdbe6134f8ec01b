import { runCommandLine } from "../../src/cli/run-command-line";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { storeInboxMessage } from "../../src/inbox/inbox-store";
import { createMerchant } from "../../src/merchants/create-merchant";
import { releaseMerchant } from "../../src/merchants/hold-merchant";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { expireAuthorizations } from "../../src/payments/expire-authorizations";
import { judgeEndpoints } from "../../src/webhooks/disable-endpoints";
import { CREATE_INTENT, type TestApi, newKey, send, startTestApi } from "../support/api";
import { anEndpoint } from "../support/endpoints";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  captureCommand,
  confirmCommand,
  createCommand,
  theIntent,
} from "../support/factories";
import { aboutToExpire, moveHold } from "../support/holds";
import { startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/* A merchant that is held: what is refused, what waits, what is let come to its end, and that all goes on afterwards. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.makeDue();
  await api.drain();
  await api.stop();
});

async function merchants(...args: string[]) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(["merchants", ...args], {
    environment: { DATABASE_URL: api.databaseUrl },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

const hold = (id: string, wait = "60s") =>
  merchants("hold", "--merchant", id, "--reason", "it moves", "--wait", wait);
const release = (id: string) => merchants("release", "--merchant", id);

const create = (key: string, idempotencyKey: string) =>
  send(api.server.url, {
    query: CREATE_INTENT,
    variables: { input: { amount: 500, currency: "USD" }, key: idempotencyKey },
    key,
  });

test("its changes are refused and its reads are not; others notice nothing", async () => {
  const { id, secretKey } = await createMerchant(api.db, "held");
  expect((await create(secretKey, newKey())).error).toBeUndefined();
  await api.drain();
  expect(await hold(id)).toMatchObject({ code: 0, error: "" });
  const key = newKey();
  // Also while the process remembers that it is not held.
  for (let n = 0; n < 20; n += 1) {
    const { error, headers } = await create(secretKey, key);
    expect([error?.extensions, headers.get("retry-after")]).toEqual([
      {
        code: "UNAVAILABLE",
        retryable: true,
        retryAfterMs: 2_000,
        requestId: expect.any(String) as string,
        details: { mayHaveExecuted: false },
      },
      "2",
    ]);
  }
  expect(await api.db("idempotency_keys").where({ key })).toEqual([]);
  const { data } = await api.send({ query: "{ merchant { id } }", key: secretKey });
  expect(data).toEqual({ merchant: { id } });
  const acting = { key: api.asPlatform.key, headers: { "oncepay-merchant": id } };
  const operator = await api.send({
    query: `mutation { createApiKey(idempotencyKey: "${newKey()}",
      input: { kind: SECRET, name: "x" }) { secret } }`,
    ...acting,
  });
  expect(operator.error?.extensions["code"]).toBe("UNAVAILABLE");
  expect((await create(api.merchant.secretKey, newKey())).error).toBeUndefined();

  expect(await release(id)).toMatchObject({ code: 0, out: "It is held no more.\n" });
  await waitFor("its changes are taken again", async () => {
    return (await create(secretKey, key)).error === undefined;
  });
  expect(await api.db("idempotency_keys").where({ key })).toHaveLength(1);
  const entries = await api
    .db("audit_log")
    .where({ merchant_id: id, action: "COMMAND" })
    .whereIn("operation", ["merchants hold", "merchants release"])
    .orderBy("id");
  expect(entries.map(({ operation, details }) => [operation, details.reason])).toEqual([
    ["merchants hold", "it moves"],
    ["merchants release", undefined],
  ]);
});

test("the database refuses its keys to whoever has not heard of it, and spares those in the same set", async () => {
  const { id } = await aMerchant(api);
  const { id: other } = await aMerchant(api);
  const authorized = await anAuthorizedIntent(api, id);
  const open = await anIntent(api, id);
  await hold(id, "0s");
  // In one set: nothing here asks whose key it is.
  const [refused, made, confirmed] = await Promise.allSettled([
    api.app.createPaymentIntent(createCommand(id)),
    api.app.createPaymentIntent(createCommand(other)),
    api.app.confirmPaymentIntent(confirmCommand(id, open.id)),
  ]);
  expect([refused.status, made.status, confirmed.status]).toEqual([
    "rejected",
    "fulfilled",
    "rejected",
  ]);
  const capture = capturePaymentIntent(api.app.db, captureCommand(id, authorized.id));
  await expect(capture).rejects.toMatchObject({ code: "OP001" });
  expect(await theIntent(api, id, open.id)).toEqual(open);
  expect(await theIntent(api, id, authorized.id)).toEqual(authorized);
  await release(id);
});

test("nothing of it is begun by a worker, and all of it once it is released", async () => {
  const { id } = await aMerchant(api);
  const { id: other } = await aMerchant(api);
  const receiver = await startReceiver();
  await anEndpoint(api, id, { url: receiver.url });
  const authorized = await anAuthorizedIntent(api, id);
  await moveHold(api, authorized.id, aboutToExpire);
  const announced = async (): Promise<number> => {
    const about = { merchant_id: id, type: "authorization.expiring" };
    return (await api.db("events").where(about)).length;
  };
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  const unknown = await aConfirmedIntent(api, id);
  await api.relayOnce();
  await api.runCharges();
  const posted = receiver.received.length;
  const queued = await aConfirmedIntent(api, id);
  const theirs = await aConfirmedIntent(api, other);
  const moved = (await api.movements()).length;

  expect(await hold(id, "0s")).toMatchObject({ code: 75 });
  // What was committed before is relayed, and its webhooks are not posted.
  await api.relayOnce();
  expect(await hold(id)).toMatchObject({ code: 0 });
  await expireAuthorizations(api.app.db, 100);
  await api.makeDue();
  await api.runCharges();
  await api.deliverWebhooks();
  const swept = await api.sweepOnce();
  await api.runCharges();
  await api.deliverWebhooks();
  expect(swept.lookedUp).toBe(0);
  expect(receiver.received).toHaveLength(posted);
  expect((await api.movements()).length).toBe(moved + 1);
  expect((await theIntent(api, other, theirs.id)).status).toBe("SUCCEEDED");
  for (const [intent, status] of [
    [queued, "PROCESSING"],
    [unknown, "PROCESSING"],
  ] as const) {
    expect((await theIntent(api, id, intent.id)).status).toBe(status);
  }
  expect(await announced()).toBe(0);

  await release(id);
  await waitFor("all of it is done", async () => {
    await api.makeDue();
    await api.drain();
    const left = [queued, unknown].map(async (intent) => theIntent(api, id, intent.id));
    return (await Promise.all(left)).every(({ status }) => status === "SUCCEEDED");
  });
  expect(await announced()).toBe(1);
  const events = await api.db("events").where({ merchant_id: id }).pluck<string[]>("id");
  await waitFor("every event has been posted", async () => {
    await api.makeDue();
    await api.drain();
    const heard = new Set(receiver.received.map((webhook) => webhook.id));
    // Those from before it had an endpoint are none of it.
    return events.filter((event) => heard.has(event)).length === events.length;
  });
  await receiver.close();
});

test("nothing is looked up again that an operator has resolved, and no endpoint of it is given up", async () => {
  const { id } = await aMerchant(api);
  const endpoint = await anEndpoint(api, id, { url: "http://127.0.0.1:9/nobody-is-there" });
  const { id: intentId } = await aCapturedIntent(api, id);
  await api.drain();
  const attempt = { merchant_id: id, payment_intent_id: intentId };
  const [attemptId] = await api.db("attempts").where(attempt).pluck<string[]>("id");
  const check = { merchant_id: id, attempt_id: attemptId, resolution: "SUCCEEDED" };
  await api.db("resolution_checks").insert({ ...check, next_at: api.db.fn.now() });
  await api.db.raw(
    `update webhook_endpoints set failures = 50, failing_since = now() - interval '30 days',
      failed_at = now() where id = ?`,
    [endpoint.id],
  );
  const looksAt = async () => {
    await api.sweepOnce();
    const [{ lookups = -1 } = {}] = await api
      .db("resolution_checks")
      .where({ merchant_id: id })
      .select<{ lookups: number }[]>("lookups");
    await judgeEndpoints(api.app);
    const [status] = await api
      .db("webhook_endpoints")
      .where({ id: endpoint.id })
      .pluck<string[]>("status");
    return [lookups, status];
  };
  expect(await hold(id)).toMatchObject({ code: 0 });
  expect(await looksAt()).toEqual([0, "ENABLED"]);
  await release(id);
  expect(await looksAt()).toEqual([1, "DISABLED"]);
});

test("what its processor tells meanwhile waits, and is kept", async () => {
  const { id } = await aMerchant(api);
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  const intent = await aConfirmedIntent(api, id);
  await api.relayOnce();
  await api.runCharges();
  await hold(id, "0s");
  const [attempt] = await api.db("attempts").where({ payment_intent_id: intent.id });
  const [movement] = await api.sandbox.movements(String(attempt?.["id"]));
  const outcome = {
    kind: "approved",
    processorChargeId: movement?.chargeId,
    amountMinor: 1_000,
    feeMinor: 0,
  };
  await storeInboxMessage(api.app.db, {
    source: "sandbox",
    eventId: newKey(),
    type: "charge.told",
    reference: String(attempt?.["id"]),
    outcome: outcome as never,
  });
  await applyProcessorWebhooks(api.app, 100);
  expect((await theIntent(api, id, intent.id)).status).toBe("PROCESSING");
  await releaseMerchant(api.app.db, id);
  await api.db("inbox").whereNotNull("next_at").update({ next_at: api.db.fn.now() });
  await applyProcessorWebhooks(api.app, 100);
  expect((await theIntent(api, id, intent.id)).status).toBe("SUCCEEDED");
});

test("whoever had begun before is waited for", async () => {
  const { id } = await aMerchant(api);
  const begun = await api.db.transaction();
  await begun("idempotency_keys").where({ merchant_id: id }).forUpdate();
  const early = await hold(id, "0s");
  expect([early.code, early.out]).toEqual([
    75,
    expect.stringMatching(/ [1-9]\d* transactions\.\n$/),
  ]);
  const waiting = hold(id);
  await begun.commit();
  expect(await waiting).toMatchObject({ code: 0 });
  // It was sent, and its answer has not come.
  const intent = await anIntent(api, id).catch((error: { code: string }) => error.code);
  expect(intent).toBe("OP001");
  await release(id);
  const sent = await aConfirmedIntent(api, id);
  await api
    .db("attempts")
    .where({ payment_intent_id: sent.id })
    .update({ status: "SENT", worker_id: "dead" });
  await api.relayOnce();
  const under = await hold(id, "0s");
  expect([under.code, under.out]).toEqual([
    75,
    expect.stringContaining("1 attempts at processors"),
  ]);
  await api
    .db("attempts")
    .where({ payment_intent_id: sent.id })
    .update({ status: "QUEUED", worker_id: null });
  expect((await hold(id)).code).toBe(0);
  expect((await release(id)).code).toBe(0);
  expect((await release(id)).out).toBe("It was not held.\n");
});

test("a command line that makes no sense is refused", async () => {
  const nobody = "mer_00000000000000000000000001";
  for (const [args, text] of [
    [["hold", "--reason", "x"], "--merchant is required"],
    [["hold", "--merchant", nobody], "--reason is required"],
    [["hold", "--merchant", nobody, "--reason", "x"], "There is no merchant"],
    [["hold", "--merchant", nobody, "--reason", "4242424242424242"], "looks like a"],
    [["release", "--merchant", "shop"], "--merchant is required"],
  ] as const) {
    expect(await merchants(...args)).toMatchObject({
      code: 2,
      error: expect.stringContaining(text) as string,
    });
  }
});
