import { configureFailpoints } from "../../src/failpoints";
import { sealCredentials } from "../../src/processor-accounts/account";
import { type TestApi, newKey, startTestApi } from "../support/api";
import {
  type ConnectedAccount,
  ROTATE_CREDENTIALS,
  aSandboxKey,
  anAccountName,
  connectAccount,
} from "../support/processor-accounts";
import { atNetwork, attemptsOf, confirmed, movedAt, route, statusOf, to } from "./world";

/** Attempts of accounts: under lost answers, killed workers, changed and swapped credentials, and accounts that are away. */

let api: TestApi;
let one: ConnectedAccount;
let two: ConnectedAccount;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "60000" });
});
beforeEach(async () => {
  [one, two] = [await connectAccount(api), await connectAccount(api)];
  await route(api, [to(two, { currency: "EUR" }), to(one)]);
});
afterEach(() => configureFailpoints(undefined));
afterAll(() => api.stop());

async function rotate({ id, name }: ConnectedAccount): Promise<string> {
  const secretKey = aSandboxKey(name);
  const input = { processorAccountId: id, credentials: { secretKey } };
  const variables = { input, key: newKey() };
  const { error } = await api.send({ query: ROTATE_CREDENTIALS, variables });
  if (error) throw new Error(error.message);
  return secretKey;
}

const revoke = (key: string) => api.sandbox.post("/admin/revoked-keys", { key });

async function runNow(): Promise<void> {
  await api.relayOnce();
  await api.runCharges();
}

/** As if it had been sent long ago, so that nothing of it can still arrive. */
async function longAgo(attemptId: string): Promise<void> {
  await api
    .db("attempts")
    .where({ id: attemptId })
    .update({ sent_at: new Date(Date.now() - 86_400_000) });
  await api.makeDue();
}

test("a lost answer is looked up at the account that it came from, though the rules are others by then", async () => {
  const { id, attempt } = await confirmed(api);
  await atNetwork(api, one, "faults", { fault: "lose_response", rate: 1, count: 1 });
  await runNow();
  expect((await attemptsOf(api, id))[0]?.status).toBe("UNKNOWN");
  await route(api, [to(two)]);
  await api.makeDue();
  await api.drain();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  expect(await attemptsOf(api, id)).toHaveLength(1);
  expect(await movedAt(api, attempt.id)).toEqual([one.name]);
});

test("what never arrived is asked for anew at the same account, and never at another one", async () => {
  const { id, attempt } = await confirmed(api);
  await atNetwork(api, one, "faults", { fault: "lose_request", rate: 1, count: 1 });
  await runNow();
  await route(api, [to(two)]);
  await longAgo(attempt.id);
  await api.drain();
  const tries = await attemptsOf(api, id);
  expect(tries.map(({ status, processor_account_id: account }) => [status, account])).toEqual([
    ["ABANDONED", one.id],
    ["SUCCEEDED", one.id],
  ]);
  expect(await movedAt(api, tries[1]?.id ?? "")).toEqual([one.name]);
});

test("a worker that dies between its claim and its call, while the key is rotated, leaves one charge", async () => {
  const { id, attempt } = await confirmed(api);
  configureFailpoints("charge.before_settle:throw");
  await api.relayOnce();
  await api.runCharges().catch(() => undefined);
  configureFailpoints(undefined);
  await rotate(one);
  await revoke(one.secretKey);
  await api.killWorker();
  await longAgo(attempt.id);
  await api.drain();
  await api.makeDue();
  await api.drain();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  expect(await movedAt(api, attempt.id)).toEqual([one.name]);
});

test("credentials rotated three times under load, each old key revoked at once: every payment once", async () => {
  const made = await Promise.all(Array.from({ length: 40 }, () => confirmed(api)));
  let key = one.secretKey;
  const rotating = (async () => {
    for (let times = 0; times < 3; times += 1) {
      const next = await rotate(one);
      await revoke(key);
      key = next;
    }
  })();
  await Promise.all([rotating, api.drain()]);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await api.makeDue();
    await api.drain();
  }
  for (const { id, attempt } of made) {
    expect(await statusOf(api, id)).toBe("SUCCEEDED");
    expect(await movedAt(api, attempt.id)).toEqual([one.name]);
  }
});

