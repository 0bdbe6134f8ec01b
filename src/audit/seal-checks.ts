import type { Tx } from "../db/db";
import { type Progress, checkSeals } from "../seals/check-seals";
import { type ExportedCheckpoint, compareCheckpoints } from "../seals/checkpoints";
import type { Violation } from "./check";

export type KeptCheckpoint = Pick<ExportedCheckpoint, "merchantId" | "number" | "checkpoint">;

export const SEALS = "what was sealed is as it was sealed, and nothing was put in or taken out";

const SAY_EVERY_MS = 5_000;

/** Every seal, every row under one, and every checkpoint that was kept. */
export async function sealViolations(
  tx: Tx,
  violationsMax: number,
  options: {
    readonly checkpoints?: readonly KeptCheckpoint[];
    readonly progress?: (line: string) => void;
  },
): Promise<Violation[]> {
  const { checkpoints = [], progress: say } = options;
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
  found.push(...(await compareCheckpoints(tx, checkpoints)));
  return found.map((violation) => ({ invariant: "I17", check: SEALS, ...violation }));
}

function describe({ rows, of, dropped }: Progress): string {
  const gone =
    dropped === 0 ? "" : `, of which ${String(dropped)} went with months that were dropped`;
  return `seals: ${String(rows)} of ${String(of)} rows${gone}`;
}
