import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isObjectType,
} from "graphql";

/*
 * Operations that together ask for every field of the schema with every argument. They are made from the schema, so a
 * new field or argument is asked for without anybody thinking of it; what has no value to be asked with is missing in
 * the count (see coverage), and the walk fails.
 */

/** What arguments are asked with, by coordinate: "Query.node(id)" or, of an input, "RefundFilter.paymentIntentId". */
export type Values = (coordinate: string) => readonly unknown[] | undefined;

export interface Operation {
  /** The root field: "Query.node". */
  readonly root: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The arguments and inputs' fields that it uses, by coordinate. */
  readonly used: readonly string[];
}

interface Given {
  readonly values: Readonly<Record<string, unknown>>;
  readonly used: readonly string[];
}

// Enough to see a second row where there should be one.
const PAGE = 3;
// One object of each kind is looked up together with the others.
const LOOKED_UP_MAX = 30;

type Field = GraphQLField<unknown, unknown>;

/** Every operation on a root field: with each combination of arguments what it shows itself, and all that is behind it. */
export function operationsOn(schema: GraphQLSchema, root: string, values: Values): Operation[] {
  const [kind = "", name = ""] = root.split(".");
  const rootType = schema.getType(kind) as GraphQLObjectType;
  const field = rootType.getFields()[name];
  if (!field) throw new Error(`there is no ${root}`);
  const givens = argumentsOf(field.args, root, values);
  const selections = selectionsBehind(schema, field, values);
  const [first] = givens;
  if (!first) return [];
  // A mutation takes effect once: everything that its answer shows is asked for with it.
  const isMutation = kind === "Mutation";
  // What is looked up is different things; of what is listed, the first page holds them all.
  const isLookUp = field.args.every(({ type }) => String(type).endsWith("!"));
  const whole = isLookUp && givens.length <= LOOKED_UP_MAX ? givens : [first];
  const asked = isMutation
    ? givens.map((given) => ({ given, selection: joined(selections.filter(isOfPayload)) }))
    : [
        ...givens.map((given) => ({ given, selection: selections[0] })),
        ...selections
          .slice(1)
          .flatMap((selection) =>
            (selection.isVariant ? [first] : whole).map((given) => ({ given, selection })),
          ),
      ];
  return asked.map(({ given, selection }) => operation({ kind, field, root }, given, selection));
}

/** What the payload itself shows, and whether it was executed. */
function isOfPayload({ text }: Selection, index: number): boolean {
  return index === 0 || text.startsWith("{ __typename idempotency {");
}

interface Selection {
  readonly text: string;
  readonly used: readonly string[];
  /** The same as another but for a value of an argument somewhere in it. */
  readonly isVariant?: true;
}

function operation(
  { kind, field, root }: { kind: string; field: Field; root: string },
  given: Given,
  selection: Selection | undefined,
): Operation {
  const names = field.args.filter(({ name }) => name in given.values);
  const declared = names.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const passed = names.map(({ name }) => `${name}: $${name}`).join(", ");
  const head = `${kind.toLowerCase()}${declared && ` (${declared})`}`;
  return {
    root,
    query: `${head} { ${field.name}${passed && `(${passed})`} ${selection?.text ?? ""} }`,
    variables: given.values,
    used: [...given.used, ...(selection?.used ?? [])],
  };
}

/** Each value of each argument, and each field of each input, once; with what is required beside it. */
function argumentsOf(args: readonly GraphQLArgument[], owner: string, values: Values): Given[] {
  const choices = args.map((argument) => {
    const coordinate = `${owner}(${argument.name})`;
    const isRequired = String(argument.type).endsWith("!") && argument.defaultValue === undefined;
    return { name: argument.name, isRequired, givens: valuesFor(argument, coordinate, values) };
  });
  const required: Given = merge(
    choices
      .filter(({ isRequired }) => isRequired)
      .flatMap(({ name, givens }) => (givens[0] ? [named(name, givens[0])] : [])),
  );
  if (choices.some(({ isRequired, givens }) => isRequired && givens.length === 0)) return [];
  const each = choices.flatMap(({ name, givens }) =>
    givens.map((given) => merge([required, named(name, given)])),
  );
  const isAllOptional = choices.every(({ isRequired }) => !isRequired);
  return isAllOptional ? [{ values: {}, used: [] }, ...each] : each;
}

