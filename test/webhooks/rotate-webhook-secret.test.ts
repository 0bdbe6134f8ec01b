import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { resealSecrets } from "../../src/key-rotation/reseal-secrets";
import { keyIdOf } from "../../src/security/secrets";
import { maintainOnce } from "../../workers/maintain";
import { ROTATE_SECRET, type TestApi, makeIntent, startTestApi } from "../support/api";
import { type ReceivedWebhook, type TestReceiver, startReceiver } from "../support/receiver";
import { type Endpoint, anEndpoint, change, shown } from "./endpoints";

/** Judged by the two official libraries, as receivers use them. */

const LIBRARIES = [
  ["standardwebhooks", (secret: string) => new StandardWebhook(secret)],
  ["svix", (secret: string) => new SvixWebhook(secret)],
] as const;

let api: TestApi;
let receiver: TestReceiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

type Headers = Record<string, string>;

const headersOf = ({ headers }: ReceivedWebhook): Headers => headers as Headers;

/** What the libraries say to a webhook, each by itself. */
function verdicts(
  webhook: Pick<ReceivedWebhook, "body"> & { headers: Headers },
  secret: string,
): string[] {
  return LIBRARIES.map(([name, open]) => {
    try {
      open(secret).verify(webhook.body, webhook.headers);
      return `${name}: verified`;
    } catch {
      return `${name}: refused`;
    }
  });
}

const VERIFIED = LIBRARIES.map(([name]) => `${name}: verified`);
const REFUSED = LIBRARIES.map(([name]) => `${name}: refused`);

/** An event, told to the only endpoint that wants it. */
async function told(): Promise<Omit<ReceivedWebhook, "headers"> & { headers: Headers }> {
  const from = receiver.received.length;
  await makeIntent(api);
  await api.drain();
  const webhooks = receiver.received.slice(from);
  expect(webhooks).toHaveLength(1);
  const webhook = webhooks[0] as ReceivedWebhook;
  return { ...webhook, headers: headersOf(webhook) };
}

async function rotate(id: string, more: object = {}): Promise<string> {
  return shown(await change(api, ROTATE_SECRET, id, more)).secret as string;
}

const row = (id: string) => api.db("webhook_endpoints").where({ id }).first();

async function endOverlap(id: string): Promise<void> {
  await api.db("webhook_endpoints").where({ id }).update({ old_secret_until: api.db.fn.now() });
}

let endpoint: Endpoint;
beforeEach(async () => {
  await api.db("webhook_endpoints").update({ event_types: ["refund.failed"] });
  endpoint = await anEndpoint(api, receiver.url, { eventTypes: ["payment_intent.created"] });
});

test("before, during and after a rotation, the official libraries verify what is sent", async () => {
  const { id, secret: old } = endpoint;
  const before = await told();
  expect(verdicts(before, old)).toEqual(VERIFIED);
  expect(before.headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);

  const fresh = await rotate(id);
  expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(fresh).not.toBe(old);
  const during = await told();
  expect(verdicts(during, old)).toEqual(VERIFIED);
  expect(verdicts(during, fresh)).toEqual(VERIFIED);
  expect(during.headers["webhook-signature"]).toMatch(/^v1,\S{44} v1,\S{44}$/);

  // Over from this moment, whether the maintenance has been there or not.
  await endOverlap(id);
  const after = await told();
  expect(verdicts(after, fresh)).toEqual(VERIFIED);
  expect(verdicts(after, old)).toEqual(REFUSED);
  expect(after.headers["webhook-signature"]).toMatch(/^v1,\S{44}$/);
});

test("what was signed with both is refused when body, id or timestamp is another", async () => {
  const fresh = await rotate(endpoint.id);
  const webhook = await told();
  const now = Number(webhook.timestamp);
  for (const secret of [endpoint.secret, fresh]) {
    const { headers, body } = webhook;
    expect(verdicts({ headers, body }, secret)).toEqual(VERIFIED);
    expect(verdicts({ headers, body: body.replace("2500", "9500") }, secret)).toEqual(REFUSED);
    expect(verdicts({ headers, body: `${body} ` }, secret)).toEqual(REFUSED);
    const changed: Headers[] = [
      { ...headers, "webhook-id": `${webhook.id}x` },
      { ...headers, "webhook-timestamp": String(now + 1) },
      { ...headers, "webhook-timestamp": String(now - 3_600) },
      { ...headers, "webhook-signature": "v1,AAAA v1,BBBB" },
    ];
    for (const other of changed) {
      expect(verdicts({ headers: other, body }, secret)).toEqual(REFUSED);
    }
  }
});

