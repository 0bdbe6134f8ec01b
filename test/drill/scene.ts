import { waitUntil } from "../../src/dev/wait-until";
import type { Scene } from "./drill";

export const WAIT_MS = 120_000;

/** What must have come about for a drill to say anything. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  if (await waitUntil(holds, { timeoutMs: WAIT_MS, everyMs: 100 })) return;
  throw new Error(`it never came about that ${what}`);
}

export async function numberOf({ installation }: Scene, count: string): Promise<number> {
  const { rows } = await installation.db.raw<{ rows: { n: number }[] }>(
    `select (${count})::int as n`,
  );
  return rows[0]?.n ?? 0;
}

export const sql = ({ installation }: Scene, statement: string) => installation.db.raw(statement);
