import { registerEnumType } from "type-graphql";

type Descriptions = Readonly<Record<string, string>>;

/** Said of every enum that occurs in answers: clients must be prepared for values that they do not know yet. */
export const OPEN = "New values may be added.";

/** The compiler holds the values to the domain's own unions: a new one must be described here before it is shown. */
export function enumOf<Value extends string>(
  name: string,
  description: string,
  values: Readonly<Record<Value, string>>,
): Readonly<Record<Value, Value>> {
  const keys = Object.keys(values) as Value[];
  const enumeration = Object.fromEntries(keys.map((key) => [key, key])) as Record<Value, Value>;
  registerEnumType(enumeration, {
    name,
    description,
    valuesConfig: Object.fromEntries(
      keys.map((key) => [key, { description: (values as Descriptions)[key] ?? "" }]),
    ) as Record<Value, { description: string }>,
  });
  return enumeration;
}
