import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/*
 * Whoever claims work of any merchant asks whether the merchant is held, in the statement that claims: a merchant who moves
 * to another cell is at work in neither. What claims by `skip locked` and need not ask says here why.
 */

const ROOT = path.resolve(__dirname, "../..");

const NEED_NOT_ASK: Readonly<Record<string, string>> = {
  "src/db/claim-keys.ts": "the database refuses the key itself",
  "src/db/retention.ts": "takes away what is kept too long, and begins nothing",
  "src/erasure/erase-slice.ts": "of an erasure that was claimed, and that asks",
  "src/merchants/record-key-use.ts": "when a key was used last, which goes on",
  "src/payments/settle/doubt-queued.ts": "what is in doubt is only looked up by a claim that asks",
  "src/payments/worker-leases.ts": "what a dead worker had is only looked up by a claim that asks",
  "src/processor-accounts/account-store.ts": "destroys secrets whose time is over",
  "src/webhooks/endpoint-store.ts": "destroys secrets whose time is over",
  "src/webhooks/follow-endpoint.ts": "which deliveries wait; none is posted",
  "src/webhooks/retry-webhook-deliveries-now.ts": "a tenant's own mutation, whose key is refused",
};

function sourcesIn(directory: string): string[] {
  return readdirSync(path.join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${directory}/${file}`);
}

const claiming = [...sourcesIn("src"), ...sourcesIn("workers")].filter((file) =>
  readFileSync(path.join(ROOT, file), "utf8").includes("skip locked"),
);

test.each(claiming)("%s asks whether the merchant is held, or need not", (file) => {
  const asks = readFileSync(path.join(ROOT, file), "utf8").includes("notHeld(");
  expect([asks, file in NEED_NOT_ASK]).toEqual([asks, !asks]);
});

test("no reason is kept for what claims nothing", () => {
  expect(Object.keys(NEED_NOT_ASK).filter((file) => !claiming.includes(file))).toEqual([]);
});
