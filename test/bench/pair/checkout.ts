import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Db } from "../../../src/db/db";
import type { DbOptions } from "../../../src/db/connect";
import type { CreatedMerchant } from "../../../src/merchants/create-merchant";

/** Another state of this project, built: its programs, and what makes a database and a merchant for them. */
export interface Checkout {
  readonly directory: string;
  migrate(options: { readonly databaseUrl: string }): Promise<unknown>;
  connect(options: DbOptions): Db;
  createMerchant(db: Db, name: string): Promise<CreatedMerchant>;
  /** How Node runs its programs; earlier states had nothing to say about that. */
  readonly NODE_FLAGS?: readonly string[];
}

const MODULES = [
  "src/db/migrate.js",
  "src/db/connect.js",
  "src/merchants/create-merchant.js",
  "src/dev/programs.js",
];

/** Loads what it needs from the checkout's own build: schema and keys are what its programs expect. */
export function openCheckout(directory: string): Checkout {
  const dist = path.resolve(directory, "dist");
  const missing = MODULES.find((name) => !existsSync(path.join(dist, name)));
  if (missing !== undefined) {
    throw new Error(`${path.join(dist, missing)} is missing: run "npm ci && npm run build" there`);
  }
  const load = createRequire(path.join(dist, "package.json"));
  return Object.assign(
    { directory: path.resolve(directory) },
    ...MODULES.map((name) => load(`./${name}`) as object),
  ) as Checkout;
}
