import { createHash } from "node:crypto";
import type { Client, QueryConfig } from "pg";
import { createApp } from "../../src/app";
import { readConfig } from "../../src/config";
import { connect } from "../../src/db/connect";
import { openDatabases } from "../../src/db/databases";
import type { Db } from "../../src/db/db";
import { createLog } from "../../src/observability/log";
import { startServer } from "../../src/server";
import { testSettings } from "../support/app";
import { PATIENT } from "../support/patience";

/*
 * The same API with either wall taken down. The first wall is the predicates of its statements; they are taken out as a
 * statement is sent. The second is the policies; it is taken down by running as the owner, whom policies do not concern.
 */

/** A statement as it was sent, and what came back. */
export interface Sent {
  readonly name: string;
  readonly text: string;
  readonly hasPredicate: boolean;
  /** Of each row, equal for equal ones; the second of two that are equal is another one. */
  readonly rows: readonly string[];
}

export interface Walls {
  readonly url: string;
  /** Statements whose predicates are taken out, by name; `all`: of all of them. */
  strip(names: readonly string[] | "all"): void;
  /** What was sent since it was last asked for. */
  sent(): Sent[];
  close(): Promise<void>;
}

interface Pool {
  on(event: "createSuccess", heard: (eventId: number, client: Client) => void): void;
}

type Send = (
  config: QueryConfig,
  callback: (error: Error | null, result: unknown) => void,
) => unknown;

// The walk asks thousands of times with one key.
const UNLIMITED = {
  ONCEPAY_LIMIT_QUERY_COST: "key=off,tenant=off,address=off",
  ONCEPAY_LIMIT_MUTATIONS: "key=off,tenant=off,address=off",
  ONCEPAY_LIMIT_BAD_KEYS: "address=off",
  ONCEPAY_LIMIT_CONFIRMS: "intent=off,address=off,addressDeclines=off,keyDeclines=off",
  ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off",
};

/** `(?::text is not null)` keeps the parameter, so that the statement takes the same bindings. */
const PREDICATE = /(?:\b\w+\.)?\bmerchant_id = \$(\d+)/g;

export async function openWalls(
  databaseUrl: string,
  sandboxUrl: string,
  { policies }: { readonly policies: boolean },
): Promise<Walls> {
  const config = readConfig(testSettings(databaseUrl, sandboxUrl, UNLIMITED));
  const real = openDatabases({
    url: databaseUrl,
    connectionsMax: { system: 3, tenants: 3 },
    applicationName: "oncepay walls",
    ...PATIENT,
  });
  const owner = connect({
    url: databaseUrl,
    poolMax: 3,
    applicationName: "oncepay owner",
    ...PATIENT,
  });
  let stripped: readonly string[] | "all" = [];
  const sent: Sent[] = [];
  const isStripped = (name: string): boolean => stripped === "all" || stripped.includes(name);
  const listen = (client: Client): void => {
    const send = client.query.bind(client) as Send;
    const changed: Send = (config, callback) => {
      const name = config.name ?? config.text.trim().replace(/\s+/g, " ");
      const hasPredicate = config.text.search(PREDICATE) >= 0;
      const text = config.text.replace(PREDICATE, "($$$1::text is not null)");
      // A name stands for one text on a connection.
      const asked = isStripped(name)
        ? { ...config, text, ...(config.name !== undefined && { name: `bare_${config.name}` }) }
        : config;
      return send(asked, (error, result) => {
        sent.push({
          name,
          text: config.text,
          hasPredicate,
          rows: hashesOf((result as { rows?: unknown })?.rows),
        });
        callback(error, result);
      });
    };
    client.query = changed as Client["query"];
  };
  const tenants: Db = policies ? real.tenantPool : owner;
  (tenants.client as { pool: Pool }).pool.on("createSuccess", (_eventId, client) => listen(client));
  const databases = policies ? real : { ...real, tenantPool: owner };
  const app = createApp(config, createLog("test", "silent"), {
    name: "test",
    overrides: { databases },
  });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  return {
    url: server.url,
    strip: (names) => {
      stripped = names;
    },
    sent: () => sent.splice(0),
    close: async () => {
      await server.close();
      await app.close();
      await owner.destroy();
    },
  };
}

function hashesOf(rows: unknown): string[] {
  const times = new Map<string, number>();
  return (Array.isArray(rows) ? rows : []).map((row) => {
    const text = JSON.stringify(row);
    const time = (times.get(text) ?? 0) + 1;
    times.set(text, time);
    return `${createHash("sha256").update(text).digest("hex")} ${String(time)}`;
  });
}
