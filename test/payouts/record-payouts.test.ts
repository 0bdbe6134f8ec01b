import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommandLine } from "../../src/cli/run-command-line";
import type { Db } from "../../src/db/db";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { reconcileFile } from "../../src/reconciliation/reconcile-file";
import type { Report } from "../../src/reconciliation/report-store";
import { type TestApi, startTestApi } from "../support/api";
import { aDispute } from "../support/disputes";
import { aMerchant, aSettledIntent, refundCommand } from "../support/factories";

/**
 * Payouts on their whole way: sent by the card network, in its settlement file, read from it, recorded, posted, shown,
 * told and exported; and compared with the network's own books when everything has been done to them.
 */

let api: TestApi;
let directory: string;
beforeAll(async () => {
  api = await startTestApi();
  directory = await mkdtemp(path.join(tmpdir(), "oncepay-payouts-"));
});
// What is still due belongs to one test alone.
afterEach(async () => {
  await api.sandbox.post("/admin/payouts");
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await api.drain();
  await api.stop();
});

interface Sent {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
}

async function send(currency?: string): Promise<Sent[]> {
  const { body } = await api.sandbox.post("/admin/payouts", { ...(currency && { currency }) });
  return (body as { payouts: Sent[] }).payouts;
}

async function sendOne(currency: string): Promise<Sent> {
  const [sent, ...others] = await send(currency);
  if (!sent || others.length > 0) throw new Error("one payout was expected");
  return sent;
}

const say = (payout: Sent, outcome: "paid" | "failed") =>
  api.sandbox.post(`/admin/payouts/${payout.id}`, { outcome });

const HOUR_MS = 3_600_000;
let statements = 0;

/** A file of the hours around now; each has another name, and says the same. */
async function theirFile(): Promise<string> {
  statements += 1;
  const edge = HOUR_MS + statements;
  const [from, to] = [-edge, edge].map((ms) => new Date(Date.now() + ms).toISOString());
  return (await api.sandbox.get(`/v1/settlement?from=${String(from)}&to=${String(to)}`))
    .body as string;
}

/** With the lines of one payout changed, each into as many as wanted. */
async function changed(
  payout: Pick<Sent, "id">,
  change: (line: string) => string | readonly string[],
): Promise<string> {
  const lines = (await theirFile()).split("\n").slice(0, -2);
  const isIts = (line: string) => /^payout(_line)?,/.test(line) && line.includes(payout.id);
  const all = lines.flatMap((line) => (isIts(line) ? change(line) : line));
  return `${[...all, `end,${String(all.length - 2)}`].join("\n")}\n`;
}

async function reconcile(
  text: string,
  { db = api.app.db, tell = () => undefined }: { db?: Db; tell?: () => void } = {},
): Promise<Report> {
  const file = path.join(directory, "settlement.csv");
  await writeFile(file, text);
  const processor = api.app.processors.get("sandbox");
  if (!processor) throw new Error("there is no sandbox");
  return reconcileFile({ db, processor, tell }, file);
}

async function breaksOf(report: Pick<Report, "id">, db: Db = api.db) {
  return db("reconciliation_breaks").where({ report_id: report.id }).orderBy("kind");
}

async function paid(merchantId: string, amount: number, currency: string): Promise<PaymentIntent> {
  return aSettledIntent(api, merchantId, { amount, currency });
}

const KINDS = ["MERCHANT_BALANCE", "PAYOUTS", "PROCESSOR_RECEIVABLE"];

/** In the order of KINDS. */
async function balances(secretKey: string, currency: string): Promise<string[]> {
  const { data } = await api.send({
    query: `{ ledgerAccounts(filter: {currencies: ["${currency}"]}) {
      edges { node { kind balance } } } }`,
    key: secretKey,
  });
  const nodes = data.ledgerAccounts.edges.map(({ node }: { node: object }) => node) as {
    kind: string;
    balance: string;
  }[];
  return KINDS.map((kind) => nodes.find((node) => node.kind === kind)?.balance ?? "none");
}

