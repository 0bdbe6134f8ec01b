import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";
import { buildSchema } from "../../schema/schema";
import type { Random } from "../attack/random";

/*
 * Requests that follow the schema most of the time and break it, or their JSON, or their headers, the rest: so that they
 * get past the parser, past validation, and into the resolvers, with values that nobody thought of.
 */

/** What a caller may know: things of its own, and the ids of somebody else's. */
export interface FuzzWorld {
  readonly secretKeys: readonly string[];
  readonly publishableKey: string;
  readonly clientSecrets: readonly string[];
  readonly ids: readonly string[];
}

export interface FuzzRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Dice {
  readonly random: Random;
  readonly world: FuzzWorld;
  readonly variables: Map<string, { readonly type: string; readonly value: unknown }>;
}

const schema = buildSchema();
const DEPTH_MAX = 5;
const KEYS = 40;
/** Every endpoint gets every event, and nobody answers. */
const MANY_DELIVERIES = "createWebhookEndpoint";
const NASTY: readonly unknown[] = [
  null,
  "",
  "\u0000",
  "\ud800",
  "' or 1=1 --",
  "4242424242424242",
  "x".repeat(2_000),
  -1,
  0,
  0.1,
  2 ** 53,
  1e308,
  true,
  [],
  [[[]]],
  {},
  { a: { b: ["c"] } },
  "\u202e\u0007",
  "pi_",
  "9".repeat(40),
];
const PLAUSIBLE: Readonly<Record<string, readonly unknown[]>> = {
  MinorUnits: [1, 2, 50, 1_000],
  Int: [1, 5, 100],
  CurrencyCode: ["USD", "JPY", "KWD"],
  Boolean: [true, false],
  DateTime: ["2026-11-20T10:00:00Z", "1970-01-01", "9999-12-31T23:59:59Z"],
  URL: ["https://shop.example/return", "http://127.0.0.1:9/hook"],
  EventType: ["payment_intent.created", "refund.failed"],
  Metadata: [{}, { order: "1" }, { a: "b", c: "\u00e9" }],
  String: ["pm_card_visa", "pm_card_chargeDeclined", "order-1", "confirmPaymentIntent", "a b"],
  Float: [1.5],
};

