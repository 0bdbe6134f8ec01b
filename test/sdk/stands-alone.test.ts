import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const folder = path.resolve(__dirname, "../../src/sdk");
const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));

test("imports nothing but its own files", () => {
  expect(files).toContain("index.ts");
  for (const file of files) {
    const text = readFileSync(path.join(folder, file), "utf8");
    const imported = ts.preProcessFile(text, true, true).importedFiles;
    for (const { fileName } of imported) {
      expect(files).toContain(`${fileName.replace(/^\.\//, "")}.ts`);
    }
    expect(text).not.toMatch(/\brequire\(|\bimport\(|\bprocess\.|\bBuffer\b/);
  }
});

test("built, it requires nothing but its own files", () => {
  for (const file of files) {
    const text = readFileSync(path.join(folder, file), "utf8");
    const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(text, { compilerOptions: options });
    for (const [, required = ""] of outputText.matchAll(/require\("([^"]+)"\)/g)) {
      expect(files).toContain(`${required.replace(/^\.\//, "")}.ts`);
    }
  }
});

test("is understood where there is a browser and no Node", () => {
  const program = ts.createProgram([path.join(folder, "index.ts")], {
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
  });
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file && path.basename(file.fileName),
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
  expect(found).toEqual([]);
});
