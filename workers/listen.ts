import { Client } from "pg";
import type { Log } from "../src/log";
import { OUTBOX_CHANNEL } from "../src/outbox";

const RECONNECT_MS = 1_000;

/**
 * Hears that outbox rows were committed, on a connection of its own. Only a hint: the relay polls as well, so a
 * connection that is lost, or half open and silent, costs some milliseconds and nothing else.
 */
export function listenToOutbox(
  databaseUrl: string,
  log: Log,
  heard: () => void,
): { stop(): Promise<void> } {
  let stopped = false;
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const made = new Client({
      connectionString: databaseUrl,
      keepAlive: true,
      application_name: "oncepay listen",
      connectionTimeoutMillis: 5_000,
    });
    client = made;
    const again = (error?: Error): void => {
      if (stopped || client !== made) return;
      client = undefined;
      log.warn({ reason: error?.message }, "not listening; connecting again");
      timer = setTimeout(() => void connect(), RECONNECT_MS);
    };
    made.on("error", again);
    made.on("end", () => {
      again();
    });
    made.on("notification", heard);
    try {
      await made.connect();
      await made.query(`listen ${OUTBOX_CHANNEL}`);
    } catch (error) {
      again(error as Error);
    }
  };
  void connect();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
