import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommandLine } from "../../src/cli/run-command-line";
import { pathsOf, rootOf } from "../../src/seals/merkle";
import { signingKeyId } from "../../src/seals/signing-keys";
import { type ReceiptToVerify, verifyReceipt } from "../../src/sdk/receipt";
import { ENCRYPTION_KEY } from "../support/app";
import { type TestApi, makePaid, startTestApi } from "../support/api";
import { sealAll } from "./seal";

let api: TestApi;
let id: string;
let otherId: string;
beforeAll(async () => {
  api = await startTestApi();
  ({ id } = await makePaid(api, { description: "Socks" }));
  ({ id: otherId } = await makePaid(api));
  await sealAll(api);
});
afterAll(() => api.stop());

const RECEIPT = `query ($id: ID!) { receipt(paymentIntentId: $id) {
  merchantId paymentIntentId leaves { seal index path content }
  checkpoints { number text signature } unsealed hasMore } }`;

interface Receipt extends ReceiptToVerify {
  readonly unsealed: number;
  readonly hasMore: boolean;
}

async function receiptOf(paymentIntentId: string): Promise<Receipt> {
  const { data, body } = await api.send({ query: RECEIPT, variables: { id: paymentIntentId } });
  expect(body.errors).toBeUndefined();
  return data.receipt as Receipt;
}

async function publicKeys(): Promise<string[]> {
  const { data } = await api.send({ query: "{ checkpointKeys { id publicKey createdAt } }" });
  return data.checkpointKeys.map(({ publicKey }: { publicKey: string }) => publicKey);
}

test("a receipt proves, offline, all that happened to a payment", async () => {
  const receipt = await receiptOf(id);
  expect([receipt.unsealed, receipt.hasMore]).toEqual([0, false]);
  const [key = ""] = await publicKeys();
  const proven = await verifyReceipt(JSON.parse(JSON.stringify(receipt)) as Receipt, key);
  expect(proven.transitions.map((row) => row["to_status"])).toEqual([
    "REQUIRES_CONFIRMATION",
    "PROCESSING",
    "SUCCEEDED",
  ]);
  expect(proven.events.map((row) => row["type"])).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
  expect(proven.journals.map((row) => row["kind"])).toEqual(["capture"]);
  expect(proven.postings.map((row) => row["amount"])).toContain(2_500);
  expect(proven).toMatchObject({
    merchantId: api.merchant.id,
    paymentIntentId: id,
    isGapless: true,
  });
  expect(Date.parse(proven.sealedAt)).toBeGreaterThan(Date.now() - 600_000);
  // What is said of a person is not shown to whoever is given the receipt.
  expect(JSON.stringify(receipt)).not.toContain("Socks");
});

/** Each is a way to say something that was not sealed, or of another payment. */
const FORGERIES: readonly [string, (receipt: Receipt, other: Receipt) => unknown][] = [
  [
    "an altered amount",
    (r) => edited(r, (content) => content.replace('"amount":2500', '"amount":9000')),
  ],
  [
    "an altered time",
    (r) => edited(r, (content) => content.replace('"created_at":"2', '"created_at":"3')),
  ],
  ["rows of another payment", (r, other) => ({ ...other, paymentIntentId: r.paymentIntentId })],
  [
    "a row of another payment among its own",
    (r, other) => ({
      ...r,
      leaves: [...r.leaves, other.leaves[0]],
      checkpoints: [
        ...new Map([...r.checkpoints, ...other.checkpoints].map((c) => [c.number, c])).values(),
      ],
    }),
  ],
  ["another merchant", (r) => ({ ...r, merchantId: `${r.merchantId.slice(0, -1)}x` })],
  ["a row twice", (r) => ({ ...r, leaves: [...r.leaves, r.leaves[0]] })],
  [
    "another place",
    (r) => ({ ...r, leaves: r.leaves.map((leaf) => ({ ...leaf, index: leaf.index + 1 })) }),
  ],
  [
    "a shorter path",
    (r) => ({ ...r, leaves: r.leaves.map((leaf) => ({ ...leaf, path: leaf.path.slice(1) })) }),
  ],
  [
    "a longer path",
    (r) => ({
      ...r,
      leaves: r.leaves.map((leaf) => ({ ...leaf, path: [...leaf.path, "0".repeat(64)] })),
    }),
  ],
  ["a missing checkpoint", (r) => ({ ...r, checkpoints: r.checkpoints.slice(1) })],
  [
    "an altered checkpoint",
    (r) => ({
      ...r,
      checkpoints: r.checkpoints.map((c) => ({
        ...c,
        text: c.text.replace("sealed_at 2", "sealed_at 3"),
      })),
    }),
  ],
  [
    "a checkpoint with more lines",
    (r) => ({ ...r, checkpoints: r.checkpoints.map((c) => ({ ...c, text: `${c.text}more\n` })) }),
  ],
  [
    "an altered signature",
    (r) => ({
      ...r,
      checkpoints: r.checkpoints.map((c) => ({ ...c, signature: `AAAA${c.signature.slice(4)}` })),
    }),
  ],
  ["nothing", (r) => ({ ...r, leaves: [] })],
];

