import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { withClient } from "../../src/db/with-client";
import { runCommandLine } from "../../src/cli/run-command-line";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database";

const databases: TestDatabase[] = [];
afterAll(() => Promise.all(databases.map((database) => database.drop())));

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database;
}

async function oncepay(args: string[], environment: NodeJS.ProcessEnv = {}) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(args, {
    environment,
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  expect(said.error).not.toMatch(/^\s+at /m);
  return { code, ...said };
}

const KEYS = ["keys create", "keys list", "keys roll", "keys revoke"];

test("every command has help, which needs no database", async () => {
  expect((await oncepay(["--help"])).out).toContain("merchants create");
  const secrets = ["secrets rotate", "secrets status"];
  for (const name of ["migrate", "merchants create", ...KEYS, ...secrets, "verify"]) {
    const { code, out } = await oncepay([...name.split(" "), "--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining(`Usage: oncepay ${name} [OPTIONS]`)]);
    expect(out).toContain("Exit codes:");
  }
});

test("what cannot be done is said in a sentence, and the exit code says of what kind it is", async () => {
  const wrong = "postgres://nobody:geheim@127.0.0.1:1/shop";
  const cases: [string[], NodeJS.ProcessEnv, number, string][] = [
    [["merchant"], {}, 2, 'There is no command "oncepay merchant".'],
    [["migrate", "--dry"], {}, 2, "Unknown option '--dry'"],
    [["merchants", "create"], { DATABASE_URL: wrong }, 2, "--name is required"],
    [["verify", "--sandbox-url", "localhost-4010"], {}, 2, "--sandbox-url must be an address"],
    [["verify", "--sandbox-url", "localhost:4010"], {}, 2, "--sandbox-url must be an address"],
    [["verify", "--since", "yesterday"], {}, 2, "--since must be a time such as"],
    [["migrate"], {}, 78, "DATABASE_URL: is not set"],
    [["migrate"], { DATABASE_URL: "mysql://h/n" }, 78, "DATABASE_URL: must be an address such as"],
    [["migrate"], { DATABASE_URL: wrong }, 69, "DATABASE_URL: nothing listens at 127.0.0.1:1."],
  ];
  for (const [args, environment, code, text] of cases) {
    const result = await oncepay(args, environment);
    expect([args, result.code, result.error]).toEqual([args, code, expect.stringContaining(text)]);
    expect(result.error).not.toContain("geheim");
    expect(result.out).toBe("");
  }
});

test("from nothing to a first merchant whose books hold", async () => {
  const environment = { DATABASE_URL: (await emptyDatabase()).url };
  const early = await oncepay(["merchants", "create", "--name", "Shop"], environment);
  expect([early.code, early.error]).toEqual([1, expect.stringContaining('run "oncepay migrate"')]);

  const migrated = await oncepay(["migrate", "--json"], environment);
  expect(migrated.code).toBe(0);
  expect((JSON.parse(migrated.out) as { migrated: string[] }).migrated.length).toBeGreaterThan(5);
  expect((await oncepay(["migrate"], environment)).out).toBe("The database is up to date.\n");

  const created = await oncepay(["merchants", "create", "--name", "Shop", "--json"], environment);
  expect(JSON.parse(created.out)).toEqual({
    id: expect.stringMatching(/^mer_/) as string,
    name: "Shop",
    mode: "TEST",
    secretKey: expect.stringMatching(/^sk_/) as string,
    publishableKey: expect.stringMatching(/^pk_/) as string,
    operatorKey: expect.stringMatching(/^ok_/) as string,
  });
  const { id } = JSON.parse(created.out) as { id: string };
  const { rows } = await withClient(environment.DATABASE_URL, (client) =>
    client.query("select action, operation, actor_kind, subject_id, merchant_id from audit_log"),
  );
  const done = { action: "COMMAND", operation: "merchants create", actor_kind: "COMMAND_LINE" };
  expect(rows).toEqual([{ ...done, subject_id: id, merchant_id: id }]);
  const verified = await oncepay(["verify", "--json"], environment);
  expect([verified.code, JSON.parse(verified.out)]).toMatchObject([0, { holds: true }]);
});

test("a database of others is not migrated without being asked", async () => {
  const database = await emptyDatabase();
  await withClient(database.url, (client) => client.query("create table orders (id int)"));
  const environment = { DATABASE_URL: database.url };
  const refused = await oncepay(["migrate"], environment);
  expect([refused.code, refused.error]).toEqual([2, expect.stringContaining("(orders)")]);
  const tables = await withClient(database.url, (client) =>
    client.query("select to_regclass('knex_migrations') as migrations"),
  );
  expect(tables.rows).toEqual([{ migrations: null }]);
  expect((await oncepay(["migrate", "--beside-others"], environment)).code).toBe(0);
  expect((await oncepay(["migrate"], environment)).code).toBe(0);
});

test("verify says which promise is broken, and exits with 1", async () => {
  const database = await createTestDatabase();
  databases.push(database);
  const environment = { DATABASE_URL: database.url };
  const holds = await oncepay(["verify"], environment);
  expect([holds.code, holds.out]).toEqual([0, expect.stringContaining("0 violations")]);
  expect((await oncepay(["verify", "--max-age-seconds", "soon"], environment)).code).toBe(2);

  const silent = await oncepay(["verify", "--sandbox-url", "http://127.0.0.1:1"], environment);
  const sentence = "The card network at http://127.0.0.1:1 does not answer.\n";
  expect(silent).toEqual({ code: 69, out: "", error: sentence });
  const other = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(other, "listening");
  const url = `http://127.0.0.1:${String((other.address() as AddressInfo).port)}`;
  const strange = await oncepay(["verify", "--sandbox-url", url], environment);
  other.close();
  expect([strange.code, strange.error]).toEqual([
    69,
    expect.stringContaining("is not the sandbox"),
  ]);
});

test.each(["", "{ hal", "null", "{}", '{"databaseUrl":"postgres://h/n","sandboxUrl":"h"}'])(
  "verify names the file of a start that it cannot read: %j",
  async (text) => {
    const before = process.cwd();
    const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "oncepay-verify-")));
    mkdirSync(path.join(directory, ".oncepay"));
    const file = path.join(directory, ".oncepay/dev.json");
    writeFileSync(file, text);
    process.chdir(directory);
    const { code, error } = await oncepay(["verify"]).finally(() => process.chdir(before));
    rmSync(directory, { recursive: true });
    expect([code, error]).toEqual([78, expect.stringContaining(`${file} is damaged`)]);
  },
);
