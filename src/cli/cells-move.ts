import type { Client } from "pg";
import { findCell } from "../cells/directory";
import { NotMovable, moveMerchant } from "../cells/move-merchant";
import { type RecordedMove, beginMove, endMove, switchCell } from "../cells/moves";
import { EXIT } from "../process/run-process";
import { cellName, merchantIn, named, renewMap, urlOf, withDirectory } from "./cells";
import { type Call, type Command, type Result, UsageError } from "./command";
import { withOwnersDb } from "./database";
import { readDuration } from "./key-options";

export const moveCommand: Command = {
  name: "cells move",
  summary: "moves a merchant from its cell to another one",
  help: `Holds the merchant, waits for what is under way, copies all its rows in one transaction, compares them, has the
router send its requests to the new cell, and releases it there. Meanwhile its requests are answered with UNAVAILABLE and
Retry-After. What was stopped or killed goes on from where it was when it is run again. The rows in the old cell
stay, and are answered from no more. Both addresses must log in as owners of the tables, who may set
session_replication_role in the new cell. The directory is in the database ONCEPAY_DIRECTORY_URL.

  --merchant ID     the merchant
  --to NAME         the cell that it moves to
  --file FILE       the router's map, as for "cells map"
  --reload COMMAND  what makes the router read it
  --wait D          how long to wait for what is under way, 60s unless set
  --same-processor  the new cell has the same account at the installation's own processor`,
  options: {
    merchant: { type: "string" },
    to: { type: "string" },
    file: { type: "string" },
    reload: { type: "string" },
    wait: { type: "string", default: "60s" },
    "same-processor": { type: "boolean", default: false },
  },
  run: async (call) => {
    const { values, environment } = call;
    const merchantId = merchantIn(values);
    if (merchantId === undefined) throw new UsageError("--merchant is required.");
    const to = cellName(values["to"], "--to");
    const { file, reload } = values;
    if (typeof file !== "string" || file === "") throw new UsageError("--file is required.");
    const map = { file, reload: typeof reload === "string" ? reload : undefined };
    const startedMs = performance.now();
    const move = await withDirectory(environment, async (directory) => {
      if (!(await findCell(directory, to))) throw new UsageError(`There is no cell ${to}.`);
      const begun = await beginMove(directory, merchantId, to);
      if (!begun) throw new UsageError(`${merchantId} is in the cell ${to} already, or in none.`);
      if (begun.to !== to) throw new UsageError(`It is on its way to the cell ${begun.to}.`);
      await carryOut(call, { directory, move: begun, map });
      await endMove(directory, begun);
      return begun;
    }).catch(whereItStands);
    if ("exitCode" in move) return move;
    const tookMs = Math.round(performance.now() - startedMs);
    const text = `${merchantId} is in the cell ${to} now, after ${String(tookMs)} ms.\n`;
    return { json: { ...move, tookMs }, text };
  },
};

interface Carrying {
  readonly directory: Client;
  readonly move: RecordedMove;
  readonly map: { readonly file: string; readonly reload: string | undefined };
}

async function carryOut(
  { values, environment, say }: Call,
  { directory, move, map }: Carrying,
): Promise<void> {
  const urls = await Promise.all(
    [move.from, move.to].map(async (name) => {
      const cell = await findCell(directory, name);
      if (!cell) throw new UsageError(`There is no cell ${name}.`);
      return { name: cell.databaseUrlEnv, url: urlOf(cell, environment) };
    }),
  );
  const [from, to] = urls as [(typeof urls)[number], (typeof urls)[number]];
  await named(from.name, () =>
    withOwnersDb(from.url, (source) =>
      named(to.name, () =>
        withOwnersDb(to.url, (target) =>
          moveMerchant({ source, target }, move, {
            patienceMs: readDuration(String(values["wait"]), "--wait") * 1_000,
            sharesProcessor: values["same-processor"] === true,
            switchOver: async () => {
              await switchCell(directory, move);
              await renewMap(directory, map);
            },
            onStep: (step) => {
              say(STEPS[step]);
            },
          }),
        ),
      ),
    ),
  );
}

const STEPS = {
  held: "It is held, and nothing of it is under way.",
  copied: "All its rows are in the new cell, and both sides agree.",
  left: "The old cell answers nothing of it any more.",
  switched: "The router sends its requests to the new cell.",
  arrived: "It is released there.",
} as const;

/** What is no error of anybody's: it is held, and the same command goes on later. */
function whereItStands(error: unknown): Result & { readonly exitCode: number } {
  if (!(error instanceof NotMovable)) throw error;
  return { json: { refused: error.message }, text: `${error.message}\n`, exitCode: EXIT.later };
}
