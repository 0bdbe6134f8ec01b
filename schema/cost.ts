import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { Failure } from "../src/failures";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../src/pagination";

/**
 * What a query may cost: how many objects its answer can hold. A page of 100 payment intents with
 * everything that belongs to them is allowed, ten of those in one request are not.
 */
const COST_MAX = 10_000;

const PAGES = new Set([
  "paymentIntents",
  "webhookEndpoints",
  "webhookDeliveries",
  "deadLetters",
  "entries",
]);
const LISTS = new Set(["attempts", "captures", "refunds", "transitions", "events", "currencies"]);
// Lists inside an object hold at most 100, and nearly always a few.
const LIST_SIZE = 10;

type Variables = Readonly<Record<string, unknown>>;

interface Walk {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Variables;
  readonly known: Map<string, number>;
}

export function checkCost(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const cost = costOf(operation.selectionSet, { fragments, variables, known: new Map() });
  if (cost > COST_MAX) {
    throw new Failure(
      "BAD_USER_INPUT",
      `The query may answer with ${String(cost)} objects, and ${String(COST_MAX)} are allowed.`,
      { cost, costMax: COST_MAX },
    );
  }
}

function costOf(set: SelectionSetNode | undefined, walk: Walk): number {
  let cost = 0;
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) cost += costOfField(selection, walk);
    else if (selection.kind === Kind.INLINE_FRAGMENT) cost += costOf(selection.selectionSet, walk);
    else cost += costOfFragment(selection.name.value, walk);
  }
  return cost;
}

/** Each fragment is measured once, however often it is spread; validation has made sure that none spreads itself. */
function costOfFragment(name: string, walk: Walk): number {
  const known = walk.known.get(name);
  if (known !== undefined) return known;
  const cost = costOf(walk.fragments.get(name)?.selectionSet, walk);
  walk.known.set(name, cost);
  return cost;
}

function costOfField(field: FieldNode, walk: Walk): number {
  if (!field.selectionSet || field.name.value.startsWith("__")) return 0;
  return sizeOf(field, walk.variables) * (1 + costOf(field.selectionSet, walk));
}

function sizeOf(field: FieldNode, variables: Variables): number {
  for (const argument of field.arguments ?? []) {
    if (argument.name.value !== "first" && argument.name.value !== "last") continue;
    const { value } = argument;
    const size =
      value.kind === Kind.VARIABLE
        ? Number(variables[value.name.value] ?? PAGE_SIZE_DEFAULT)
        : Number(value.kind === Kind.INT ? value.value : PAGE_SIZE_DEFAULT);
    // Whatever else is there is refused by the list itself.
    return Number.isInteger(size) && size >= 1 ? Math.min(size, PAGE_SIZE_MAX) : PAGE_SIZE_DEFAULT;
  }
  if (PAGES.has(field.name.value)) return PAGE_SIZE_DEFAULT;
  return LISTS.has(field.name.value) ? LIST_SIZE : 1;
}