test("a key that was revoked declines nothing: payments wait, and go out with the next key", async () => {
  await revoke(one.secretKey);
  const { id, attempt } = await confirmed(api);
  await runNow();
  expect((await attemptsOf(api, id))[0]?.status).toBe("QUEUED");
  expect(await movedAt(api, attempt.id)).toEqual([]);
  await rotate(one);
  await api.makeDue();
  await api.drain();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});

test("under another account's credentials, not found is no evidence, and nothing is reversed or asked for anew", async () => {
  const { id, attempt } = await confirmed(api);
  await atNetwork(api, one, "faults", { fault: "lose_response", rate: 1, count: 1 });
  await runNow();
  const row = () => api.db("processor_accounts").where({ id: one.id });
  const before = await row().first<{ credentials: Buffer; version: number }>();
  // Past every check of ours, as only somebody with the database and the encryption key could.
  const swapped = { secretKey: aSandboxKey(anAccountName()) };
  const credentials = sealCredentials(api.app.secrets, one.id, swapped);
  await row().update({ credentials, version: 7 });
  for (let times = 0; times < 3; times += 1) {
    await longAgo(attempt.id);
    await api.sweepOnce();
    await runNow();
    const tries = await attemptsOf(api, id);
    expect(tries.map(({ status }) => status)).toEqual(["UNKNOWN"]);
  }
  expect(await movedAt(api, attempt.id)).toEqual([one.name]);
  await row().update({ credentials: before?.credentials, version: 8 });
  await longAgo(attempt.id);
  await api.drain();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  expect(await movedAt(api, attempt.id)).toEqual([one.name]);
});

test("an account whose secrets cannot be opened is not called: its payments wait, others' go on", async () => {
  const row = () => api.db("processor_accounts").where({ id: one.id });
  const before = await row().first<{ credentials: Buffer }>();
  await row().update({ credentials: Buffer.alloc(60, 1), version: 5 });
  const [broken, sound] = [await confirmed(api), await confirmed(api, { currency: "EUR" })];
  await runNow();
  expect((await attemptsOf(api, broken.id))[0]?.status).toBe("QUEUED");
  expect(await statusOf(api, sound.id)).toBe("SUCCEEDED");
  await row().update({ credentials: before?.credentials, version: 6 });
  await api.makeDue();
  await api.drain();
  expect(await statusOf(api, broken.id)).toBe("SUCCEEDED");
});

test("an account that does not answer is left alone by itself: another's and the installation's payments go on", async () => {
  const attempt = (await confirmed(api)).attempt;
  const row = await api.db("attempts").where({ id: attempt.id }).first<{ merchant_id: string }>();
  const found = (account: ConnectedAccount) =>
    api.app.processorOf({
      merchantId: row?.merchant_id ?? "",
      processor: "sandbox",
      processorAccountId: account.id,
    });
  const [away, well] = [await found(one), await found(two)];
  expect(await found(one)).toBe(away);
  expect(away).not.toBe(well);
  await api.drain();
  await atNetwork(api, one, "outage", { mode: "refuse" });
  const held = await confirmed(api);
  const others = [await confirmed(api, { currency: "EUR" })];
  await route(api, []);
  others.push(await confirmed(api));
  await runNow();
  expect((await attemptsOf(api, held.id))[0]?.status).toBe("UNKNOWN");
  for (const { id } of others) expect(await statusOf(api, id)).toBe("SUCCEEDED");
  await atNetwork(api, one, "outage", { mode: "off" });
  await longAgo(held.attempt.id);
  await api.drain();
  expect(await statusOf(api, held.id)).toBe("SUCCEEDED");
});
