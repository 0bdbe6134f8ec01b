import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Movement } from "../../src/audit/compare-movements";
import { auditBooks } from "../../src/audit/audit-books";
import type { DevState } from "../../src/dev/dev-files";
import { type Client, createClient } from "../../src/sdk";
import { connectAsOwner } from "../support/app";
import { ensureBuilt } from "../attack/built";
import { type Misdeeds, launchBrowser, watchContext } from "../support/browser";
import {
  type Command,
  newDatabase,
  newDirectory,
  runCommand,
  stateIn,
  whenReady,
} from "../support/npm-start";

/** `npm start` as real processes, a browser in front of it, and the card network's own books behind it. */
export interface DemoShop {
  readonly browser: Browser;
  readonly state: DevState;
  readonly home: string;
  /** A merchant's backend, for what no shopper may do. */
  readonly backend: Client;
  /** A shopper's browser, with a cookie jar of its own. */
  newShopper(options?: Parameters<Browser["newContext"]>[0]): Promise<BrowserContext>;
  /** The ids of a payment's attempts. */
  attemptsOf(paymentIntentId: string): Promise<string[]>;
  /** What the card network has moved for a payment. */
  movedFor(paymentIntentId: string): Promise<string[]>;
  setLatency(ms: number): Promise<void>;
  /** Ends the API process, which is started again. */
  killApi(): void;
  /** Everything that pages of ours must not have done. */
  misdeeds(): Misdeeds;
  /** When all is settled: what the audit finds. */
  audit(): Promise<unknown[]>;
}

export async function openDemoShop(): Promise<DemoShop> {
  await ensureBuilt();
  const { url } = await newDatabase();
  const command = runCommand("start", {
    directory: newDirectory(),
    environment: { DATABASE_URL: url },
  });
  const [state, browser] = await Promise.all([whenReady(command), launchBrowser()]);
  const home = state.graphqlUrl.replace(/\/graphql$/, "");
  const backend = createClient({ url: state.graphqlUrl, apiKey: state.secretKey });
  const watched: Misdeeds[] = [];
  return {
    browser,
    state,
    home,
    backend,
    newShopper: async (options) => {
      const context = await browser.newContext(options);
      watched.push(await watchContext(context, { home, bank: state.sandboxUrl }));
      return context;
    },
    attemptsOf: (id) => attemptsOf(backend, id),
    movedFor: async (id) => {
      const references = await attemptsOf(backend, id);
      const movements = await movementsOf(state);
      return movements
        .filter(({ reference }) => references.includes(reference))
        .map(({ kind, amount }) => `${kind} ${String(amount)}`);
    },
    setLatency: async (ms) => {
      await post(state, "latency", { minMs: ms, maxMs: ms });
    },
    killApi: () => killApi(command),
    misdeeds: () => ({
      violations: watched.flatMap(({ violations }) => violations),
      strangers: watched.flatMap(({ strangers }) => strangers),
      errors: watched.flatMap(({ errors }) => errors),
    }),
    audit: async () => {
      const db = connectAsOwner(url);
      const movements = (): Promise<Movement[]> => movementsOf(state);
      return auditBooks(db, { movements, settledOnly: true }).finally(() => db.destroy());
    },
  };
}

function killApi({ directory }: Command): void {
  const pid = stateIn(directory)?.pids["api"];
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already, and its successor has not been written down.
  }
}

interface Attempts {
  readonly paymentIntent: { attempts: { edges: { node: { id: string } }[] } };
}

async function attemptsOf(backend: Client, id: string): Promise<string[]> {
  const query =
    "query ($id: ID!) { paymentIntent(id: $id) { attempts { edges { node { id } } } } }";
  const { paymentIntent } = await backend.query<Attempts>(query, { id });
  return paymentIntent.attempts.edges.map(({ node }) => node.id);
}

async function movementsOf({ sandboxUrl }: DevState): Promise<Movement[]> {
  const response = await fetch(`${sandboxUrl}/admin/movements`);
  return ((await response.json()) as { movements: Movement[] }).movements;
}

async function post({ sandboxUrl }: DevState, path: string, body: object): Promise<void> {
  const response = await fetch(`${sandboxUrl}/admin/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the card network answered ${String(response.status)}`);
}

/** A tab at the shop, once the element knows its payment. */
export async function openTab(context: BrowserContext, home: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${home}/checkout`);
  await page.locator("[data-screen]:not([data-screen=loading])").waitFor();
  return page;
}

export function screen(page: Page, name: string): Promise<void> {
  return page.locator(`[data-screen="${name}"]`).waitFor();
}

export async function choose(page: Page, card: string): Promise<void> {
  await page.locator(`input[value="pm_card_${card}"]`).check();
}

export function pay(page: Page): Promise<void> {
  return page.locator('button[part="pay"]:not([aria-disabled="true"])').click();
}

/**
 * All pages are asked to pay in the same moment, each once it offers to. A press is not a click at a place on the screen
 * here: what one page does can take another's button away while a finger is on its way to it, and such a press has to be
 * harmless, too.
 */
export async function payAtOnce(pages: Page[]): Promise<void> {
  const offered = pages.map((page) =>
    page.locator('button[part="pay"]:not([aria-disabled="true"])'),
  );
  await Promise.all(offered.map((button) => button.waitFor()));
  await Promise.all(pages.map((page) => page.locator('button[part="pay"]').dispatchEvent("click")));
}

/** What the page's element knows. */
export function paymentId(page: Page): Promise<string> {
  return page.evaluate<string>(`document.querySelector("oncepay-checkout").paymentIntent.id`);
}

/** What is in the log of everything that the element has told its page. */
export function toldIn(page: Page): Promise<string[]> {
  return page.locator("#log li").allTextContents();
}
