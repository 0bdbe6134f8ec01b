import { type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from "graphql";
import { type ClassType, getMetadataStorage } from "type-graphql";
import type { Context } from "./context";

/*
 * TypeGraphQL finds out anew for every call what a resolver's parameters are: it sorts them, makes an instance of each
 * input's class, awaits for each argument a validation that is off, and then all of them together. Our inputs are data
 * and no objects with methods, and graphql-js has read them already. So resolvers are called with just the values that
 * their parameters are declared to be, which is found out once.
 */

type Storage = ReturnType<typeof getMetadataStorage>;
type Handler = Pick<
  Storage["mutations"][number],
  "target" | "methodName" | "params" | "middlewares" | "roles"
>;
type Parameter = NonNullable<Handler["params"]>[number];
type Resolver = GraphQLFieldResolver<unknown, Context, Record<string, unknown>>;
type Read = (source: unknown, args: Record<string, unknown>, context: Context) => unknown;

/** Changes the schema: every resolver that these classes have, but for those of subscriptions. */
export function callResolvers(schema: GraphQLSchema, classes: readonly unknown[]): void {
  const { queries, mutations, fieldResolvers, objectTypes } = getMetadataStorage();
  const instances = new Map<unknown, object>();
  const place = (type: string | undefined, name: string, handler: Handler): void => {
    if (!classes.includes(handler.target)) return;
    const found = schema.getType(type ?? "");
    const field = isObjectType(found) ? found.getFields()[name] : undefined;
    // A class of another schema that was built in this process.
    if (!field) return;
    const instance = instances.get(handler.target) ?? new (handler.target as ClassType<object>)();
    instances.set(handler.target, instance);
    field.resolve = callOf(handler, instance) as GraphQLFieldResolver<unknown, unknown>;
  };
  for (const handler of queries) place(schema.getQueryType()?.name, handler.schemaName, handler);
  for (const handler of mutations) {
    place(schema.getMutationType()?.name, handler.schemaName, handler);
  }
  for (const handler of fieldResolvers) {
    const target = handler.getObjectType?.();
    const type = objectTypes.find((object) => object.target === target);
    const field = type?.fields?.find(({ name }) => name === handler.methodName);
    place(type?.name, field?.schemaName ?? handler.methodName, handler);
  }
}

function callOf(
  { methodName, params = [], middlewares, roles }: Handler,
  instance: object,
): Resolver {
  if (roles !== undefined || (middlewares?.length ?? 0) > 0) {
    throw new Error(`${methodName}: resolvers have no middleware here`);
  }
  const method = (instance as Record<string, (...values: unknown[]) => unknown>)[methodName];
  if (!method) throw new Error(`there is no method ${methodName}`);
  const reads = [...params].sort((a, b) => a.index - b.index).map(readerOf);
  return (source, args, context) =>
    method.apply(
      instance,
      reads.map((read) => read(source, args, context)),
    );
}

function readerOf(parameter: Parameter): Read {
  switch (parameter.kind) {
    case "root":
      if (parameter.propertyName === undefined && !parameter.getType) return (source) => source;
      break;
    case "context":
      if (parameter.propertyName === undefined) return (_source, _args, context) => context;
      break;
    case "args":
      return (_source, args) => args;
    case "arg": {
      const { name } = parameter;
      return (_source, args) => args[name];
    }
    case "info":
    case "pubSub":
    case "custom":
  }
  throw new Error(`a resolver has a parameter that is not known here: ${parameter.kind}`);
}
