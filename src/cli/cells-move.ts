import type { Client } from "pg";
import { type Cell, cellOf, findCell } from "../cells/directory";
import { discardMerchant } from "../cells/discard-merchant";
import { NotMovable, moveMerchant } from "../cells/move-merchant";
import { type RecordedMove, beginMove, endMove, isAlone, switchCell } from "../cells/moves";
import { findHold } from "../merchants/hold-merchant";
import type { Db } from "../db/db";
import { EXIT } from "../process/run-process";
import { cellName, merchantIn, named, renewMap, urlOf, withDirectory } from "./cells";
import { type Call, type Command, type Result, UnavailableError, UsageError } from "./command";
import { withOwnersDb } from "./database";
import { readDuration } from "./key-options";

export const moveCommand: Command = {
  name: "cells move",
  summary: "moves a merchant from its cell to another one",
  help: `Holds the merchant, waits for what is under way, copies all its rows in one transaction, compares them, has the
router send its requests to the new cell, and releases it there. Meanwhile its requests are answered with UNAVAILABLE and
Retry-After. In the end its rows are taken out of the old cell. What was stopped or killed goes on from where it
was when it is run again. Both addresses must log in as owners of the tables, who may set session_replication_role.
The directory is in the database ONCEPAY_DIRECTORY_URL.

  --merchant ID     the merchant
  --to NAME         the cell that it moves to
  --file FILE       the router's map, as for "cells map"
  --reload COMMAND  what makes the router read it
  --wait D          how long to wait for what is under way, 60s unless set
  --grace D         how long the old cell keeps the rows after that, for requests that the router still sends there, 30s
                    unless set
  --same-processor  the new cell has the same account at the installation's own processor`,
  options: {
    merchant: { type: "string" },
    to: { type: "string" },
    file: { type: "string" },
    reload: { type: "string" },
    wait: { type: "string", default: "60s" },
    grace: { type: "string", default: "30s" },
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
      await cellNamed(directory, to);
      await beAlone(directory, merchantId);
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
  const from = await cellNamed(directory, move.from);
  const to = await cellNamed(directory, move.to);
  await asOwnerIn(from, environment, (source) =>
    asOwnerIn(to, environment, (target) =>
      moveMerchant({ source, target }, move, {
        patienceMs: durationMs(values, "wait"),
        graceMs: durationMs(values, "grace"),
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
  );
}

async function cellNamed(directory: Client, name: string): Promise<Cell> {
  const cell = await findCell(directory, name);
  if (!cell) throw new UsageError(`There is no cell ${name}.`);
  return cell;
}

function asOwnerIn<Value>(
  cell: Cell,
  environment: NodeJS.ProcessEnv,
  work: (db: Db) => Promise<Value>,
): Promise<Value> {
  return named(cell.databaseUrlEnv, () => withOwnersDb(urlOf(cell, environment), work));
}

function durationMs(values: Call["values"], option: "wait" | "grace"): number {
  return readDuration(String(values[option]), `--${option}`) * 1_000;
}

async function beAlone(directory: Client, merchantId: string): Promise<void> {
  if (await isAlone(directory, merchantId)) return;
  throw new UnavailableError("Another command moves it at this moment.");
}

const STEPS = {
  held: "It is held, and nothing of it is under way.",
  copied: "All its rows are in the new cell, and both sides agree.",
  left: "The old cell answers nothing of it any more.",
  switched: "The router sends its requests to the new cell.",
  arrived: "It is released there.",
  discarded: "Its rows are out of the old cell.",
} as const;

/** What is no error of anybody's: it is held, and the same command goes on later. */
function whereItStands(error: unknown): Result & { readonly exitCode: number } {
  if (!(error instanceof NotMovable)) throw error;
  return { json: { refused: error.message }, text: `${error.message}\n`, exitCode: EXIT.later };
}

export const discardCommand: Command = {
  name: "cells discard",
  summary: "gives up a move: takes away what a cell has of a merchant who is in another one",
  help: `Takes away the copy of a merchant whose move was begun and given up by "merchants release" in its own cell,
or what is left where it was. Only where the directory and its own cell say that it is in another one. The address must
log in as the owner of the tables, who may set session_replication_role. The directory is in the database
ONCEPAY_DIRECTORY_URL.

  --merchant ID     the merchant
  --cell NAME       the cell that it is not in`,
  options: { merchant: { type: "string" }, cell: { type: "string" } },
  run: async ({ values, environment }) => {
    const merchantId = merchantIn(values);
    if (merchantId === undefined) throw new UsageError("--merchant is required.");
    const name = cellName(values["cell"], "--cell");
    const discarded = await withDirectory(environment, async (directory) => {
      const cell = await cellNamed(directory, name);
      await beAlone(directory, merchantId);
      const home = await homeOf(directory, merchantId, name);
      await asOwnerIn(home, environment, (db) => checkAtHome(db, merchantId, home.name));
      const done = await asOwnerIn(cell, environment, (db) => discardMerchant(db, merchantId));
      await endMove(directory, { merchantId });
      return done;
    });
    const text = discarded ? "Taken away.\n" : "There was nothing to take away.\n";
    return { json: { merchantId, cell: name, discarded }, text };
  },
};

async function homeOf(directory: Client, merchantId: string, other: string): Promise<Cell> {
  const name = await cellOf(directory, merchantId);
  const home = name === undefined ? undefined : await findCell(directory, name);
  if (!home) throw new UsageError(`${merchantId} is assigned to no cell.`);
  if (home.name === other) throw new UsageError(`${merchantId} is in the cell ${other}.`);
  return home;
}

/** A move that has left its old cell is not to be given up any more: what is in the other one is all that there is. */
async function checkAtHome(db: Db, merchantId: string, home: string): Promise<void> {
  const [there] = await db("merchants").where({ id: merchantId }).pluck<string[]>("id");
  const { isElsewhere } = await findHold(db, merchantId);
  if (there !== undefined && !isElsewhere) return;
  throw new Error(`The cell ${home} has left it: end the move with "cells move".`);
}
