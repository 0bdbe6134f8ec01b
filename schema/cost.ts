import {
  type ArgumentNode,
  type GraphQLArgument,
  type GraphQLOutputType,
  Kind,
  type SelectionSetNode,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isListType,
} from "graphql";
import { EVENT_TYPES } from "../src/events/event-types";
import { Failure } from "../src/failures";
import { ADDRESS_RANGES_MAX } from "../src/merchants/addresses";
import { ROUTES_MAX } from "../src/processor-accounts/route";
import { SCOPES } from "../src/merchants/api-key";
import { CURRENCY_CODES } from "../src/money";
import { PAGE_SIZE_MAX, pageSize } from "../src/pagination";
import { LEAVES_MAX, PATH_MAX, SEALS_MAX } from "../src/seals/read-receipt";
import { SIGNING_KEYS_SHOWN } from "../src/seals/signing-keys";
import { ATTEMPTS_SHOWN } from "../src/webhooks/list-attempts";
import { ERROR_CLASSES } from "../src/webhooks/delivery";
import { PLAN_COUNTS_MAX, PLAN_SAMPLES } from "../src/webhooks/replay-plan";
import { IntentAction } from "./enums";
import {
  type Asked,
  type AskedField,
  coordinateOf,
  fieldsOf,
  objectTypesOf,
  oncePerSelection,
  rootType,
  typenamesOf,
} from "./selection";

/**
 * What an operation may cost: the most values that its answer can hold, counting every object and every field, the heavy
 * ones by their weight. The most expensive queries that this permits are run on a database with full lists and large
 * values in test/schema/dearest-query, which prints what they take: a fraction of a second, 4 MiB of answer at most
 * (schema/budget.ts) and 30 MB of heap. A page of 100 payment intents with all of their own fields costs about half of
 * it.
 */
export const COST_MAX = 20_000;

/** How many items a list holds at most. Pages and look-ups by `ids` need no row: their arguments say it. */
export const LIST_SIZES: Readonly<Record<string, number>> = {
  "PaymentIntent.allowedActions": Object.keys(IntentAction).length,
  "Attempt.evidence": 100,
  "WebhookDelivery.attempts": ATTEMPTS_SHOWN,
  "WebhookEndpoint.eventTypes": EVENT_TYPES.length,
  "Query.eventTypes": EVENT_TYPES.length,
  "Query.checkpointKeys": SIGNING_KEYS_SHOWN,
  "TrialBalance.currencies": CURRENCY_CODES.length,
  "Receipt.leaves": LEAVES_MAX,
  "Receipt.checkpoints": SEALS_MAX,
  "ReceiptLeaf.path": PATH_MAX,
  "ReplayPlan.endpoints": PLAN_COUNTS_MAX,
  "ReplayPlan.types": PLAN_COUNTS_MAX,
  "ReplayPlan.causes": ERROR_CLASSES.length,
  "ReplayPlan.sampleIds": PLAN_SAMPLES,
  // A correction is one posting, or two where it also changes a fee.
  "ReconciliationProposal.postings": 2,
  "Query.processorRoutes": ROUTES_MAX,
  "ReplaceProcessorRoutesPayload.processorRoutes": ROUTES_MAX,
  "ApiKey.scopes": SCOPES.length,
  "ApiKey.allowedAddresses": ADDRESS_RANGES_MAX,
};

/** A value that runs a statement of its own, for each object that it is asked of. */
const STATEMENT = 100;
/** Half of a statement that two values share, where a page of 100 of both must be permitted. */
const HALF_A_STATEMENT = 80;
/**
 * A list that may have to read on until its page is full, or a sum over all of a merchant's accounts: it may hold a
 * connection until the statement times out, so a request gets few of them, whatever it selects of them.
 */
const SCAN = 2_300;
/** A value that may be some 30 kB, where others are less than one. */
const LARGE = 75;

/** What counts as more than one value, by field or by type. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  JSON: LARGE,
  Metadata: LARGE,
  "LedgerAccount.balance": HALF_A_STATEMENT,
  "LedgerAccount.pendingBalance": HALF_A_STATEMENT,
  "LedgerAccount.entries": STATEMENT,
  "Payout.lines": STATEMENT,
  "PaymentIntent.timeline": STATEMENT,
  // Some kilobytes, of an event.
  "ReceiptLeaf.content": 10,
  "Query.auditLog": SCAN,
  "Query.captures": SCAN,
  "Query.deadLetters": SCAN,
  "Query.disputes": SCAN,
  "Query.events": SCAN,
  "Query.paymentIntents": SCAN,
  "Query.payouts": SCAN,
  "Query.refunds": SCAN,
  "Query.receipt": SCAN,
  "Query.trialBalance": SCAN,
  "Query.webhookDeliveries": SCAN,
  // Of a page that begins at a cursor, one of them does.
  "PageInfo.hasNextPage": STATEMENT / 10,
  "PageInfo.hasPreviousPage": STATEMENT / 10,
};

type Variables = Readonly<Record<string, unknown>>;

export interface Cost {
  readonly cost: number;
  /** Whether it is the same whatever the variables are. */
  readonly fixed: boolean;
}

