import type { Client } from "pg";
import {
  type Cell,
  addCell,
  assignMerchants,
  cellOf,
  findCell,
  listCells,
  readMap,
} from "../cells/directory";
import { listMoves } from "../cells/moves";
import { type WrittenMap, writeMap } from "../cells/write-map";
import { databaseUrl } from "../db/settings";
import { DatabaseError, withClient } from "../db/with-client";
import { isId } from "../ids";
import { CELL_NAME, parseSettings } from "../process/settings";
import { type Call, type Command, UnavailableError, UsageError } from "./command";

/** The directory of cells. What is said here of a merchant reaches the router with `cells map`. */

const SETTING = "ONCEPAY_DIRECTORY_URL";
const DIRECTORY = `The directory is in the database ${SETTING}, in the schema oncepay_cells.`;

type Values = Call["values"];

export const addCellCommand: Command = {
  name: "cells add",
  summary: "adds a cell to the directory, and makes the directory",
  help: `Adds a cell: a database with its own API and worker processes. The directory keeps the name of an environment
variable and not what is in it. ${DIRECTORY}

  --name NAME               how the router's configuration calls the cell: a letter, then letters, digits or -
  --database-url-env NAME   the environment variable that holds the address of the cell's database`,
  options: { name: { type: "string" }, "database-url-env": { type: "string" } },
  run: async ({ values, environment }) => {
    const name = cellName(values["name"], "--name");
    const variable = values["database-url-env"];
    if (typeof variable !== "string" || !/^[A-Z_][A-Z0-9_]{0,99}$/.test(variable)) {
      throw new UsageError("--database-url-env must be the name of an environment variable.");
    }
    const cell = { name, databaseUrlEnv: variable };
    // That it is there at all is said now, and not when somebody is to be assigned to it.
    await withCell(cell, environment, (database) =>
      database.query("select from merchants limit 0"),
    );
    await withDirectory(environment, (directory) => addCell(directory, cell));
    return { json: cell, text: `The cell ${name} is in the directory.\n` };
  },
};

export const listCellsCommand: Command = {
  name: "cells list",
  summary:
    "lists the cells, how many merchants each has and who is on the way, or says where one is",
  help: `${DIRECTORY}

  --merchant ID     only says which cell this merchant is in`,
  options: { merchant: { type: "string" } },
  run: async ({ values, environment }) => {
    const merchantId = merchantIn(values);
    if (merchantId !== undefined) {
      const cell = await withDirectory(environment, (directory) => cellOf(directory, merchantId));
      if (cell === undefined) throw new Error(`${merchantId} is assigned to no cell.`);
      return { json: { merchantId, cell }, text: `${cell}\n` };
    }
    const { cells, moves } = await withDirectory(environment, async (directory) => ({
      cells: await listCells(directory),
      moves: await listMoves(directory),
    }));
    const lines = cells.map(
      ({ name, merchants, databaseUrlEnv }) =>
        `${name.padEnd(31)}  ${String(merchants).padStart(7)} merchants  ${databaseUrlEnv}\n`,
    );
    const open = moves.map(
      ({ merchantId, from, to }) => `${merchantId} is on its way from ${from} to ${to}.\n`,
    );
    return {
      json: { cells, moves },
      text: [...lines, ...open].join("") || "There are no cells.\n",
    };
  },
};

export const assignCommand: Command = {
  name: "cells assign",
  summary: "assigns the merchants of a cell's database to it",
  help: `Assigns those merchants of the cell's database who are in no cell yet, and notes their processor accounts. Run
it after merchants were created and accounts connected, and then "cells map". Repeating it changes nothing; who
is in a cell stays there. ${DIRECTORY}

  --cell NAME       the cell
  --merchant ID     only this merchant`,
  options: { cell: { type: "string" }, merchant: { type: "string" } },
  run: async ({ values, environment }) => {
    const name = cellName(values["cell"], "--cell");
    const merchantId = merchantIn(values);
    const { assigned, elsewhere } = await withDirectory(environment, async (directory) => {
      const cell = await findCell(directory, name);
      if (!cell) throw new UsageError(`There is no cell ${name} in the directory.`);
      return withCell(cell, environment, async (database) => {
        const made = await assignMerchants(
          { directory, database },
          { cell: name, ...(merchantId !== undefined && { merchantId }) },
        );
        if (merchantId !== undefined) await checkAssigned(directory, { merchantId, name });
        return made;
      });
    });
    const text = `Assigned to ${name}: ${String(assigned)}. Rows of others, who are in another cell: ${String(elsewhere)}.\n`;
    return { json: { cell: name, assigned, elsewhere }, text };
  },
};

