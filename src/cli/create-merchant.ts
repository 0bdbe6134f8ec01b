import { createMerchant } from "../merchants/create-merchant";
import { sensitiveIn } from "../security/sensitive";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";

const NAME_LENGTH_MAX = 200;

/** The first merchant of an installation: the mutation that makes merchants needs an operator's key, which is made here. */
export const createMerchantCommand: Command = {
  name: "merchants create",
  summary: "creates a merchant with its first API keys and shows them once",
  help: `Creates a merchant with a secret, a publishable and an operator key. The keys are stored as hashes and shown only now.
Running the command again creates another merchant. The database is DATABASE_URL.

  --name NAME       the merchant's name, 1 to ${String(NAME_LENGTH_MAX)} characters`,
  options: { name: { type: "string" } },
  run: async ({ values, environment }) => {
    const name = checkName(values["name"]);
    const merchant = await withDb(readDatabaseUrl(environment), (db) => createMerchant(db, name));
    const { id, secretKey, publishableKey, operatorKey } = merchant;
    const text = `merchant          ${id}  ${name}

secret key        ${secretKey}
publishable key   ${publishableKey}
operator key      ${operatorKey}

Store the keys now: they will not be shown again.
`;
    return { json: { id, name, secretKey, publishableKey, operatorKey }, text };
  },
};

function checkName(given: string | boolean | undefined): string {
  const name = typeof given === "string" ? given.trim() : "";
  const length = [...name].length;
  if (length === 0) throw new UsageError("--name is required: the merchant's name.");
  if (length > NAME_LENGTH_MAX) {
    throw new UsageError(
      `--name has ${String(length)} characters; at most ${String(NAME_LENGTH_MAX)} are allowed.`,
    );
  }
  const found = sensitiveIn(name);
  if (found) throw new UsageError(`--name looks like a ${found}.`);
  return name;
}