/** Undefined when the variables are none that the operation takes: it is not executed then. */
export function costOf(asked: Asked, given: Variables): Cost | undefined {
  const definitions = asked.operation.variableDefinitions ?? [];
  const { coerced } = getVariableValues(asked.schema, definitions, given, { maxErrors: 1 });
  if (!coerced) return undefined;
  let fixed = true;
  // How many items a connection's page has is said by the field that leads to it.
  const pages = new Map<SelectionSetNode, number>();
  const costOfSet = oncePerSelection((set, type) => {
    const costs = fieldsOf(asked, set, type).map((field) => costOfField(field, pages.get(set)));
    return costs.reduce((sum, cost) => sum + cost, 1 + typenamesOf(asked, set, type));
  });
  const costOfField = (field: AskedField, page: number | undefined): number => {
    const sizes = readSizes(field, coerced);
    if (!sizes.fixed) fixed = false;
    const { selectionSet } = field.node;
    if (selectionSet && sizes.page !== undefined) pages.set(selectionSet, sizes.page);
    // Nobody knows yet which of its types an interface will turn out to be, so it costs as much as the most expensive.
    const item = selectionSet
      ? Math.max(0, ...objectTypesOf(asked, field).map((type) => costOfSet(selectionSet, type)))
      : (WEIGHTS[getNamedType(field.definition.type).name] ?? 1);
    const own = (WEIGHTS[coordinateOf(field)] ?? 1) - 1;
    return own + item * (isList(field.definition.type) ? (sizes.ids ?? listSize(field, page)) : 1);
  };
  return { cost: costOfSet(asked.operation.selectionSet, rootType(asked)), fixed };
}

export function checkCost(cost: number): void {
  if (cost <= COST_MAX) return;
  throw new Failure(
    "BAD_USER_INPUT",
    `The answer could contain up to ${String(cost)} values, but only ${String(COST_MAX)} are allowed. Request smaller pages or fewer fields.`,
    { cost, costMax: COST_MAX },
  );
}

export function isList(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type));
}

/** The lists of a connection, which are as long as its page. */
export function isOfPage({
  parent,
  definition,
}: Pick<AskedField, "parent" | "definition">): boolean {
  return (
    parent.name.endsWith("Connection") &&
    (definition.name === "edges" || definition.name === "nodes")
  );
}

function listSize(field: AskedField, page: number | undefined): number {
  const known = LIST_SIZES[coordinateOf(field)];
  if (known !== undefined) return known;
  return isOfPage(field) && page !== undefined ? page : PAGE_SIZE_MAX;
}

/** The arguments that say how much comes back. */
const SIZE_ARGUMENTS = ["first", "last", "ids"];

export function isSizeArgument({ name }: Pick<GraphQLArgument, "name">): boolean {
  return SIZE_ARGUMENTS.includes(name);
}

interface Sizes {
  readonly fixed: boolean;
  readonly page?: number;
  readonly ids?: number;
}

/** What a list refuses to be is refused here already: after a mutation has committed it would be too late. */
function readSizes({ definition, node }: AskedField, variables: Variables): Sizes {
  const sizing = definition.args.filter(isSizeArgument);
  if (sizing.length === 0) return { fixed: true };
  const { first, last, ids } = getArgumentValues({ ...definition, args: sizing }, node, variables);
  const fixed = !(node.arguments ?? []).some(dependsOnVariables);
  if (Array.isArray(ids)) return { fixed, ids: ids.length };
  const [forwards, backwards] = [pageSize(first as Size, "first"), pageSize(last as Size, "last")];
  // Both at once are refused by the list.
  return { fixed, page: last == null ? forwards : backwards };
}

type Size = number | null | undefined;

function dependsOnVariables(argument: ArgumentNode): boolean {
  if (!isSizeArgument({ name: argument.name.value })) return false;
  const { value } = argument;
  if (value.kind === Kind.LIST) return value.values.some(({ kind }) => kind === Kind.VARIABLE);
  return value.kind === Kind.VARIABLE;
}
