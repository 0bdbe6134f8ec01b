import { readFileSync } from "node:fs";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { EVENT_TYPES } from "../../src/events/event-types";
import { WebhookVerificationError, verifyWebhook } from "../../src/sdk/verify-webhook";
import { newWebhookSecret, signWebhook } from "../../src/webhooks/sign";

const secret = newWebhookSecret();
const event = { id: "evt_1", type: "refund.failed", data: { object: { amount: 5 } } };
const body = JSON.stringify({ ...event, note: "größer, 円, 🙂" });
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

function signed(timestampSeconds = nowSeconds(), secrets: readonly string[] = [secret]) {
  return signWebhook({ id: "evt_1", timestampSeconds, body, secrets });
}

test("gives the event that the standard library signed, and the one that this project signs", async () => {
  const at = new Date();
  const byLibrary = {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": new Webhook(secret).sign("evt_1", at, body),
  };
  await expect(verifyWebhook({ secret, headers: byLibrary, body })).resolves.toMatchObject(event);
  await expect(verifyWebhook({ secret, headers: signed(), body })).resolves.toMatchObject(event);
});

test("agrees with the standard library on what is right and what is wrong", async () => {
  const headers = signed();
  const mac = headers["webhook-signature"];
  const cases = [
    { headers, body },
    { headers, body: `${body} ` },
    { headers: { ...headers, "webhook-id": "evt_2" }, body },
    { headers: { ...headers, "webhook-timestamp": String(nowSeconds() - 1) }, body },
    { headers: { ...headers, "webhook-signature": mac.slice(0, -2) }, body },
    { headers: { ...headers, "webhook-signature": mac.replace("v1,", "v2,") }, body },
    { headers: { ...headers, "webhook-signature": `v1,AAAA ${mac}` }, body },
    { headers: { ...headers, "webhook-signature": mac.slice(3) }, body },
    { headers: { ...headers, "webhook-signature": "" }, body },
    { headers: { ...headers, "webhook-id": "" }, body },
    { headers: signed(nowSeconds() - 299), body },
    { headers: signed(nowSeconds() - 302), body },
    { headers: signed(nowSeconds() + 302), body },
    { headers: signed(nowSeconds(), [newWebhookSecret()]), body },
    { headers: signed(nowSeconds(), [newWebhookSecret(), secret]), body },
  ];
  const verdicts = { ours: [] as boolean[], library: [] as boolean[] };
  for (const given of cases) {
    const ours = await verifyWebhook({ secret, ...given }).then(
      () => true,
      (error) => (expect(error).toBeInstanceOf(WebhookVerificationError), false),
    );
    verdicts.ours.push(ours);
    try {
      new Webhook(secret).verify(given.body, given.headers);
      verdicts.library.push(true);
    } catch {
      verdicts.library.push(false);
    }
  }
  expect(verdicts.ours).toEqual(verdicts.library);
  expect(verdicts.ours.filter(Boolean)).toHaveLength(4);
});

test("takes bytes, Fetch headers, Node's headers in any case, and several secrets", async () => {
  const headers = signed();
  const given = { secrets: [newWebhookSecret(), secret], body: new TextEncoder().encode(body) };
  const upper = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]),
  );
  for (const each of [headers, new Headers(headers), upper]) {
    await expect(verifyWebhook({ ...given, headers: each })).resolves.toMatchObject(event);
  }
});

test("refuses what is too old or too new for the tolerance that was asked for", async () => {
  const headers = signed(1_000);
  const at = (seconds: number) =>
    verifyWebhook({ secret, headers, body, toleranceSeconds: 10, now: () => seconds * 1_000 });
  await expect(at(1_010)).resolves.toMatchObject(event);
  await expect(at(990)).resolves.toMatchObject(event);
  await expect(at(1_011)).rejects.toThrow("too old");
  await expect(at(989)).rejects.toThrow("from the future");
});

test("refuses a header that came twice, a broken timestamp, and signed text that is no JSON", async () => {
  const headers = signed();
  const twice = { ...headers, "webhook-signature": [headers["webhook-signature"], "v1,AAAA"] };
  await expect(verifyWebhook({ secret, headers: twice, body })).rejects.toThrow("missing");
  const broken = { ...headers, "webhook-timestamp": "soon" };
  await expect(verifyWebhook({ secret, headers: broken, body })).rejects.toThrow("not a number");
  const text = signWebhook({
    id: "evt_1",
    timestampSeconds: nowSeconds(),
    body: "hello",
    secrets: [secret],
  });
  await expect(verifyWebhook({ secret, headers: text, body: "hello" })).rejects.toThrow("not JSON");
});

test("a wrong secret is the program's mistake, and its error does not repeat it", async () => {
  const wrong = { headers: signed(), body };
  await expect(verifyWebhook(wrong)).rejects.toThrow(TypeError);
  await expect(verifyWebhook({ ...wrong, secret: "whsec_päss" })).rejects.toThrow(/^((?!päss).)*$/);
  await expect(verifyWebhook({ ...wrong, secret: "whsec_" })).rejects.toThrow(TypeError);
});

test("every event that the project sends is typed by the object it is about", () => {
  const source = readFileSync(path.join(__dirname, "../../src/sdk/webhook-event.ts"), "utf8");
  const typed = [...source.matchAll(/`(\w+)\.\$\{string\}`/g)].map(([, object]) => object);
  expect([...new Set(EVENT_TYPES.map((type) => type.split(".")[0]))].sort()).toEqual(typed.sort());
});
