import { Client } from "pg";
import { serveTasks } from "../helper";
import type { StatementRate } from "./pgbench";

/** In place of pgbench where there is none: one prepared statement again and again through bare pg. */
export interface BarePgRun {
  readonly databaseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Its parameter $1 is the client's number. */
  readonly statement: string;
  readonly clients: number;
  readonly seconds: number;
}

async function run(given: BarePgRun): Promise<StatementRate> {
  const options = Object.entries(given.settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`)
    .join(" ");
  const clients = Array.from(
    { length: given.clients },
    () => new Client({ connectionString: given.databaseUrl, options }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  const startedAt = performance.now();
  const deadline = startedAt + given.seconds * 1_000;
  let count = 0;
  await Promise.all(
    clients.map(async (client, number) => {
      while (performance.now() < deadline) {
        await client.query({ name: "create", text: given.statement, values: [number] });
        count += 1;
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await Promise.all(clients.map((client) => client.end()));
  return { throughput: count / seconds, meanMs: (seconds * 1_000 * given.clients) / count };
}

serveTasks({ run });
