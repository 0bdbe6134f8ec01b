import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { withClient } from "../../src/db/with-client";
import { type Child, createChild } from "../attack/child";
import { ensureBuilt } from "../attack/built";
import { createRunDirectory } from "../setup/test-run";
import { type TestDatabase, createEmptyDatabase } from "../support/database";
import { listeningPort } from "../support/listening-port";
import { ROOT, composeServices, kubernetesObjects, variablesIn } from "./deploy-files";

/*
 * Production as deploy/ sets it up: from a directory with nothing but what the image has, with the settings that are
 * written there, as a user who owns nothing. Only what is somebody's own is made here: secrets, addresses, ports.
 */

const BEGIN_MS = 240_000;
const USER = `app_${randomBytes(6).toString("hex")}`;
const PASSWORD = randomBytes(12).toString("hex");

let database: TestDatabase;
let directory: string;
let image: string;
const children: Child[] = [];

beforeAll(async () => {
  await ensureBuilt();
  database = await createEmptyDatabase();
  directory = createRunDirectory();
  image = path.join(directory, "app");
  mkdirSync(image);
  // As the Dockerfile's last stage copies it; node_modules has more than there, which the README says was tried by hand.
  for (const name of ["package.json", "LICENSE", "dist"]) {
    cpSync(path.join(ROOT, name), path.join(image, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(image, "node_modules"));
  await withClient(database.url, (client) =>
    client.query(`create role ${USER} login noinherit password '${PASSWORD}'`),
  );
}, BEGIN_MS);

afterAll(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await withClient(database.url, (client) => client.query(`drop owned by ${USER}`));
  await withClient(database.url, (client) => client.query(`drop role ${USER}`));
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
});

type Variables = Readonly<Record<string, string>>;

const objects = kubernetesObjects();
const settings = objects.find(({ kind }) => kind === "ConfigMap")?.data ?? {};
const imageVariables: Variables = {
  NODE_ENV: "production",
  HOST: "0.0.0.0",
  ONCEPAY_INTERNAL_HOST: "0.0.0.0",
};
const compose: Variables = { ...imageVariables, ...composeServices()["api-1"]?.environment };
const PLACES: Readonly<Record<string, Variables>> = {
  compose,
  kubernetes: { ...imageVariables, ...settings },
  systemd: { NODE_ENV: "production", ...variablesIn("systemd/example.env") },
};

/** What each installation has of its own, in place of what is asked for or referred to. */
function own(): Record<string, string | undefined> {
  const url = new URL(database.url);
  Object.assign(url, { username: USER, password: PASSWORD });
  return {
    PATH: process.env["PATH"],
    DATABASE_URL: url.href,
    // The queues are in Postgres then.
    REDIS_URL: undefined,
    ONCEPAY_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString("base64")}`,
  };
}

function run(args: readonly string[], env: NodeJS.ProcessEnv) {
  return spawnSync(process.execPath, args, { cwd: image, env, encoding: "utf8" });
}

async function started(
  entry: string,
  place: string,
  given: Record<string, string | undefined>,
): Promise<Child> {
  const [port, internal] = [await listeningPort(), await listeningPort()];
  const isApi = entry.endsWith("server.js");
  const child = createChild(
    {
      name: `${isApi ? "api" : "worker"}-${place}`,
      entry: path.join(image, entry),
      env: {
        ...PLACES[place],
        ...own(),
        PORT: String(port),
        ONCEPAY_INTERNAL_PORT: String(internal),
        ONCEPAY_METRICS_PORT: String(port),
        ...given,
      },
      url: `http://127.0.0.1:${String(port)}`,
      internalUrl: `http://127.0.0.1:${String(isApi ? internal : port)}`,
      readyPath: "/health/ready",
    },
    directory,
  );
  children.push(child);
  await child.start();
  return child;
}

test(
  "the migrate step makes the tables, and gives the processes' user its roles",
  () => {
    const env = { PATH: process.env["PATH"], NODE_ENV: "production", DATABASE_URL: database.url };
    const migrate = run(["dist/src/cli/oncepay.js", "migrate", "--app-user", USER], env);
    expect([migrate.status, migrate.stderr]).toEqual([0, ""]);
  },
  BEGIN_MS,
);

test.each(Object.keys(PLACES))(
  "an API starts in production as %s sets it up, and answers its probes",
  async (place) => {
    const needsStandby = PLACES[place]?.["ONCEPAY_REQUIRE_SYNC"] === "true";
    if (needsStandby) {
      // The test's server has no standby, and these settings do not put up with that.
      const env = { ...PLACES[place], ...own(), PORT: "0", ONCEPAY_INTERNAL_PORT: "0" };
      const refused = run(["dist/src/server.js"], env);
      expect([refused.status, refused.stderr]).toEqual([
        78,
        expect.stringContaining("ONCEPAY_REQUIRE_SYNC"),
      ]);
    }
    const child = await started("dist/src/server.js", place, { ONCEPAY_REQUIRE_SYNC: "false" });
    for (const url of [child.url, child.internalUrl]) {
      for (const probe of ["/health/live", "/health/ready"]) {
        expect((await fetch(url + probe)).status).toBe(200);
      }
    }
    expect((await fetch(`${child.internalUrl}/metrics`)).status).toBe(200);
    expect((await fetch(`${child.url}/metrics`)).status).toBe(404);
    await child.stop();
    expect(child.exits.at(-1)).toMatchObject({ code: 0, signal: null });
  },
  BEGIN_MS,
);

test(
  "a worker starts, and has the metrics that autoscaling asks for",
  async () => {
    const child = await started("dist/workers/main.js", "kubernetes", {
      ONCEPAY_REQUIRE_SYNC: "false",
    });
    const metrics = await (await fetch(`${child.internalUrl}/metrics`)).text();
    const wanted = objects
      .flatMap(({ spec }) => spec?.metrics ?? [])
      .flatMap(({ external }) => external?.metric.name ?? []);
    expect(wanted.length).toBeGreaterThan(1);
    for (const name of wanted) expect(metrics).toContain(`# TYPE ${name} gauge`);
    await child.stop();
    expect(child.exits.at(-1)).toMatchObject({ code: 0, signal: null });
  },
  BEGIN_MS,
);