const PAYOUTS = `{ payouts(first: 5) { edges { node {
  id status amount currency lineCount processorPayoutId version
  lines(first: 10) { edges { node { line kind amount attemptId paymentIntentId movementId } } }
} } } }`;

async function payoutsOf(key: string) {
  const { data, error } = await api.send({ query: PAYOUTS, key });
  expect(error).toBeUndefined();
  return data.payouts.edges.map(({ node }: { node: unknown }) => node);
}

const typesOf = async (merchantId: string) => {
  await api.drain();
  const events = await api
    .db("event_feed")
    .join("events", "events.id", "event_feed.event_id")
    .where({ "events.merchant_id": merchantId })
    .andWhere("events.type", "like", "payout.%")
    .orderBy("position")
    .select("events.type as type");
  return events.map(({ type }: { type: string }) => type);
};

test.each([
  ["JPY", 1_000, 400, 59],
  ["USD", 1_000, 400, 59],
  ["KWD", 1_000, 400, 59],
])(
  "%s: sent, arrived and sent back, and the balance follows",
  async (currency, amount, back, fee) => {
    const merchant = await aMerchant(api);
    const first = await paid(merchant.id, amount, currency);
    await paid(merchant.id, amount, currency);
    await refundPaymentIntent(api.db, refundCommand(merchant.id, first.id, { amount: back }));
    await api.drain();
    const net = 2 * (amount - fee) - back;
    const gross = 2 * amount - back;
    expect(await balances(merchant.secretKey, currency)).toEqual([`${gross}`, "0", `${net}`]);

    const sent = await sendOne(currency);
    expect(sent).toMatchObject({ status: "in_transit", amount: net, lineCount: 5 });
    const report = await reconcile(await theirFile());
    expect(report).toMatchObject({ status: "COMPLETED" });
    expect(await breaksOf(report)).toEqual([]);
    const left = `${gross - net}`;
    expect(await balances(merchant.secretKey, currency)).toEqual([left, `${net}`, `${net}`]);
    const [payout] = await payoutsOf(merchant.secretKey);
    expect(payout).toMatchObject({
      ...{ status: "IN_TRANSIT", amount: `${net}`, currency, lineCount: 5, version: 1 },
      processorPayoutId: sent.id,
    });
    const lines = payout.lines.edges.map(({ node }: { node: object }) => node) as {
      kind: string;
      amount: string;
      paymentIntentId: string;
    }[];
    expect(lines.map(({ kind, amount: of }) => `${kind} ${of}`).toSorted()).toEqual(
      [
        `CHARGE ${amount}`,
        `CHARGE ${amount}`,
        `FEE -${fee}`,
        `FEE -${fee}`,
        `REFUND -${back}`,
      ].toSorted(),
    );
    expect(lines.find(({ kind }) => kind === "REFUND")?.paymentIntentId).toBe(first.id);

    // Whoever reads how often: another file that says the same changes nothing.
    await reconcile(await theirFile());
    expect(await balances(merchant.secretKey, currency)).toEqual([left, `${net}`, `${net}`]);

    await say(sent, "paid");
    await reconcile(await theirFile());
    expect(await balances(merchant.secretKey, currency)).toEqual([left, "0", "0"]);

    await say(sent, "failed");
    await reconcile(await theirFile());
    await reconcile(await theirFile());
    expect(await balances(merchant.secretKey, currency)).toEqual([`${gross}`, "0", `${net}`]);
    const journals = await api
      .db("journals")
      .where({ merchant_id: merchant.id, source_id: payout.id })
      .orderBy("id");
    expect(journals.map(({ kind }) => kind as string)).toEqual([
      ...["payout", "payout_paid", "payout_failed"],
    ]);
    expect(journals[2].corrects_journal_id).toBe(journals[0].id);
    expect(await typesOf(merchant.id)).toEqual(["payout.created", "payout.paid", "payout.failed"]);

    // What came back is in the next one.
    const again = await sendOne(currency);
    expect(again).toMatchObject({ amount: net, lineCount: 5 });
    await say(again, "paid");
    const last = await reconcile(await theirFile());
    expect(await breaksOf(last)).toEqual([]);
    expect(await balances(merchant.secretKey, currency)).toEqual([left, "0", "0"]);
  },
);

