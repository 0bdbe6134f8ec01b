import { Socket } from "node:net";
import { Client } from "pg";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { type Db, type Tx, run } from "../../src/db/db";
import { type DbOptions, connect } from "../../src/db/connect";
import {
  isDatabaseAway,
  isLockTimeout,
  mayBeStored,
  sqlState,
  violatedConstraint,
} from "../../src/db/errors";
import { runAlone, transact } from "../../src/db/transact";
import { Failure } from "../../src/failures";
import { startTcpProxy } from "../attack/tcp-proxy";
import { type TestApp, startTestApp } from "../support/app";
import {
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  captureCommand,
  confirmCommand,
  createCommand,
} from "../support/factories";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";

let t: TestApp;
let db: Db;
beforeAll(async () => {
  t = await startTestApp();
  db = t.db;
  await db.raw("create table notes (id int primary key, text text)");
});
afterAll(() => t.stop());
beforeEach(() => db.raw("truncate notes"));

const isAnswered = (pool: Db): Promise<boolean> =>
  pool.raw("select 1").then(
    () => true,
    () => false,
  );

/** A pool whose one connection is taken. It waits for a free one for a short time only, also for the first. */
async function heldPool(): Promise<{ pool: Db; release: () => Promise<void> }> {
  const pool = connect({
    url: t.databaseUrl,
    poolMax: 1,
    applicationName: "t",
    connectTimeoutMs: 200,
  });
  await waitFor("a connection", () => isAnswered(pool));
  const holder = await pool.transaction();
  const release = async (): Promise<void> => {
    await holder.rollback();
    await pool.destroy();
  };
  return { pool, release };
}

const failed = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
};

const connectPatiently = (applicationName: string, more: Partial<DbOptions> = {}): Db =>
  connect({
    url: t.databaseUrl,
    poolMax: 1,
    applicationName,
    connectTimeoutMs: PATIENCE_MS,
    ...more,
  });

describe("transact", () => {
  it("commits what work did, and gives its result", async () => {
    const result = await transact(db, async (tx) => {
      await tx("notes").insert({ id: 1, text: "kept" });
      return "done";
    });
    expect(result).toBe("done");
    expect(await db("notes")).toHaveLength(1);
  });

  it("rolls back when work throws", async () => {
    const work = transact(db, async (tx) => {
      await tx("notes").insert({ id: 1 });
      throw new Failure("INTERNAL", "no");
    });
    await expect(work).rejects.toThrow("no");
    expect(await db("notes")).toHaveLength(0);
  });

  it("rolls back when work throws before it has asked anything", async () => {
    const work = transact(db, () => {
      throw new Failure("INTERNAL", "no");
    });
    await expect(work).rejects.toThrow("no");
    await transact(db, (tx) => tx("notes").insert({ id: 1 }));
    expect(await db("notes").pluck("id")).toEqual([1]);
  });

  it("takes nothing more once it is over, and no other transaction gets it", async () => {
    const late: Tx[] = [];
    await transact(db, async (tx) => {
      late.push(tx);
      await tx("notes").insert({ id: 1 });
    });
    await transact(db, async (tx) => {
      await expect(late[0]?.("notes").insert({ id: 2 })).rejects.toThrow("is over");
      await expect(late[0]?.raw("insert into notes values (3)")).rejects.toThrow("is over");
      await tx("notes").insert({ id: 4 });
    });
    expect((await db("notes").pluck("id")).sort()).toEqual([1, 4]);
  });

  it("has no other transaction within it, whose end would be its own", async () => {
    const work = transact(db, async (tx) => {
      await tx("notes").insert({ id: 1 });
      await transact(tx, (inner) => inner("notes").insert({ id: 2 }));
    });
    await expect(work).rejects.toThrow("none within it");
    expect(await db("notes")).toHaveLength(0);
  });

  it("is a savepoint within a transaction of Knex' own, which can still roll all of it back", async () => {
    const outer = db.transaction(async (tx) => {
      await failed(
        transact(tx, async (inner) => {
          await inner("notes").insert({ id: 1 });
          throw new Failure("INTERNAL", "no");
        }),
      );
      await transact(tx, (inner) => inner("notes").insert({ id: 2 }));
      expect(await tx("notes").pluck("id")).toEqual([2]);
      throw new Failure("INTERNAL", "not at all");
    });
    await expect(outer).rejects.toThrow("not at all");
    expect(await db("notes")).toHaveLength(0);
  });

  it("tells why it failed, and not that its lost connection could not be rolled back", async () => {
    const small = connectPatiently("lost");
    const work = transact(small, async (tx) => {
      await tx.raw("select pg_terminate_backend(pg_backend_pid())");
    });
    await expect(work).rejects.toThrow(/terminat/);
    expect(await transact(small, (tx) => tx.raw("select 1"))).toMatchObject({ rowCount: 1 });
    await small.destroy();
  });

  it("throws when a statement failed and its error was swallowed", async () => {
    const work = transact(db, async (tx) => {
      await tx("notes").insert({ id: 1 });
      await tx("notes")
        .insert({ id: 1 })
        .catch(() => undefined);
      return "claims to be done";
    });
    await expect(work).rejects.toThrow(/swallowed/);
    expect(await db("notes")).toHaveLength(0);
  });

  it.each(["40001", "40P01"])("does the whole of it again after %s", async (state) => {
    let tries = 0;
    await transact(db, async (tx) => {
      tries += 1;
      await tx("notes").insert({ id: tries });
      if (tries < 3)
        await tx.raw(`do $$ begin raise exception 'again' using errcode = '${state}'; end $$`);
    });
    expect(tries).toBe(3);
    expect(await db("notes").pluck("id")).toEqual([3]);
  });

  it("gives up after some tries", async () => {
    let tries = 0;
    const work = transact(db, async (tx) => {
      tries += 1;
      await tx.raw("do $$ begin raise exception 'again' using errcode = '40001'; end $$");
    });
    expect(sqlState(await failed(work))).toBe("40001");
    expect(tries).toBe(5);
  });

  it("does nothing again after any other failure", async () => {
    let tries = 0;
    const work = transact(db, async (tx) => {
      tries += 1;
      await tx.raw("select 1 / 0");
    });
    expect(sqlState(await failed(work))).toBe("22012");
    expect(tries).toBe(1);
  });
});

