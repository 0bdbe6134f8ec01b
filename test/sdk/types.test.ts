import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DocumentNode, buildSchema, parse, validate } from "graphql";
import { MUTATIONS, QUERIES } from "../../src/sdk/documents";
import { printTypes } from "./print-types";

const root = path.resolve(__dirname, "../..");
const schema = buildSchema(readFileSync(process.env["SDL"] ?? path.join(root, "schema/schema.graphql"), "utf8"));
const documents: Readonly<Record<string, string>> = { ...MUTATIONS, ...QUERIES };

/** An operation repeats the fragments of others; the printer wants each definition once. */
function definitions(): DocumentNode[] {
  const seen = new Map<string, DocumentNode>();
  for (const text of Object.values(documents)) {
    const parsed = parse(text);
    for (const definition of parsed.definitions) {
      if (!("name" in definition) || !definition.name) continue;
      seen.set(`${definition.kind} ${definition.name.value}`, { ...parsed, definitions: [definition] });
    }
  }
  return [...seen.values()];
}

test.each(Object.entries(documents))("the document %s fits the schema", (_name, text) => {
  expect(validate(schema, parse(text))).toEqual([]);
  // The API refuses documents of more than 1000 tokens.
  expect(text.match(/[\w.$!]+|[^\s\w]/g)?.length ?? 0).toBeLessThan(500);
});

test("there is a function for every mutation and every query of the schema", () => {
  const fields = (type: ReturnType<typeof schema.getQueryType>): string[] =>
    Object.keys(type?.getFields() ?? {}).sort();
  expect(Object.keys(MUTATIONS).sort()).toEqual(fields(schema.getMutationType()));
  expect(Object.keys(QUERIES).sort()).toEqual(fields(schema.getQueryType()));
});

test.each(["types", "operationTypes"] as const)("the printed %s are fresh", (name) => {
  const file = path.join(root, "src/sdk", name === "types" ? "types.ts" : "operation-types.ts");
  const printed = printTypes(schema, definitions())[name];
  // UPDATE_SDK_TYPES=1 npx jest test/sdk/types.test.ts
  if (process.env["UPDATE_SDK_TYPES"] === "1") writeFileSync(file, printed);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(printed);
});