function edited(receipt: Receipt, edit: (content: string) => string): Receipt {
  const leaves = receipt.leaves.map((leaf) => ({ ...leaf, content: edit(leaf.content) }));
  return { ...receipt, leaves };
}

test.each(FORGERIES)("a receipt with %s is refused", async (_what, forge) => {
  const [receipt, other] = [await receiptOf(id), await receiptOf(otherId)];
  const forged = forge(receipt, other) as Receipt;
  expect(forged).not.toEqual(receipt);
  await expect(verifyReceipt(forged, await publicKeys())).rejects.toMatchObject({
    name: "ReceiptVerificationError",
  });
});

test("a receipt that is signed with one's own key is refused, also where it takes the real one's name", async () => {
  const receipt = await receiptOf(id);
  const pair = generateKeyPairSync("ed25519");
  const own = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const resigned = (rename: boolean): Receipt => ({
    ...receipt,
    checkpoints: receipt.checkpoints.map(({ number, text }) => {
      const said = rename ? text.replace(/key \w+/, `key ${signingKeyId(own)}`) : text;
      return {
        number,
        text: said,
        signature: sign(null, Buffer.from(said), pair.privateKey).toString("base64"),
      };
    }),
  });
  for (const forged of [resigned(true), resigned(false)]) {
    await expect(verifyReceipt(forged, await publicKeys())).rejects.toThrow("checkpoint");
  }
  // It is only the key that is wrong.
  await expect(verifyReceipt(resigned(true), own.toString("base64"))).resolves.toBeDefined();
});

test("another tenant's payment is not found, nor is one that does not exist, or is no payment", async () => {
  for (const [asked, key] of [
    [id, api.stranger.secretKey],
    ["pi_00000000000000000000000000", api.merchant.secretKey],
    ["what", api.merchant.secretKey],
  ] as const) {
    const { data, error } = await api.send({ query: RECEIPT, variables: { id: asked }, key });
    expect([data, error?.extensions["code"]]).toEqual([null, "NOT_FOUND"]);
  }
});

test("says what is not under seal yet, and shows what was altered, which then proves nothing", async () => {
  const fresh = await makePaid(api);
  const receipt = await receiptOf(fresh.id);
  expect([receipt.leaves, receipt.unsealed > 5]).toEqual([[], true]);
  await sealAll(api);
  const [key = ""] = await publicKeys();
  await expect(verifyReceipt(await receiptOf(fresh.id), key)).resolves.toBeDefined();
  const change = (amount: number) =>
    api.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx("transitions").where({ payment_intent_id: fresh.id, version: 1 }).update({ amount });
    });
  await change(7);
  await expect(verifyReceipt(await receiptOf(fresh.id), key)).rejects.toThrow(
    "not what was sealed",
  );
  await change(2_500);
  await expect(verifyReceipt(await receiptOf(fresh.id), key)).resolves.toBeDefined();
});

