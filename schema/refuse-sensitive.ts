import { type DocumentNode, type OperationDefinitionNode, visit } from "graphql";
import type { Failure } from "../src/failures";
import { type Sensitive, redact, sensitiveIn } from "../src/security/sensitive";
import { badInput } from "./input";
import { type InputPath, pathAt, pathOfUse } from "./input-path";
import { secretInputsOf } from "./secret-inputs";

/**
 * Card numbers and secrets of ours are refused in every input of every field, before anything is executed: none is
 * stored, becomes part of a key or reaches a log. The message names the input and never repeats it.
 *
 * It looks at what was sent, and so knows no fields that could be forgotten. It costs a pass over the strings among
 * the variables, about a microsecond for a create; the literals of a document are looked at once.
 */
export function refuseSensitive(request: {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}): void {
  const { document, operation, variables } = request;
  const literal = findInLiterals(document);
  if (literal) throw refusal(literal);
  const mayBeSecret = secretInputsOf(operation);
  for (const name of Object.keys(variables)) {
    const use = (): InputPath => {
      const definition = operation.variableDefinitions?.find(
        ({ variable }) => variable.name.value === name,
      );
      return definition ? pathOfUse(document, definition) : [];
    };
    const found = mayBeSecret
      ? findBeside(mayBeSecret, use(), variables[name])
      : findIn(variables[name], 0);
    if (found) throw refusal({ what: found.what, path: [...use(), ...found.path] });
  }
}

/** As findIn, but for what may be a secret. What holds such an input is an object, so one level is walked at a time. */
function findBeside(
  mayBeSecret: (path: InputPath) => boolean,
  use: InputPath,
  value: unknown,
): Found | undefined {
  if (mayBeSecret(use)) return undefined;
  const isAbove = use.length < 2 && typeof value === "object" && value !== null;
  if (!isAbove) return findIn(value, 0);
  for (const [name, inner] of Object.entries(value)) {
    const found = findBeside(mayBeSecret, [...use, name], inner);
    if (found) return { what: found.what, path: [name, ...found.path] };
  }
  return undefined;
}

interface Found {
  readonly what: Sensitive;
  readonly path: InputPath;
}

const FIELD_MAX = 500;

function refusal({ what, path }: Found): Failure {
  const field = redact(path.join(".").slice(0, FIELD_MAX));
  return badInput(
    field,
    what === "card number"
      ? "This must not contain a card number. Send a processor's token instead."
      : "This must not contain a secret, such as an API key, a client secret or a webhook secret.",
  );
}

// Far deeper than any input. What is nested more deeply is refused as soon as it is read.
const DEPTH_MAX = 20;

function findIn(value: unknown, depth: number): Found | undefined {
  if (typeof value === "string") {
    const what = sensitiveIn(value);
    return what && { what, path: [] };
  }
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return undefined;
  for (const name of Object.keys(value)) {
    // A name that is itself at fault does not become part of the path.
    const named = Array.isArray(value) ? undefined : sensitiveIn(name);
    if (named) return { what: named, path: [] };
    const found = findIn((value as Readonly<Record<string, unknown>>)[name], depth + 1);
    if (found) return { what: found.what, path: [name, ...found.path] };
  }
  return undefined;
}

const known = new WeakMap<DocumentNode, Found | null>();

function findInLiterals(document: DocumentNode): Found | null {
  const before = known.get(document);
  if (before !== undefined) return before;
  let found: Found | null = null;
  const look = (text: string, path: () => InputPath | undefined): void => {
    const what = found ? undefined : sensitiveIn(text);
    if (what) found = { what, path: path() ?? [] };
  };
  visit(document, {
    StringValue: ({ value }, ...[, , keys]) => {
      look(value, () => pathAt(document, keys));
    },
    ObjectField: ({ name }, ...[, , keys]) => {
      look(name.value, () => pathAt(document, keys)?.slice(0, -1));
    },
  });
  known.set(document, found);
  return found;
}
