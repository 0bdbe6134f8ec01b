import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { reconcileFile } from "../../src/reconciliation/reconcile-file";
import type { TestApp } from "./app";
import { aSettledIntent } from "./factories";

/** Some charges of a merchant, paid out by the card network with whatever else is due; and read from its file. */
export async function aPayout(
  t: TestApp,
  merchantId: string,
  outcome?: "paid" | "failed",
): Promise<void> {
  for (let more = 0; more < 2; more += 1) await aSettledIntent(t, merchantId, { amount: 50_000 });
  const { body } = await t.sandbox.post("/admin/payouts");
  for (const { id } of (body as { payouts: { id: string }[] }).payouts) {
    await hearOfPayout(t, id, outcome);
  }
}

/** What has become of one, as the file says it. */
export async function hearOfPayout(
  t: TestApp,
  id: string,
  outcome?: "paid" | "failed",
): Promise<void> {
  if (outcome) await t.sandbox.post(`/admin/payouts/${id}`, { outcome });
  await readPayout(t, id, outcome);
}

/** A file of a day without payments, so that it says nothing but this. */
async function readPayout(t: TestApp, id: string, outcome = "sent"): Promise<void> {
  const [from, to] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const url = `/v1/settlement?from=${String(from)}&to=${String(to)}`;
  const whole = (await t.sandbox.get(url)).body as string;
  const its = whole
    .split("\n")
    .filter((line) => /^payout(_line)?,/.test(line) && line.includes(id));
  const header = `settlement,1,st_${id}_${outcome},2026-01-01T00:00:00.000Z,2026-01-02T00:00:00.000Z`;
  const directory = await mkdtemp(path.join(tmpdir(), "oncepay-payout-"));
  const file = path.join(directory, "settlement.csv");
  await writeFile(file, `${[header, ...its, `end,${String(its.length)}`].join("\n")}\n`);
  const processor = t.app.processors.get("sandbox");
  if (!processor) throw new Error("there is no sandbox");
  await reconcileFile({ db: t.app.db, processor, tell: () => undefined }, file);
  await rm(directory, { recursive: true });
}
