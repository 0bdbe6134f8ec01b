import { spawnSync } from "node:child_process";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");

/** In a process of its own, because Jest has a registry of modules that is not Node's. */
const PROGRAM = `
  const { createProcessorKinds } = require("./src/processors/registry.ts");
  const isLoaded = () =>
    Object.keys(require.cache).some((file) => /node_modules.stripe./.test(file));
  const settings = { sandboxUrl: "http://127.0.0.1:1", stripeUrl: "http://127.0.0.1:1" };
  const kind = createProcessorKinds(settings).get("stripe");
  const before = isLoaded();
  const connection = { credentials: { secretKey: "sk_test_x" }, webhookSecrets: [], settings: {} };
  const processor = kind.connect({ ...connection, timeoutMs: 1 });
  console.log(JSON.stringify([before, isLoaded(), processor.name]));
`;

test("Stripe's package is loaded for the first account, and not where there is none", () => {
  const args = ["-r", "./test/attack/register.js", "-e", PROGRAM];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  expect([stderr, stdout.trim()]).toEqual(["", JSON.stringify([false, true, "stripe"])]);
});
