import { spawn, spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface StatementRate {
  readonly throughput: number;
  readonly meanMs: number;
}

/** Where pgbench is, and which version; undefined where it is not installed. */
export function findPgbench(): { readonly file: string; readonly version: string } | undefined {
  const packaged = "/usr/lib/postgresql";
  const versions = list(packaged).sort((a, b) => Number(b) - Number(a));
  const files = [
    "pgbench",
    ...versions.map((version) => path.join(packaged, version, "bin/pgbench")),
  ];
  for (const file of files) {
    const asked = spawnSync(file, ["--version"], { encoding: "utf8" });
    if (asked.status === 0)
      return { file, version: `pgbench ${/[\d.]+/.exec(asked.stdout)?.[0] ?? ""}` };
  }
  return undefined;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

export interface PgbenchRun {
  readonly file: string;
  readonly directory: string;
  readonly databaseUrl: string;
  /** As the product's own connections have them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly statement: string;
  readonly clients: number;
  readonly seconds: number;
}

export async function runPgbench(run: PgbenchRun): Promise<StatementRate> {
  const script = path.join(run.directory, "create.pgbench.sql");
  writeFileSync(script, `${run.statement};\n`);
  const url = new URL(run.databaseUrl);
  const flags = ["--no-vacuum", "--protocol=prepared", `--file=${script}`];
  const load = [`--client=${String(run.clients)}`, length(run.seconds)];
  const output = await capture(run.file, [...flags, ...load], {
    PATH: process.env["PATH"],
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
    PGOPTIONS: Object.entries(run.settings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`)
      .join(" "),
  });
  const throughput = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
  const meanMs = Number(/^latency average = ([\d.]+) ms/m.exec(output)?.[1]);
  if (!(throughput > 0)) throw new Error(`pgbench did not say how fast it was:\n${output}`);
  return { throughput, meanMs };
}

// pgbench counts time in whole seconds; a run that is only to see whether all works is shorter.
const TRANSACTIONS_OF_A_TRIAL = 50;

function length(seconds: number): string {
  return seconds < 1
    ? `--transactions=${String(TRANSACTIONS_OF_A_TRIAL)}`
    : `--time=${String(Math.round(seconds))}`;
}

function capture(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const said: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      const text = Buffer.concat(said).toString();
      if (code === 0) resolve(text);
      else reject(new Error(`pgbench ended with ${String(code)}:\n${text.slice(-2_000)}`));
    });
  });
}
