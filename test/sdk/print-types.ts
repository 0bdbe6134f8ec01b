import { execFileSync } from "node:child_process";
import path from "node:path";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  Kind,
  OperationTypeNode,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isRequiredInputField,
  isScalarType,
  typeFromAST,
} from "graphql";

/*
 * Prints the SDK's types from the SDL and the SDK's own documents, so that a type promises exactly the fields
 * that its document asks for. A fragment becomes the interface of its name; so does the type of a root field.
 */

const SCALARS: Readonly<Record<string, string>> = {
  ID: "string",
  String: "string",
  Int: "number",
  Float: "number",
  Boolean: "boolean",
  MinorUnits: "number",
  BigMinorUnits: "string",
  CurrencyCode: "string",
  DateTime: "string",
  URL: "string",
  EventType: "EventType",
  Scope: "string",
  Metadata: "Readonly<Record<string, string>>",
  JSON: "unknown",
};

/** As a program that knows nothing of ours writes it; events may have types that are not known yet. */
export function codegenType(scalar: string): string {
  const type = SCALARS[scalar];
  if (type === undefined) throw new Error(`the scalar ${scalar} has no TypeScript type`);
  return type === "EventType" ? "string" : type;
}

interface Printer {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The names that the printed text refers to. */
  readonly used: Set<string>;
}

/** A file each, in the order in which they build on each other. */
export const FILES = [
  "enums",
  "inputs",
  "objects",
  "results",
  "mutations",
  "queries",
  "subscriptions",
] as const;

export type PrintedTypes = Readonly<Record<(typeof FILES)[number], string>>;

export function printTypes(
  schema: GraphQLSchema,
  documents: readonly DocumentNode[],
  eventTypes: readonly string[],
): PrintedTypes {
  const definitions = documents.flatMap((document) => document.definitions);
  const fragments = new Map(
    definitions
      .filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]),
  );
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const printer: Printer = { schema, fragments, used: new Set() };
  const roots = printOperations(printer, operations);
  const fragmentTexts = [...fragments.values()].map((fragment) => printFragment(printer, fragment));
  const objects = [...fragmentTexts, ...printInterfaces(printer)];
  const { enums, inputs } = printEnumsAndInputs(printer);
  enums.push(printEventType(schema, eventTypes));
  return withImports({ enums, inputs, objects, ...roots });
}

const HEAD =
  "// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.";

function withImports(
  sections: Readonly<Record<keyof PrintedTypes, readonly string[]>>,
): PrintedTypes {
  const declared = new Map<string, string[]>();
  const files = FILES.map((file) => {
    const text = sections[file].join("\n\n");
    const code = text.replace(/\/\*\*[^]*?\*\/|"[^"]*"/g, "");
    const words = new Set(code.match(/\w+/g));
    const imports = [...declared].flatMap(([from, names]) => {
      const imported = names.filter((name) => words.has(name)).sort();
      return imported.length > 0
        ? [`import type { ${imported.join(", ")} } from "./${from}";`]
        : [];
    });
    declared.set(
      file,
      [...code.matchAll(/export (?:type|interface) (\w+)/g)].map(([, name = ""]) => name),
    );
    const head = imports.length > 0 ? `${HEAD}\n${imports.join("\n")}` : HEAD;
    return [file, prettier(`${head}\n\n${text}\n`)];
  });
  return Object.fromEntries(files) as PrintedTypes;
}

function printFragment(printer: Printer, fragment: FragmentDefinitionNode): string {
  const type = printer.schema.getType(fragment.typeCondition.name.value);
  const body = printSelection(printer, type, fragment.selectionSet);
  return `${comment(type?.description)}export interface ${fragment.name.value} ${body}`;
}

/** An interface or a union is whichever of its types there is a fragment for, told apart by __typename. */
function printInterfaces({ schema, fragments, used }: Printer): string[] {
  return [...used].flatMap((name) => {
    const type = schema.getType(name);
    if (!isAbstractType(type)) return [];
    const alternatives = schema
      .getPossibleTypes(type)
      .filter((possible) => fragments.has(possible.name))
      .map((possible) => `({ readonly __typename: "${possible.name}" } & ${possible.name})`);
    return [`${comment(type.description)}export type ${name} = ${alternatives.join(" | ")};`];
  });
}