async function checkAssigned(
  directory: Client,
  { merchantId, name }: { readonly merchantId: string; readonly name: string },
): Promise<void> {
  const cell = await cellOf(directory, merchantId);
  if (cell === name) return;
  throw new Error(
    cell === undefined
      ? `The database of ${name} has no merchant ${merchantId}.`
      : `${merchantId} is in the cell ${cell}, and stays there.`,
  );
}

export const mapCommand: Command = {
  name: "cells map",
  summary: "writes the map that HAProxy routes by, and has it read",
  help: `Writes where each merchant, processor account and cell is, one a line, as HAProxy reads a map. The file is
replaced as a whole. The command of --reload runs until it has succeeded once with each new map.
${DIRECTORY} No cell is asked.

  --file FILE       the map
  --reload COMMAND  what makes the router read it, for example "systemctl reload haproxy"`,
  options: { file: { type: "string" }, reload: { type: "string" } },
  run: async ({ values, environment }) => {
    const { file, reload } = values;
    if (typeof file !== "string" || file === "") throw new UsageError("--file is required.");
    const written = await withDirectory(environment, (directory) =>
      renewMap(directory, { file, reload: typeof reload === "string" ? reload : undefined }),
    );
    const what = written.changed ? "Written" : "Unchanged";
    const told = written.reloaded ? ", and the router has it" : "";
    return { json: written, text: `${what}: ${String(written.entries)} entries${told}.\n` };
  },
};

export async function renewMap(
  directory: Client,
  to: { readonly file: string; readonly reload: string | undefined },
): Promise<WrittenMap> {
  const entries = await readMap(directory);
  // A router that knows nobody refuses everybody: more likely this is the wrong database.
  if (!entries.some(({ name }) => !name.startsWith("cell:"))) {
    throw new Error("The directory has no merchants; the map was left as it is.");
  }
  return writeMap(entries, to);
}

export function cellName(given: Values[string], option: string): string {
  if (typeof given === "string" && CELL_NAME.test(given)) return given;
  throw new UsageError(`${option} must be a letter, then at most 30 letters, digits or -.`);
}

export function merchantIn({ merchant }: Values): string | undefined {
  if (merchant === undefined) return undefined;
  if (typeof merchant === "string" && isId("merchant", merchant)) return merchant;
  throw new UsageError("--merchant must be a merchant's id, which begins with mer_.");
}

export async function withDirectory<Result>(
  environment: NodeJS.ProcessEnv,
  work: (directory: Client) => Promise<Result>,
): Promise<Result> {
  const description = "the Postgres database that holds the directory of cells";
  const shape = { [SETTING]: databaseUrl.describe(description) };
  const url = parseSettings(shape, environment)[SETTING];
  try {
    return await named(SETTING, () => withClient(url, work));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "42P01" || !message.includes("oncepay_cells")) throw error;
    throw new Error('There is no directory there: run "oncepay cells add" first.', {
      cause: error,
    });
  }
}

function withCell<Result>(
  cell: Cell,
  environment: NodeJS.ProcessEnv,
  work: (database: Client) => Promise<Result>,
): Promise<Result> {
  const url = urlOf(cell, environment);
  return named(cell.databaseUrlEnv, () => withClient(url, work));
}

export function urlOf({ name, databaseUrlEnv }: Cell, environment: NodeJS.ProcessEnv): string {
  const description = `the Postgres database of the cell ${name}`;
  const shape = { [databaseUrlEnv]: databaseUrl.describe(description) };
  return parseSettings(shape, environment)[databaseUrlEnv] as string;
}

/** Which of several databases it is that cannot be reached. */
export async function named<Result>(setting: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new UnavailableError(`${setting}: ${error.message}.`, { cause: error });
  }
}
