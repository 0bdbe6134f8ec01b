import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { describeSettings, readConfig } from "../../src/config";
import { ConfigError } from "../../src/process/settings";
import { testSettings } from "../support/app";

const GOOD = testSettings("postgres://user:pass@host/name", "http://127.0.0.1:4010", {
  ONCEPAY_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
});

const COLLECTOR = "http://127.0.0.1:4318";

function problemsOf(settings: Record<string, string>): string {
  try {
    readConfig({ ...GOOD, ...settings });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test.each([
  [{ ONCEPAY_FOO: "1" }, "ONCEPAY_FOO: this setting does not exist"],
  [{ LOG_LEVEL: "loud" }, "LOG_LEVEL: must be one of fatal, error"],
  [{ PORT: "abc" }, "PORT: must be a port, 0 to 65535"],
  [{ PORT: "70000" }, "PORT: must be a port, 0 to 65535"],
  [
    { DATABASE_URL: "mysql://root@host/shop" },
    "DATABASE_URL: must be an address such as postgres://",
  ],
  [{ DATABASE_URL: "" }, "DATABASE_URL: is not set"],
  [{ REDIS_URL: "localhost:6379" }, "REDIS_URL: must be an address such as redis://"],
  [{ IDEMPOTENCY_RETENTION: "30" }, "IDEMPOTENCY_RETENTION: must be a number of days such as 30d"],
  [{ ONCEPAY_POOL_MAX: "1" }, "ONCEPAY_POOL_MAX: must be a whole number, 2 to 200"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT: must be an"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/json",
  ],
])("refuses %j in words", (settings, message) => {
  expect(problemsOf(settings)).toContain(message);
});

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${COLLECTOR}/v1/traces` }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: "TRUE" }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: "maybe" }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_TRACES_EXPORTER: "none" }, false],
  // What is set for all programs of a machine is no reason not to start where nothing is sent.
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, true],
])("by %j, whether anything is traced is %s", (settings, tracing) => {
  expect(readConfig({ ...GOOD, ...settings }).tracing).toBe(tracing);
});

test("names the encryption key once, and never shows it", () => {
  const message = problemsOf({ ONCEPAY_ENCRYPTION_KEY: "c2hvcnQ=" });
  expect(message.match(/ONCEPAY_ENCRYPTION_KEY/g)).toHaveLength(1);
  expect(message).toContain("ONCEPAY_ENCRYPTION_KEY: key 1 is not base64 of 32 bytes");
  expect(message).not.toContain("c2hvcnQ");
});

test("says all that is wrong at once, and never a password", () => {
  const message = problemsOf({ PORT: "x", LOG_LEVEL: "x", DATABASE_URL: "mysql://u:geheim@h/n" });
  expect(message.split("\n")).toHaveLength(4);
  expect(message).not.toContain("geheim");
});

test("every default that --help shows is accepted as it is shown, and changes nothing", () => {
  const shown = [...describeSettings().matchAll(/^ {2}(\w+) .*\(default ([^()]+)\)$/gm)];
  expect(shown.length).toBeGreaterThan(15);
  const given = shown.map(([, name = "", value = ""]): [string, string] => [name, value]);
  const literal = Object.fromEntries(given.filter(([, value]) => value !== "a random one"));
  const bare = Object.fromEntries(Object.entries(GOOD).filter(([name]) => !(name in literal)));
  const { instanceId: _one, ...expected } = readConfig(bare);
  const { instanceId: _other, ...found } = readConfig({ ...bare, ...literal });
  expect(found).toEqual(expected);
});

test("an old Node is told so in a sentence, before anything it cannot load", () => {
  const root = path.resolve(__dirname, "../..");
  const pretend = "Object.defineProperty(process.versions, 'node', { value: '18.20.8' });";
  const build = path.join(root, "src/dev/build.js");
  const run = spawnSync(process.execPath, ["-e", `${pretend} require(${JSON.stringify(build)})`], {
    encoding: "utf8",
  });
  expect(run.status).toBe(78);
  expect(run.stderr).toBe("oncepay needs Node 20.19 or newer, and this is Node 18.20.8.\n");
});