/** The enums and inputs that are used anywhere, and ErrorCode, which every error has. */
function printEnumsAndInputs(printer: Printer): { enums: string[]; inputs: string[] } {
  printer.used.add("ErrorCode");
  const inputs = new Map<string, string>();
  // A set that grows while it is walked: inputs refer to enums and to other inputs.
  for (const name of printer.used) {
    const type = printer.schema.getType(name);
    if (isInputObjectType(type)) inputs.set(name, printInput(printer, type));
  }
  const enums = [...printer.used].map((name) => printer.schema.getType(name)).filter(isEnumType);
  return {
    enums: enums.sort(byName).map(printEnum),
    inputs: [...inputs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text),
  };
}

function byName(a: GraphQLEnumType, b: GraphQLEnumType): number {
  return a.name < b.name ? -1 : 1;
}

function printEnum(type: GraphQLEnumType): string {
  const values = type.getValues().map(({ name }) => JSON.stringify(name));
  return `${comment(type.description)}export type ${type.name} = ${values.join(" | ")};`;
}

/** A scalar in the schema, where a client may meet types that it does not know; here the ones that are known. */
function printEventType(schema: GraphQLSchema, eventTypes: readonly string[]): string {
  const { description } = schema.getType("EventType") ?? {};
  const values = eventTypes.map((type) => JSON.stringify(type));
  return `${comment(description?.split(" One of:")[0])}export type EventType = ${values.join(" | ")};`;
}

function printInput(printer: Printer, type: GraphQLInputObjectType): string {
  const fields = Object.values(type.getFields()).map((field) => printInputField(printer, field));
  return `${comment(type.description)}export interface ${type.name} {\n${fields.join("\n")}\n}`;
}

function printInputField(printer: Printer, field: GraphQLInputField): string {
  const optional = isRequiredInputField(field) ? "" : "?";
  // A default may be left out, though the type is non-null.
  const type = printType(printer, field.type) + (optional ? " | undefined" : "");
  return `${comment(field.description)}readonly ${field.name}${optional}: ${type};`;
}

interface PrintedOperations {
  readonly results: readonly string[];
  readonly mutations: readonly string[];
  readonly queries: readonly string[];
  readonly subscriptions: readonly string[];
}

function printOperations(
  printer: Printer,
  operations: readonly OperationDefinitionNode[],
): PrintedOperations {
  const results = new Map<string, string>();
  const mutations: string[] = [];
  const queries: string[] = [];
  const subscriptions: string[] = [];
  for (const operation of operations) {
    const { name, field, selection } = rootField(printer, operation);
    const result = printResult(printer, { field, selection, results });
    const about = comment(field.description);
    if (operation.operation === OperationTypeNode.MUTATION) {
      const input = getNamedType(field.args.find((argument) => argument.name === "input")?.type);
      if (!input) throw new Error(`${name} has no input`);
      printer.used.add(input.name);
      mutations.push(`${about}readonly ${name}: { input: ${input.name}; payload: ${result} };`);
    } else {
      const variables = printVariables(printer, operation);
      const others = operation.operation === OperationTypeNode.QUERY ? queries : subscriptions;
      others.push(`${about}readonly ${name}: { variables: ${variables}; result: ${result} };`);
    }
  }
  return {
    results: [...results.values()],
    mutations: [`export interface Mutations {\n${mutations.join("\n")}\n}`],
    queries: [`export interface Queries {\n${queries.join("\n")}\n}`],
    subscriptions: [`export interface Subscriptions {\n${subscriptions.join("\n")}\n}`],
  };
}

function rootField(printer: Printer, operation: OperationDefinitionNode) {
  const root = printer.schema.getRootType(operation.operation);
  const selection = operation.selectionSet.selections[0];
  if (selection?.kind !== Kind.FIELD || operation.selectionSet.selections.length !== 1) {
    throw new Error("an operation of the SDK asks for one root field");
  }
  const name = selection.name.value;
  const field = root?.getFields()[name];
  if (!field) throw new Error(`the schema has no root field ${name}`);
  return { name, field, selection };
}

interface Result {
  readonly field: GraphQLField<unknown, unknown>;
  readonly selection: FieldNode;
  readonly results: Map<string, string>;
}

