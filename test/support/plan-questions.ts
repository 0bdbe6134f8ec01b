import type { Page, PageArguments } from "../../src/pagination";

/*
 * What is asked of the database while it explains its plans (see plans.ts): one thing now, one thing after something
 * was made for it, or a list from all its sides.
 */

/** Its answer is never nothing, lest a question is answered by what is not there. */
export type Ask = () => Promise<unknown>;
/** What is asked about is made before, by what is not listened to. */
export type Question = readonly [name: string, prepare: () => Promise<Ask>];

export function now(name: string, ask: Ask): Question {
  return [name, () => Promise.resolve(ask)];
}

export function after<Made>(
  name: string,
  make: () => Promise<Made>,
  ask: (made: Made) => Promise<unknown>,
): Question {
  return [
    name,
    async () => {
      const made = await make();
      return () => ask(made);
    },
  ];
}

/** As many as are asked for of a list. */
export const PAGE = 20;

export function cursor(position: string): string {
  return Buffer.from(position).toString("base64url");
}

/** A list's ends, and from an item in its middle in both directions. */
export function pages(
  name: string,
  middle: () => string,
  list: (page: PageArguments) => Promise<Page<unknown>>,
): Question[] {
  const whole = async (page: PageArguments): Promise<Page<unknown>> => {
    const found = await list(page);
    for (const more of [found.pageInfo.hasNextPage, found.pageInfo.hasPreviousPage]) {
      if (typeof more === "function") await more();
    }
    return found;
  };
  return [
    now(`${name}, the newest`, async () => (await whole({ first: PAGE })).edges),
    now(`${name}, the oldest`, async () => (await whole({ last: PAGE })).edges),
    now(`${name}, after a cursor`, () => whole({ first: PAGE, after: cursor(middle()) })),
    now(`${name}, before a cursor`, () => whole({ last: PAGE, before: cursor(middle()) })),
  ];
}
