import { readFileSync } from "node:fs";
import path from "node:path";
import { type GraphQLEnumType, buildSchema } from "graphql";
import { FAILURES } from "../../schema/failures";
import { ERRORS } from "../../src/sdk/errors";

const root = path.resolve(__dirname, "../..");
const schema = buildSchema(readFileSync(path.join(root, "schema/schema.graphql"), "utf8"));
const ofTheApi = Object.entries(ERRORS).filter(([, { status }]) => status !== undefined);

test("explains every code of the schema, and its own", () => {
  const codes = (schema.getType("ErrorCode") as GraphQLEnumType).getValues();
  expect(ofTheApi.map(([code]) => code).sort()).toEqual(codes.map(({ name }) => name).sort());
});

test("says of each what the API says: its status, and whether to repeat it", () => {
  const said = ofTheApi.map(([code, { status, retryable }]) => [code, { status, retryable }]);
  expect(Object.fromEntries(said)).toEqual(FAILURES);
});

test("the README explains all of them", () => {
  const readme = readFileSync(path.join(root, "src/sdk/README.md"), "utf8");
  const named = new Set([...readme.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code));
  expect(Object.keys(ERRORS).filter((code) => !named.has(code))).toEqual([]);
});
