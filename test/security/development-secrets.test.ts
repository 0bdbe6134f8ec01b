import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readConfig } from "../../src/config";
import { keptSecrets } from "../../src/dev/dev-files";
import { newDevelopmentSecret, weaknessOf } from "../../src/security/development-secrets";

const base64 = (secret: Buffer): string => secret.toString("base64");

function problemOf(settings: Readonly<Record<string, string>>): string | undefined {
  try {
    readConfig({
      DATABASE_URL: "postgres://host/name",
      ONCEPAY_ENCRYPTION_KEY: base64(randomBytes(32)),
      ...settings,
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

it.each([
  ["zeros", Buffer.alloc(32)],
  ["one byte again and again", Buffer.alloc(32, 7)],
  ["two bytes in turn", Buffer.alloc(32, "ab", "latin1")],
  ["a pattern of eight bytes", Buffer.alloc(32, randomBytes(8))],
  ["a row", Buffer.from(Array.from({ length: 32 }, (_, at) => at))],
  ["a row downwards", Buffer.from(Array.from({ length: 32 }, (_, at) => 255 - 3 * at))],
  ["a passphrase", Buffer.from("correct horse battery staple 123")],
  ["a development key", newDevelopmentSecret()],
])("a process in production refuses %s as its key, and does not repeat it", (_what, key) => {
  const message = problemOf({ ONCEPAY_ENCRYPTION_KEY: base64(key) }) ?? "";
  expect(message).toMatch(/production.*\n.*ONCEPAY_ENCRYPTION_KEY: key 1 is (a|text)/);
  expect(message).toContain("openssl rand -base64 32");
  expect(message).not.toContain(base64(key));
  const older = `${base64(randomBytes(32))},${base64(key)}`;
  expect(problemOf({ ONCEPAY_ENCRYPTION_KEY: older })).toContain("oncepay secrets rotate");
  for (const mode of ["development", "test"]) {
    const settings = { NODE_ENV: mode, ONCEPAY_ENCRYPTION_KEY: base64(key) };
    expect(problemOf(settings)).toBeUndefined();
  }
});

it.each([
  ["DATABASE_URL", "postgres://shop:password@db/oncepay"],
  ["DATABASE_URL", "postgres://shop:Shop@db/oncepay"],
  ["DATABASE_URL", "postgres://shop:%70ostgres@db-a,db-b/oncepay?target_session_attrs=read-write"],
  ["DATABASE_URL", "postgres://db/oncepay?user=shop&password=changeme"],
  ["REDIS_URL", "redis://:redis@cache:6379/0"],
  ["REDIS_URL", "redis://shop:a1b2c3d4e5f6@a:6379,redis://shop:secret@b:6379"],
  ["ONCEPAY_SANDBOX_WEBHOOK_SECRET", "my-webhook-secret-1"],
  ["ONCEPAY_SANDBOX_WEBHOOK_SECRET", "abababababababababab"],
  ["ONCEPAY_SANDBOX_WEBHOOK_SECRET", "whsec_c2hvcnQ=".padEnd(16, "=")],
])(
  "production refuses %s with a secret of an example, and names it without its value",
  (name, value) => {
    const message = problemOf({ [name]: value }) ?? "";
    expect(message.split("\n")).toEqual([
      expect.stringContaining("must not be used in production"),
      expect.stringMatching(new RegExp(`^  ${name}: `)),
    ]);
    expect(message).not.toContain(value);
    for (const secret of ["changeme", "a1b2c3d4e5f6", "my-webhook", "abab"]) {
      expect(message).not.toContain(secret);
    }
    for (const mode of ["development", "test"]) {
      expect(problemOf({ [name]: value, NODE_ENV: mode })).toBeUndefined();
    }
  },
);

it.each([
  ["DATABASE_URL", "postgres://oncepay_app:9c1f2a7be4d05a63@db:5432/postgres"],
  ["DATABASE_URL", "postgres://oncepay_app@db/oncepay?sslmode=verify-full"],
  ["REDIS_URL", "redis://redis:6379/0"],
  ["REDIS_URL", "redis+cluster://shop:9c1f2a7be4d05a63@a:6379,b:6379"],
  ["ONCEPAY_SANDBOX_WEBHOOK_SECRET", "9c1f2a7be4d05a63f8"],
])("production takes %s as %s", (name, value) => {
  expect(problemOf({ [name]: value })).toBeUndefined();
});

it("recognises everything that npm start makes", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "oncepay-secrets-"));
  try {
    const made = keptSecrets(path.join(directory, "secrets.json"));
    const { ONCEPAY_ENCRYPTION_KEY, ONCEPAY_SANDBOX_WEBHOOK_SECRET } = made;
    expect(problemOf({ ONCEPAY_ENCRYPTION_KEY })).toContain('made by "npm start"');
    expect(problemOf({ ONCEPAY_SANDBOX_WEBHOOK_SECRET })).toContain(
      "ONCEPAY_SANDBOX_WEBHOOK_SECRET: is a development key",
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it("accepts what is random", () => {
  for (let count = 0; count < 20_000; count += 1) {
    expect(weaknessOf(randomBytes(32))).toBeUndefined();
  }
  const secret = `whsec_${base64(randomBytes(32))}`;
  expect(problemOf({ ONCEPAY_SANDBOX_WEBHOOK_SECRET: secret })).toBeUndefined();
});
