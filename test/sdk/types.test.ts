import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  type DocumentNode,
  buildSchema,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  validate,
} from "graphql";
import {
  MUTATIONS,
  NODES_TEXTS,
  NODE_TEXTS,
  OPERATION_TEXTS,
  QUERIES,
  SUBSCRIPTIONS,
} from "../../src/sdk/documents";
import { documentIdOf } from "../../schema/trusted-documents";
import { EVENT_TYPES } from "../../src/events/event-types";
import { FILES, codegenType, printTypes } from "./print-types";

const root = path.resolve(__dirname, "../..");
const schema = buildSchema(readFileSync(path.join(root, "schema/schema.graphql"), "utf8"));

const texts = new Map<string, string>();
for (const [name, text] of Object.entries({ ...MUTATIONS, ...QUERIES, ...SUBSCRIPTIONS })) {
  if (typeof text === "string") texts.set(name, text);
}
for (const [type, text] of Object.entries(NODE_TEXTS)) texts.set(`node of ${type}`, text);
for (const [type, text] of Object.entries(NODES_TEXTS)) texts.set(`nodes of ${type}`, text);
for (const [type, text] of Object.entries(OPERATION_TEXTS)) texts.set(`operation of ${type}`, text);

/** Texts repeat the fragments of others, and some an operation for each type; the printer wants each once. */
function definitions(): DocumentNode[] {
  const seen = new Map<string, DocumentNode>();
  for (const text of texts.values()) {
    const parsed = parse(text);
    for (const definition of parsed.definitions) {
      if (!("name" in definition) || !definition.name) continue;
      const name = `${definition.kind} ${definition.name.value}`;
      seen.set(name, { ...parsed, definitions: [definition] });
    }
  }
  return [...seen.values()];
}

test.each([...texts])("the text of %s fits the schema", (_name, text) => {
  expect(validate(schema, parse(text))).toEqual([]);
  // The API refuses documents of more than 1000 tokens.
  expect(text.match(/[\w.$!]+|[^\s\w]/g)?.length ?? 0).toBeLessThan(500);
});

// A new one is a line in documents.ts (and, for a mutation, in its RESULTS); then the types are printed anew.
test("there is a function for every mutation, query and subscription of the schema", () => {
  const fields = (type: ReturnType<typeof schema.getQueryType>): string[] =>
    Object.keys(type?.getFields() ?? {}).sort();
  expect(Object.keys(MUTATIONS).sort()).toEqual(fields(schema.getMutationType()));
  expect(Object.keys(QUERIES).sort()).toEqual(fields(schema.getQueryType()));
  expect(Object.keys(SUBSCRIPTIONS).sort()).toEqual(fields(schema.getSubscriptionType()));
});

// What graphql-codegen takes as its `scalars`, so that no value of ours is typed as unknown. It is not run here itself.
test("the printed types of the scalars are fresh, and every scalar of the schema has one", () => {
  const file = path.join(root, "src/sdk/codegen-scalars.json");
  const scalars = Object.values(schema.getTypeMap()).filter(
    (type) => isScalarType(type) && !isSpecifiedScalarType(type),
  );
  const map = Object.fromEntries(scalars.map(({ name }) => [name, codegenType(name)]));
  const text = `${JSON.stringify(map, null, 2)}\n`;
  if (process.env["REFRESH"] === "1") writeFileSync(file, text);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(text);
  expect(map).toMatchObject({ MinorUnits: "number", EventType: "string", DateTime: "string" });
});

// What an API that takes trusted documents only is given: see ONCEPAY_TRUSTED_DOCUMENTS.
test("the printed list of the client's documents is fresh", () => {
  const file = path.join(root, "src/sdk/trusted-documents.json");
  const ids = [...texts.values()].map((text) => [documentIdOf(text), text] as const);
  const list = `${JSON.stringify(Object.fromEntries(ids.sort()), null, 2)}\n`;
  if (process.env["REFRESH"] === "1") writeFileSync(file, list);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(list);
});

const printed = printTypes(schema, definitions(), EVENT_TYPES);

// `npm run generate` prints them anew.
test.each(FILES)("the printed %s are fresh", (name) => {
  const file = path.join(root, "src/sdk", `${name}.ts`);
  if (process.env["REFRESH"] === "1") writeFileSync(file, printed[name]);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(printed[name]);
});

/** Whatever has no id, and so no key in a cache; what pages are made of is known to caches as such. */
function embeddedTypes(): string[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !roots.includes(type) && !("id" in type.getFields()))
    .map(({ name }) => name)
    .filter((name) => !/^__|PageInfo|(Connection|Edge)$/.test(name))
    .sort();
}

test("the printed list of types without an id is fresh", () => {
  const file = path.join(root, "src/sdk/embedded-types.ts");
  const names = embeddedTypes().map((name) => `  ${JSON.stringify(name)},\n`);
  const text = `// Printed from schema/schema.graphql; a test fails when it is stale.

/** What has no id of its own, and so no key in a cache. */
export const EMBEDDED_TYPES = [\n${names.join("")}] as const;\n`;
  if (process.env["REFRESH"] === "1") writeFileSync(file, text);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(text);
});
