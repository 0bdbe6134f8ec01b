import { createMerchant } from "../merchants/create-merchant";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { checkName } from "./key-options";

/** A merchant without a platform operator: the mutation that makes merchants needs an operator's key. */
export const createMerchantCommand: Command = {
  name: "merchants create",
  summary: "creates a merchant with its first API keys and shows them once",
  help: `Creates a merchant with a secret, a publishable and an operator key. The keys are stored as hashes and shown only now.
Running the command again creates another merchant. The database is DATABASE_URL.

  --name NAME       the merchant's name, 1 to 200 characters
  --mode MODE       test (the default) or live: whether its payments move real money`,
  options: { name: { type: "string" }, mode: { type: "string", default: "test" } },
  run: async ({ values, environment }) => {
    const name = checkName(values["name"], "the merchant's");
    const mode = checkMode(values["mode"]);
    const merchant = await withDb(readDatabaseUrl(environment), (db) =>
      createMerchant(db, name, mode),
    );
    const { id, secretKey, publishableKey, operatorKey } = merchant;
    const text = `merchant          ${id}  ${name}

secret key        ${secretKey}
publishable key   ${publishableKey}
operator key      ${operatorKey}

Store the keys now: they will not be shown again.
`;
    return { json: { id, name, mode, secretKey, publishableKey, operatorKey }, text };
  },
};

function checkMode(given: string | boolean | undefined): "TEST" | "LIVE" {
  if (given === "test") return "TEST";
  if (given === "live") return "LIVE";
  throw new UsageError("--mode must be test or live.");
}
