import type { Tx } from "../db/db";
import { type Progress, checkSeals } from "../seals/check-seals";
import type { Violation } from "./check";

export const SEALS = "what was sealed is as it was sealed, and nothing was put in or taken out";

const SAY_EVERY_MS = 5_000;

/** Every seal, and every row under one. */
export async function sealViolations(
  tx: Tx,
  violationsMax: number,
  say: ((line: string) => void) | undefined,
): Promise<Violation[]> {
  let newest: Progress | undefined;
  let saidAtMs = performance.now();
  const found = await checkSeals(tx, {
    violationsMax,
    progress: (progress) => {
      newest = progress;
      if (performance.now() - saidAtMs < SAY_EVERY_MS) return;
      saidAtMs = performance.now();
      say?.(describe(progress));
    },
  });
  if (newest) say?.(describe(newest));
  return found.map((violation) => ({ invariant: "I17", check: SEALS, ...violation }));
}

function describe({ rows, of, dropped }: Progress): string {
  const gone =
    dropped === 0 ? "" : `, of which ${String(dropped)} went with months that were dropped`;
  return `seals: ${String(rows)} of ${String(of)} rows${gone}`;
}
