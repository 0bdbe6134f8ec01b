import type { Socket } from "node:net";
import { connect } from "../../src/db/connect";
import { type Db, type Statement, type Tx, run } from "../../src/db/db";
import { pipelined } from "../../src/db/pipelined";
import { transact } from "../../src/db/transact";
import { type TestDatabase, createTestDatabase } from "../support/database";

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connect({ url: database.url, poolMax: 1, applicationName: "pipelined" });
  await db.raw("create table noted (n int primary key, seen bigint)");
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(() => db.raw("truncate noted"));

const NOTE: Statement = {
  name: "note",
  text: "insert into noted select ?, count(*) from noted returning n, seen",
};
const COUNT: Statement = { name: "count", text: `select count(*) as "count" from noted` };

const note = (tx: Tx, n: number) => run<{ n: number; seen: number }>(tx, NOTE, [n]);

/** Writes to the connection's socket from now on. */
async function countWrites(tx: Tx): Promise<() => number> {
  const client = tx.client as { acquireConnection(): Promise<unknown> };
  const { connection } = (await client.acquireConnection()) as { connection: { stream: Socket } };
  let writes = 0;
  const stream = connection.stream as unknown as Record<
    "_write" | "_writev",
    (...asked: unknown[]) => void
  >;
  for (const name of ["_write", "_writev"] as const) {
    const write = stream[name].bind(stream);
    stream[name] = (...asked) => {
      writes += 1;
      write(...asked);
    };
  }
  return () => writes;
}

it("runs statements in their order, each seeing those before it, in one write", async () => {
  await transact(db, async (tx) => {
    const writes = await countWrites(tx);
    const [one, two, [counted]] = await pipelined([note(tx, 1), note(tx, 2), run(tx, COUNT, [])]);
    expect([one, two, counted]).toEqual([[{ n: 1, seen: 0 }], [{ n: 2, seen: 1 }], { count: 2 }]);
    expect(writes()).toBe(1);
  });
});

it("fails with the error of the first that fails, and stores nothing", async () => {
  const failing = transact(db, async (tx) => {
    await note(tx, 1);
    // The last ones are refused because of it, and sooner than it is told.
    const nested = async (): Promise<unknown> => {
      const told = await note(tx, 1).catch((error: unknown) => Promise.reject(error as Error));
      return told;
    };
    await pipelined([note(tx, 2), nested(), run(tx, COUNT, []), note(tx, 3)]);
  });
  await expect(failing).rejects.toMatchObject({ code: "23505" });
  expect(await run(db, COUNT, [])).toEqual([{ count: 0 }]);
});

it("leaves a connection that others can use", async () => {
  const failing = transact(db, (tx) => pipelined([note(tx, 7), note(tx, 7), note(tx, 8)]));
  await expect(failing).rejects.toMatchObject({ code: "23505" });
  await transact(db, (tx) => pipelined([note(tx, 7), note(tx, 8)]));
  expect(await run(db, COUNT, [])).toEqual([{ count: 2 }]);
});