describe("classification", () => {
  it("tells a lock that took too long from a database that is away", async () => {
    await db("notes").insert({ id: 1 });
    const holder = await db.transaction();
    await holder("notes").where({ id: 1 }).forUpdate();
    const waiter = transact(db, async (tx) => {
      await tx.raw("set local lock_timeout = '20ms'");
      await tx("notes").where({ id: 1 }).forUpdate();
    });
    const error = await failed(waiter);
    await holder.rollback();
    expect(isLockTimeout(error)).toBe(true);
    expect(isDatabaseAway(error)).toBe(false);
  });

  it("names the constraint that was violated", async () => {
    await db("notes").insert({ id: 1 });
    const error = await failed(db("notes").insert({ id: 1 }).then());
    expect(violatedConstraint(error)).toBe("notes_pkey");
    expect(isDatabaseAway(error)).toBe(false);
  });

  it("knows a backend that was terminated, and one that refuses connections", async () => {
    const killed = await failed(db.raw("select pg_terminate_backend(pg_backend_pid())"));
    expect(isDatabaseAway(killed)).toBe(true);
    const nobody = connect({
      url: "postgres://u:p@127.0.0.1:1/none",
      poolMax: 1,
      applicationName: "t",
    });
    expect(isDatabaseAway(await failed(nobody.raw("select 1")))).toBe(true);
    await nobody.destroy();
  });

  it("knows a pool that has no connection to give", async () => {
    const { pool, release } = await heldPool();
    const error = await failed(pool.raw("select 1"));
    await release();
    expect(isDatabaseAway(error)).toBe(true);
  });

  it("does not take a verdict or a bug for it", () => {
    expect(isDatabaseAway(new Failure("UNAVAILABLE", "timeout expired"))).toBe(false);
    expect(isDatabaseAway(new TypeError("undefined is not a function"))).toBe(false);
    expect(isDatabaseAway(undefined)).toBe(false);
  });
});

