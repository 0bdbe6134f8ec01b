export interface DocumentShape {
  readonly kind: string;
  /** The first field that it asks for. A mutation has no other: the API takes one at a time. */
  readonly field: string;
  /** The variable that holds the idempotency key of that field; undefined when none does. */
  readonly keyVariable: string | undefined;
}

const STRINGS_AND_COMMENTS = /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\])*"|#[^\n\r]*/g;

/** What a document asks for, as far as sending it needs to know; the API is who understands it. */
export function shapeOf(document: string, operationName?: string): DocumentShape {
  const text = document.replace(STRINGS_AND_COMMENTS, '""');
  const operations = operationsIn(text);
  const named = operations.find(({ name }) => name === operationName);
  const { kind, selection } = named ?? operations[0] ?? { kind: "query", selection: "" };
  const [, first = "", aliased] = /^\W*(\w+)\s*(?::\s*(\w+))?/.exec(selection) ?? [];
  const [, keyVariable] = /\bidempotencyKey\s*:\s*\$(\w+)/.exec(selection) ?? [];
  return { kind, field: aliased ?? first, keyVariable };
}

interface Operation {
  readonly kind: string;
  readonly name: string | undefined;
  /** What is between its braces. */
  readonly selection: string;
}

function operationsIn(text: string): Operation[] {
  return definitionsIn(text).flatMap(({ head, selection }) => {
    const [kind = "query", name] = /^[^(@]*/.exec(head)?.[0].match(/\w+/g) ?? [];
    return kind === "fragment" ? [] : [{ kind, name, selection }];
  });
}

interface Definition {
  /** What is before its selection. */
  readonly head: string;
  readonly selection: string;
}

/** Braces within parentheses are values: of arguments, and of variables' defaults. */
function definitionsIn(text: string): Definition[] {
  const definitions: Definition[] = [];
  let start = 0;
  let opened = 0;
  let braces = 0;
  let parentheses = 0;
  text.split("").forEach((character, at) => {
    if (character === "(") parentheses += 1;
    if (character === ")") parentheses -= 1;
    if (parentheses > 0) return;
    if (character === "{" && (braces += 1) === 1) opened = at;
    if (character !== "}" || (braces -= 1) > 0) return;
    definitions.push({ head: text.slice(start, opened), selection: text.slice(opened + 1, at) });
    start = at + 1;
  });
  return definitions;
}