function printResult(printer: Printer, { field, selection, results }: Result): string {
  const type = getNamedType(field.type);
  const body = printSelection(printer, type, selection.selectionSet);
  const isNamed = soleSpread(selection.selectionSet) !== undefined || isAbstractType(type);
  if (isNamed || !selection.selectionSet) return printType(printer, field.type, () => body);
  // A page and its like have the name of their type, unless a fragment has it.
  const name = printer.fragments.has(type.name) ? `${type.name}Result` : type.name;
  const text = `${comment(type.description)}export interface ${name} ${body}`;
  if ((results.get(name) ?? text) !== text) throw new Error(`${name} is asked for in two shapes`);
  results.set(name, text);
  return printType(printer, field.type, () => name);
}

function printVariables(printer: Printer, operation: OperationDefinitionNode): string {
  const variables = (operation.variableDefinitions ?? []).map((variable) => {
    const type = typeFromAST(printer.schema, variable.type as never) as GraphQLInputType;
    const required = type instanceof GraphQLNonNull && variable.defaultValue === undefined;
    const printed = printType(printer, type) + (required ? "" : " | undefined");
    return `readonly ${variable.variable.name.value}${required ? "" : "?"}: ${printed}`;
  });
  return variables.length === 0 ? "Record<string, never>" : `{ ${variables.join("; ")} }`;
}

function soleSpread(selectionSet: SelectionSetNode | undefined): string | undefined {
  const [first, ...others] = selectionSet?.selections ?? [];
  return first?.kind === Kind.FRAGMENT_SPREAD && others.length === 0 ? first.name.value : undefined;
}

function printSelection(
  printer: Printer,
  type: GraphQLNamedType | undefined,
  selectionSet: SelectionSetNode | undefined,
): string {
  if (!selectionSet) return printNamed(printer, type);
  const spread = soleSpread(selectionSet);
  if (spread !== undefined) return use(printer, spread);
  if (isAbstractType(type)) return use(printer, type.name);
  if (!(type instanceof GraphQLObjectType)) throw new Error(`${String(type)} has no fields`);
  const fields = selectionSet.selections.map((selection) => {
    if (selection.kind !== Kind.FIELD) throw new Error(`${type.name}: a fragment is spread alone`);
    const name = selection.name.value;
    if (name === "__typename") return `readonly __typename: ${JSON.stringify(type.name)};`;
    const field = type.getFields()[name];
    if (!field) throw new Error(`${type.name} has no field ${name}`);
    const printed = printType(printer, field.type, (named) =>
      printSelection(printer, named, selection.selectionSet),
    );
    return `${comment(field.description)}readonly ${name}: ${printed};`;
  });
  return `{\n${fields.join("\n")}\n}`;
}

function printType(
  printer: Printer,
  type: GraphQLInputType | GraphQLOutputType,
  printNamedType = (named: GraphQLNamedType): string => printNamed(printer, named),
): string {
  if (type instanceof GraphQLNonNull) return printNonNull(printer, type.ofType, printNamedType);
  const printed = printNonNull(printer, type, printNamedType);
  // Whatever it may be, it may be null already.
  return printed === "unknown" ? printed : `${printed} | null`;
}

function printNonNull(
  printer: Printer,
  type: GraphQLInputType | GraphQLOutputType,
  printNamedType: (named: GraphQLNamedType) => string,
): string {
  if (!(type instanceof GraphQLList)) return printNamedType(getNamedType(type));
  return `readonly (${printType(printer, type.ofType, printNamedType)})[]`;
}

function printNamed(printer: Printer, type: GraphQLNamedType | undefined): string {
  if (type && !isScalarType(type)) return use(printer, type.name);
  const printed = SCALARS[type?.name ?? ""];
  if (printed === undefined) throw new Error(`the scalar ${String(type)} has no TypeScript type`);
  return printed;
}

function use(printer: Printer, name: string): string {
  printer.used.add(name);
  return name;
}

function comment(description: string | null | undefined): string {
  if (!description) return "";
  const lines = description.replaceAll("*/", "* /").split("\n");
  if (lines.length === 1) return `\n/** ${description.replaceAll("*/", "* /")} */\n`;
  return `\n/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

/** Prettier is a module that Jest cannot load, so it runs as the program that it also is. */
export function prettier(text: string): string {
  const bin = path.resolve(__dirname, "../../node_modules/prettier/bin/prettier.cjs");
  const args = [bin, "--parser", "typescript", "--print-width", "100"];
  return execFileSync(process.execPath, args, { input: text, encoding: "utf8" });
}
