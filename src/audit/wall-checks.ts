import type { Tx } from "../db/db";
import { gapsIn } from "../db/wall/raise";
import type { Violation } from "./check";

export const WALL = "each role may do what it must with each table, and no more";

/** Where the second wall between tenants is not as it should be. What it asks is the catalogue alone. */
export async function wallViolations(tx: Tx): Promise<Violation[]> {
  const gaps = await gapsIn(tx);
  return gaps.map(({ subject, detail }) => ({ invariant: "I16", check: WALL, subject, detail }));
}
