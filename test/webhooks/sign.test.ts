import { createHmac } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { newId } from "../../src/ids";
import { newWebhookSecret, signWebhook } from "../../src/webhooks/sign";

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

test("makes secrets as the specification wants them, each another one", () => {
  const secrets = Array.from({ length: 100 }, () => newWebhookSecret());
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice(6), "base64")).toHaveLength(32);
  }
});

test("signs as the specification's own example does", () => {
  const headers = signWebhook({
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampSeconds: 1614265330,
    body: '{"test": 2432232314}',
    secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  });
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("is verified by the standard library, and signs exactly as it does", () => {
  const secret = newWebhookSecret();
  const library = new Webhook(secret);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const body = JSON.stringify({ value });
      const id = newId("event");
      const timestampSeconds = nowSeconds();
      const headers = signWebhook({ id, timestampSeconds, body, secrets: [secret] });
      expect(library.verify(body, headers)).toEqual(JSON.parse(body));
      expect(headers["webhook-signature"]).toBe(
        library.sign(id, new Date(timestampSeconds * 1_000), body),
      );
      expect(
        signWebhook({ id, timestampSeconds, body: Buffer.from(body), secrets: [secret] }),
      ).toEqual(headers);
    }),
    { numRuns: 30 },
  );
});

test("is refused by the standard library when anything was changed", () => {
  const secret = newWebhookSecret();
  const body = '{"type":"payment_intent.succeeded"}';
  const headers = signWebhook({
    id: newId("event"),
    timestampSeconds: nowSeconds(),
    body,
    secrets: [secret],
  });
  const library = new Webhook(secret);
  expect(() => library.verify(`${body} `, headers)).toThrow();
  expect(() => library.verify(body, { ...headers, "webhook-id": newId("event") })).toThrow();
  expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow();
  const old = String(nowSeconds() - 6 * 60);
  expect(() => library.verify(body, { ...headers, "webhook-timestamp": old })).toThrow();
});

test("signs with every secret while one is rotated", () => {
  const secrets = [newWebhookSecret(), newWebhookSecret()];
  const input = { id: newId("event"), timestampSeconds: nowSeconds(), body: "{}", secrets };
  const headers = signWebhook(input);
  expect(headers["webhook-signature"]).toMatch(/^v1,\S{44} v1,\S{44}$/);
  for (const secret of secrets) {
    expect(() => new Webhook(secret).verify("{}", headers)).not.toThrow();
  }
});

test("keeps signing rightly when there are more secrets than it remembers", () => {
  const secrets = Array.from({ length: 2_500 }, () => newWebhookSecret());
  const input = { id: "evt_1", timestampSeconds: 1, body: "{}" };
  for (const secret of [...secrets, ...secrets.slice(0, 5)]) {
    const mac = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update("evt_1.1.{}");
    expect(signWebhook({ ...input, secrets: [secret] })["webhook-signature"]).toBe(
      `v1,${mac.digest("base64")}`,
    );
  }
});

test.each([
  ["no secret", { secrets: [] }],
  ["a secret without its prefix", { secrets: ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }],
  ["a short secret", { secrets: ["whsec_c2hvcnQ="] }],
  ["a secret that is not base64", { secrets: ["whsec_*****************************"] }],
  ["an id with a dot", { id: "evt.1" }],
  ["half a second", { timestampSeconds: 0.5 }],
])("refuses %s, and repeats no secret", (_what, change) => {
  const input = { id: "evt_1", timestampSeconds: 1, body: "{}", secrets: [newWebhookSecret()] };
  let message = "";
  try {
    signWebhook({ ...input, ...change });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(/^signWebhook: /);
  expect(message).not.toMatch(/MfKQ|c2hv|\*\*/);
});
