import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { keptSecrets } from "../../src/dev/dev-files";

const NAMES = ["ONCEPAY_ENCRYPTION_KEY", "ONCEPAY_SANDBOX_WEBHOOK_SECRET"] as const;

const before = NAMES.map((name) => [name, process.env[name]] as const);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-dev-files-"));
  for (const name of NAMES) delete process.env[name];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test.each(NAMES)("%s is kept unless the environment has another, and nothing is none", (name) => {
  const file = path.join(directory, "secrets.json");
  const made = keptSecrets(file);
  process.env[name] = "another";
  expect(keptSecrets(file)).toEqual({ ...made, [name]: "another" });
  process.env[name] = "";
  expect(keptSecrets(file)).toEqual(made);
});
