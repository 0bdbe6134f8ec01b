import { type Socket, connect } from "node:net";
import { createMessageReader } from "./http-messages";

/** A kept connection on which one request at a time is asked. */
export interface Connection {
  ask(text: string, answered: (head: string, body: Buffer) => void): void;
  close(): void;
}

export function openConnection(port: number, broken: (error: Error) => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: "127.0.0.1" });
    socket.setNoDelay(true);
    let answered: ((head: string, body: Buffer) => void) | undefined;
    let closed = false;
    const fail = (error: Error): void => {
      if (!closed) broken(error);
      closed = true;
    };
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      socket.on("error", fail);
      socket.on("close", () => fail(new Error("the server closed a connection")));
      resolve({
        ask: (text, then) => {
          answered = then;
          socket.write(text, "latin1");
        },
        close: () => {
          closed = true;
          socket.destroy();
        },
      });
    });
    socket.on(
      "data",
      createMessageReader((head, body) => answered?.(head, body)),
    );
  });
}