describe("what may be stored after a failure", () => {
  const statement = (text: string) => ({ name: text.slice(0, 60), text });
  /** What terminates itself is hit in the middle, like a statement during whose run the server is stopped. */
  const STOPPED = "select pg_terminate_backend(pg_backend_pid())";

  it("is nothing when a statement was refused or cancelled, and unknown when its connection was lost", async () => {
    const hasty = connectPatiently("hasty", { statementTimeoutMs: 30 });
    const cancelled = await failed(runAlone(hasty, statement("select pg_sleep(30)"), []));
    await hasty.destroy();
    expect(sqlState(cancelled)).toBe("57014");
    expect(mayBeStored(cancelled)).toBe(false);
    const full = "do $$ begin raise exception 'full' using errcode = '53100'; end $$";
    expect(mayBeStored(await failed(runAlone(db, statement(full), [])))).toBe(false);
    expect(mayBeStored(await failed(runAlone(db, statement(STOPPED), [])))).toBe(true);
  });

  it("is unknown when there was no answer within the time of this side", async () => {
    const { hostname, port } = new URL(t.databaseUrl);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const url = new URL(t.databaseUrl);
    url.port = String(proxy.port);
    const silent = connectPatiently("silent", { url: url.href, statementTimeoutMs: 300 });
    await waitFor("an answer in time", () => isAnswered(silent));
    proxy.strand();
    const error = await failed(runAlone(silent, statement("insert into notes values (9)"), []));
    expect(isDatabaseAway(error)).toBe(true);
    expect(mayBeStored(error)).toBe(true);
    await silent.destroy();
    await proxy.close();
  });

  it("is nothing when no connection could be had", async () => {
    const nobody = connect({
      url: "postgres://u:p@127.0.0.1:1/none",
      poolMax: 1,
      applicationName: "t",
    });
    expect(mayBeStored(await failed(runAlone(nobody, statement("select 1"), [])))).toBe(false);
    await nobody.destroy();
    const { pool, release } = await heldPool();
    expect(mayBeStored(await failed(runAlone(pool, statement("select 1"), [])))).toBe(false);
    expect(mayBeStored(await failed(transact(pool, () => Promise.resolve())))).toBe(false);
    await release();
  });

  it("is nothing when a transaction was lost before its COMMIT, and unknown without a proof", async () => {
    const lost = transact(db, async (tx) => {
      await tx("notes").insert({ id: 1 });
      await tx.raw(STOPPED);
    });
    expect(mayBeStored(await failed(lost))).toBe(false);
    // A constraint that is checked by the COMMIT itself: the answer is ERROR, and that rolls back.
    await db.raw("create table pairs (id int primary key deferrable initially deferred)");
    const refused = await failed(transact(db, (tx) => tx.raw("insert into pairs values (1), (1)")));
    expect(sqlState(refused)).toBe("23505");
    expect(mayBeStored(refused)).toBe(false);
    expect(mayBeStored(await failed(run(db, statement(STOPPED), [])))).toBe(true);
    expect(mayBeStored(undefined)).toBe(true);
  });
});

describe("connections", () => {
  it("does not give out one again whose answer never came", async () => {
    const small = connectPatiently("poisoned");
    const pid = async (): Promise<number> =>
      (await small.raw<{ rows: { pid: number }[] }>("select pg_backend_pid() as pid")).rows[0]
        ?.pid ?? 0;
    const poisoned = await pid();
    // Knex gives up on its side; the connection goes on waiting for the answer.
    await failed(small.raw("select pg_sleep(30)").timeout(30));
    expect(await pid()).not.toBe(poisoned);
    await onServer(`select pg_terminate_backend(${String(poisoned)})`);
    await small.destroy();
  });

  it("gives up one whose server went silent, and makes another", async () => {
    const { hostname, port } = new URL(t.databaseUrl);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const url = new URL(t.databaseUrl);
    url.port = String(proxy.port);
    const small = connectPatiently("silent", { url: url.href, statementTimeoutMs: 1_000 });
    await small.raw("select 1");
    proxy.strand();
    expect(isDatabaseAway(await failed(small.raw("select 1")))).toBe(true);
    await small.raw("select 1");
    await small.destroy();
    await proxy.close();
  });

  it("keeps one whose server answers one thing after the other, however long all of them take", async () => {
    const busy = connectPatiently("busy", {
      // Two seconds and a millisecond on this side, and none on the server's.
      statementTimeoutMs: 1,
      settings: ["statement_timeout=0"],
    });
    const naps = Array.from({ length: 6 }, () => "select pg_sleep(0.5)");
    await busy.transaction((tx) => Promise.all(naps.map((nap) => tx.raw(nap))));
    await busy.destroy();
  });

  it("is rid of one that was cut off while nobody used it", async () => {
    const small = connectPatiently("cut off");
    await small.raw("select 1");
    await onServer(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut off'",
    );
    await failed(small.raw("select 1")).catch(() => undefined);
    await small.raw("select 1");
    await small.destroy();
  });

  it("cancels a statement that takes too long, on the server", async () => {
    const hasty = connect({
      url: t.databaseUrl,
      poolMax: 1,
      applicationName: "hasty",
      statementTimeoutMs: 1_000,
      connectTimeoutMs: PATIENCE_MS,
    });
    const error = await failed(hasty.raw("select pg_sleep(30)"));
    expect(sqlState(error)).toBe("57014");
    await hasty.raw("select 1");
    await hasty.destroy();
  });

  it("gives amounts as numbers", async () => {
    const rows = await run(db, { name: "t", text: "select 9007199254740991::bigint as n" }, []);
    expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
  });
});

