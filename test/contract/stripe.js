// `npm run contract:stripe`: the conformance suite against Stripe's test mode. Payments are made there with test cards.
const { spawnSync } = require("node:child_process");

const HELP = `npm run contract:stripe

Runs what the adapter for Stripe has to get right (test/processors/conformance.ts) against Stripe's own test mode.
No money moves: Stripe's test cards pay. It makes some fifty PaymentIntents in the account of the key.

  STRIPE_SECRET_KEY=sk_test_...   the key; a live one is refused, and without one nothing is run

Exit: 0 it passed, 1 it did not, 2 the key is none of the test mode, 3 not run. Put the day and the result into
docs/processors.md.
`;

function main() {
  if (process.argv.slice(2).some((word) => ["-h", "--help"].includes(word))) {
    process.stdout.write(HELP);
    return 0;
  }
  const key = process.env.STRIPE_SECRET_KEY ?? "";
  if (key === "") {
    process.stdout.write("Not run: there is no STRIPE_SECRET_KEY. Nothing is proven by this.\n");
    return 3;
  }
  if (!/^(sk|rk)_test_[\w]+$/.test(key)) {
    process.stderr.write(
      "Refused: STRIPE_SECRET_KEY is no key of Stripe's test mode (sk_test_...).\n",
    );
    return 2;
  }
  const jest = require.resolve("jest/bin/jest");
  const match = ["--testMatch", "**/test/contract/stripe-contract.ts", "--runInBand"];
  return spawnSync(process.execPath, [jest, ...match], { stdio: "inherit" }).status ?? 1;
}

process.exitCode = main();
