import {
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  OperationTypeNode,
  getNamedType,
  isLeafType,
  isObjectType,
} from "graphql";
import { Failure } from "../src/failures";
import { COST_MAX } from "./cost";
import { unavailable } from "./failures";

/**
 * What a request may take while it is executed. Its cost was measured before, from the document; this counts what is
 * really there, so that neither a list longer than the schema says nor values larger than usual make an answer that
 * does not fit into memory. A query beyond its budget is refused as a whole.
 *
 * A mutation's effect is committed before anything of its payload is read, and no error may hide that. So the fields
 * that a payload shows itself are never refused (they are few, and their values are bounded); what is read for it
 * beyond them ends as a null with an error, as whatever fails there does.
 */
export interface Budget {
  values: number;
  bytes: number;
  /** The first reason to refuse; once there is one, nothing more is resolved. */
  refusal: Failure | undefined;
  readonly clock: Clock;
  /** In a mutation: the paths of what was read beyond the payload's own fields, where anything was. */
  readBeyond: WeakSet<Path> | undefined;
}

type Path = GraphQLResolveInfo["path"];

/** One for a request, with one timer, and none for the many whose resolvers need not wait. */
interface Clock {
  readonly limitMs: number;
  endsAtMs: number;
  timer: NodeJS.Timeout | undefined;
  /** Fails when the time is up. */
  ended: Promise<never> | undefined;
}

export const ANSWER_BYTES_MAX = 4 * 1_024 * 1_024;

export function createBudget(limitMs: number): Budget {
  return {
    values: 0,
    bytes: 0,
    refusal: undefined,
    clock: { limitMs, endsAtMs: Infinity, timer: undefined, ended: undefined },
    readBeyond: undefined,
  };
}

function begin(clock: Clock): void {
  if (clock.endsAtMs === Infinity) clock.endsAtMs = performance.now() + clock.limitMs;
}

/** A resolver that is waited for no longer when the time is up. */
function inTime(budget: Budget, work: Promise<unknown>): Promise<unknown> {
  const { clock } = budget;
  clock.ended ??= new Promise<never>((_resolve, reject) => {
    const leftMs = Math.max(0, clock.endsAtMs - performance.now());
    clock.timer = setTimeout(() => {
      reject((budget.refusal ??= tooSlow()));
    }, leftMs);
    clock.timer.unref();
  });
  return Promise.race([work, clock.ended]);
}

export function stopClock({ clock }: Budget): void {
  if (clock.timer) clearTimeout(clock.timer);
}

function tooSlow(): Failure {
  const { retryAfterMs = 0 } = unavailable();
  return new Failure("UNAVAILABLE", "Answering this takes too long at the moment.").retryAfter(
    retryAfterMs,
  );
}

export function tooLarge(): Failure {
  return new Failure(
    "BAD_USER_INPUT",
    `The answer would be larger than ${String(ANSWER_BYTES_MAX / 1_048_576)} MiB. Request smaller pages or fewer fields.`,
    { bytesMax: ANSWER_BYTES_MAX },
  );
}

function tooMany(): Failure {
  return new Failure(
    "BAD_USER_INPUT",
    `The answer contains more than ${String(COST_MAX)} values. Request smaller pages or fewer fields.`,
    { costMax: COST_MAX },
  );
}

interface Budgeted {
  readonly budget: Budget;
}

type Resolver = GraphQLFieldResolver<unknown, Budgeted>;

/** How a field is read that only shows a property of its object: as graphql-js does it, and counted. */
export const readProperty: Resolver = (...asked) => {
  const info = asked[3];
  const value = (asked[0] as Record<string, unknown>)[info.fieldName];
  if (typeof value !== "function") {
    count(asked[2].budget, value, info);
    return value;
  }
  // A property that is a function runs a statement when it is asked for.
  const [source, , context] = asked;
  const args = asked[1] as unknown;
  return timed(context.budget, () => value.call(source, args, context, info) as unknown);
};

/**
 * Puts the resolvers of a schema under the budget of the request that they run for. Changes the schema.
 *
 * A mutation itself has all the time it needs: what it has committed must be answered. The clock begins with what is
 * read for its payload.
 */
export function underBudget(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    if (type === schema.getMutationType()) continue;
    for (const field of Object.values<GraphQLField<unknown, Budgeted>>(type.getFields())) {
      if (field.resolve) field.resolve = limited(field.resolve, field);
    }
  }
  return schema;
}

function limited(resolve: Resolver, field: GraphQLField<unknown, Budgeted>): Resolver {
  const isLeaf = isLeafOf(field.type);
  return (...asked) => {
    const [, , { budget }, info] = asked;
    if (isMutation(info)) (budget.readBeyond ??= new WeakSet()).add(info.path);
    const value = timed(budget, () => resolve(...asked));
    const counted = (found: unknown): unknown => {
      count(budget, found, info);
      return found;
    };
    if (!(value instanceof Promise)) return counted(value);
    // What comes later is an object, whose fields are counted, or one of the few leaves that run a statement.
    return isLeaf ? value.then(counted) : value;
  };
}

function timed(budget: Budget, resolve: () => unknown): unknown {
  const { clock } = budget;
  begin(clock);
  if (budget.refusal === undefined && performance.now() > clock.endsAtMs) {
    budget.refusal = tooSlow();
  }
  if (budget.refusal) throw budget.refusal;
  const value = resolve();
  return value instanceof Promise ? inTime(budget, value) : value;
}

/** What JSON writes around a value: quotes, a colon, a comma. */
const AROUND = 4;

function count(budget: Budget, value: unknown, info: GraphQLResolveInfo): void {
  const items = Array.isArray(value) ? value.length : 1;
  budget.values += items;
  // The key in the answer, which is a field's name or alias.
  const name = info.path.key as string;
  budget.bytes += name.length + AROUND + items * AROUND + sizeOf(value, info.returnType);
  if (budget.refusal === undefined) {
    if (budget.values > COST_MAX) budget.refusal = tooMany();
    else if (budget.bytes > ANSWER_BYTES_MAX) budget.refusal = tooLarge();
    else return;
  }
  if (!isMutation(info) || isReadBeyond(budget, info.path)) throw budget.refusal;
}

function isMutation({ operation }: GraphQLResolveInfo): boolean {
  return operation.operation === OperationTypeNode.MUTATION;
}

function isReadBeyond({ readBeyond }: Budget, path: Path): boolean {
  if (!readBeyond) return false;
  for (let at: Path | undefined = path; at; at = at.prev) if (readBeyond.has(at)) return true;
  return false;
}

const NUMBER_BYTES = 24;
// What JSON writes as it is.
const PLAIN = /^[ !#-[\]-~]*$/;

/** What a value takes in the answer, and nothing for an object, whose fields are counted themselves. */
function sizeOf(value: unknown, type: GraphQLOutputType): number {
  if (typeof value === "string") {
    return PLAIN.test(value) ? value.length : Buffer.byteLength(JSON.stringify(value));
  }
  if (typeof value === "bigint") return value.toString().length;
  if (typeof value !== "object" || value === null) return NUMBER_BYTES;
  return isLeafOf(type) && !(value instanceof Date)
    ? Buffer.byteLength(JSON.stringify(value) ?? "")
    : NUMBER_BYTES;
}

const leaves = new WeakMap<GraphQLOutputType, boolean>();

function isLeafOf(type: GraphQLOutputType): boolean {
  let known = leaves.get(type);
  if (known === undefined) leaves.set(type, (known = isLeafType(getNamedType(type))));
  return known;
}
