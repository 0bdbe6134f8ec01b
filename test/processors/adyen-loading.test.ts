import { spawnSync } from "node:child_process";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");

/** In a process of its own, because Jest has a registry of modules that is not Node's. */
const PROGRAM = `
  const { createProcessorKinds } = require("./src/processors/registry.ts");
  const loaded = () =>
    Object.keys(require.cache).filter((file) => /node_modules.@adyen./.test(file));
  const url = "http://127.0.0.1:1";
  const kind = createProcessorKinds({ sandboxUrl: url, stripeUrl: url, adyenUrl: url }).get("adyen");
  const before = loaded().length;
  const settings = { merchantAccount: "Shop_ECOM" };
  const connection = { credentials: { apiKey: "AQE" }, webhookSecrets: [], settings };
  const processor = kind.connect({ ...connection, timeoutMs: 1 });
  const isPart = loaded().length > 0 && loaded().every((file) => !/balancePlatform/.test(file));
  console.log(JSON.stringify([before, isPart, processor.name]));
`;

test("of Adyen's package what is used is loaded for the first account, and nothing where there is none", () => {
  const args = ["-r", "./test/attack/register.js", "-e", PROGRAM];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  expect([stderr, stdout.trim()]).toEqual(["", JSON.stringify([0, true, "adyen"])]);
});