test("one transfer for two merchants: each has its part, and sees nothing of the other's", async () => {
  const [one, other] = [await aMerchant(api), await aMerchant(api)];
  await paid(one.id, 5_000, "EUR");
  const refunded = await paid(other.id, 300, "EUR");
  await say(await sendOne("EUR"), "paid");
  await refundPaymentIntent(api.db, refundCommand(other.id, refunded.id));
  await paid(one.id, 1_000, "EUR");
  await api.drain();
  // Of the second transfer, the other merchant owes more than it is owed.
  const sent = await sendOne("EUR");
  expect(sent.amount).toBe(1_000 - 59 - 300);
  await say(sent, "paid");
  const report = await reconcile(await theirFile());
  expect(await breaksOf(report)).toEqual([]);
  const [mine] = await payoutsOf(one.secretKey);
  const [theirs] = await payoutsOf(other.secretKey);
  expect(mine).toMatchObject({ amount: "941", lineCount: 2, processorPayoutId: sent.id });
  expect(theirs).toMatchObject({ amount: "-300", lineCount: 1, processorPayoutId: sent.id });
  expect((await balances(other.secretKey, "EUR"))[2]).toBe("0");
  const { data } = await api.send({
    query: `{ payout(id: "${String(mine.id)}") { id } node(id: "${String(mine.id)}") { id } }`,
    key: other.secretKey,
  });
  expect(data).toEqual({ payout: null, node: null });
});

test("disputes: what is withheld is not paid out, and is paid out when the merchant has won", async () => {
  const merchant = await aMerchant(api);
  const disputed = await paid(merchant.id, 9_000, "GBP");
  await aDispute(api, disputed.id, { amount: 2_000 });
  const sent = await sendOne("GBP");
  expect(sent.amount).toBe(9_000 - 291 - 2_000 - 1_500);
  await say(sent, "paid");
  await reconcile(await theirFile());
  // What the processor still owes is what is in dispute.
  expect((await balances(merchant.secretKey, "GBP"))[2]).toBe("2000");
  const [{ lines }] = await payoutsOf(merchant.secretKey);
  const kinds = lines.edges.map(({ node }: { node: { kind: string } }) => node.kind);
  expect(kinds.toSorted()).toEqual(["CHARGE", "DISPUTE", "FEE", "FEE"]);
});

test("killed at every commit, and within one, it is paid out once", async () => {
  const merchant = await aMerchant(api);
  await paid(merchant.id, 7_000, "CHF");
  const sent = await sendOne("CHF");
  await say(sent, "paid");
  const file = await theirFile();
  // Within the commit: the journals cannot be written, so nothing of the payout is.
  await api.db.raw(`
    create function die() returns trigger language plpgsql as $$
    begin raise exception 'the process died'; end $$;
    create trigger die before insert on journals for each row
      when (new.kind = 'payout_paid') execute function die()`);
  await expect(reconcile(file)).rejects.toThrow("the process died");
  expect(await api.db("payouts").where({ merchant_id: merchant.id })).toEqual([]);
  await api.db.raw("drop trigger die on journals; drop function die()");
  let lives = 0;
  for (let done = false; !done; lives += 1) {
    let commits = 0;
    // Each life sees one more commit than the run has had so far, and dies.
    const tell = () => {
      commits += 1;
      if (commits > 1) throw new Error("killed");
    };
    const report = await reconcile(file, { tell }).catch(() => undefined);
    done = report?.status === "COMPLETED";
  }
  expect(lives).toBeGreaterThan(2);
  expect(await balances(merchant.secretKey, "CHF")).toEqual([`${7_000 - 6_767}`, "0", "0"]);
  expect(await api.db("payouts").where({ merchant_id: merchant.id })).toHaveLength(1);
  // The same day in two files, read by two processes at once.
  const files = [await theirFile(), await theirFile()];
  const processor = api.app.processors.get("sandbox");
  await Promise.all(
    files.map(async (text, at) => {
      const name = path.join(directory, `both-${String(at)}.csv`);
      await writeFile(name, text);
      return processor && reconcileFile({ db: api.app.db, processor, tell: () => undefined }, name);
    }),
  );
  expect(await api.db("payouts").where({ merchant_id: merchant.id })).toHaveLength(1);
});

