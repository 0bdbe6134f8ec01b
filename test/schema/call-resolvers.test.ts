import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from "graphql";
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  Info,
  InputType,
  Int,
  Query,
  Resolver,
  Root,
  UseMiddleware,
  buildSchemaSync,
} from "type-graphql";
import { callResolvers } from "../../schema/call-resolvers";
import { buildSchema } from "../../schema/schema";

/** A field's resolver by its source, which names what it calls. */
function resolversOf(schema: GraphQLSchema): Map<string, string> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  return new Map(
    types.flatMap((type) =>
      Object.values(type.getFields()).flatMap(({ name, resolve }) =>
        resolve ? [[`${type.name}.${name}`, String(resolve)] as const] : [],
      ),
    ),
  );
}

// Those of root fields are within what the audit log puts around them.
const ROOTS = /^(__|Query|Mutation|Subscription)/;

test("no field of an object is resolved by way of TypeGraphQL", () => {
  const resolvers = [...resolversOf(buildSchema())].filter(([name]) => !ROOTS.test(name));
  expect(resolvers.length).toBeGreaterThan(30);
  const others = resolvers.filter(([, text]) => text.includes("resolverData"));
  expect(others.map(([name]) => name)).toEqual([]);
});

@InputType()
class Wish {
  @Field(() => Int)
  readonly n!: number;
}

@ArgsType()
class Wishes {
  @Field(() => Int, { nullable: true })
  readonly first?: number | null;
}

const heard: unknown[] = [];

@Resolver()
class Plain {
  readonly #name = "plain";

  @Query(() => String)
  one(@Ctx() context: unknown, @Arg("wish", () => Wish) wish: Wish, @Root() root: unknown): string {
    heard.push(context, wish, root);
    return this.#name;
  }

  @Query(() => String)
  many(@Args(() => Wishes) wishes: Wishes): string {
    heard.push(wishes);
    return this.#name;
  }
}

test("a resolver gets its arguments as they were read, in the order of its parameters", () => {
  const schema = buildSchemaSync({ resolvers: [Plain], validate: false });
  callResolvers(schema, [Plain]);
  const { one, many } = schema.getQueryType()?.getFields() ?? {};
  const [args, context, root, info] = [{ wish: { n: 1 } }, {}, {}, {} as GraphQLResolveInfo];
  expect(one?.resolve?.(root, args, context, info)).toBe("plain");
  const wishes = { first: 2 };
  expect(many?.resolve?.(root, wishes, context, info)).toBe("plain");
  const expected = [context, args.wish, root, wishes];
  expect(heard.map((value, index) => value === expected[index])).toEqual([true, true, true, true]);
});

@Resolver()
class Informed {
  @Query(() => String)
  informed(@Info() info: unknown): string {
    return String(info);
  }
}

@Resolver()
class Watched {
  @Query(() => String)
  @UseMiddleware(() => Promise.resolve())
  watched(@Arg("text", () => String) text: string): string {
    return text;
  }
}

test.each([
  [Informed, "a resolver has a parameter that is not known here: info"],
  [Watched, "watched: resolvers have no middleware here"],
])("%p is refused when the schema is built", (resolver, message) => {
  const schema = buildSchemaSync({ resolvers: [resolver], validate: false });
  expect(() => {
    callResolvers(schema, [resolver]);
  }).toThrow(message);
});