describe("round trips", () => {
  const spy = jest.spyOn(Client.prototype, "query");
  const written = ["_write", "_writev"].map((name) =>
    jest.spyOn(Socket.prototype as unknown as Record<string, () => void>, name),
  );
  afterAll(() => {
    for (const each of [spy, ...written]) each.mockRestore();
  });

  /** What the app's own connections send to Postgres; the card network's are not counted. */
  async function sent(work: () => Promise<unknown>): Promise<string[]> {
    // The first use of a connection and of a plan cost more, once.
    for (const used of [t.app.db, t.app.tenantDb("mer_none")]) await used.raw("select 1");
    for (const each of [spy, ...written]) each.mockClear();
    await work();
    return spy.mock.calls.flatMap(([query], index) => {
      const client = spy.mock.contexts[index] as Client & {
        connectionParameters: { application_name: string };
      };
      const text = typeof query === "string" ? query : (query as unknown as { text: string }).text;
      const ours = client.connectionParameters.application_name === "oncepay test";
      return ours && text !== "discard plans" ? [text.trim()] : [];
    });
  }

  /** How often something was written to the connections that have asked since then. */
  function countWrites(): number {
    const clients = spy.mock.contexts as unknown as { connection: { stream: Socket } }[];
    const sockets = new Set(clients.map(({ connection }) => connection.stream));
    const contexts = written.flatMap(({ mock }) => mock.contexts as unknown as Socket[]);
    return contexts.filter((socket) => sockets.has(socket)).length;
  }

  it("creates in one, and replays in one", async () => {
    const merchant = await aMerchant(t);
    const command = createCommand(merchant.id);
    expect(await sent(() => t.app.createPaymentIntent(command))).toHaveLength(1);
    expect(await sent(() => t.app.createPaymentIntent(command))).toHaveLength(1);
  });

  it("creates a hundred at once in two: the first alone, then the rest", async () => {
    const merchant = await aMerchant(t);
    const commands = Array.from({ length: 100 }, () => createCommand(merchant.id));
    const many = () => Promise.all(commands.map((command) => t.app.createPaymentIntent(command)));
    expect((await sent(many)).length).toBeLessThanOrEqual(2);
  });

  it("confirms in one, replays in one, and refuses in one", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anIntent(t, merchant.id);
    const command = confirmCommand(merchant.id, id);
    expect(await sent(() => t.app.confirmPaymentIntent(command))).toHaveLength(1);
    expect(await sent(() => t.app.confirmPaymentIntent(command))).toHaveLength(1);
    const refused = confirmCommand(merchant.id, id);
    expect(await sent(() => t.app.confirmPaymentIntent(refused))).toHaveLength(1);
  });

  it("captures in six, and replays in one", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anAuthorizedIntent(t, merchant.id);
    const command = captureCommand(merchant.id, id);
    // Bound to its tenant, which goes with what is sent anyway.
    const own = t.app.tenantDb(merchant.id);
    const texts = await sent(() => capturePaymentIntent(own, command));
    expect(texts.length).toBeLessThanOrEqual(12);
    expect(countWrites()).toBe(6);
    expect(await sent(() => capturePaymentIntent(own, command))).toHaveLength(1);
  });
});

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: t.databaseUrl });
  await client.connect();
  await client.query(statement);
  await client.end();
}