test("a try that failed before the rotation is signed with both after it, the id and bytes the same", async () => {
  receiver.answerWith(500);
  const first = await told();
  const fresh = await rotate(endpoint.id);
  const from = receiver.received.length;
  await api.makeDue();
  await api.drain();
  const again = receiver.received[from] as ReceivedWebhook;
  expect([again.id, again.body]).toEqual([first.id, first.body]);
  for (const secret of [endpoint.secret, fresh]) {
    expect(verdicts({ ...again, headers: headersOf(again) }, secret)).toEqual(VERIFIED);
  }
});

test("an overlap of none replaces the secret at once, also during another overlap", async () => {
  const { id, secret: oldest } = endpoint;
  const leaked = await rotate(id);
  const fresh = await rotate(id, { overlapSeconds: 0 });
  const webhook = await told();
  expect(verdicts(webhook, fresh)).toEqual(VERIFIED);
  expect(verdicts(webhook, leaked)).toEqual(REFUSED);
  expect(verdicts(webhook, oldest)).toEqual(REFUSED);
  expect(await row(id)).toMatchObject({ old_secret: null, old_secret_until: null });
});

test("the overlap lasts a day unless it is said otherwise, and is shown without any secret", async () => {
  const { id, secret: old } = endpoint;
  const answer = await change(api, ROTATE_SECRET, id);
  const { secret, webhookEndpoint } = shown(answer);
  const { updatedAt, previousSecretExpiresAt } = webhookEndpoint;
  expect(Date.parse(previousSecretExpiresAt as string) - Date.parse(updatedAt as string)).toBe(
    86_400_000,
  );
  expect(webhookEndpoint).toMatchObject({
    secretHint: `whsec_…${(secret as string).slice(-5)}`,
    previousSecretHint: `whsec_…${old.slice(-5)}`,
  });
  const { body } = await api.send({
    query: `{ node(id: "${id}") { ... on WebhookEndpoint {
      secretHint previousSecretHint previousSecretExpiresAt } } }`,
  });
  expect(body.data.node).toMatchObject({ previousSecretExpiresAt });
  for (const one of [old, secret as string]) expect(JSON.stringify(body)).not.toContain(one);
  await endOverlap(id);
  const after = await api.send({
    query: `{ node(id: "${id}") { ... on WebhookEndpoint { previousSecretHint previousSecretExpiresAt } } }`,
  });
  expect(after.data.node).toEqual({ previousSecretHint: null, previousSecretExpiresAt: null });
});

test.each([-1, 604_801])("an overlap of %s seconds is refused", async (overlapSeconds) => {
  const { error } = await change(api, ROTATE_SECRET, endpoint.id, { overlapSeconds });
  expect(error?.extensions).toMatchObject({ details: { field: "input.overlapSeconds" } });
});

test("there are never three: a second rotation waits for the first overlap's end", async () => {
  const { id } = endpoint;
  const answers = await Promise.all([1, 2, 3].map(() => change(api, ROTATE_SECRET, id)));
  const codes = answers.map(({ error }) => error?.extensions.code as string | undefined);
  expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  const refused = answers.find(({ error }) => error !== undefined);
  expect(refused?.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { id, currentState: "ROTATING" },
  });
  await endOverlap(id);
  await rotate(id);
});

test("the old secret is destroyed when its time is over, and not before", async () => {
  const { id } = endpoint;
  await rotate(id);
  await maintainOnce(api.app);
  expect(await row(id)).toMatchObject({ old_secret: expect.any(Buffer) });
  await endOverlap(id);
  await maintainOnce(api.app);
  expect(await row(id)).toMatchObject({
    secret: expect.any(Buffer),
    old_secret: null,
    old_secret_hint: null,
    old_secret_until: null,
  });
});

test("both secrets stay readable when the encryption key is replaced", async () => {
  const { id, secret: old } = endpoint;
  const fresh = await rotate(id);
  const before = await row(id);
  const keys = [Buffer.alloc(32, 9), ...api.app.config.encryptionKeys];
  const settings = { ONCEPAY_ENCRYPTION_KEY: keys.map((key) => key.toString("base64")).join(",") };
  const app = api.anotherApp(settings);
  await resealSecrets(app.db, { secrets: app.secrets, keyIds: keys.map(keyIdOf) });
  const after = await row(id);
  expect(after.old_secret).not.toEqual(before.old_secret);
  expect(app.secrets.open(after.secret as Buffer, id)).toBe(fresh);
  expect(app.secrets.open(after.old_secret as Buffer, id)).toBe(old);
});
