import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
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
  expect(size).toBeLessThan(800_000);
});

test("names its entry in exports alone: main and types would answer imports of this folder in the checkout", () => {
  const text = readFileSync(path.join(installed, "package.json"), "utf8");
  const { main, module: esm, types, dependencies, scripts } = JSON.parse(text);
  expect([main, esm, types, dependencies]).toEqual([undefined, undefined, undefined, undefined]);
  // Nothing of it runs where it is installed.
  expect(Object.keys(scripts)).toEqual(["prepack"]);
});

test("holds what was built, its README and its license, and no sources", () => {
  const files = filesIn(installed);
  const outside = files.map(({ name }) => name).filter((name) => !name.startsWith("dist/"));
  expect(outside.sort()).toEqual([
    "LICENSE",
    "README.md",
    "codegen-scalars.json",
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
        "ERRORS",
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
function compile(
  files: Readonly<Record<string, string>>,
  options: ts.CompilerOptions,
  folder = project,
): string[] {
  const paths = Object.entries(files).map(([name, text]) => {
    const file = path.join(folder, name);
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

const PEERS = ["@apollo/client", "@urql/core", "@urql/exchange-graphcache"];

/** A project that has the peers too, as they are in this checkout. */
function projectWithPeers(): string {
  const folder = path.join(work, "with-peers");
  if (existsSync(folder)) return folder;
  const modules = path.join(folder, "node_modules");
  cpSync(installed, path.join(modules, "oncepay-sdk"), { recursive: true });
  for (const peer of [...PEERS, "graphql", "relay-runtime"]) {
    mkdirSync(path.dirname(path.join(modules, peer)), { recursive: true });
    symlinkSync(path.join(root, "node_modules", peer), path.join(modules, peer));
  }
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true }));
  return folder;
}

const SUBPATHS = {
  "oncepay-sdk/apollo": ["OncepayError", "apolloDocument", "oncepayLink", "oncepayTypePolicies"],
  "oncepay-sdk/checkout": [
    "OncepayCheckout",
    "confirmPayment",
    "createShopperClient",
    "defineCheckout",
    "hasEnded",
    "watchPayment",
  ],
  "oncepay-sdk/documents": ["documents"],
  "oncepay-sdk/receipt": ["ReceiptVerificationError", "verifyReceipt"],
  "oncepay-sdk/transport": ["OncepayError", "createCacheKeys", "createTransport"],
  "oncepay-sdk/urql": ["OncepayError", "oncepayExchange", "oncepayKeys", "urqlDocument"],
};

test.each([
  ["ES modules", "subpaths.mjs", (name: string) => `await import("${name}")`],
  ["CommonJS", "subpaths.cjs", (name: string) => `require("${name}")`],
])(
  "its other entries work in %s, beside the clients that they are for",
  async (_what, file, load) => {
    const folder = projectWithPeers();
    const lines = Object.keys(SUBPATHS).map(
      (name) =>
        `found["${name}"] = Object.keys(${load(name)}).filter((n) => n !== "default").sort();`,
    );
    const text = ["const found = {};", ...lines, "console.log(JSON.stringify(found));"].join("\n");
    writeFileSync(path.join(folder, file), text);
    const { stdout } = await run(process.execPath, [file], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual(SUBPATHS);
  },
);

const CLIENTS = `
import { ApolloClient, InMemoryCache } from "@apollo/client";
import { Client } from "@urql/core";
import { ERRORS } from "oncepay-sdk";
import { apolloDocument, oncepayLink, oncepayTypePolicies } from "oncepay-sdk/apollo";
import { type OncepayCheckout, createShopperClient, defineCheckout, watchPayment } from "oncepay-sdk/checkout";
import { documents } from "oncepay-sdk/documents";
import { createTransport } from "oncepay-sdk/transport";
import { oncepayExchange, urqlDocument } from "oncepay-sdk/urql";

const options = { url: "https://payments.example/graphql", apiKey: "pk_test" };
export const apollo = new ApolloClient({
  link: oncepayLink(options),
  cache: new InMemoryCache({ typePolicies: oncepayTypePolicies() }),
});
export const pay = async (paymentIntentId: string): Promise<string | undefined> => {
  const mutation = apolloDocument(documents.confirmPaymentIntent);
  const { data } = await apollo.mutate({ mutation, variables: { input: { paymentIntentId } } });
  return data?.confirmPaymentIntent.paymentIntent.status;
};
export const urql = new Client({ url: options.url, exchanges: [oncepayExchange(options)], preferGetMethod: false });
export const read = async (id: string): Promise<number | undefined> => {
  const { data } = await urql.query(urqlDocument(documents.paymentIntent), { id }).toPromise();
  return data?.paymentIntent?.amount;
};
// @ts-expect-error -- Where the types were not found, everything would be permitted.
export const wrong = urql.query(urqlDocument(documents.paymentIntent), { id: 5 });
export const transport = createTransport(options);
defineCheckout();
const checkout = document.querySelector<OncepayCheckout>("oncepay-checkout");
if (checkout) checkout.paymentMethod = "pm_card_visa";
// @ts-expect-error -- A card is a token, by its name.
if (checkout) checkout.paymentMethod = { number: "4242" };
export const watched: Promise<{ status: string }> = watchPayment(createShopperClient(options), { paymentIntentId: "pi_1" });
export const advice: string = ERRORS.OUTCOME_UNKNOWN.whatToDo;
`;

test("its other entries have types, for each way of finding them", () => {
  const folder = projectWithPeers();
  const node16 = {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    // Apollo Client's own types are not for every compiler.
    skipLibCheck: true,
  };
  const bundler = {
    ...node16,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const both = { "clients.mts": CLIENTS, "clients.cts": CLIENTS };
  expect(compile(both, node16, folder)).toEqual([]);
  expect(compile({ "clients.ts": CLIENTS }, bundler, folder)).toEqual([]);
});

test("every sample of its README compiles, under nodenext", () => {
  const readme = readFileSync(path.join(installed, "README.md"), "utf8");
  const samples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = ""]) => text);
  expect(samples.length).toBeGreaterThanOrEqual(8);
  const files = Object.fromEntries(samples.map((text, n) => [`sample-${String(n)}.mts`, text]));
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    typeRoots: [path.join(root, "node_modules/@types")],
    types: ["node"],
  };
  const found = compile(files, options, projectWithPeers());
  expect(found).toEqual([]);
});

/** What a browser loads for it, in bytes after gzip. */
async function sizeOf(contents: string): Promise<{ bytes: number; text: string }> {
  const bundle = await build({
    stdin: { contents, resolveDir: projectWithPeers() },
    bundle: true,
    minify: true,
    format: "esm",
    // Fails on whatever only Node has.
    platform: "browser",
    target: "es2022",
    // Whoever imports these entries has them anyway.
    external: PEERS,
    write: false,
  });
  const [output] = bundle.outputFiles;
  const bytes = gzipSync(output?.contents ?? "").length;
  return { bytes, text: output?.text ?? "" };
}

test.each(["oncepay-sdk", ...Object.keys(SUBPATHS)])(
  "%s costs a browser 12 KB at most, also when all of it is used",
  async (name) => {
    const { bytes } = await sizeOf(`export * from "${name}";`);
    expect(bytes).toBeLessThan(12_000);
  },
);

test("a browser that verifies no webhooks and looks up no errors does not load them", async () => {
  const { text } = await sizeOf('export { createClient } from "oncepay-sdk";');
  expect(text).toContain("OUTCOME_UNKNOWN");
  expect(text).not.toContain("whsec_");
  expect(text).not.toContain("whatToDo");
});
