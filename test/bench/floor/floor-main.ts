import http from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "pg";
import { Pool } from "undici";
import { serveTasks } from "../helper";
import type { Message } from "./recorder";

/** What a payment consists of, and nothing else: bare processes that say again what was recorded. */

export interface AnswerPlan {
  /** The first whose word is in a request's body is the answer to it. */
  readonly answers: readonly { readonly word: string; readonly answer: Message }[];
}

export interface ExchangePlan {
  readonly targets: readonly {
    readonly port: number;
    /** Said one after the other, in this order. */
    readonly requests: readonly Message[];
  }[];
  readonly payments: number;
  readonly atOnce: number;
}

export interface RowsPlan {
  readonly databaseUrl: string;
  /** Each is one transaction of one set; its parameter is the set's number. */
  readonly transactions: readonly (readonly string[])[];
  readonly sets: number;
}

interface Parts {
  readonly first: readonly string[];
  readonly headers: Record<string, string>;
}

/** The first line in its words, and the headers but for those that say how long a message is and what becomes of the connection. */
function partsOf(head: string): Parts {
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const isKept = ([name]: [string, string]): boolean =>
    !["connection", "keep-alive", "content-length", "date", "host"].includes(name);
  return { first: first.split(" "), headers: Object.fromEntries(headers.filter(isKept)) };
}

async function answer({ answers }: AnswerPlan): Promise<number> {
  const known = answers.map(({ word, answer: { head, body } }) => {
    const { first, headers } = partsOf(head);
    return { word, status: Number(first[1]), headers, body };
  });
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = Buffer.concat(chunks);
      const one = known.find(({ word }) => asked.includes(word));
      if (!one) return void response.writeHead(404).end();
      const length = String(Buffer.byteLength(one.body));
      response.writeHead(one.status, { ...one.headers, "content-length": length }).end(one.body);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function exchange({ targets, payments, atOnce }: ExchangePlan): Promise<void> {
  const pools = targets.map(
    ({ port }) => new Pool(`http://127.0.0.1:${String(port)}`, { connections: atOnce }),
  );
  const asked = targets.flatMap(({ requests }, index) =>
    requests.map(({ head, body }) => {
      const { first, headers } = partsOf(head);
      const request = { path: first[1] ?? "/", method: "POST" as const, headers, body };
      return { pool: pools[index], request };
    }),
  );
  let left = payments;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      for (const { pool, request } of asked) {
        const answered = await pool?.request(request);
        if (!answered || answered.statusCode >= 300) throw new Error("the floor was refused");
        await answered.body.dump();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  await Promise.all(pools.map((pool) => pool.close()));
}

async function write({ databaseUrl, transactions, sets }: RowsPlan): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const writeSet = async (set: number, statements: readonly string[], place: number) => {
    await client.query("begin");
    for (const [index, text] of statements.entries()) {
      const name = `floor_${String(place)}_${String(index)}`;
      await client.query({ name, text, values: [set] });
    }
    await client.query("commit");
  };
  for (let set = 0; set < sets; set += 1) {
    for (const [place, some] of transactions.entries()) await writeSet(set, some, place);
  }
  await client.end();
}

serveTasks({ answer, exchange, write });
