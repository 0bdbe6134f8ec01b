import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const folder = path.resolve(__dirname, "../../src/sdk");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.startsWith("dist/"),
);

/** What whoever imports these entries has anyway. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  "apollo.ts": ["@apollo/client/core", "@apollo/client/utilities"],
  "urql.ts": ["@urql/core"],
};
const entries = [
  "index.ts",
  "checkout/index.ts",
  "transport.ts",
  "receipt.ts",
  ...Object.keys(PEERS),
];

function foreign(file: string, imported: readonly string[]): string[] {
  const own = [...files.map((name) => `./${name.replace(/\.ts$/, "")}`), ...(PEERS[file] ?? [])];
  const within = (name: string): string =>
    name.startsWith(".") ? `./${path.posix.join(path.posix.dirname(file), name)}` : name;
  return imported.filter((name) => !own.includes(within(name)));
}

test("imports nothing but its own files, and a client where it is made for that client", () => {
  expect(files).toEqual(expect.arrayContaining(entries));
  for (const file of files) {
    const text = readFileSync(path.join(folder, file), "utf8");
    const imported = ts.preProcessFile(text, true, true).importedFiles;
    expect(
      foreign(
        file,
        imported.map(({ fileName }) => fileName),
      ),
    ).toEqual([]);
    expect(text).not.toMatch(/\brequire\(|\bimport\(|\bprocess\.|\bBuffer\b/);
  }
});

test("built, it requires nothing but its own files", () => {
  for (const file of files) {
    const text = readFileSync(path.join(folder, file), "utf8");
    const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(text, { compilerOptions: options });
    const required = [...outputText.matchAll(/require\("([^"]+)"\)/g)];
    expect(
      foreign(
        file,
        required.map(([, name = ""]) => name),
      ),
    ).toEqual([]);
  }
});

test("is understood where there is a browser and no Node", () => {
  const program = ts.createProgram(
    entries.map((entry) => path.join(folder, entry)),
    {
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    },
  );
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file && path.basename(file.fileName),
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
  expect(found).toEqual([]);
});