function pick<Item>({ random }: Pick<Dice, "random">, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function chance({ random }: Pick<Dice, "random">, share: number): boolean {
  return random() < share;
}

/** By the name of what asks for one. */
const ID_PREFIXES: Readonly<Record<string, string>> = {
  paymentIntentId: "pi",
  attemptId: "att",
  webhookEndpointId: "we",
  endpointId: "we",
  eventId: "evt",
  deliveryId: "whd",
  planId: "rpl",
  apiKeyId: "key",
};

function idOf(dice: Dice, name: string): string {
  const { ids } = dice.world;
  const prefix = ID_PREFIXES[name];
  if (prefix === undefined || chance(dice, 0.5)) return pick(dice, ids);
  const nobodys = `${prefix}_${"0".repeat(26)}`;
  return pick(dice, [nobodys, ...ids.filter((id) => id.startsWith(`${prefix}_`))]);
}

function valueOf(dice: Dice, type: GraphQLInputType, name = ""): unknown {
  if (isNonNullType(type)) return valueOf(dice, type.ofType, name);
  if (chance(dice, 0.04)) return pick(dice, NASTY);
  if (isListType(type)) {
    return Array.from({ length: Math.floor(dice.random() * 4) }, () => valueOf(dice, type.ofType));
  }
  if (isEnumType(type)) return pick(dice, type.getValues()).name;
  if (!isInputObjectType(type)) {
    return type.name === "ID" ? idOf(dice, name) : pick(dice, PLAUSIBLE[type.name] ?? NASTY);
  }
  const fields = Object.values(type.getFields());
  const given = fields.filter((field) => isRequiredInputField(field) || chance(dice, 0.2));
  return Object.fromEntries(
    given.map((field) => [field.name, valueOf(dice, field.type, field.name)]),
  );
}

/** As a literal; enums are the only thing that JSON would write otherwise. */
function literalOf(value: unknown, type: GraphQLInputType): string {
  const named = isNonNullType(type) ? type.ofType : type;
  if (Array.isArray(value)) {
    const items = isListType(named) ? named.ofType : named;
    return `[${value.map((item) => literalOf(item, items)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = isInputObjectType(named) ? named.getFields() : {};
    const pairs = Object.entries(value).map(
      ([name, item]) => `${name}: ${literalOf(item, fields[name]?.type ?? named)}`,
    );
    return `{${pairs.join(", ")}}`;
  }
  return isEnumType(named) && typeof value === "string" ? value : JSON.stringify(value);
}

function argumentsOf(dice: Dice, field: GraphQLField<unknown, unknown>): string {
  const given = field.args.filter((one) => isRequiredArgument(one) || chance(dice, 0.3));
  if (given.length === 0) return "";
  const written = given.map(({ name, type }) => {
    // Few keys, so that they meet.
    const value =
      name === "idempotencyKey" && (field.name === MANY_DELIVERIES || chance(dice, 0.95))
        ? `fuzz-${String(Math.floor(dice.random() * (field.name === MANY_DELIVERIES ? 2 : KEYS)))}`
        : valueOf(dice, type);
    if (chance(dice, 0.4)) return `${name}: ${literalOf(value, type)}`;
    const variable = `v${String(dice.variables.size)}`;
    dice.variables.set(variable, { type: String(type), value });
    return `${name}: $${variable}`;
  });
  return `(${written.join(", ")})`;
}

function selectionOf(dice: Dice, type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isAbstractType(named)) {
    const one = pick(dice, schema.getPossibleTypes(named));
    return `{ __typename ... on ${one.name} ${selectionOf(dice, one, depth)} }`;
  }
  if (!isObjectType(named)) return "";
  const fields = Object.values(named.getFields());
  const wanted = Array.from({ length: 1 + Math.floor(dice.random() * 4) }, () =>
    pick(dice, fields),
  );
  const written = wanted.map((field, at) => fieldOf(dice, field, { depth, at }));
  const some = written.filter((text) => text !== "");
  return `{ ${some.length > 0 ? some.join(" ") : "__typename"} }`;
}

function fieldOf(
  dice: Dice,
  field: GraphQLField<unknown, unknown>,
  { depth, at }: { readonly depth: number; readonly at: number },
): string {
  const isLeaf =
    !("getFields" in getNamedType(field.type)) && !isAbstractType(getNamedType(field.type));
  if (!isLeaf && depth >= DEPTH_MAX) return "";
  const alias = `a${String(depth)}${String(at)}: `;
  const directive = chance(dice, 0.03) ? " @include(if: true)" : "";
  return `${alias}${field.name}${argumentsOf(dice, field)}${directive} ${selectionOf(dice, field.type, depth + 1)}`;
}

function documentOf(dice: Dice): string {
  const isMutation = chance(dice, 0.45);
  const root = (isMutation ? schema.getMutationType() : schema.getQueryType()) as GraphQLObjectType;
  const fields = Object.values(root.getFields());
  const count = isMutation ? 1 : 1 + Math.floor(dice.random() * 3);
  const written = Array.from({ length: count }, (_, at) =>
    fieldOf(dice, pick(dice, fields), { depth: 0, at }),
  );
  const declared = [...dice.variables].map(([name, { type }]) => `$${name}: ${type}`).join(", ");
  const operation = isMutation ? "mutation" : "query";
  return `${operation} ${declared === "" ? "" : `(${declared})`} { ${written.join(" ")} }`;
}

const NOISE = [
  "{",
  "}",
  "(",
  "$",
  "@",
  "...",
  '"',
  "\\",
  "\u0000",
  "\ud800",
  "[",
  ":",
  "!",
  "#",
  "é",
];

/** A few characters more, fewer, or others. */
function spoilt(dice: Dice, text: string): string {
  let result = text;
  for (let times = 1 + Math.floor(dice.random() * 3); times > 0; times -= 1) {
    const at = Math.floor(dice.random() * result.length);
    const length = Math.floor(dice.random() * 8);
    const instead = chance(dice, 0.5) ? pick(dice, NOISE) : result.slice(at, at + 2 * length);
    result = result.slice(0, at) + instead + result.slice(at + length);
  }
  return result;
}

function headersOf(dice: Dice): Record<string, string> {
  const { secretKeys, publishableKey, clientSecrets } = dice.world;
  const roll = dice.random();
  const key = roll < 0.75 ? pick(dice, secretKeys) : publishableKey;
  const headers: Record<string, string> = {
    "content-type": chance(dice, 0.98) ? "application/json" : "text/plain",
    accept: pick(dice, ["*/*", "application/json", "application/graphql-response+json"]),
  };
  if (roll < 0.92) headers["authorization"] = `Bearer ${key}`;
  else if (roll < 0.96)
    headers["authorization"] = spoilt(dice, `Bearer ${key}`).replace(/[^ -~]/g, "");
  if (chance(dice, 0.3)) headers["oncepay-client-secret"] = pick(dice, clientSecrets);
  if (chance(dice, 0.05)) headers["x-request-id"] = pick(dice, ["a b", "4242424242424242", "ok-1"]);
  if (chance(dice, 0.05)) headers["oncepay-try"] = pick(dice, ["1", "-1", "1e9", "NaN"]);
  return headers;
}

/** The next request that the dice say. */
export function fuzzRequest(random: Random, world: FuzzWorld): FuzzRequest {
  const dice: Dice = { random, world, variables: new Map() };
  const document = documentOf(dice);
  const query = chance(dice, 0.15) ? spoilt(dice, document) : document;
  const variables = Object.fromEntries(
    [...dice.variables].map(([name, { value }]) => [name, value]),
  );
  const body = JSON.stringify({
    query,
    variables: chance(dice, 0.03) ? pick(dice, NASTY) : variables,
    ...(chance(dice, 0.05) && { operationName: pick(dice, NASTY) }),
    ...(chance(dice, 0.02) && { documentId: pick(dice, NASTY) }),
  });
  return { headers: headersOf(dice), body: chance(dice, 0.04) ? spoilt(dice, body) : body };
}
