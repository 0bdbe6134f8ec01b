import { parseArgs } from "node:util";
import { isDatabaseAway, isNotMigrated, lacksRole } from "../db/errors";
import { LocksHeld } from "../db/take-locks";
import { DatabaseError } from "../db/with-client";
import { EXIT, describeEnd } from "../process/run-process";
import { ConfigError } from "../process/settings";
import { type Command, EXIT_CODES, UnavailableError, UsageError } from "./command";
import { COMMANDS } from "./commands";

interface Output {
  readonly environment: NodeJS.ProcessEnv;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

const HELP = `Usage: oncepay COMMAND [OPTIONS]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(26)}${summary}`).join("\n")}

  oncepay COMMAND --help    show what a command does and its options

${EXIT_CODES}`;

const STANDARD: Output = {
  environment: process.env,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

/** Runs one command and answers with its exit code. What is expected to go wrong is said in a sentence. */
export async function runCommandLine(args: readonly string[], io = STANDARD): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    const { code, text } = describe(error);
    io.error(`${text}\n`);
    return code;
  }
}

async function run(args: readonly string[], io: Output): Promise<number> {
  const command = COMMANDS.find(({ name }) =>
    name.split(" ").every((word, at) => args[at] === word),
  );
  if (!command) {
    const asksForHelp = args.length === 0 || args.includes("--help") || args.includes("-h");
    if (!asksForHelp) throw new UsageError(`There is no command "oncepay ${args.join(" ")}".`);
    io.out(HELP);
    return args.length === 0 ? EXIT.usage : 0;
  }
  const { values } = parseArgs({
    args: args.slice(command.name.split(" ").length),
    options: {
      ...command.options,
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values["help"] === true) {
    io.out(helpOf(command));
    return 0;
  }
  const isJson = values["json"] === true;
  const result = await command.run({
    values: values,
    environment: io.environment,
    say: (line) => (isJson ? undefined : io.out(`${line}\n`)),
  });
  io.out(isJson ? `${JSON.stringify(result.json, null, 2)}\n` : result.text);
  return result.exitCode ?? 0;
}

function helpOf({ name, help }: Command): string {
  return `Usage: oncepay ${name} [OPTIONS]

${help}
  --json            print one JSON object and nothing else
  --help            show this text

${EXIT_CODES}`;
}

function describe(error: unknown): { code: number; text: string } {
  if (error instanceof UsageError) {
    return {
      code: EXIT.usage,
      text: `${error.message}\nRun with --help to see what is available.`,
    };
  }
  if (error instanceof LocksHeld) return { code: EXIT.later, text: error.message };
  if (error instanceof UnavailableError) return { code: EXIT.unavailable, text: error.message };
  if (error instanceof DatabaseError) {
    return { code: EXIT.unavailable, text: `DATABASE_URL: ${error.message}.` };
  }
  if (isNotMigrated(error)) {
    return {
      code: EXIT.failed,
      text: 'The database is not migrated: run "oncepay migrate" first.',
    };
  }
  if (lacksRole(error)) {
    const told = `The user of DATABASE_URL lacks a role or a right (${(error as Error).message}).`;
    return { code: EXIT.failed, text: `${told} Run "oncepay migrate" as the owner of the tables.` };
  }
  if (isDatabaseAway(error)) {
    return {
      code: EXIT.unavailable,
      text: `The connection to the database was lost: ${(error as Error).message}`,
    };
  }
  if (error instanceof ConfigError || error instanceof TypeError) return describeEnd(error);
  const { code, text } = describeEnd(error);
  return code === EXIT.failed ? { code, text: (error as Error).message } : { code, text };
}
