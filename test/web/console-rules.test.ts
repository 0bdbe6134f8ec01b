import type { Page } from "playwright-core";
import { newId } from "../../src/ids";
import { type TestApi } from "../support/api";
import { describeWithBrowser } from "../support/browser";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";
import { START_MS, type TestConsole, startConsole } from "./console-browser";
import { type ConsoleWorld, makeConsoleWorld } from "./console-world";

/* What holds on every page of the console: its keys, its times, what it counts, and when it asks. */

/** After g: where it leads, and what the first row there opens. */
const LETTERS = [
  ["p", "payments", /\/payments\/pi_/],
  ["u", "unknown", /\/payments\/pi_/],
  ["d", "dead-letters", /\/dead-letters\?endpoint=we_/],
  ["r", "plans", /\/plans\/rpl_/],
  ["w", "deliveries", /\/deliveries\/whd_/],
  ["e", "endpoints", /\/endpoints\/we_/],
  ["b", "breaks", /\/breaks\/brk_/],
  ["l", "ledger", /\/ledger\/acct_/],
  ["a", "audit", undefined],
] as const;

describeWithBrowser("on every page of the console", () => {
  let api: TestApi;
  let receiver: TestReceiver;
  let world: ConsoleWorld;
  let here: TestConsole["here"];
  let stop: TestConsole["stop"];

  beforeAll(async () => {
    receiver = await startReceiver();
    ({ api, here, stop } = await startConsole());
    world = await makeConsoleWorld(api, receiver);
  }, START_MS);
  afterAll(async () => {
    await receiver.close();
    await stop();
  }, 120_000);

  const loaded = (page: Page) =>
    waitFor("all to be loaded", async () => (await page.locator(".loading").count()) === 0);

  test("g and a letter lead to each page, j to its first row, and Enter opens that", async () => {
    const context = await here.open();
    const page = await here.enter(context, api.asPlatform.key, here.at(""));
    const { keyboard } = page;
    for (const [letter, path, opens] of LETTERS) {
      await keyboard.press("g");
      await keyboard.press(letter);
      await page.waitForURL(here.at(path));
      await loaded(page);
      await keyboard.press("j");
      await keyboard.press("Enter");
      if (opens) await page.waitForURL(opens);
      else await page.locator("main pre").first().waitFor();
      await keyboard.press("g");
      await keyboard.press("o");
      await page.waitForURL(here.at(""));
    }
    await context.close();
  });

  test("j and k walk over what is no table, too", async () => {
    const context = await here.open();
    const page = await here.enter(context, api.asPlatform.key, here.at(""));
    const { keyboard } = page;
    const focused = () => page.locator("main [data-row]:focus").textContent();
    for (const where of ["", `deliveries/${world.letters[0] ?? ""}`]) {
      await page.goto(here.at(where));
      await loaded(page);
      const rows = await page.locator("main [data-row]").allTextContents();
      expect(rows.length).toBeGreaterThan(1);
      await keyboard.press("j");
      expect(await focused()).toBe(rows[0]);
      await keyboard.press("j");
      expect(await focused()).toBe(rows[1]);
      await keyboard.press("k");
      expect(await focused()).toBe(rows[0]);
    }
    await context.close();
  });

  test("times are the reader's own, and the tooltip has them in UTC", async () => {
    const timeZone = "Asia/Tokyo";
    const context = await here.open({ timezoneId: timeZone });
    const page = await here.enter(context, api.asPlatform.key, here.at("payments"));
    const time = page.locator("main time").first();
    const at = (await time.getAttribute("datetime")) ?? "";
    // Sweden writes times as the console does.
    const local = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    }).format(new Date(at));
    expect(await time.textContent()).toBe(local);
    expect(await time.getAttribute("title")).toBe(`${new Date(at).toISOString()} (UTC)`);
    await context.close();
  });

  test("nothing is asked while nobody looks", async () => {
    const context = await here.open();
    let asked = 0;
    context.on("request", (request) => {
      if (request.url().endsWith("/console/graphql")) asked += 1;
    });
    const page = await here.enter(context, api.asPlatform.key, here.at(""));
    await page.clock.install();
    await page.goto(here.at("payments"));
    await here.expectShown(page, "order-1001");
    const see = (state: string) =>
      page.evaluate(
        `Object.defineProperty(document, "visibilityState", { configurable: true, value: "${state}" })`,
      );
    await see("hidden");
    asked = 0;
    await page.clock.runFor(120_000);
    expect(asked).toBe(0);
    await see("visible");
    await page.clock.runFor(20_000);
    await waitFor("it to be asked again", () => asked > 0);
    await context.close();
  });

  test("counts stop at 1,000+, and a list has pages of 50", async () => {
    const [letter = ""] = world.letters;
    const [like] = await api.db("webhook_deliveries").where({ id: letter });
    const { merchant_id, endpoint_id, event_id } = like;
    const dead = { status: "DEAD", next_at: null, tries: 8, error_class: "TIMEOUT" };
    const rows = Array.from({ length: 1_001 }, () => ({
      ...{ merchant_id, endpoint_id, event_id, ...dead },
      id: newId("webhookDelivery"),
      replay_of: letter,
    }));
    await api.db.batchInsert("webhook_deliveries", rows, 500);
    const context = await here.open();
    const page = await here.enter(context, api.merchant.operatorKey, here.at(""));
    const card = page.locator(".card", { hasText: "Dead letters" });
    await card.getByText("1,000+").first().waitFor();
    await card.getByRole("link", { name: "Dead letters" }).click();
    await here.expectShown(page, "1,000+ letters");
    const shown = () => page.locator("main tbody tr a[data-row]").allTextContents();
    const first = await shown();
    expect(first).toHaveLength(50);
    await page.getByRole("link", { name: "Older" }).click();
    await page.waitForURL(/after=/);
    await loaded(page);
    await waitFor("the next page", async () => !(await shown()).includes(first[0] ?? ""));
    expect(await shown()).toHaveLength(50);
    await page.getByRole("link", { name: "Newer" }).click();
    await waitFor("the first page", async () => (await shown())[0] === first[0]);
    expect(await shown()).toEqual(first);
    await context.close();
    await api
      .db("webhook_deliveries")
      .whereIn(
        "id",
        rows.map(({ id }) => id),
      )
      .del();
  });
});
