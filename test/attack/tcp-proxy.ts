import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** Where bytes go, seen from the one who connected. */
export type Direction = "toServer" | "toClient";

/** Which answers are lost: told the request's bytes as text, and when the answer is whole. */
export interface AnswerLoss {
  readonly matches: (request: string) => boolean;
  readonly isWhole: (answer: Buffer) => boolean;
  /** How many answers are lost before this is over. */
  readonly timesMax: number;
}

export interface TcpProxy {
  readonly port: number;
  /** Answers lost so far, of all that were ever asked for. */
  lost(): number;
  /** Breaks every connection there is; new ones are taken. */
  cut(): void;
  /** Breaks every connection and takes no new one. */
  refuse(on: boolean): void;
  /** A black hole: connections stay open and bytes in these directions stay underway until it ends. */
  hang(directions: readonly Direction[]): void;
  /** The machine at the other end lost its power: what is connected stays so, and never hears anything again. */
  strand(): void;
  delay(direction: Direction, ms: number): void;
  /** The server does what it was asked and answers; the one who asked sees a broken connection. */
  loseAnswers(loss: AnswerLoss | undefined): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The answer that is being swallowed, as far as it has come. */
  swallowed: Buffer | undefined;
  stranded: boolean;
}

/** ReadyForQuery ends each of Postgres' answers, and a COMMIT's comes after the commit: nothing shorter proves it. */
export function isWholePostgresAnswer(answer: Buffer): boolean {
  const end = answer.subarray(-6);
  return end.length === 6 && end.readUInt8(0) === 0x5a && end.readUInt32BE(1) === 5;
}

/** An HTTP answer has begun, so the server has made up its mind. */
export const isBegunAnswer = (answer: Buffer): boolean => answer.length > 0;

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const delays: Record<Direction, number> = { toServer: 0, toClient: 0 };
  let hanging = new Set<Direction>();
  let held: (() => void)[] = [];
  let refusing = false;
  let loss: AnswerLoss | undefined;
  let matched = 0;
  let lost = 0;

  const destroy = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const swallow = (pair: Pair, direction: Direction, bytes: Buffer): boolean => {
    if (direction === "toServer") {
      const wanted = loss !== undefined && matched < loss.timesMax && pair.swallowed === undefined;
      if (wanted && loss?.matches(bytes.toString("latin1")) === true) {
        pair.swallowed = Buffer.alloc(0);
        matched += 1;
      }
      return false;
    }
    if (pair.swallowed === undefined) return false;
    pair.swallowed = Buffer.concat([pair.swallowed, bytes]);
    if (loss === undefined || loss.isWhole(pair.swallowed)) {
      lost += 1;
      destroy(pair);
    }
    return true;
  };
  const pump = (pair: Pair, direction: Direction): void => {
    const [from, to] =
      direction === "toServer" ? [pair.client, pair.server] : [pair.server, pair.client];
    const pass = (bytes: Buffer): void => {
      if (hanging.has(direction)) held.push(() => pass(bytes));
      else if (!to.destroyed) to.write(bytes);
    };
    from.on("data", (bytes) => {
      if (pair.stranded || swallow(pair, direction, bytes)) return;
      if (delays[direction] === 0) pass(bytes);
      else setTimeout(pass, delays[direction], bytes);
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      if (pair.stranded && from === pair.server) return;
      pairs.delete(pair);
      // What was delayed is still to come, and the other end goes after it.
      setTimeout(() => to.destroySoon(), delays[direction]);
    });
  };

  const listener = createServer((client) => {
    client.on("error", () => undefined);
    if (refusing) return void client.resetAndDestroy();
    const pair: Pair = { client, server: connect(target), swallowed: undefined, stranded: false };
    pairs.add(pair);
    pair.client.setNoDelay(true);
    pair.server.setNoDelay(true);
    pump(pair, "toServer");
    pump(pair, "toClient");
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const pair of [...pairs]) destroy(pair);
  };
  return {
    port: (listener.address() as AddressInfo).port,
    lost: () => lost,
    cut,
    refuse: (on) => {
      refusing = on;
      if (on) cut();
    },
    hang: (directions) => {
      hanging = new Set(directions);
      const waiting = held;
      held = [];
      for (const pass of waiting) pass();
    },
    strand: () => {
      for (const pair of pairs) {
        pair.stranded = true;
        // The server may notice; whoever is connected to us does not.
        pair.server.destroy();
      }
    },
    delay: (direction, ms) => {
      delays[direction] = ms;
    },
    loseAnswers: (wanted) => {
      loss = wanted;
      matched = 0;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
