import path from "node:path";
import ts from "typescript";
import { jsonSchemaOf } from "../../src/events/event-schemas";
import { EVENT_TYPES } from "../../src/events/event-types";

/* What the SDK's types promise of a webhook is what the API's own JSON Schemas promise of it, field by field. */

type Fields = Readonly<Record<string, string>>;

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const { type } = schema;
  if (typeof type === "object") return type.map((one) => ({ ...schema, type: one }));
  return schema.anyOf?.flatMap(alternativesOf) ?? [schema];
}

function kindOfSchema({ type, properties }: JsonSchema): string {
  if (type === "object") return properties ? "object" : "record";
  return type === "integer" ? "number" : String(type ?? "string");
}

function fieldsOfSchema(schema: JsonSchema, prefix = ""): Fields {
  const fields: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const isOptional = schema.required?.includes(name) !== true;
    const alternatives = alternativesOf(field);
    fields[prefix + name] = kinds(alternatives.map(kindOfSchema), isOptional);
    for (const part of alternatives)
      Object.assign(fields, fieldsOfSchema(part, `${prefix}${name}.`));
  }
  return fields;
}

function kinds(all: readonly string[], isOptional: boolean): string {
  return [...new Set(all)].sort().join(" | ") + (isOptional ? "?" : "");
}

const program = ts.createProgram([path.resolve(__dirname, "../../src/sdk/webhook-event.ts")], {
  strict: true,
  exactOptionalPropertyTypes: true,
  types: [],
  noEmit: true,
});
const checker = program.getTypeChecker();

function eventTypes(): readonly ts.Type[] {
  const source = program.getSourceFile(path.resolve(__dirname, "../../src/sdk/webhook-event.ts"));
  const declared = source?.statements.find(
    (node) => ts.isTypeAliasDeclaration(node) && node.name.text === "WebhookEvent",
  );
  if (!declared) throw new Error("WebhookEvent is not declared");
  return membersOf(checker.getTypeAtLocation(declared));
}

function membersOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

const NAMED: readonly (readonly [ts.TypeFlags, string])[] = [
  [ts.TypeFlags.Null, "null"],
  [ts.TypeFlags.StringLike, "string"],
  [ts.TypeFlags.NumberLike, "number"],
  [ts.TypeFlags.BooleanLike, "boolean"],
];

function kindOfType(type: ts.Type): string {
  const named = NAMED.find(([flags]) => (type.flags & flags) !== 0);
  if (named) return named[1];
  if (checker.isArrayLikeType(type)) return "array";
  return checker.getIndexInfosOfType(type).length > 0 ? "record" : "object";
}

function fieldsOfType(type: ts.Type, prefix = ""): Fields {
  const fields: Record<string, string> = {};
  for (const property of checker.getPropertiesOfType(type)) {
    const name = prefix + property.name;
    const members = membersOf(checker.getTypeOfSymbol(property)).filter(
      ({ flags }) => (flags & ts.TypeFlags.Undefined) === 0,
    );
    fields[name] = kinds(members.map(kindOfType), (property.flags & ts.SymbolFlags.Optional) !== 0);
    for (const member of members) {
      if (kindOfType(member) === "object") Object.assign(fields, fieldsOfType(member, `${name}.`));
    }
  }
  return fields;
}

/** The alternative of WebhookEvent that an event of this type is. */
function typeOf(eventType: string): ts.Type | undefined {
  return eventTypes().find((member) => {
    const property = member.getProperty("type");
    const names = property ? membersOf(checker.getTypeOfSymbol(property)) : [];
    return names.some((name) => name.isStringLiteral() && name.value === eventType);
  });
}

test.each(EVENT_TYPES)("the type of %s has the fields of its schema", (eventType) => {
  const type = typeOf(eventType);
  expect(type && fieldsOfType(type)).toEqual(fieldsOfSchema(jsonSchemaOf(eventType) as JsonSchema));
});
