import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";
import { sensitiveIn } from "../src/security/sensitive";
import { EVENT_TYPES, isEventType } from "../src/events/event-types";
import { SCOPES, isScope } from "../src/merchants/api-key";
import { isCurrency, isMinorUnits } from "../src/money";
import { METADATA_PAIRS_MAX } from "../src/payments/payment-intent";
import { UNSTORABLE } from "../src/storable-text";
import type { InputPath, ScalarFault } from "./input-path";

/**
 * Scalars refuse what is malformed before a resolver runs. What they throw is shown to the caller, so it
 * says what is expected and never repeats what was sent: that may be a card number.
 */
function refuse(message: string, within: InputPath = []): GraphQLError {
  const fault: ScalarFault = { within };
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", ...fault } });
}

/** graphql-js leaves out where a literal is that a scalar has refused. */
function atNode<Value>(node: ValueNode, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, extensions } = error;
    throw new GraphQLError(message, { nodes: node, extensions });
  }
}

interface TextScalar {
  readonly name: string;
  readonly description: string;
  readonly parse: (text: string) => string;
  readonly serialize?: (value: unknown) => string;
  readonly specifiedByURL?: string;
}

function textScalar({ name, parse, ...rest }: TextScalar): GraphQLScalarType<string, string> {
  const read = (value: unknown): string => {
    if (typeof value !== "string") throw refuse(`A ${name} must be a string.`);
    return parse(value);
  };
  return new GraphQLScalarType<string, string>({
    name,
    serialize: (value) => {
      if (typeof value !== "string") throw new Error(`${name}: the value is no string`);
      return value;
    },
    ...rest,
    parseValue: read,
    parseLiteral: (node) =>
      atNode(node, () => read(node.kind === Kind.STRING ? node.value : undefined)),
  });
}

function minorUnits(value: unknown): number {
  if (!isMinorUnits(value)) {
    throw refuse(
      "An amount must be a whole number of minor units from 0 to 9007199254740991, sent as a number and not as a string.",
    );
  }
  return value;
}

/** Digits only: `1.0` and `1e3` are written as floats, and no amount passes through one. */
function wholeNumber(node: ValueNode): unknown {
  return node.kind === Kind.INT ? Number(node.value) : undefined;
}

// Which integers JSON numbers hold exactly everywhere, and that larger ones are sent as strings.
const I_JSON_NUMBERS = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2";

export const MinorUnits = new GraphQLScalarType<number, number>({
  name: "MinorUnits",
  specifiedByURL: I_JSON_NUMBERS,
  description:
    "An amount of money in the currency's minor unit (cents for USD, whole yen for JPY): a JSON integer from 0 to 2^53 − 1. Strings, fractions and negative numbers are refused.",
  serialize: (value) => {
    if (!isMinorUnits(value)) throw new Error("MinorUnits: the value is out of range");
    return value;
  },
  parseValue: minorUnits,
  parseLiteral: (node) => atNode(node, () => minorUnits(wholeNumber(node))),
});

export const BigMinorUnits = new GraphQLScalarType<bigint, string>({
  name: "BigMinorUnits",
  description:
    'A balance or a sum in the currency\'s minor unit, of any size: an integer as a string of decimal digits, for example "-1250". It is used only in answers.',
  specifiedByURL: I_JSON_NUMBERS,
  serialize: (value) => {
    if (typeof value !== "bigint") throw new Error("BigMinorUnits: the value is no bigint");
    return value.toString();
  },
  parseValue: () => {
    throw refuse("BigMinorUnits cannot be used as an input.");
  },
});

export const CurrencyCode = textScalar({
  name: "CurrencyCode",
  description: "An ISO 4217 currency code: three capital letters, for example USD, JPY or KWD.",
  specifiedByURL: "https://www.iso.org/iso-4217-currency-codes.html",
  parse: (text) => {
    if (!isCurrency(text))
      throw refuse("A currency must be an ISO 4217 code of three capital letters.");
    return text;
  },
});

const ISO_8601 =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

