import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { createMessageReader } from "../load/http-messages";

/** One HTTP exchange, as it went over the wire. */
export interface Exchange {
  readonly request: Message;
  readonly answer: Message;
}

export interface Message {
  readonly head: string;
  readonly body: string;
}

export interface Recorder {
  readonly port: number;
  readonly exchanges: readonly Exchange[];
  close(): void;
}

/** Passes bytes on to a port of this machine and back, and keeps what was said. One request at a time on a connection. */
export async function startRecorder(targetPort: number): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect({ port: targetPort, host: "127.0.0.1" });
    const asked: Message[] = [];
    const keepRequest = createMessageReader((head, body) => {
      asked.push({ head, body: body.toString() });
    });
    const keepAnswer = createMessageReader((head, body) => {
      const request = asked.shift();
      if (request) exchanges.push({ request, answer: { head, body: body.toString() } });
    });
    from.on("data", keepRequest).pipe(to);
    to.on("data", keepAnswer).pipe(from);
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    exchanges,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
