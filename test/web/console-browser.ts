import { readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ensureBuilt } from "../attack/built";
import { type TestApi, startTestApi } from "../support/api";
import { type Misdeeds, launchBrowser, watchContext } from "../support/browser";
import { waitFor } from "../support/wait-for";
import { WORLD_SETTINGS } from "./console-world";

/** What browsers get is in dist; Jest runs the sources. */
export const WEB = path.resolve(__dirname, "../../dist/web");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with the page: the rule, and where. */
export async function violationsOn(page: Page, run: string): Promise<unknown[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>(run);
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

/** How long it may take until the sources are built and what the pages show is there, ms. */
export const START_MS = 240_000;

/** The console of an installation of its own, in a browser. */
export interface TestConsole {
  readonly api: TestApi;
  readonly here: ReturnType<typeof consoleIn>;
  /** Expects that no page has done what none may do. */
  readonly stop: () => Promise<void>;
}

export async function startConsole(): Promise<TestConsole> {
  await ensureBuilt();
  const [api, browser] = await Promise.all([startTestApi(WORLD_SETTINGS), launchBrowser()]);
  const watched: Misdeeds[] = [];
  return {
    api,
    here: consoleIn(api, browser, watched),
    async stop() {
      await browser.close();
      await api.stop();
      const of = (kind: keyof Misdeeds) => watched.flatMap((one) => one[kind]);
      expect([of("violations"), of("strangers"), of("errors")]).toEqual([[], [], []]);
    },
  };
}

/** What a person does there. What its pages did that none may do is in `watched`. */
function consoleIn(api: TestApi, browser: Browser, watched: Misdeeds[]) {
  return {
    async open(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
      const context = await browser.newContext(options);
      watched.push(await watchContext(context, { home: api.server.url, bank: "none:" }));
      await context.route("**/console/assets/*", (route) =>
        route.fulfill({ path: path.join(WEB, path.basename(route.request().url())) }),
      );
      return context;
    },

    at: (where: string, merchant = api.merchant.id): string =>
      [`${api.server.url}/console/${merchant}`, where].filter((part) => part !== "").join("/"),

    async enter(context: BrowserContext, key: string, address: string): Promise<Page> {
      const page = await context.newPage();
      await page.goto(address);
      await page.getByLabel("Operator key").fill(key);
      await page.keyboard.press("Enter");
      await page.getByRole("navigation", { name: "Pages" }).waitFor();
      return page;
    },

    async expectShown(page: Page, text: string): Promise<void> {
      await page.locator("main").getByText(text).first().waitFor();
      await waitFor("all to be loaded", async () => (await page.locator(".loading").count()) === 0);
    },
  };
}