describe("what differs is a break", () => {
  let merchant: Awaited<ReturnType<typeof aMerchant>>;
  let charge: string;
  beforeEach(async () => {
    merchant = await aMerchant(api);
    const { id } = await paid(merchant.id, 4_000, "SEK");
    charge = ((await api.db("attempts").where({ payment_intent_id: id }).first()) as { id: string })
      .id;
  });
  const shown = async (report: Report, db?: Db) =>
    (await breaksOf(report, db)).map(
      ({ kind, subject_id: subject, detail }) => `${kind} ${subject}: ${detail}`,
    );
  const set = (at: number, value: string) => (line: string) =>
    line.split(",").with(at, value).join(",");

  test("of lines that are not its amount: nothing is recorded", async () => {
    const sent = await sendOne("SEK");
    const wrong = await reconcile(
      await changed(sent, (line) => (line.startsWith("payout,") ? set(3, "1")(line) : line)),
    );
    expect(await shown(wrong)).toEqual([
      `AMOUNT ${sent.id}: a payout of 1 SEK in 2 lines there, whose 2 lines are 3854 SEK`,
    ]);
    expect(await api.db("payouts").where({ merchant_id: merchant.id })).toEqual([]);
    await reconcile(await theirFile());
    expect(await api.db("payouts").where({ merchant_id: merchant.id })).toHaveLength(1);
  });

  test("of another amount than was captured, and than the payout had", async () => {
    const sent = await sendOne("SEK");
    const more = (line: string) =>
      line.startsWith("payout,")
        ? set(3, "3954")(line)
        : line.includes(",charge,")
          ? set(4, "4100")(line)
          : line;
    await reconcile(await theirFile());
    const report = await reconcile(await changed(sent, more));
    const [known] = await api.db("payouts").where({ merchant_id: merchant.id });
    expect((await shown(report)).toSorted()).toEqual(
      [
        `AMOUNT ${charge}: ${sent.id} pays out 4100 SEK for it, and it is 4000 SEK here`,
        `AMOUNT ${String(known.id)}: a payout of 3954 SEK there, and of 3854 SEK here`,
      ].toSorted(),
    );
    const [found] = await breaksOf(report);
    expect(found.merchant_id).toBe(merchant.id);
  });

  test("of what nothing here asked for", async () => {
    // In a currency of its own: what it leaves behind is nobody's.
    await api.sandbox.charge("nobody-asked", { amount: 900, currency: "DKK" });
    await paid(merchant.id, 4_000, "DKK");
    const sent = await sendOne("DKK");
    await say(sent, "paid");
    const report = await reconcile(await theirFile());
    const found = (await breaksOf(report)).filter(({ subject_id: subject }) => subject === sent.id);
    expect(found).toMatchObject([{ kind: "MISSING_HERE", merchant_id: PLATFORM_MERCHANT_ID }]);
    expect(found[0].detail).toBe("it pays out 844 DKK in 2 lines for what nothing here asked for");
    // What is somebody's is recorded.
    expect(
      await api.db("payouts").where({ merchant_id: merchant.id, currency: "DKK" }),
    ).toMatchObject([{ amount: 3_854 }]);
    await api.sandbox.reverse("nobody-asked");
  });

  test("missing there, paid out twice, twice in a file, in another currency", async () => {
    const sent = await sendOne("SEK");
    await reconcile(await theirFile());
    const [known] = await api.db("payouts").where({ merchant_id: merchant.id });
    const id = String(known.id);
    const other = (line: string) => line.replace(sent.id, "pay_of_another_name");
    const undo = new Error("undo");
    await api.db
      .transaction(async (tx) => {
        const db = tx as unknown as Db;
        const report = await reconcile(await changed(sent, other), { db });
        expect((await shown(report, db)).toSorted()).toEqual(
          [
            `MISSING_THERE ${id}: the payout of 3854 SEK is in no line`,
            `DUPLICATE ${charge}: pay_of_another_name pays out 4000 SEK for it, and so does another payout`,
            `DUPLICATE ${charge}: pay_of_another_name pays out -146 SEK for it, and so does another payout`,
          ].toSorted(),
        );
        // The next file has it.
        const next = await reconcile(await theirFile(), { db });
        expect(next.breaksClosed).toBe(1);
        const [missing] = await tx("reconciliation_breaks").where({ subject_id: id });
        expect(missing).toMatchObject({ status: "RESOLVED", resolution: "CLOSED_ITSELF" });
        expect(await tx("events").where({ subject_id: missing.id }).pluck("type")).toContain(
          "reconciliation.break_resolved",
        );
        // The network has never sent the other one.
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    const twice = await reconcile(await changed(sent, (line) => [line, line]));
    expect(await shown(twice)).toEqual([
      `DUPLICATE ${sent.id}: the payout is in one file more than once`,
    ]);
    const euros = (line: string) => line.replace(",SEK,", ",EUR,");
    expect(await shown(await reconcile(await changed(sent, euros)))).toContain(
      `CURRENCY ${id}: a payout in EUR there, and in SEK here`,
    );
    expect(await balances(merchant.secretKey, "SEK")).toEqual(["146", "3854", "3854"]);
  });
});

test("from a terminal: payouts and their lines, as CSV and as NDJSON", async () => {
  const merchant = await aMerchant(api);
  await paid(merchant.id, 4_000, "NOK");
  await sendOne("NOK");
  await reconcile(await theirFile());
  const said: string[] = [];
  const command = async (...args: string[]): Promise<string> => {
    said.length = 0;
    const code = await runCommandLine(["ops", "export", ...args], {
      environment: {
        ONCEPAY_URL: `${api.server.url}/graphql`,
        ONCEPAY_OPERATOR_KEY: merchant.secretKey,
      },
      out: (text) => (said.push(text), true),
      error: (text) => (said.push(text), true),
    });
    return `${String(code)} ${said.join("")}`;
  };
  const [payout] = await payoutsOf(merchant.secretKey);
  const csv = await command("--what", "payouts");
  expect(csv).toContain("id,status,amount,currency,lineCount");
  expect(csv).toContain(`${String(payout.id)},IN_TRANSIT,`);
  const lines = await command(
    "--what",
    "payout-lines",
    "--payout",
    payout.id,
    "--format",
    "ndjson",
  );
  const rows = lines
    .split("\n")
    .map((line) => line.replace(/^\d /, ""))
    .filter((line) => line.startsWith('{"line"'))
    .map((line) => JSON.parse(line) as { kind: string; amount: string });
  expect(rows.map(({ kind, amount }) => `${kind} ${amount}`).toSorted()).toEqual([
    "CHARGE 4000",
    "FEE -146",
  ]);
  expect(await command("--what", "payout-lines")).toMatch(/^2 .*--payout/s);
  expect(await command("--what", "payout-lines", "--payout", "po_none")).toMatch(/^1 /);
});
