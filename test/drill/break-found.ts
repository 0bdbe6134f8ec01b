import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { metric } from "../attack/witness";
import type { Drill, Scene } from "./drill";
import { numberOf, until } from "./scene";

const CLI = path.resolve(__dirname, "../../dist/src/cli/oncepay.js");
const HOUR_MS = 3_600_000;
const FEE = 4;

/**
 * The processor's settlement file has a fee that is 3 minor units higher than what was posted; nobody has looked at it
 * for five minutes, which is how long the alert waits for breaks that close themselves.
 */
export const breakFound: Drill = {
  name: "break-found",
  what: "A settlement file says another fee than the one that was posted.",
  alert: "OncepayBreaksOpen",
  mends: true,
  detectedWithinSeconds: 360,
  // The network's own list has the old fee: it is not to be compared meanwhile.
  options: { env: { ONCEPAY_LIST_EVERY_MS: "2147483647" } },
  breaks: async (scene) => {
    const { installation } = scene;
    const file = path.join(installation.logDirectory, "settlement.csv");
    writeFileSync(file, withHigherFee(await settlementOf(installation.sandbox.url)));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, "reconcile", "--file", file],
      {
        env: { ...process.env, DATABASE_URL: installation.databaseUrl },
        encoding: "utf8",
      },
    );
    // As it ends when something differs.
    if (status !== 1) throw new Error(`oncepay reconcile: ${String(status)} ${stdout}${stderr}`);
    const { rows } = await installation.db.raw<{ rows: { id: string }[] }>(
      "select id from reconciliation_breaks where kind = 'FEE' and status = 'OPEN'",
    );
    const open = () => metric(installation.workers, "oncepay_reconciliation_breaks");
    await until("the break was measured", async () => (await open()) > 0);
    return { BREAK: rows[0]?.id ?? "" };
  },
  ends: async (scene) => [
    ...(await expectNumber(scene, "breaks that are not resolved", OPEN, 0)),
    ...(await expectNumber(scene, "corrections", CORRECTIONS, 1)),
  ],
};

const OPEN = "select count(*) from reconciliation_breaks where status <> 'RESOLVED'";
const CORRECTIONS = "select count(*) from journals where kind = 'correction'";

async function expectNumber(
  scene: Scene,
  what: string,
  count: string,
  expected: number,
): Promise<string[]> {
  const found = await numberOf(scene, count);
  return found === expected ? [] : [`${String(found)} ${what}, and not ${String(expected)}`];
}

/** Around now: long enough that nothing of it is at the edge. */
export async function settlementOf(sandboxUrl: string): Promise<string> {
  const [from = "", to = ""] = [-HOUR_MS, HOUR_MS].map((ms) =>
    new Date(Date.now() + ms).toISOString(),
  );
  const response = await fetch(`${sandboxUrl}/v1/settlement?from=${from}&to=${to}`);
  if (!response.ok) throw new Error(`the network answered ${String(response.status)}`);
  return response.text();
}

/** The first capture's. */
function withHigherFee(text: string): string {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.split(",")[1] === "capture");
  const fields = lines[at]?.split(",");
  if (!fields) throw new Error("the network has captured nothing");
  lines[at] = fields.with(FEE, String(Number(fields[FEE]) + 3)).join(",");
  return lines.join("\n");
}
