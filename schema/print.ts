import { lexicographicSortSchema, printSchema } from "graphql";
import { buildSchema } from "./schema";

/** The schema as text, in alphabetical order, so that a change shows as what it is. */
export function printSdl(): string {
  return `${printSchema(lexicographicSortSchema(buildSchema()))}\n`;
}

if (require.main === module) process.stdout.write(printSdl());
