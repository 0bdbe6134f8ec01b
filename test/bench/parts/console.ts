import { createPlatformKey } from "../../../src/merchants/create-platform-key";
import { DOCUMENTS } from "../../../src/web/console/documents";
import { type Bench, warmupSeconds, withInstallation } from "../bench";
import type { Child } from "../child";
import { summarize } from "../load/latency";
import type { ConsolePageFigures, Results } from "../results";
import { type Samples, fillConsoleTables } from "./console-tables";

const ROUNDS_MIN = 20;
const FIRST = 50;
const RECENT = 100;
const COUNTED_MAX = 1_000;
const HALF_HOUR_MS = 30 * 60_000;

/**
 * Each page of the console over full tables: everything that it asks when it is opened, as the page asks it: behind a
 * session, at once, and what it counts page by page. It is over when the last answer is there.
 */
export async function measureConsole(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("console")) return {};
  const { payments, letters, seconds } = bench.options;
  const env = { ONCEPAY_CONSOLE: "true" };
  return withInstallation(bench, { name: "console", env }, async (installation) => {
    const startedAt = performance.now();
    const samples = await fillConsoleTables(installation, { payments, letters });
    const took = (performance.now() - startedAt) / 1_000;
    bench.say(
      `console: ${String(payments)} payments and ${String(letters)} dead letters in ${took.toFixed(0)} s`,
    );
    const api = await installation.start("api");
    const key = await createPlatformKey(installation.db, "bench");
    const ask = await signIn(api, { key, merchant: installation.merchants[0]?.id ?? "" });
    const pages: ConsolePageFigures[] = [];
    for (const [page, open] of Object.entries(pagesOf(ask, samples))) {
      await openFor(open, { seconds: warmupSeconds(bench), times: 3 });
      const tookMs = await openFor(open, { seconds, times: seconds < 2 ? 3 : ROUNDS_MIN });
      const { p50, p95 } = summarize(tookMs);
      pages.push({ page, p50, p95, opened: tookMs.length });
      bench.say(`console, ${page}: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`);
    }
    return { console: { payments, letters, pages } };
  });
}

/** For so long, and so many times at least; how long each took, in milliseconds. */
async function openFor(
  open: () => Promise<unknown>,
  { seconds, times }: { readonly seconds: number; readonly times: number },
): Promise<number[]> {
  const tookMs: number[] = [];
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until || tookMs.length < times) {
    const startedAt = performance.now();
    await open();
    tookMs.push(performance.now() - startedAt);
  }
  return tookMs;
}

type Name = keyof typeof DOCUMENTS;
type Ask = (name: Name, variables?: object) => Promise<unknown>;

async function signIn(
  api: Child,
  { key, merchant }: { readonly key: string; readonly merchant: string },
): Promise<Ask> {
  const home = `http://127.0.0.1:${String(api.port)}`;
  const headers = {
    "content-type": "application/json",
    "oncepay-console": "act",
    "sec-fetch-site": "same-origin",
  };
  const entered = await fetch(`${home}/console/session`, {
    method: "POST",
    headers,
    body: JSON.stringify({ key }),
  });
  const cookie = entered.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined) throw new Error(`nobody was let in: ${await entered.text()}`);
  return async (name, variables = {}) => {
    const response = await fetch(`${home}/console/graphql`, {
      method: "POST",
      headers: { ...headers, cookie, "oncepay-merchant": merchant },
      body: JSON.stringify({ query: DOCUMENTS[name], variables }),
    });
    const { data, errors } = (await response.json()) as { data: object; errors?: unknown };
    // A page of what is not there would be quick.
    const isThere = errors === undefined && !Object.values(data).includes(null);
    if (!isThere) throw new Error(`${name}: ${JSON.stringify({ data, errors })}`);
    return data;
  };
}

interface CountedPage {
  readonly edges: readonly unknown[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

/** As the page counts: one page after the other, until counting stops. */
async function count(ask: Ask, name: Name, variables: object = {}): Promise<void> {
  let after: string | undefined;
  for (let counted = 0; counted < COUNTED_MAX;) {
    const given = after === undefined ? variables : { ...without(variables, "since"), after };
    const answer = (await ask(name, given)) as Readonly<Record<string, CountedPage>>;
    const [connection] = Object.values(answer);
    if (!connection) throw new Error(`${name} counts nothing`);
    counted += connection.edges.length;
    if (!connection.pageInfo.hasNextPage) return;
    after = connection.pageInfo.endCursor;
  }
}

function without(variables: object, name: string): object {
  return Object.fromEntries(Object.entries(variables).filter(([key]) => key !== name));
}

type Open = () => Promise<unknown>;

function pagesOf(ask: Ask, samples: Samples): Readonly<Record<string, Open>> {
  // Above every page.
  const head = () => [ask("merchant"), ask("trialBalance")];
  const page =
    (asked: () => readonly Promise<unknown>[]): Open =>
    () =>
      Promise.all([...head(), ...asked()]);
  const list = (name: Name, filter: object = {}, more: object = {}) =>
    page(() => [ask(name, { filter, first: FIRST, ...more })]);
  const unresolved = { statuses: ["OPEN", "EXPLAINED"] };
  const since = () => new Date(Date.now() - HALF_HOUR_MS).toISOString();
  return {
    overview: page(() => [
      count(ask, "unknownCounts"),
      count(ask, "letterCounts", { filter: {} }),
      count(ask, "breakCounts", { filter: unresolved }),
      ask("backlog"),
      ask("endpointStates"),
      count(ask, "eventCounts", { since: since() }),
    ]),
    payments: list("payments"),
    "payments, by status": list("payments", { statuses: ["SUCCEEDED"] }),
    "payments, by reference": list("payments", { merchantReference: "order-77" }),
    "payments, by customer": list("payments", { customer: "customer-7" }),
    "one payment": page(() => [
      ask("payment", { id: samples.payment }),
      ask("timeline", { id: samples.payment }),
    ]),
    unknown: page(() => [ask("unknowns", { first: FIRST }), count(ask, "unknownCounts")]),
    "dead letters": page(() => [
      ask("letters", { filter: {}, first: FIRST }),
      count(ask, "letterCounts", { filter: {} }),
    ]),
    "dead letters, by cause": page(() => [
      ask("letters", { filter: { causes: ["CLIENT_ERROR"] }, first: FIRST }),
      count(ask, "letterCounts", { filter: { causes: ["CLIENT_ERROR"] } }),
    ]),
    plans: page(() => [ask("plans", { first: FIRST })]),
    deliveries: list("deliveries"),
    "deliveries, by endpoint": list("deliveries", { endpointId: samples.endpoint }),
    "one delivery": page(() => [ask("delivery", { id: samples.letter })]),
    endpoints: page(() => [ask("endpoints", { first: FIRST })]),
    "one endpoint": page(() => [
      ask("endpoint", { id: samples.endpoint }),
      ask("deliveries", { filter: { endpointId: samples.endpoint }, first: RECENT }),
    ]),
    breaks: list("breaks", unresolved),
    "one break": page(() => [ask("break", { id: samples.break })]),
    ledger: page(() => [ask("accounts", { first: FIRST })]),
    "ledger, as of an hour ago": page(() => {
      const asOf = new Date(Date.now() - 2 * HALF_HOUR_MS).toISOString();
      return [ask("accounts", { asOf, first: FIRST })];
    }),
    "one account": page(() => [ask("account", { id: samples.account, first: FIRST })]),
    audit: list("audit"),
  };
}
