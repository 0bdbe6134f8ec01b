import type { ParseArgsConfig } from "node:util";
import { EXIT } from "../process/run-process";

/** One command of `oncepay`: its file has its help beside its work. */
export interface Command {
  /** As it is typed, after `oncepay`: one word to three. */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the usage line in its own help. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  readonly run: (call: Call) => Promise<Result>;
}

export interface Call {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: NodeJS.ProcessEnv;
  /** What happens meanwhile, for a person; silent with --json. */
  readonly say: (line: string) => void;
}

export interface Result {
  /** What --json prints, and nothing else is written to standard output then. */
  readonly json: object;
  readonly text: string;
  /** 0 when left out. */
  readonly exitCode?: number;
}

/** The command line asks for something that cannot be done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something that the command needs, other than the database, does not answer. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

export const EXIT_CODES = `Exit codes: 0 done; ${String(EXIT.failed)} the command failed, or "verify" found a violation; ${String(EXIT.usage)} the command line is invalid;
${String(EXIT.unavailable)} the database, the card network or the API cannot be reached; ${String(EXIT.later)} others hold locks: run it again later;
${String(EXIT.unusableConfiguration)} a setting is missing or invalid.
`;
