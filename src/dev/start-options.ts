import { parseArgs } from "node:util";
import { z } from "zod";
import { readConfig } from "../config";
import { databaseUrl } from "../db/settings";
import { ConfigError, PROCESS_SETTINGS, parseSettings, port } from "../process/settings";
import { COMMON_OPTIONS, devDirectory } from "./dev-files";
import { PROGRAMS, type ProgramName } from "./programs";

/** What `npm start` is told, on its command line and in its environment. */
export interface StartOptions {
  readonly help: boolean;
  readonly directory: string;
  readonly migrate: boolean;
  /** With Prometheus and Grafana. */
  readonly observed: boolean;
  readonly databaseUrl: string | undefined;
  readonly sandboxDatabaseUrl: string | undefined;
  /** The API's. The others stay on the loopback address: anybody who reaches the sandbox can move its money. */
  readonly host: string;
  readonly ports: Readonly<Record<ProgramName, { wanted: number; isChosen: boolean }>>;
}

const oneServer = databaseUrl.refine((url) => URL.canParse(url), "must name one host here");

const SETTINGS = {
  DATABASE_URL: oneServer.optional(),
  ONCEPAY_SANDBOX_DATABASE_URL: oneServer.optional(),
  HOST: z.string().default("127.0.0.1"),
  PORT: port.optional(),
  ONCEPAY_METRICS_PORT: port.optional(),
  ONCEPAY_SANDBOX_PORT: port.optional(),
  ONCEPAY_RECEIVER_PORT: port.optional(),
  LOG_LEVEL: PROCESS_SETTINGS.LOG_LEVEL,
} as const;

type PortSettings = Partial<Record<(typeof PROGRAMS)[ProgramName]["chosenBy"], number>>;

export function readStartOptions(args: string[], environment: NodeJS.ProcessEnv): StartOptions {
  const { values } = parseArgs({
    args,
    options: {
      ...COMMON_OPTIONS,
      migrate: { type: "boolean", default: false },
      observed: { type: "boolean", default: false },
    },
  });
  const given = parseSettings(SETTINGS, environment);
  return {
    help: values.help,
    migrate: values.migrate,
    observed: values.observed,
    directory: devDirectory(values.directory),
    databaseUrl: given.DATABASE_URL,
    sandboxDatabaseUrl: given.ONCEPAY_SANDBOX_DATABASE_URL,
    host: given.HOST,
    ports: choosePorts(given as PortSettings),
  };
}

const STEP = 100;

/** A default port makes way for a chosen one. Whether either is available is known only when it is bound. */
function choosePorts(given: PortSettings): StartOptions["ports"] {
  const names = Object.keys(PROGRAMS) as ProgramName[];
  const chosen = new Map<number, string>();
  for (const name of names) {
    const { chosenBy } = PROGRAMS[name];
    const wanted = given[chosenBy];
    if (wanted === undefined || wanted === 0) continue;
    const other = chosen.get(wanted);
    if (other) throw new ConfigError(`${chosenBy}: ${other} is ${String(wanted)}, too.`);
    chosen.set(wanted, chosenBy);
  }
  const choose = (name: ProgramName): { wanted: number; isChosen: boolean } => {
    const { chosenBy, usualPort } = PROGRAMS[name];
    const asked = given[chosenBy];
    if (asked !== undefined) return { wanted: asked, isChosen: true };
    let wanted = usualPort;
    while (chosen.has(wanted)) wanted += STEP;
    return { wanted, isChosen: false };
  };
  return {
    api: choose("api"),
    worker: choose("worker"),
    sandbox: choose("sandbox"),
    receiver: choose("receiver"),
  };
}

/** Reports, before anything is started, any configuration with which the API and the worker would refuse to start. */
export function checkConfiguration(environment: NodeJS.ProcessEnv, encryptionKey: string): void {
  readConfig({
    ...environment,
    NODE_ENV: "development",
    DATABASE_URL: environment["DATABASE_URL"] || "postgres://127.0.0.1/to-be-made",
    ONCEPAY_ENCRYPTION_KEY: encryptionKey,
  });
}
