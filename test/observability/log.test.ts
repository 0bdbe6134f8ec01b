import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describeError, withoutWords } from "../../src/observability/describe-error";
import { createLog, type Log } from "../../src/observability/log";
import { startTestApi } from "../support/api";

const directory = mkdtempSync(path.join(tmpdir(), "oncepay-log-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const CARD = "4242424242424242";
const KEY = `sk_live_01m7w8gk88x1y3hd6s91afm9yb_${"a1B2".repeat(11)}`;
let files = 0;

/** What a log writes for what is done with it, line by line. */
function written(use: (log: Log) => void): Record<string, unknown>[] {
  files += 1;
  const file = path.join(directory, `${String(files)}.log`);
  use(createLog("test", "debug", file));
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

it("writes the fields that it knows, and of others only the name", () => {
  const [line] = written((log) => {
    log.info({ requestId: "req_1", count: 2, headers: { authorization: KEY }, body: CARD }, "did");
  });
  expect(line).toEqual({
    level: 30,
    time: expect.any(String),
    name: "test",
    requestId: "req_1",
    count: 2,
    unlisted: ["headers", "body"],
    msg: "did",
  });
});

it("strikes out what a field or the words hold", () => {
  const lines = written((log) => {
    log.warn({ reason: `the answer was ${CARD}`, missing: [KEY] }, `for ${KEY}`);
    log.error(new Error(`card ${CARD}`));
    log.error(`plain ${CARD}`);
    log.info({ reason: { card: CARD } }, "nested");
  });
  expect(lines).toMatchObject([
    { reason: "the answer was [card number]", missing: ["[secret]"], msg: "for [secret]" },
    { err: { type: "Error", message: "card [card number]" } },
    { msg: "plain [card number]" },
    { msg: "nested" },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/4242|sk_live/);
});

it("takes of an error its kind, its place and words without values", () => {
  const error = Object.assign(
    new Error(`insert into t (a) values ($1) - invalid input syntax for type json: "${CARD}"`),
    { code: "22P02", detail: `Token "${CARD}"`, where: CARD, table: "t", hint: KEY, query: KEY },
  );
  expect(describeError(error)).toEqual({
    type: "Error",
    message: "a value was refused",
    code: "22P02",
    table: "t",
    stack: expect.stringMatching(/^\s+at /),
  });
  const missing = Object.assign(new Error('select 1 - 2 - relation "t" does not exist'), {
    code: "42P01",
  });
  expect(describeError(missing).message).toBe('relation "t" does not exist');
  const outer = new Error("outer", { cause: new TypeError(`of ${KEY}`) });
  expect(describeError(outer).cause).toMatchObject({ type: "TypeError", message: "of [secret]" });
  expect(describeError("text")).toEqual({ type: "string", message: "", stack: "" });
  expect(withoutWords(error).message).toBe("Error 22P02");
  expect(withoutWords(error).stack).not.toContain(CARD);
});

it("what hostile requests and broken parts leave in an app's log holds none of it", async () => {
  const file = path.join(directory, "hostile.log");
  const api = await startTestApi();
  const log = createLog("test", "debug", file);
  const app = { ...api.app, log };
  Object.assign(api.app, { log });
  try {
    // The whole of what goes wrong inside: a table that is not there.
    await api.db.raw("alter table payment_intents rename to payment_intents_away");
    const client = `${CARD} ${KEY}`;
    const query = `query ($id: ID!) { a${CARD}: paymentIntent(id: $id) { id } }`;
    await api.send({
      query,
      variables: { id: "pi_01m7w8wagbx5338azawms6zrmk" },
      headers: { "x-request-id": `order-${CARD}`, "user-agent": client, "oncepay-try": client },
    });
    await api.db.raw("alter table payment_intents_away rename to payment_intents");
    await api.send({ query: `{ paymentIntent(id: "${KEY}") { id } }`, key: KEY });
    await api.send({ query: `{ ${KEY} }` });
    app.log.error({ err: new Error(client) }, "shows that this log is written");
  } finally {
    await api.stop();
  }
  const text = readFileSync(file, "utf8");
  expect(text).toContain("shows that this log is written");
  expect(text).toContain("a part of the service is away");
  expect(text).not.toContain(CARD);
  expect(text).not.toContain("sk_live");
  expect(text).not.toMatch(/select|insert|"unlisted"/);
});
