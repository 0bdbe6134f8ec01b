import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildSchema, parse, validate } from "graphql";
import { DOCUMENTS } from "../../src/web/console/documents";
import { printConsoleTypes } from "./print-console-types";

const root = path.resolve(__dirname, "../..");
const schema = buildSchema(readFileSync(path.join(root, "schema/schema.graphql"), "utf8"));

test.each(Object.entries(DOCUMENTS))("what the console asks as %s fits the schema", (_, text) => {
  expect(validate(schema, parse(text))).toEqual([]);
});

// `npm run generate` prints them anew.
test("the printed types of the console's answers are fresh", () => {
  const file = path.join(root, "src/web/console/results.ts");
  const printed = printConsoleTypes(schema, DOCUMENTS);
  if (process.env["REFRESH"] === "1") writeFileSync(file, printed);
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe(printed);
});
