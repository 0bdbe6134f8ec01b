import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { conformance } from "../processors/conformance";
import { SECRET_KEY, startSimulation } from "../stripe-simulation/simulation";
import { startContractBench } from "./stripe-bench";

/** The command that runs the same against Stripe itself, as far as it can be tried without Stripe. */

function run(key: string | undefined, ...args: string[]) {
  const { STRIPE_SECRET_KEY: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, "stripe.js"), ...args],
    {
      env: { ...env, ...(key !== undefined && { STRIPE_SECRET_KEY: key }) },
      encoding: "utf8",
    },
  );
  return { status, said: stdout + stderr };
}

test("without a key it says that it was not run", () => {
  expect(run(undefined)).toEqual({ status: 3, said: expect.stringContaining("Not run") });
});

test.each(["sk_live_1", "rk_live_1", "sk_test_", "pk_test_1", "none"])("%s is refused", (key) => {
  const { status, said } = run(key);
  expect({ status, said }).toEqual({ status: 2, said: expect.stringContaining("Refused") });
  expect(said).not.toContain("_live_");
});

test("it says how it is used", () => {
  expect(run("sk_live_1", "--help")).toEqual({
    status: 0,
    said: expect.stringContaining("STRIPE_SECRET_KEY=sk_test_"),
  });
});

test("a key of live mode is refused by Stripe's word, too", async () => {
  const simulation = await startSimulation();
  const account = simulation.accounts.get(SECRET_KEY);
  if (account) simulation.accounts.set(SECRET_KEY, { ...account, livemode: true });
  const started = startContractBench({ secretKey: SECRET_KEY, upstream: simulation.url });
  await expect(started).rejects.toThrow("test mode");
  await simulation.close();
});

conformance("Stripe as the contract runs it", ["capture", "refund"], async () => {
  const simulation = await startSimulation();
  const bench = await startContractBench({ secretKey: SECRET_KEY, upstream: simulation.url });
  const close = async (): Promise<void> => {
    await bench.close();
    await simulation.close();
  };
  return { ...bench, close };
});
