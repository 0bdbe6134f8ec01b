import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";
import { created, startApi } from "./scripted-api";

/*
 * The SDK as other people get it: packed from a fresh clone, installed from the tarball into an empty project without a
 * network, imported in each way there is, and compiled against under each way of finding its types.
 */

const run = promisify(execFile);
const root = path.resolve(__dirname, "../..");
// npm and the compiler take seconds on a quiet machine, and their time on a busy one.
const PATIENCE_MS = 300_000;
jest.setTimeout(PATIENCE_MS);

let work: string;
let project: string;
let installed: string;

/** Without what `npm test` tells its children about this checkout. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local)/.test(name),
  ),
);

async function npm(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("npm", args, {
    cwd: folder,
    env: environment,
    timeout: PATIENCE_MS,
  });
  return stdout;
}

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), "oncepay-sdk-"));
  const clone = path.join(work, "clone");
  const folder = path.join(clone, "src/sdk");
  cpSync(path.join(root, "src/sdk"), folder, {
    recursive: true,
    filter: (file) => path.basename(file) !== "dist",
  });
  symlinkSync(path.join(root, "node_modules"), path.join(clone, "node_modules"));
  await npm(folder, "pack", "--pack-destination", work);
  const [tarball = ""] = readdirSync(work).filter((file) => file.endsWith(".tgz"));
  project = path.join(work, "project");
  mkdirSync(project);
  writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true }));
  const options = ["--offline", "--no-audit", "--no-fund"];
  await npm(project, "install", path.join(work, tarball), ...options);
  installed = path.join(project, "node_modules/oncepay-sdk");
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function filesIn(folder: string): { name: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { name: path.relative(folder, file), bytes: readFileSync(file) };
    });
}

test("is one package, without dependencies, and small", () => {
  const packages = readdirSync(path.join(project, "node_modules"));
  expect(packages.filter((name) => !name.startsWith("."))).toEqual(["oncepay-sdk"]);
  const files = filesIn(installed);
  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(size).toBeLessThan(700_000);
});

test("names its entry in exports alone: main and types would answer imports of this folder in the checkout", () => {
  const text = readFileSync(path.join(installed, "package.json"), "utf8");
  const { main, module: esm, types, dependencies } = JSON.parse(text);
  expect([main, esm, types, dependencies]).toEqual([undefined, undefined, undefined, undefined]);
});

test("holds what was built, its README and its license, and no sources", () => {
  const files = filesIn(installed);
  const outside = files.map(({ name }) => name).filter((name) => !name.startsWith("dist/"));
  expect(outside.sort()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
    "trusted-documents.json",
  ]);
  const license = files.find(({ name }) => name === "LICENSE")?.bytes.toString();
  expect(license).toBe(readFileSync(path.join(root, "LICENSE"), "utf8"));
  const kinds = new Set(files.map(({ name }) => name.replace(/^[^.]*/, "")));
  expect([...kinds].sort()).toEqual(["", ".d.mts", ".d.ts", ".js", ".json", ".md", ".mjs"]);
});

test.each([
  ["an ES module", "use.mjs", 'import * as sdk from "oncepay-sdk";'],
  ["CommonJS", "use.cjs", 'const sdk = require("oncepay-sdk");'],
])("works in %s", async (_what, file, line) => {
  const api = await startApi(created("pi_7"));
  try {
    const script = `${line}
      const client = sdk.createClient({ url: process.argv[2], apiKey: "sk_test" });
      client.createPaymentIntent({ amount: 5, currency: "USD" }).then(({ paymentIntent }) => {
        console.log(JSON.stringify({ names: Object.keys(sdk).sort(), id: paymentIntent.id }));
      });`;
    writeFileSync(path.join(project, file), script);
    const { stdout } = await run(process.execPath, [file, api.url], { cwd: project });
    expect(JSON.parse(stdout)).toEqual({
      id: "pi_7",
      names: [
        "OncepayError",
        "WebhookVerificationError",
        "challengeOf",
        "createClient",
        "createRetryBudget",
        "memoryKeyStore",
        "verifyWebhook",
        "webStorageKeyStore",
      ],
    });
  } finally {
    await api.stop();
  }
});

const CONSUMER = `
import { type Client, OncepayError, type PaymentIntent, type WebhookEvent, createClient, verifyWebhook } from "oncepay-sdk";

export const client: Client = createClient({ url: "https://payments.example/graphql", apiKey: "sk_test" });
export const create = async (): Promise<PaymentIntent> =>
  (await client.createPaymentIntent({ amount: 5, currency: "USD" })).paymentIntent;
// @ts-expect-error -- Where the types were not found, everything would be permitted.
export const wrong = () => client.createPaymentIntent({ amount: "five", currency: "USD" });
export const codeOf = (error: unknown) => (error instanceof OncepayError ? error.code : undefined);
export const read = (body: string): Promise<WebhookEvent> =>
  verifyWebhook({ secret: "whsec_", headers: {}, body });
`;

/** What the compiler has to say about files of the project. */
function compile(files: Readonly<Record<string, string>>, options: ts.CompilerOptions): string[] {
  const paths = Object.entries(files).map(([name, text]) => {
    const file = path.join(project, name);
    writeFileSync(file, text);
    return file;
  });
  const program = ts.createProgram(paths, {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    types: [],
    skipDefaultLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    ...options,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("has types for ES modules and CommonJS under node16", () => {
  const options = {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  };
  expect(compile({ "consumer.mts": CONSUMER, "consumer.cts": CONSUMER }, options)).toEqual([]);
});

test("has types for bundlers", () => {
  const options = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  expect(compile({ "consumer.ts": CONSUMER }, options)).toEqual([]);
});

test("every sample of its README compiles, under nodenext", () => {
  const readme = readFileSync(path.join(installed, "README.md"), "utf8");
  const samples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = ""]) => text);
  expect(samples.length).toBeGreaterThanOrEqual(4);
  const files = Object.fromEntries(samples.map((text, n) => [`sample-${String(n)}.mts`, text]));
  const found = compile(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    typeRoots: [path.join(root, "node_modules/@types")],
    types: ["node"],
  });
  expect(found).toEqual([]);
});

test("costs a browser 12 KB at most, also when all of it is used", async () => {
  const bundle = await build({
    stdin: { contents: 'export * from "oncepay-sdk";', resolveDir: project },
    bundle: true,
    minify: true,
    format: "esm",
    // Fails on whatever only Node has.
    platform: "browser",
    target: "es2022",
    write: false,
  });
  const [output] = bundle.outputFiles;
  expect(gzipSync(output?.contents ?? "").length).toBeLessThan(12_000);
  expect(output?.text).toContain("OUTCOME_UNKNOWN");
});