function named(name: string, { value, used }: { value: unknown; used: readonly string[] }): Given {
  // The end of a page goes with its size.
  const size = name === "before" ? { last: PAGE } : {};
  return { values: { [name]: value, ...size }, used };
}

function merge(givens: readonly Given[]): Given {
  return {
    values: Object.assign({}, ...givens.map(({ values }) => values)) as Given["values"],
    used: givens.flatMap(({ used }) => used),
  };
}

/** The values of an argument; of an input, one for each of its fields. */
function valuesFor(
  argument: GraphQLArgument,
  coordinate: string,
  values: Values,
): { value: unknown; used: readonly string[] }[] {
  const nullable = getNullableType(argument.type);
  if (!isInputObjectType(nullable)) {
    return (values(coordinate) ?? []).map((value) => ({ value, used: [coordinate] }));
  }
  const fields = Object.values(nullable.getFields());
  const base = fields.filter(({ type }) => String(type).endsWith("!"));
  const first = (name: string): unknown => values(`${nullable.name}.${name}`)?.[0];
  const required = Object.fromEntries(base.map(({ name }) => [name, first(name)]));
  if (Object.values(required).includes(undefined)) return [];
  const names = base.map(({ name }) => `${nullable.name}.${name}`);
  return fields.flatMap((field) => {
    const of = `${nullable.name}.${field.name}`;
    return (values(of) ?? []).map((value) => ({
      value: { ...required, [field.name]: value },
      used: [coordinate, ...names, of, ...innerUses(field.type, value)],
    }));
  });
}

/** An input in an input is given whole. */
function innerUses(type: unknown, value: unknown): string[] {
  const named = getNamedType(type as GraphQLArgument["type"]);
  if (!isInputObjectType(named)) return [];
  return [value as object]
    .flat()
    .flatMap((given) => Object.keys(given).map((name) => `${named.name}.${name}`));
}

/**
 * What is behind a field: a selection for each type that can be reached from it, on the shortest way, with all that this
 * type shows. Whatever a type leads to is asked for at least by name. It ends with the things that the first ones lead
 * to: what is behind those is read by the same statements, and asked for where they come first themselves.
 */
function selectionsBehind(schema: GraphQLSchema, field: Field, values: Values): Selection[] {
  const type = getNamedType(field.type);
  if (!isCompositeType(type)) return [{ text: "", used: [] }];
  const selections: Selection[] = [];
  const visited = new Set<string>();
  type Place = {
    type: GraphQLCompositeType;
    around: (inner: Selection) => Selection;
    /** How many things are passed on the way. */
    passed: number;
  };
  const places: Place[] = [{ type, around: (inner) => braces(inner), passed: 0 }];
  for (let place = places.shift(); place; place = places.shift()) {
    const { type: here, around, passed } = place;
    for (const concrete of concreteTypes(schema, here)) {
      if (visited.has(concrete.name)) continue;
      visited.add(concrete.name);
      const inside = (inner: Selection): Selection =>
        around(concrete === here ? inner : fragment(concrete, inner));
      const isLast = passed > 0 && isThing(concrete);
      const shown = showings(concrete, values);
      selections.push(...(isLast ? shown.slice(0, 1) : shown).map(inside));
      places.push(
        ...Object.values(concrete.getFields()).flatMap((next) => {
          const target = getNamedType(next.type);
          if (!isCompositeType(target) || (isLast && !isPart(target))) return [];
          const call = callsOf(concrete, next, values)[0] ?? { text: next.name, used: [] };
          return [
            {
              type: target,
              around: (inner: Selection) => inside(within(call, inner)),
              passed: passed + (isThing(concrete) ? 1 : 0),
            },
          ];
        }),
      );
    }
  }
  return selections;
}

