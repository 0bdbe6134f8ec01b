import type { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";
import { type Addresses, hostOf, parseAddresses } from "./addresses";
import { type Unanswered, endSilence, isUnanswered } from "./silence";

/*
 * A connection to whichever of several servers takes writes.
 *
 * Guarantees: a server that is in recovery, or read-only, is never connected to where a primary was asked for. What the
 * server reports by itself says so (in_hot_standby, default_transaction_read_only), also later, when it changes. A
 * connection that was told "read-only" or "shutting down" says that it must go (hasToGo), so that pools replace it.
 *
 * Cost: nothing where one host is named. Where there are several, a process asks all of them at once when it connects for
 * the first time and after it has lost one, whatever number of connections wait for that; then it remembers which.
 *
 * Of two servers that both take writes it cannot tell the right one: that is for whoever promotes, who has to fence the
 * old one off first (Patroni with a watchdog, or synchronous replication, where the old one can commit nothing).
 */

export interface PrimaryClientConfig extends ClientConfig {
  readonly connectionString: string;
  /** For how long the server may leave a query without an answer before the connection is closed. Default: for ever. */
  readonly silenceMs?: number;
}

export class PrimaryClient extends Client {
  /** The server has said that it takes no more writes here. */
  hasToGo = false;
  private isHolding = false;
  private readonly config: PrimaryClientConfig;
  private readonly addresses: Addresses;
  private url: string;
  private openSinceMs: number | undefined;
  private readonly reported = new Map<string, string>();

  constructor(config: PrimaryClientConfig) {
    const addresses = parseAddresses(config.connectionString);
    const [url] = addresses?.urls ?? [];
    if (!addresses || url === undefined) throw new Error("this is no address of a database");
    super({ ...config, connectionString: url });
    this.config = config;
    this.addresses = addresses;
    this.url = url;
    const { connection } = this as unknown as { connection: Wire };
    connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
      this.reported.set(parameterName, parameterValue);
      if (this.addresses.readWrite && this.isReadOnly()) this.letGo();
    });
    connection.on("errorMessage", ({ code }) => {
      if (code !== undefined && GOING.test(code)) this.letGo();
    });
    // Before pg hears it, which then forgets what it had sent.
    connection.on("end", () => {
      this.ended();
    });
    const { silenceMs } = config;
    const silence =
      silenceMs === undefined
        ? undefined
        : endSilence(this, { silenceMs, end: () => connection.stream.destroy() });
    if (silence) connection.on("readyForQuery", () => silence.answered());
    this.query = ((...asked: [string]) => {
      silence?.asked();
      this.writeTogether(connection.stream);
      return super.query(...asked);
    }) as unknown as Client["query"];
    // Otherwise one that breaks while it is checked out of pg's pool ends the process.
    this.on("error", () => {
      this.letGo();
    });
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<this> | undefined {
    const connected = this.reach();
    if (callback === undefined) return connected;
    connected.then(
      () => callback(null),
      (error: unknown) => callback(error as Error),
    );
    return undefined;
  }

  /** For pools: throws where no more connections may be made. */
  protected assertRoom(): void {}

  /** For pools: its connection was closed before the server had answered. */
  protected wasCut(_: { readonly pid: number; readonly ageMs: number }): void {}

  private ended(): void {
    const { openSinceMs } = this;
    this.openSinceMs = undefined;
    if (openSinceMs === undefined || !isUnanswered(this as unknown as Unanswered)) return;
    const { processID: pid } = this as unknown as { readonly processID: number };
    this.wasCut({ pid, ageMs: performance.now() - openSinceMs });
  }

  /** By what it has reported since it was connected to. */
  isReadOnly(): boolean {
    return ["in_hot_standby", "default_transaction_read_only"].some(
      (name) => this.reported.get(name) === "on",
    );
  }

  /** What is asked in one turn of the event loop goes out in one write: one system call, here and at the server. */
  private writeTogether(stream: Socket): void {
    if (this.isHolding) return;
    this.isHolding = true;
    stream.cork();
    process.nextTick(() => {
      this.isHolding = false;
      stream.uncork();
    });
  }

  private letGo(): void {
    this.hasToGo = true;
    forget(this.config.connectionString, this.url);
  }

  private async reach(): Promise<this> {
    this.assertRoom();
    const { connectionString } = this.config;
    if (this.addresses.urls.length > 1) {
      this.url = await primaryOf(connectionString, this.addresses.urls, this.config);
      this.aimAt(this.url);
    }
    try {
      await super.connect();
    } catch (error) {
      forget(connectionString, this.url);
      throw error;
    }
    if (this.addresses.readWrite && this.isReadOnly()) {
      await this.end().catch(() => undefined);
      throw new NoPrimary([this.url]);
    }
    this.openSinceMs = performance.now();
    return this;
  }

  /** pg connects to what these say when it is asked to. */
  private aimAt(url: string): void {
    const { host, port } = new Client({ connectionString: url });
    for (const place of [
      this,
      (this as unknown as { connectionParameters: Place }).connectionParameters,
    ]) {
      Object.assign(place, { host, port });
    }
  }
}

type Place = Pick<Client, "host" | "port">;

/** What pg's connection tells, which its types do not show. */
interface Wire {
  readonly stream: Socket;
  on(event: "end" | "readyForQuery", heard: () => void): void;
  on(event: "errorMessage", heard: (message: { readonly code?: string }) => void): void;
  on(
    event: "parameterStatus",
    heard: (message: { readonly parameterName: string; readonly parameterValue: string }) => void,
  ): void;
}

// Read-only; and shutting down, crashed, or not there yet.
const GOING = /^(25006|57P0[123])$/;

/** There are servers, and none of them takes writes: as while one is being promoted. It passes like any outage. */
export class NoPrimary extends Error {
  override readonly name = "NoPrimary";
  readonly code = "57P03";

  constructor(urls: readonly string[]) {
    super(`no server takes writes at ${urls.map(hostOf).join(", ")}`);
  }
}

/** By the whole setting: which of its addresses takes writes, or the question that is under way. */
const primaries = new Map<string, Promise<string>>();

function primaryOf(
  setting: string,
  urls: readonly string[],
  config: ClientConfig,
): Promise<string> {
  const known = primaries.get(setting);
  if (known) return known;
  const found = findPrimary(urls, config);
  primaries.set(setting, found);
  found.catch(() => {
    if (primaries.get(setting) === found) primaries.delete(setting);
  });
  return found;
}

/** Unless another address has been found since. */
function forget(setting: string, url: string): void {
  const known = primaries.get(setting);
  void known?.then(
    (current) => {
      if (current === url && primaries.get(setting) === known) primaries.delete(setting);
    },
    () => undefined,
  );
}

async function findPrimary(urls: readonly string[], config: ClientConfig): Promise<string> {
  const asked = urls.map(async (url) => {
    const { connectionTimeoutMillis = PROBE_MS, application_name = "oncepay" } = config;
    const client = new PrimaryClient({
      connectionString: url,
      connectionTimeoutMillis,
      application_name,
    });
    await client.connect();
    await client.end().catch(() => undefined);
    if (client.isReadOnly()) throw new NoPrimary([url]);
    return url;
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    const { errors } = error as AggregateError;
    // A refused password is to be told as such, where no server said that it is a standby.
    throw errors.some((one) => one instanceof NoPrimary) ? new NoPrimary(urls) : errors[0];
  }
}

const PROBE_MS = 5_000;
