import { Kind, lexicographicSortSchema, parse, print, printSchema } from "graphql";
import { directiveOf } from "./say-access";
import { buildSchema } from "./schema";

/**
 * The schema as text, in alphabetical order, so that a change shows as what it is, and with the directives of its
 * fields, which GraphQL's own printer leaves out.
 */
export function printSdl(): string {
  const text = printSchema(lexicographicSortSchema(buildSchema()));
  let annotated = "";
  let from = 0;
  for (const { end, directive } of placesIn(text)) {
    annotated += `${text.slice(from, end)} ${directive}`;
    from = end;
  }
  return `${annotated}${text.slice(from)}\n`;
}

/** Where fields end that have a directive, in the order of the text. */
function placesIn(text: string): { readonly end: number; readonly directive: string }[] {
  return parse(text).definitions.flatMap((type) =>
    type.kind !== Kind.OBJECT_TYPE_DEFINITION
      ? []
      : (type.fields ?? []).flatMap((field) => {
          const directive = directiveOf(`${type.name.value}.${field.name.value}`);
          if (!directive || !field.loc) return [];
          return [{ end: field.loc.end, directive: print(directive) }];
        }),
  );
}

if (require.main === module) process.stdout.write(printSdl());
