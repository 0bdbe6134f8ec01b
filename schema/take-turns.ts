import type { GraphQLFieldResolver } from "graphql";
import { readProperty } from "./budget";
import type { Context } from "./context";

/*
 * GraphQL completes a list in one go, however long it is and whatever is below it: for the dearest queries that is a
 * large part of a second, in which nobody else is served. So the lists of a dear request are handed over in small
 * parts, between which everything else has its turn; all such lists together get one part in each turn of the event
 * loop. Statements that load what is below the items of a list are one for each part then, instead of one.
 *
 * Ordinary requests are completed as ever. Cost for them: one comparison for each value.
 */
const PART = 10;

/** For every field that has no resolver of its own: the lists of connections are among them. */
export const resolveInTurns: GraphQLFieldResolver<unknown, Context> = (...asked) => {
  const value: unknown = readProperty(...asked);
  if (!Array.isArray(value) || value.length <= PART || !asked[2].limited.isDear()) return value;
  return inTurns(value);
};

function inTurns(items: readonly unknown[]): unknown[] {
  const turns: Promise<void>[] = [];
  return items.map((item, index) => {
    const part = Math.floor(index / PART);
    if (part === 0) return item;
    return (turns[part] ??= takeTurn()).then(() => item);
  });
}

const waiting: (() => void)[] = [];
let scheduled = false;

function takeTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    schedule();
  });
}

function schedule(): void {
  if (scheduled || waiting.length === 0) return;
  scheduled = true;
  // What is scheduled by an immediate runs after the next look at what has come in.
  setImmediate(() => {
    scheduled = false;
    waiting.shift()?.();
    schedule();
  });
}
