import type { BrowserContext, Page, Response, Route } from "playwright-core";
import { describeWithBrowser } from "../support/browser";
import { clearCommands } from "../support/npm-start";
import { waitFor } from "../support/wait-for";
import {
  type DemoShop,
  choose,
  openDemoShop,
  openTab,
  pay,
  payAtOnce,
  paymentId,
  screen,
  toldIn,
} from "./demo-shop";

/*
 * The checkout in a real browser, in front of real processes: whatever a shopper does, and whatever happens to the page,
 * the network and the API, the card network's own books show what was wanted, once.
 */

const PAID = ["capture 4200"];

describeWithBrowser("the checkout", () => {
  let shop: DemoShop;
  let shopper: BrowserContext;

  beforeAll(async () => {
    shop = await openDemoShop();
    await shop.setLatency(50);
  }, 240_000);
  beforeEach(async () => {
    shopper = await shop.newShopper({ viewport: { width: 320, height: 640 } });
  });
  afterEach(async () => {
    // The payment may be decided while a repeat of its confirmation is still on its way.
    for (const page of shopper.pages()) await page.unrouteAll({ behavior: "ignoreErrors" });
    await shopper.close();
    await shop.setLatency(50);
  });
  afterAll(async () => {
    const violations = await shop.audit();
    await shop.browser.close();
    await clearCommands();
    expect(violations).toEqual([]);
    // In all that was done here, no page of ours has asked another host for anything, or tried what its policy forbids.
    expect(shop.misdeeds()).toEqual({ violations: [], strangers: [], errors: [] });
  }, 120_000);

  const open = (context = shopper): Promise<Page> => openTab(context, shop.home);
  const moved = async (page: Page): Promise<string[]> => shop.movedFor(await paymentId(page));
  const isConfirm = (route: Route): boolean =>
    (route.request().postData() ?? "").includes("mutation confirmPaymentIntent");

  test("a card that works is charged once, and the page is told by a stream", async () => {
    const isStream = (response: Response): boolean =>
      (response.headers()["content-type"] ?? "").startsWith("text/event-stream");
    const stream = shopper.waitForEvent("response", { predicate: isStream });
    const page = await open();
    expect((await stream).status()).toBe(200);
    expect(await page.getByRole("status").innerText()).toContain("Pay $42.00");
    await pay(page);
    await screen(page, "succeeded");
    expect(await page.getByRole("status").innerText()).toContain("$42.00 was paid.");
    expect(await moved(page)).toEqual(PAID);
    const told = await toldIn(page);
    expect([told[0], told.at(-1)]).toEqual(["loading", "succeeded"]);
  });

  test("where something keeps streams back, the page asks, and nobody sees the difference", async () => {
    await shopper.route("**/graphql", async (route) => {
      const isStream = route.request().headers()["accept"] === "text/event-stream";
      if (isStream) await route.fulfill({ status: 200, body: "a proxy's own words" });
      else await route.continue();
    });
    const page = await open();
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
    expect((await toldIn(page)).join()).not.toContain("not certain");
  });

  test("a decline says why, and another card pays", async () => {
    const page = await open();
    await choose(page, "chargeDeclinedInsufficientFunds");
    await pay(page);
    await page.getByText("there is not enough money on it").waitFor();
    expect(await moved(page)).toEqual([]);
    await choose(page, "mastercard");
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });

  test("a decline for good is the end, also after a reload", async () => {
    const page = await open();
    await choose(page, "chargeDeclinedStolenCard");
    await pay(page);
    await screen(page, "failed");
    await page.reload();
    await screen(page, "failed");
    expect(await page.locator('button[part="pay"]').isVisible()).toBe(false);
    expect(await moved(page)).toEqual([]);
  });

  test("3-D Secure: the whole window goes to the bank, and comes back to a payment that is made", async () => {
    const page = await open();
    await choose(page, "threeDSecureRequired");
    await pay(page);
    await page.getByRole("button", { name: "Complete" }).click();
    await screen(page, "succeeded");
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/checkout");
    expect(await moved(page)).toEqual(PAID);
  });

  test("3-D Secure failed: what the address says on the return counts for nothing", async () => {
    const page = await open();
    await choose(page, "threeDSecureRequired");
    await pay(page);
    await page.getByRole("button", { name: "Fail" }).waitFor();
    const bank = page.url();
    await page.goto(`${shop.home}/checkout?redirect_status=succeeded`);
    await screen(page, "action");
    expect(await moved(page)).toEqual([]);
    await page.goto(bank);
    await page.getByRole("button", { name: "Fail" }).click();
    await page.getByText("Your bank could not confirm that it was you.").waitFor();
    await page.goto(`${shop.home}/checkout?redirect_status=succeeded`);
    await screen(page, "choose");
    expect(await moved(page)).toEqual([]);
    await choose(page, "visa");
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });

  test("3-D Secure in a tab that is closed: another tab shows the way to the bank", async () => {
    const closed = await open();
    await choose(closed, "threeDSecureRequired");
    await pay(closed);
    await closed.getByRole("button", { name: "Complete" }).waitFor();
    await closed.close();
    const page = await open();
    await screen(page, "action");
    await page.getByRole("link", { name: "Continue to your bank" }).click();
    await page.getByRole("button", { name: "Complete" }).click();
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });

  test("a shop can stop the way to the bank, and go it later itself", async () => {
    const page = await open();
    await page.evaluate(
      `document.addEventListener("oncepay-redirect", (event) => event.preventDefault(), { once: true })`,
    );
    await choose(page, "threeDSecureRequired");
    await pay(page);
    await screen(page, "action");
    expect(page.url()).toBe(`${shop.home}/checkout`);
    await page.getByRole("link", { name: "Continue to your bank" }).click();
    await page.getByRole("button", { name: "Complete" }).click();
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });

  test("a double click, and a program that confirms as often as it can, are one charge", async () => {
    const page = await open();
    await page.evaluate(`{
      const element = document.querySelector("oncepay-checkout");
      const button = element.shadowRoot.querySelector("button");
      button.click(); button.click();
      for (let times = 0; times < 20; times += 1) element.confirm();
      button.click();
    }`);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
    const again = await open();
    await again.locator("[data-screen=succeeded]").waitFor();
    await again.evaluate(`document.querySelector("oncepay-checkout").confirm()`);
    expect(await moved(again)).toEqual(PAID);
  });

  test("three tabs that pay at the same moment are one charge, and all of them say so", async () => {
    const first = await open();
    const tabs = [first, await open(), await open()];
    expect(new Set(await Promise.all(tabs.map(paymentId))).size).toBe(1);
    await payAtOnce(tabs);
    await Promise.all(tabs.map((tab) => screen(tab, "succeeded")));
    expect(await moved(first)).toEqual(PAID);
  });

  test("three tabs with three cards are one attempt: the first decides, and the others watch", async () => {
    const tabs = [await open(), await open(), await open()];
    const cards = ["visa", "mastercard", "chargeDeclinedStolenCard"];
    await Promise.all(tabs.map((tab, index) => choose(tab, cards[index] ?? "")));
    await payAtOnce(tabs);
    await Promise.all(
      tabs.map((tab) => tab.locator("[data-screen=succeeded], [data-screen=failed]").waitFor()),
    );
    const [first] = tabs as [Page];
    expect(await attemptsOf(first)).toBe(1);
    const paid = await first.locator("[data-screen=succeeded]").isVisible();
    expect(await moved(first)).toEqual(paid ? PAID : []);
    const shown = await Promise.all(tabs.map((tab) => tab.getByRole("status").innerText()));
    expect(new Set(shown).size).toBe(1);
  });

  test("a confirmation from before a decline that arrives after it starts no second try", async () => {
    const late = await open();
    const other = await open();
    const held = await hold(late);
    await pay(late);
    await waitFor("the confirmation", () => held.length === 1);
    await choose(other, "chargeDeclinedInsufficientFunds");
    await pay(other);
    await other.getByText("there is not enough money on it").waitFor();
    await held[0]?.continue();
    await late.unroute("**/graphql");
    await late.getByText("there is not enough money on it").waitFor();
    expect([await attemptsOf(late), await moved(late)]).toEqual([1, []]);
    // What the shopper then decides, knowing that, is another matter.
    await pay(late);
    await Promise.all([screen(late, "succeeded"), screen(other, "succeeded")]);
    expect(await moved(late)).toEqual(PAID);
  });

  /** Keeps a page's confirmations back; the test decides what becomes of them. */
  async function hold(page: Page): Promise<Route[]> {
    const held: Route[] = [];
    await page.route("**/graphql", async (route) => {
      if (isConfirm(route)) held.push(route);
      else await route.continue();
    });
    return held;
  }

  async function attemptsOf(page: Page): Promise<number> {
    return (await shop.attemptsOf(await paymentId(page))).length;
  }

  test("a reload in the middle of paying goes on with the same payment", async () => {
    await shop.setLatency(1_500);
    const page = await open();
    await pay(page);
    await page.reload();
    await page.locator("[data-screen]:not([data-screen=loading])").waitFor();
    // The request may have been broken off with the page; then the button is there again, and has the same key.
    // Either way it is pressed: where the payment goes on already, a press changes nothing.
    await page.locator('button[part="pay"]').dispatchEvent("click");
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
    expect(await attemptsOf(page)).toBe(1);
  });

  test("an API that is killed while the page watches: still checking, never failed, and then the outcome", async () => {
    await shop.setLatency(1_500);
    const page = await open();
    const confirmed = page.waitForEvent("requestfinished", (request) =>
      (request.postData() ?? "").includes("mutation confirmPaymentIntent"),
    );
    await pay(page);
    await screen(page, "processing");
    // Not while it still asks: that would be another story.
    await confirmed;
    // It is started again each time; at some moment the page has to notice.
    await waitFor("the page to notice", async () => {
      shop.killApi();
      return page.getByText("Still checking").isVisible();
    });
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
    const told = await toldIn(page);
    expect(told).toContain("processing, not certain");
    expect(told.filter((line) => /failed|choose|unavailable/.test(line))).toEqual(["choose"]);
  });

  test("a browser that loses its network says that it is still checking, and goes on when it is back", async () => {
    const page = await open();
    await shopper.setOffline(true);
    await page.getByText("Still checking").waitFor();
    const button = page.locator('button[part="pay"]');
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    await button.click({ force: true });
    await shopper.setOffline(false);
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });

  test("an answer that is lost, every time, is found out by asking", async () => {
    const page = await open();
    await page.route("**/graphql", async (route) => {
      if (isConfirm(route)) {
        await route.fetch();
        await route.abort("connectionreset");
      } else await route.continue();
    });
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
    expect(await attemptsOf(page)).toBe(1);
    expect((await toldIn(page)).join()).not.toContain("failed");
  });

  test("a request that never arrives is not called a failure, and can be repeated", async () => {
    const page = await open();
    await page.route("**/graphql", async (route) => {
      if (isConfirm(route)) await route.abort("connectionreset");
      else await route.continue();
    });
    await pay(page);
    await page.getByText("has not gone through so far").waitFor();
    expect(await moved(page)).toEqual([]);
    await page.unroute("**/graphql");
    await pay(page);
    await screen(page, "succeeded");
    expect(await moved(page)).toEqual(PAID);
  });
});