export const DateTime = textScalar({
  name: "DateTime",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  description:
    "A point in time in ISO 8601 format, for example 2026-11-20T10:30:00.000Z. Answers are always in UTC with milliseconds; inputs may have any UTC offset.",
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString();
    if (typeof value !== "string") throw new Error("DateTime: the value is no moment");
    return value;
  },
  parse: (text) => {
    const atMs = ISO_8601.test(text) ? Date.parse(text) : Number.NaN;
    // No id could be compared with a year before 1970 or after 9999.
    if (!(atMs >= 0 && atMs < 253_402_300_800_000)) {
      throw refuse(
        "A date and time must be in ISO 8601 format with a UTC offset, for example 2026-11-20T10:30:00Z.",
      );
    }
    return new Date(atMs).toISOString();
  },
});

const URL_LENGTH_MAX = 2_048;

export const UrlScalar = textScalar({
  name: "URL",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3986",
  description:
    "An absolute http or https URL of at most 2048 characters, without a user name or password.",
  parse: (text) => {
    const url = text.length <= URL_LENGTH_MAX && URL.canParse(text) ? new URL(text) : undefined;
    const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
    if (!url || !isWeb || url.username !== "" || url.password !== "") {
      throw refuse(
        "A URL must be absolute, use http or https, have at most 2048 characters and contain no credentials.",
      );
    }
    // The text itself was looked at before. Reading it has removed line breaks and tabs.
    const found = sensitiveIn(url.href);
    if (found) throw refuse(`A URL must not contain a ${found}.`);
    return url.href;
  },
});

export const EventTypeScalar = textScalar({
  name: "EventType",
  specifiedByURL:
    "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
  description: `What an event announces; the query eventTypes describes each type. New types may be added. One of: ${EVENT_TYPES.map((type) => `"${type}"`).join(", ")}.`,
  parse: (text) => {
    if (!isEventType(text)) throw refuse("There is no event type with this name.");
    return text;
  },
});

export const ScopeScalar = textScalar({
  name: "Scope",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc6749#section-3.3",
  description: `Something that an API key may be permitted to do. New scopes may be added. One of: ${SCOPES.map((scope) => `"${scope}"`).join(", ")}.`,
  parse: (text) => {
    if (!isScope(text)) throw refuse("There is no scope with this name.");
    return text;
  },
});

export const JsonScalar = new GraphQLScalarType({
  name: "JSON",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc8259",
  description: "Any JSON value. It is used only in answers.",
  serialize: (value) => value,
  parseValue: () => {
    throw refuse("JSON cannot be used as an input.");
  },
});

const METADATA_KEY_MAX = 40;
const METADATA_VALUE_MAX = 500;

function metadata(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("Metadata must be an object whose values are strings.");
  }
  const pairs = Object.entries(value) as [string, string][];
  if (pairs.length > METADATA_PAIRS_MAX) throw refuse("Metadata must have at most 50 pairs.");
  for (const pair of pairs) checkPair(...pair);
  return Object.fromEntries(pairs);
}

function checkPair(key: string, text: unknown): void {
  if (key === "" || key.length > METADATA_KEY_MAX) {
    throw refuse("A metadata key must have 1 to 40 characters.");
  }
  if (typeof text !== "string" || text.length > METADATA_VALUE_MAX) {
    throw refuse("A metadata value must be a string of at most 500 characters.", [key]);
  }
  // A key that is itself at fault does not become part of a path.
  if (UNSTORABLE.test(key) || UNSTORABLE.test(text)) {
    const within = UNSTORABLE.test(key) ? [] : [key];
    throw refuse("Metadata must not contain U+0000 or unpaired surrogates.", within);
  }
}

function metadataLiteral(
  node: ValueNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, string> {
  if (node.kind !== Kind.OBJECT)
    throw refuse("Metadata must be an object whose values are strings.");
  const pairs: [string, unknown][] = [];
  for (const { name, value } of node.fields) {
    if (value.kind !== Kind.VARIABLE) {
      pairs.push([name.value, value.kind === Kind.STRING ? value.value : undefined]);
    } else if (variables) {
      // While the document is validated there are no variables yet; they are checked when it is executed.
      pairs.push([name.value, variables[value.name.value]]);
    }
  }
  return metadata(Object.fromEntries(pairs));
}

export const Metadata = new GraphQLScalarType<Record<string, string>, unknown>({
  name: "Metadata",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc8259#section-4",
  description:
    "Key-value pairs of strings that the merchant stores with an object: at most 50 pairs, with keys of at most 40 characters and values of at most 500. Card numbers are refused.",
  serialize: (value) => value,
  parseValue: metadata,
  parseLiteral: (node, variables) => atNode(node, () => metadataLiteral(node, variables)),
});
