import { accessSync, constants } from "node:fs";
import path from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";
import { PATIENCE_MS } from "./patience";

/** A real browser: Debian's Chromium, or a Chrome that is there anyway. */

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
const ELSEWHERE = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return [process.env["CHROME_PATH"] ?? "", ...candidates, ...ELSEWHERE].find(isProgram);
}

const found = findBrowser();

/**
 * For tests that need one. Without a browser they are skipped, and say so; where that must not happen, as in CI, the lack
 * of a browser is the failure.
 */
export function describeWithBrowser(name: string, tests: () => void): void {
  if (found !== undefined) {
    describe(name, tests);
    return;
  }
  const advice = "No Chromium or Chrome was found: apt-get install chromium, or set CHROME_PATH.";
  if (process.env["CI"]) {
    test(`${name}: there is a browser`, () => {
      throw new Error(advice);
    });
    return;
  }
  console.warn(`${name} is skipped. ${advice}`);
  describe.skip(name, tests);
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: found ?? "",
    // Chromium's own walls want an account that is not root's, and what it is shown here is ours.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
    timeout: PATIENCE_MS,
  });
}

/** What no page of ours may do, and did. */
export interface Misdeeds {
  readonly violations: string[];
  readonly strangers: string[];
  readonly errors: string[];
}

/** Watches every page of a context: what it asks of other hosts, what its policy stops, and what goes wrong in it. */
export async function watchContext(
  context: BrowserContext,
  { home, bank }: { readonly home: string; readonly bank: string },
): Promise<Misdeeds> {
  const misdeeds: Misdeeds = { violations: [], strangers: [], errors: [] };
  await context.exposeBinding("noteViolation", (_source, text: string) => {
    misdeeds.violations.push(text);
  });
  await context.addInitScript(NOTE_VIOLATIONS);
  context.on("request", (request) => {
    const url = request.url();
    if (url.startsWith(`${home}/`) || url.startsWith("data:")) return;
    // The way to the bank is the whole window's, and what the bank's page asks for is the bank's.
    const isBank = url.startsWith(`${bank}/`);
    const isWay = request.isNavigationRequest() && request.frame().parentFrame() === null;
    if (!isBank || !isWay) misdeeds.strangers.push(url);
  });
  const listen = (page: Page): void => {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => misdeeds.errors.push(error.message));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy|TrustedScript/i.test(text)) misdeeds.violations.push(text);
    });
  };
  context.on("page", listen);
  return misdeeds;
}

const NOTE_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  noteViolation(event.violatedDirective + " " + event.blockedURI));`;
