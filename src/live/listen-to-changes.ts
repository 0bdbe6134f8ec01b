import type { Client } from "pg";
import { PrimaryClient } from "../db/primary-client";
import type { Log } from "../observability/log";
import { CHANGES_CHANNEL } from "./announce-changes";

const RECONNECT_MS = 1_000;
// A session whose other end has lost power is silent for ever. An occasional question finds that out.
const ASK_EVERY_MS = 10_000;
const SILENT_MS = 5_000;

export interface Listening {
  stop(): Promise<void>;
}

interface Ears {
  readonly heard: (text: string) => void;
  /** It listens, and what was said before was missed. */
  readonly began: () => void;
}

/**
 * One session that hears which payments have changed. It touches no table, and runs as the user of the URL. What it
 * hears is only a hint: while it is lost, polling finds the same a little later.
 */
export function listenToChanges(databaseUrl: string, log: Log, ears: Ears): Listening {
  let stopped = false;
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const made = new PrimaryClient({
      connectionString: databaseUrl,
      keepAlive: true,
      application_name: "oncepay live",
      connectionTimeoutMillis: 5_000,
      query_timeout: SILENT_MS,
    });
    client = made;
    made.on("error", (error) => lost(made, error));
    made.on("end", () => lost(made));
    made.on("notification", ({ payload = "" }) => ears.heard(payload));
    try {
      await made.connect();
      await made.query(`listen ${CHANGES_CHANNEL}`);
      if (client === made) ears.began();
    } catch (error) {
      lost(made, error as Error);
    }
  };
  const lost = (made: Client, error?: Error): void => {
    if (stopped || client !== made) return;
    client = undefined;
    void made.end().catch(() => undefined);
    log.warn({ reason: error?.message }, "not listening for payments; connecting again");
    timer = setTimeout(() => void connect(), RECONNECT_MS);
  };
  const asking = setInterval(() => {
    const asked = client;
    asked?.query("select 1").catch((error: unknown) => lost(asked, error as Error));
  }, ASK_EVERY_MS);
  void connect();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      clearInterval(asking);
      await client?.end().catch(() => undefined);
    },
  };
}