function isThing(type: GraphQLObjectType): boolean {
  return "id" in type.getFields();
}

/** Neither a thing nor a page of things. */
function isPart(type: GraphQLCompositeType): boolean {
  return isObjectType(type) && !isThing(type) && !("edges" in type.getFields());
}

function within(call: Selection, inner: Selection): Selection {
  const text = `${call.text} ${braces(inner).text}`;
  return { ...inner, text, used: [...call.used, ...inner.used] };
}

function braces(inner: Selection): Selection {
  return { ...inner, text: `{ __typename ${inner.text} }` };
}

function fragment(type: GraphQLObjectType, inner: Selection): Selection {
  return { ...inner, text: `... on ${type.name} { __typename ${inner.text} }` };
}

function concreteTypes(
  schema: GraphQLSchema,
  type: GraphQLCompositeType,
): readonly GraphQLObjectType[] {
  return isObjectType(type) ? [type] : schema.getPossibleTypes(type);
}

/** All fields of a type at once; and once more for each further value of a field's arguments. */
function showings(type: GraphQLObjectType, values: Values): Selection[] {
  const fields = Object.values(type.getFields()).map((field) => callOf(type, field, values));
  const all = fields.flatMap((calls) => calls.slice(0, 1));
  const more = fields.flatMap((calls) => calls.slice(1));
  return [joined(all), ...more.map((variant) => ({ ...variant, isVariant: true as const }))];
}

function joined(selections: readonly Selection[]): Selection {
  return {
    // Selections of one thing are one selection.
    text: selections
      .map(({ text }) => text)
      .join(" ")
      .replaceAll("} { __typename", ""),
    used: selections.flatMap(({ used }) => used),
  };
}

/** A field with each value of its arguments, and of what it leads to nothing but the name. */
function callOf(type: GraphQLObjectType, field: Field, values: Values): Selection[] {
  const shown = isCompositeType(getNamedType(field.type)) ? shallow(field) : "";
  return callsOf(type, field, values).map(({ text, used }) => ({ text: `${text}${shown}`, used }));
}

/** A page of a few comes first: what is behind it is asked for of each. */
function callsOf(type: GraphQLObjectType, field: Field, values: Values): Selection[] {
  const calls = argumentsOf(field.args, `${type.name}.${field.name}`, values).map((given) => {
    const passed = Object.entries(given.values).map(
      ([name, value]) => `${name}: ${literal(value)}`,
    );
    const args = passed.length === 0 ? "" : `(${passed.join(", ")})`;
    return { text: `${field.name}${args}`, used: given.used };
  });
  const isShort = ({ text }: Selection): boolean => text.includes("(first: ");
  return [...calls.filter(isShort), ...calls.filter((call) => !isShort(call))];
}

function shallow(field: Field): string {
  const type = getNamedType(field.type);
  const isPage = isObjectType(type) && "edges" in type.getFields();
  return isPage ? " { __typename edges { __typename cursor } }" : " { __typename }";
}

function literal(value: unknown): string {
  return JSON.stringify(value);
}

/** Every coordinate of the schema that the walk has to cover. */
export function coordinatesOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith("__")) return [];
    if (isInputObjectType(type)) {
      return Object.keys(type.getFields()).map((name) => `${type.name}.${name}`);
    }
    if (!isObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((field) => {
      const coordinate = `${type.name}.${field.name}`;
      return [coordinate, ...field.args.map(({ name }) => `${coordinate}(${name})`)];
    });
  });
}

/** The fields that an answer shows, by coordinate: of objects that were there, so that their resolvers have run. */
export function fieldsIn(rootType: string, data: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown, type: string | undefined): void => {
    if (Array.isArray(value)) value.forEach((item) => visit(item, undefined));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { __typename: named, ...fields } = value as Record<string, unknown>;
    const name = type ?? (typeof named === "string" ? named : undefined);
    for (const [field, inner] of Object.entries(fields)) {
      if (name !== undefined) found.push(`${name}.${field}`);
      visit(inner, undefined);
    }
  };
  visit(data, rootType);
  return found;
}
