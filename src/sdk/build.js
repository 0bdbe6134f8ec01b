const { rmSync } = require("node:fs");
const path = require("node:path");

/*
 * Builds the package, before every `npm pack` and `npm publish`: each module as an ES module (.mjs) and as CommonJS
 * (.js), each with its types. Nothing but the checkout's TypeScript is needed.
 */

const ts = compiler();

const dist = path.join(__dirname, "dist");

/** What the package exports, from dist/<name>.mjs, is built from <name>.ts. */
const entries = Object.values(require("./package.json").exports)
  .flatMap((entry) => entry.import?.default ?? [])
  .map((file) => path.join(__dirname, file.replace(/^\.\/dist\/(.*)\.mjs$/, "$1.ts")));

const common = {
  target: ts.ScriptTarget.ES2022,
  // What browsers and Node have in common; nothing of Node alone.
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  declaration: true,
  newLine: ts.NewLineKind.LineFeed,
  rootDir: __dirname,
  outDir: dist,
};

// Sources import "./client" and "../client". ES modules name files in full, and so do their types.
const IMPORTED = /(\bfrom |\bimport |\bimport\()"(\.\.?\/[\w-]+)"/g;

const formats = [
  {
    options: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
    writeFile: ts.sys.writeFile,
  },
  {
    options: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    writeFile: (file, text) =>
      ts.sys.writeFile(file.replace(/ts$/, "mts").replace(/js$/, "mjs"), asModule(text)),
  },
];

function compiler() {
  try {
    return require("typescript");
  } catch {
    throw new Error("TypeScript is missing: run `npm ci` at the root of the checkout first.");
  }
}

function asModule(text) {
  return text.replace(IMPORTED, '$1"$2.mjs"');
}

rmSync(dist, { recursive: true, force: true });
for (const { options, writeFile } of formats) {
  const program = ts.createProgram(entries, { ...common, ...options });
  const { diagnostics } = program.emit(undefined, writeFile);
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0) {
    const host = {
      getCurrentDirectory: () => __dirname,
      getCanonicalFileName: (name) => name,
      getNewLine: () => "\n",
    };
    throw new Error(ts.formatDiagnostics(found, host));
  }
}
