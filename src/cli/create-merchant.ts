import { createMerchant } from "../merchants/create-merchant";
import { containsCardNumber } from "../security/card-numbers";
import { type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";

const NAME_LENGTH_MAX = 200;

/** The first merchant of an installation: the mutation that makes merchants needs an operator's key, which is made here. */
export const createMerchantCommand: Command = {
  name: "merchants create",
  summary: "makes a merchant with its first API keys, and shows them this once",
  help: `Makes a merchant with a secret, a publishable and an operator key. They are stored hashed and shown this once: run
again, it makes another merchant. The database is DATABASE_URL.

  --name NAME       what it is called, 1 to ${String(NAME_LENGTH_MAX)} characters`,
  options: { name: { type: "string" } },
  run: async ({ values, environment }) => {
    const name = checkName(values["name"]);
    const merchant = await withDb(readDatabaseUrl(environment), (db) => createMerchant(db, name));
    const { id, secretKey, publishableKey, operatorKey } = merchant;
    const text = `merchant          ${id}  ${name}

secret key        ${secretKey}
publishable key   ${publishableKey}
operator key      ${operatorKey}

Keep them now: they are not shown again.
`;
    return { json: { id, name, secretKey, publishableKey, operatorKey }, text };
  },
};

function checkName(given: string | boolean | undefined): string {
  const name = typeof given === "string" ? given.trim() : "";
  const length = [...name].length;
  if (length === 0) throw new UsageError("--name is needed: what the merchant is called.");
  if (length > NAME_LENGTH_MAX) {
    throw new UsageError(
      `--name has ${String(length)} characters; ${String(NAME_LENGTH_MAX)} are allowed.`,
    );
  }
  if (containsCardNumber(name)) throw new UsageError("--name looks like a card number.");
  return name;
}
