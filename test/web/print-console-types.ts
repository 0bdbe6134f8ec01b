import {
  type GraphQLEnumType,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLNonNull,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  getNamedType,
  isCompositeType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  typeFromAST,
} from "graphql";
import { codegenType, prettier } from "../sdk/print-types";

/*
 * Prints what each document of the console is answered with, and the variables that it takes, from the SDL. The inputs
 * are the SDK's, which are printed from the same SDL.
 */

interface Printer {
  readonly schema: GraphQLSchema;
  readonly enums: Set<string>;
  readonly inputs: Set<string>;
}

const OURS: Readonly<Record<string, string>> = {
  ID: "string",
  String: "string",
  Int: "number",
  Boolean: "boolean",
};

export function printConsoleTypes(
  schema: GraphQLSchema,
  documents: Readonly<Record<string, string>>,
): string {
  const printer: Printer = { schema, enums: new Set(), inputs: new Set() };
  const operations = Object.entries(documents).map(([name, text]) => {
    const [operation] = parse(text).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${name} asks nothing`);
    return [name, operation] as const;
  });
  const results = operations.map(([name, operation]) => {
    const root = schema.getRootType(operation.operation) as GraphQLOutputType;
    return `readonly ${name}: ${printSet(printer, root, operation.selectionSet)};`;
  });
  const variables = operations.map(
    ([name, operation]) => `readonly ${name}: ${printVariables(printer, operation)};`,
  );
  const imports = [
    `import type { ${[...printer.inputs].sort().join(", ")} } from "../../sdk/inputs";`,
  ];
  const enums = [...printer.enums].sort().map((name) => {
    const values = (schema.getType(name) as GraphQLEnumType).getValues();
    return `export type ${name} = ${values.map((value) => JSON.stringify(value.name)).join(" | ")};`;
  });
  return prettier(`// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
${imports.join("\n")}

${enums.join("\n\n")}

export interface Results {\n${results.join("\n")}\n}

export interface Variables {\n${variables.join("\n")}\n}\n`);
}

function printVariables(printer: Printer, operation: OperationDefinitionNode): string {
  const fields = (operation.variableDefinitions ?? []).map(({ variable, type }) => {
    const found = typeFromAST(printer.schema, type as never) as GraphQLInputType;
    const isRequired = found instanceof GraphQLNonNull;
    const printed = printType(printer, found, () => printNamed(printer, found));
    return `readonly ${variable.name.value}${isRequired ? "" : "?"}: ${printed}${isRequired ? "" : " | undefined"};`;
  });
  return fields.length === 0 ? "Record<string, never>" : `{ ${fields.join(" ")} }`;
}

function printSet(printer: Printer, type: GraphQLOutputType, set: SelectionSetNode): string {
  const named = getNamedType(type);
  const [only] = set.selections;
  if (only?.kind === Kind.INLINE_FRAGMENT && only.typeCondition) {
    const found = printer.schema.getType(only.typeCondition.name.value) as GraphQLOutputType;
    // Whatever else has the id that was asked for: it has none of these fields.
    return printSet(printer, found, only.selectionSet);
  }
  const fields = set.selections.map((selection) => {
    if (selection.kind !== Kind.FIELD || !isObjectType(named)) throw new Error("no such selection");
    const field = named.getFields()[selection.name.value];
    if (!field) throw new Error(`${named.name} has no field ${selection.name.value}`);
    const { selectionSet } = selection;
    const printed = printType(printer, field.type, () =>
      selectionSet && isCompositeType(getNamedType(field.type))
        ? printSet(printer, getNamedType(field.type), selectionSet)
        : printNamed(printer, field.type),
    );
    return `readonly ${selection.name.value}: ${printed};`;
  });
  return `{ ${fields.join(" ")} }`;
}

function printType(
  printer: Printer,
  type: GraphQLOutputType | GraphQLInputType,
  printInner: () => string,
): string {
  if (isNonNullType(type)) return printNonNull(printer, type.ofType, printInner);
  const printed = printNonNull(printer, type, printInner);
  // Whatever it may be, it may be null already.
  return printed === "unknown" ? printed : `${printed} | null`;
}

function printNonNull(
  printer: Printer,
  type: GraphQLOutputType | GraphQLInputType,
  printInner: () => string,
): string {
  if (!isListType(type)) return printInner();
  return `readonly (${printType(printer, type.ofType as GraphQLOutputType, printInner)})[]`;
}

function printNamed(printer: Printer, type: GraphQLOutputType | GraphQLInputType): string {
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    printer.inputs.add(named.name);
    return named.name;
  }
  if ("getValues" in named) {
    printer.enums.add(named.name);
    return named.name;
  }
  return OURS[named.name] ?? codegenType(named.name);
}