test("paths lead to the root in trees of every size", async () => {
  const contents = Array.from({ length: 20 }, (_, index) =>
    JSON.stringify({
      table: "transitions",
      merchant_id: api.merchant.id,
      payment_intent_id: id,
      version: index + 1,
    }),
  );
  const pair = generateKeyPairSync("ed25519");
  const key = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  for (let size = 1; size <= contents.length; size += 1) {
    const hashes = contents
      .slice(0, size)
      .map((content) => createHash("sha256").update(Buffer.of(0)).update(content).digest());
    const paths = pathsOf(
      hashes,
      hashes.map((_, index) => index),
    );
    const text = `oncepay seal v1\nmerchant ${api.merchant.id}\nnumber 1\nleaves ${String(size)}\nroot ${rootOf(hashes).toString("hex")}\nprevious none\nevents_up_to 1\npostings_before x\nsealed_at x\nkey ${signingKeyId(key)}\n`;
    const receipt = {
      merchantId: api.merchant.id,
      paymentIntentId: id,
      leaves: paths.map((nodes, index) => ({
        seal: 1,
        index,
        path: nodes.map((node) => node.toString("hex")),
        content: contents[index] ?? "",
      })),
      checkpoints: [
        {
          number: 1,
          text,
          signature: sign(null, Buffer.from(text), pair.privateKey).toString("base64"),
        },
      ],
    };
    const proven = await verifyReceipt(receipt, key.toString("base64"));
    expect(proven.transitions).toHaveLength(size);
  }
});

describe("on the command line", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "oncepay-checkpoints-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function oncepay(...args: string[]): Promise<{ code: number; out: string }> {
    let out = "";
    const code = await runCommandLine(args, {
      environment: { DATABASE_URL: api.databaseUrl, ONCEPAY_ENCRYPTION_KEY: ENCRYPTION_KEY },
      out: (text) => (out += text),
      error: (text) => (out += text),
    });
    return { code, out };
  }

  test("exported checkpoints tell when seals were taken off the end, and made anew with another key", async () => {
    const { out } = await oncepay("checkpoints", "export");
    const file = path.join(folder, "checkpoints.ndjson");
    writeFileSync(file, out);
    const whole = await oncepay("verify", "--checkpoints", file);
    expect(whole.out).toMatch(/^seals: \d+ of \d+ rows$/m);
    expect(whole.code).toBe(0);
    const number = String((JSON.parse(out.split("\n")[0] ?? "") as { number: number }).number);
    await api.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx("seals").del();
    });
    expect((await oncepay("verify")).code).toBe(0);
    const cut = await oncepay("verify", "--checkpoints", file);
    expect(cut.code).toBe(1);
    expect(cut.out).toContain(`seals ${api.merchant.id} ${number}: is missing`);
    expect((await oncepay("checkpoints", "new-key")).code).toBe(0);
    await sealAll(api);
    const anew = await oncepay("verify", "--checkpoints", file);
    expect(anew.out).toContain(`seals ${api.merchant.id} ${number}: is not the one`);
    expect((await oncepay("verify")).code).toBe(0);
    const keys = await oncepay("checkpoints", "keys", "--json");
    const shown = (JSON.parse(keys.out) as { keys: { publicKey: string }[] }).keys;
    expect(shown.map(({ publicKey }) => publicKey)).toEqual(await publicKeys());
    expect(shown).toHaveLength(2);
  });

  test("a file that holds no checkpoints is refused", async () => {
    const file = path.join(folder, "wrong");
    writeFileSync(file, "{}\n");
    expect((await oncepay("verify", "--checkpoints", file)).out).toContain("line 1");
    expect((await oncepay("verify", "--checkpoints", `${file}.none`)).out).toContain(
      "cannot be read",
    );
  });
});
