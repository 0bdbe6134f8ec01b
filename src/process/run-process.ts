import "./node-version";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { configureFailpoints } from "../failpoints";
import { createLog, type Log } from "../observability/log";
import { exitWithParent } from "./exit-with-parent";
import { ConfigError } from "./settings";

/** The settings that decide how a program lives and dies, as opposed to what it does. */
export interface ProcessSettings {
  readonly logLevel: string;
  readonly instanceId: string;
  readonly exitWithParent: boolean;
  readonly failpoints?: string | undefined;
  readonly failpointsSeed?: number;
  readonly failpointsLog?: string | undefined;
}

export interface Running {
  readonly url: string;
  /** The port that was bound, which need not be the configured one. */
  readonly port: number;
  /** Of metrics, where that is another one. */
  readonly internalPort?: number;
  stop(): Promise<void>;
}

type Arguments = Readonly<Record<string, unknown>>;

export interface Program<Settings extends ProcessSettings> {
  readonly name: string;
  readonly help: string;
  readonly options?: NonNullable<ParseArgsConfig["options"]>;
  /** Throws a ConfigError for anything that can never work. */
  readonly read: (environment: NodeJS.ProcessEnv, args: Arguments) => Settings;
  readonly start: (settings: Settings, log: Log, args: Arguments) => Promise<Running>;
}

/**
 * Exit codes, following sysexits.h where it has one. A supervisor need not restart a process that ended with 2 or 78.
 */
export const EXIT = {
  failed: 1,
  usage: 2,
  unavailable: 69,
  /** Nothing is wrong with what was asked; the same again may work later. */
  later: 75,
  unusableConfiguration: 78,
} as const;

/** What a child says to the process that started it, once it listens. */
export interface ListeningReport {
  readonly listening: {
    readonly port: number;
    readonly instance: string;
    /** Of metrics, where that is another one. */
    readonly internalPort?: number;
  };
}

/** The life of a program: arguments, settings, failpoints, signals, and an end whose exit code says why. */
export function runProcess<Settings extends ProcessSettings>(program: Program<Settings>): void {
  run(program).catch((error: unknown) => {
    const { code, text } = describeEnd(error);
    process.stderr.write(`${text}\n`);
    process.exit(code);
  });
}

/** Expected ends are explained in a sentence; a stack trace is for bugs. */
export function describeEnd(error: unknown): { code: number; text: string } {
  if (error instanceof ConfigError) {
    return { code: EXIT.unusableConfiguration, text: error.message };
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") === true) {
    return { code: EXIT.usage, text: `${message}\nRun with --help to see the options.` };
  }
  return { code: EXIT.failed, text: stack ?? String(error) };
}

async function run<Settings extends ProcessSettings>(program: Program<Settings>): Promise<void> {
  const { values } = parseArgs({
    options: { ...program.options, help: { type: "boolean", short: "h", default: false } },
  });
  if (values["help"] === true) {
    process.stdout.write(program.help);
    return;
  }
  const settings = program.read(process.env, values);
  if (settings.exitWithParent) exitWithParent();
  readFailpoints(settings);
  const log = createLog(program.name, settings.logLevel);
  process.on("unhandledRejection", (error) => {
    log.fatal({ err: error }, "a promise was rejected and nobody listened");
    process.exit(EXIT.failed);
  });
  const running = await program.start(settings, log, values);
  log.info({ url: running.url, instance: settings.instanceId }, "listening");
  stopOnSignals(running, log);
  const report: ListeningReport = {
    listening: {
      port: running.port,
      instance: settings.instanceId,
      ...(running.internalPort !== undefined && { internalPort: running.internalPort }),
    },
  };
  // Only under a supervisor that opened a channel; one that died meanwhile is noticed by exitWithParent.
  process.send?.(report, undefined, undefined, () => undefined);
}

function readFailpoints(settings: ProcessSettings): void {
  try {
    configureFailpoints(settings.failpoints, {
      seed: settings.failpointsSeed,
      logFile: settings.failpointsLog,
    });
  } catch (error) {
    throw new ConfigError(`ONCEPAY_FAILPOINTS: ${(error as Error).message}`);
  }
}

function stopOnSignals(running: Running, log: Log): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    log.info({ signal }, "stopping");
    running.stop().then(
      () => {
        log.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, "did not stop cleanly");
        process.exit(EXIT.failed);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
