import { Client } from "pg";
import { OUTBOX_CHANNEL } from "../../src/events/outbox";
import { CHANGES_CHANNEL, createAnnouncer, readChanges } from "../../src/live/announce-changes";
import { type TestApp, startTestApp } from "../support/app";
import { waitFor } from "../support/wait-for";

let system: TestApp;
let listener: Client;
let heard: { channel: string; payload: string }[] = [];

beforeAll(async () => {
  system = await startTestApp();
  listener = new Client({ connectionString: system.databaseUrl });
  await listener.connect();
  await listener.query(`listen ${OUTBOX_CHANNEL}; listen ${CHANGES_CHANNEL}`);
  listener.on("notification", ({ channel, payload = "" }) => {
    heard.push({ channel, payload });
  });
});
beforeEach(() => {
  heard = [];
});
afterAll(async () => {
  await listener.end();
  await system.stop();
});

const heardOn = (channel: string): string[] =>
  heard.filter((message) => message.channel === channel).map(({ payload }) => payload);

test("wakes whoever listens, few times however often it is asked, and once more after the last", async () => {
  const { wake } = createAnnouncer(system.db);
  for (let index = 0; index < 1_000; index += 1) wake();
  await waitFor("two", () => heard.length === 2);
  wake();
  await waitFor("one more", () => heard.length === 3);
  expect(heardOn(CHANGES_CHANNEL)).toEqual([]);
});

test("names what has changed, each once in a message, together with the wake", async () => {
  const { wake, changed } = createAnnouncer(system.db);
  const intent = (n: number) => ({ merchantId: "mer_a", paymentIntentId: `pi_${String(n)}` });
  // The first goes out by itself; what comes while it is under way goes out together.
  changed(intent(1));
  changed(intent(2));
  changed(intent(2));
  wake();
  changed(intent(3));
  await waitFor("the second message", () => heardOn(CHANGES_CHANNEL).length === 2);
  const [first = "", second = ""] = heardOn(CHANGES_CHANNEL);
  expect(readChanges(first)).toEqual([intent(1)]);
  expect(readChanges(second)).toEqual([intent(2), intent(3)]);
  expect(heardOn(OUTBOX_CHANNEL)).toEqual([""]);
});

test("says in several messages what is too much for one, and only that there was much beyond those", async () => {
  const { changed } = createAnnouncer(system.db);
  const name = (n: number) => ({
    merchantId: `mer_${"m".repeat(26)}`,
    paymentIntentId: `pi_${String(n).padStart(26, "0")}`,
  });
  changed(name(0));
  for (let n = 1; n <= 500; n += 1) changed(name(n));
  const all = (): string[] => heardOn(CHANGES_CHANNEL);
  const named = (): Set<string> =>
    new Set(all().flatMap((text) => (readChanges(text) ?? []).map((one) => one.paymentIntentId)));
  await waitFor("all of them", () => named().size === 501);
  expect(all().length).toBeGreaterThan(4);
  for (const text of all()) expect(Buffer.byteLength(text)).toBeLessThan(8_000);
  heard = [];
  changed(name(0));
  for (let n = 1; n <= 3_000; n += 1) changed(name(n));
  await waitFor("that there was much", () => all().includes("*"));
  expect(readChanges("*")).toBeUndefined();
});

test("a message that makes no sense names nothing", () => {
  expect(readChanges("")).toEqual([]);
  expect(readChanges("mer_a pi_b / mer_a/ /pi_b")).toEqual([]);
});
