import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  type GraphQLDirective,
  type GraphQLEnumType,
  type GraphQLSchema,
  buildSchema as buildPrinted,
  getDirectiveValues,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from "graphql";
import { ACCESS } from "../../schema/access";
import { printSdl } from "../../schema/print";
import { buildSchema } from "../../schema/schema";
import { FAILURE_CODES } from "../../src/failures";

function printedDirective(schema: GraphQLSchema): GraphQLDirective {
  const directive = schema.getDirective("requiresScope");
  if (!directive) throw new Error("the printed schema has no directive requiresScope");
  return directive;
}

const FILE = path.resolve(__dirname, "../../schema/schema.graphql");

test("schema.graphql is what the code says; `npm run generate` prints it anew", () => {
  if (process.env["REFRESH"] === "1") writeFileSync(FILE, printSdl());
  expect(readFileSync(FILE, "utf8")).toBe(printSdl());
});

test("every type, field, argument and value is described in a full sentence", () => {
  const undescribed: string[] = [];
  const check = (name: string, description: string | null | undefined): void => {
    if (!description || !/^[A-Z`].*[.…"]$/s.test(description)) undescribed.push(name);
  };
  for (const type of Object.values(buildSchema().getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    check(type.name, type.description);
    if ("getValues" in type) {
      for (const value of type.getValues()) check(`${type.name}.${value.name}`, value.description);
    }
    if (!("getFields" in type)) continue;
    for (const field of Object.values(type.getFields())) {
      check(`${type.name}.${field.name}`, field.description);
      if (!("args" in field)) continue;
      for (const argument of field.args) {
        check(`${type.name}.${field.name}(${argument.name})`, argument.description);
      }
    }
  }
  expect(undescribed).toEqual([]);
});

test("who may ask is decided for every root field and every field with a resolver, and for nothing else", () => {
  const schema = buildSchema();
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const decided = Object.values(schema.getTypeMap()).flatMap((type) =>
    !isObjectType(type) || type.name.startsWith("__")
      ? []
      : Object.values(type.getFields())
          .filter(({ resolve }) => resolve !== undefined || roots.includes(type))
          .map(({ name }) => `${type.name}.${name}`),
  );
  expect(decided).toContain("PaymentIntent.refunds");
  expect(Object.keys(ACCESS).sort()).toEqual(decided.sort());
});

describe("what a field requires", () => {
  const printed = buildPrinted(readFileSync(FILE, "utf8"));
  const fields = Object.values(printed.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith("__")
      ? Object.values(type.getFields()).map(
          (field) => [`${type.name}.${field.name}`, field] as const,
        )
      : [],
  );

  test("is said by the printed directive as the table of access has it, and of no other field", () => {
    const said = fields.flatMap(([coordinate, { astNode }]) => {
      const values = getDirectiveValues(printedDirective(printed), astNode ?? {});
      return values ? [[coordinate, { ...values }]] : [];
    });
    const expected = Object.entries(ACCESS).flatMap(
      ([coordinate, { scope, clientSecret = false }]) =>
        scope === null ? [] : [[coordinate, { scopes: [scope], clientSecret }]],
    );
    expect(expected.length).toBeGreaterThan(30);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(expected));
  });

  test("is said by the description in words, and of no other field", () => {
    const sentence = /Requires the scope (\S+?)\.( A publishable key may)?/;
    const said = fields.flatMap(([coordinate, { description }]) => {
      const [, scope, publishable] = sentence.exec(description ?? "") ?? [];
      return scope === undefined ? [] : [[coordinate, [scope, publishable !== undefined]]];
    });
    const expected = Object.entries(ACCESS).flatMap(
      ([coordinate, { scope, clientSecret = false }]) =>
        scope === null ? [] : [[coordinate, [scope, clientSecret]]],
    );
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(expected));
  });

  test("is said of every mutation's outcome where outcomes are looked up", () => {
    const { description } = printed.getQueryType()?.getFields()["operation"] ?? {};
    const mutations = Object.keys(printed.getMutationType()?.getFields() ?? {});
    for (const name of mutations) {
      expect(ACCESS[`Mutation.${name}`]?.outcome).toBeDefined();
      expect(description).toContain(name);
    }
  });
});

test("the schema's ErrorCode is the closed list of failures", () => {
  const type = buildSchema().getType("ErrorCode");
  const values = type && "getValues" in type ? type.getValues().map(({ name }) => name) : [];
  expect(values.sort()).toEqual([...FAILURE_CODES].sort());
});

test("every scalar of ours names its specification", () => {
  const scalars = Object.values(buildSchema().getTypeMap()).filter(isScalarType);
  const unspecified = scalars.filter(
    (type) => !isSpecifiedScalarType(type) && !type.specifiedByURL?.startsWith("https://"),
  );
  expect(unspecified.map(({ name }) => name)).toEqual([]);
});

test("enums that end in Input occur in inputs alone, and no enum that may grow in answers is an input", () => {
  const types = Object.values(buildSchema().getTypeMap());
  const shown = new Set(
    types
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) => Object.values(type.getFields()))
      .map((field) => getNamedType(field.type).name),
  );
  const inputs = types.filter(isInputObjectType).filter(({ name }) => name.endsWith("Input"));
  const sent = new Set(
    inputs.flatMap((type) =>
      Object.values(type.getFields()).map((field) => getNamedType(field.type).name),
    ),
  );
  const enums = types.filter(isEnumType);
  const isOpen = ({ description }: GraphQLEnumType): boolean =>
    description?.includes("New values may be added.") === true;
  expect(enums.filter(({ name }) => name.endsWith("Input") && shown.has(name))).toEqual([]);
  // Filters take what is shown; what is stored by a mutation does not.
  expect(enums.filter((type) => sent.has(type.name) && isOpen(type))).toEqual([]);
});
