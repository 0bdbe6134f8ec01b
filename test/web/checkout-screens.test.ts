import { readFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { describeWithBrowser } from "../support/browser";
import { clearCommands } from "../support/npm-start";
import { type DemoShop, choose, openDemoShop, openTab, pay, paymentId, screen } from "./demo-shop";

/* What shoppers see and hear: every screen, for eyes, keyboards and screen readers, on the narrowest telephone. */

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTH = 320;

interface Findings {
  readonly passes: readonly unknown[];
  readonly violations: { readonly id: string; readonly nodes: { readonly html: string }[] }[];
}

describeWithBrowser("the checkout's screens", () => {
  let shop: DemoShop;
  let shopper: BrowserContext;

  beforeAll(async () => {
    shop = await openDemoShop();
    await shop.setLatency(50);
  }, 240_000);
  beforeEach(async () => {
    // The page's policy would keep axe out, too.
    shopper = await shop.newShopper({ viewport: { width: WIDTH, height: 640 }, bypassCSP: true });
  });
  afterEach(() => shopper.close());
  afterAll(async () => {
    const violations = await shop.audit();
    await shop.browser.close();
    await clearCommands();
    expect(violations).toEqual([]);
    expect(shop.misdeeds()).toEqual({ violations: [], strangers: [], errors: [] });
  }, 120_000);

  const open = (): Promise<Page> => openTab(shopper, shop.home);

  /** In both colour schemes; and nothing is wider than the window. */
  async function expectAccessible(page: Page, name: string): Promise<void> {
    await screen(page, name);
    await page.evaluate(AXE);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const { passes, violations } = await page.evaluate<Findings>("axe.run(document)");
      expect(passes.length).toBeGreaterThan(10);
      const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
      expect([name, colorScheme, found]).toEqual([name, colorScheme, []]);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(width).toBeLessThanOrEqual(WIDTH);
    }
  }

  test("from the choice to the receipt, with a decline and a bank in between", async () => {
    const page = await open();
    await expectAccessible(page, "choose");
    await choose(page, "chargeDeclinedInsufficientFunds");
    await pay(page);
    await page.getByText("there is not enough money on it").waitFor();
    await expectAccessible(page, "choose");
    await page.evaluate(
      `document.addEventListener("oncepay-redirect", (event) => event.preventDefault(), { once: true })`,
    );
    await choose(page, "threeDSecureRequired");
    await pay(page);
    await expectAccessible(page, "action");
    await page.getByRole("link", { name: "Continue to your bank" }).click();
    await page.getByRole("button", { name: "Complete" }).click();
    await expectAccessible(page, "succeeded");
  });

  /** With one of the page's own buttons, and no earlier than its payment is there. */
  async function order(page: Page, button: string): Promise<string> {
    const before = await paymentId(page);
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.waitForFunction(`![undefined, "${before}"].includes(
      document.querySelector("oncepay-checkout").paymentIntent?.id,
    )`);
    await screen(page, "choose");
    return paymentId(page);
  }

  test("while it is being made, while nobody answers, and what is declined for good", async () => {
    const page = await open();
    await page.route("**/graphql", (route) => route.abort("connectionreset"));
    await page.reload();
    await page.getByText("Still checking").waitFor();
    await expectAccessible(page, "loading");
    await page.unroute("**/graphql");
    await screen(page, "choose");
    await shop.setLatency(60_000);
    await choose(page, "chargeDeclinedStolenCard");
    await pay(page);
    await expectAccessible(page, "processing");
    await shop.setLatency(50);
    await order(page, "New order");
    await choose(page, "chargeDeclinedStolenCard");
    await pay(page);
    await expectAccessible(page, "failed");
  });

  test("reserved, canceled, and a payment that is not theirs", async () => {
    const page = await open();
    const reserved = await order(page, "New order, charged later");
    await pay(page);
    await expectAccessible(page, "authorized");
    expect(await shop.movedFor(reserved)).toEqual(["authorize 4200"]);

    const canceled = await order(page, "New order");
    await shop.backend.cancelPaymentIntent({ paymentIntentId: canceled });
    // Without any doing of the shopper's.
    await expectAccessible(page, "canceled");

    await page.evaluate(`{
      const element = document.querySelector("oncepay-checkout");
      element.payment = { ...element.payment, paymentIntentId: "${reserved}" };
    }`);
    await expectAccessible(page, "unavailable");
  });

  test("a payment that is to be confirmed has its card already, and needs no choice", async () => {
    const { paymentIntent } = await shop.backend.createPaymentIntent({
      amount: 1_250,
      currency: "KWD",
      paymentMethod: "pm_card_visa",
    });
    const { id: paymentIntentId, clientSecret } = paymentIntent;
    const page = await open();
    await page.evaluate(`{
      const element = document.querySelector("oncepay-checkout");
      element.replaceChildren();
      element.paymentMethod = undefined;
      element.payment = { ...element.payment, ...${JSON.stringify({ paymentIntentId, clientSecret })} };
    }`);
    await expectAccessible(page, "ready");
    // Three decimal places, and a language's own way.
    expect(await page.getByRole("status").innerText()).toMatch(/KWD\s1\.250/);
    await pay(page);
    await screen(page, "succeeded");
    expect(await shop.movedFor(paymentIntentId)).toEqual(["capture 1250"]);
  });

  test("a keyboard is enough, and the focus is never lost", async () => {
    const page = await open();
    const focused = (): Promise<string> =>
      page.evaluate<string>(`(() => {
        const active = document.activeElement;
        return (active.shadowRoot?.activeElement ?? active).outerHTML;
      })()`);
    await page.locator("input:checked").focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    expect(await focused()).toContain("chargeDeclinedInsufficientFunds");
    await page.keyboard.press("Tab");
    expect(await focused()).toContain('part="pay"');
    await page.keyboard.press("Enter");
    await page.getByText("there is not enough money on it").waitFor();
    // Where the news is: the button that had it was gone for a while.
    expect(await focused()).toContain('part="title"');
    expect(await page.getByRole("status").getAttribute("aria-live")).toBeNull();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    expect(await focused()).toContain("pm_card_mastercard");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await screen(page, "succeeded");
    expect(await focused()).toContain('part="title"');
  });

  test("a focus that is elsewhere is left there", async () => {
    const page = await open();
    await page.locator("#now").focus();
    await page.evaluate(`document.querySelector("oncepay-checkout").confirm()`);
    await screen(page, "succeeded");
    expect(await page.evaluate("document.activeElement.id")).toBe("now");
  });

  test("texts are the shop's, and a button may be card and payment in one", async () => {
    const page = await open();
    await page.evaluate(`{
      const element = document.querySelector("oncepay-checkout");
      element.closest("[lang]").lang = "fr";
      element.texts = { screens: { succeeded: { title: "Merci" } }, pay: "Payer {amount}" };
      const button = document.createElement("button");
      button.value = "pm_card_mastercard";
      button.textContent = "Ma Mastercard";
      element.replaceChildren(button);
    }`);
    expect(await page.locator('button[part="pay"]').innerText()).toMatch(/^Payer 42,00\s\$/);
    await page.getByRole("button", { name: "Ma Mastercard" }).click();
    await page.getByRole("heading", { name: "Merci" }).waitFor();
    expect(await shop.movedFor(await paymentId(page))).toEqual(["capture 4200"]);
    const { paymentMethod } = (await shop.backend.paymentIntent({ id: await paymentId(page) }))!;
    expect(paymentMethod).toBe("pm_card_mastercard");
  });

  test("no secret is in the page, its address, its storage, or what the element tells", async () => {
    const page = await open();
    await page.evaluate(`{
      window.heard = [];
      document.addEventListener("oncepay-state", ({ detail }) => heard.push(JSON.stringify(detail)));
    }`);
    await choose(page, "threeDSecureRequired");
    await pay(page);
    await page.getByRole("button", { name: "Complete" }).click();
    await screen(page, "succeeded");
    const id = await paymentId(page);
    const { clientSecret } = (await shop.backend.paymentIntent({ id }))!;
    expect(clientSecret).toBeTruthy();
    const shown = await page.evaluate<string>(`[
      document.documentElement.outerHTML,
      document.querySelector("oncepay-checkout").shadowRoot.innerHTML,
      JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href,
      String(window.heard),
    ].join("\\n")`);
    for (const secret of [clientSecret ?? "", shop.state.secretKey, shop.state.publishableKey]) {
      expect(shown).not.toContain(secret);
    }
    const source = await (await fetch(`${shop.home}/checkout/assets/checkout.js`)).text();
    expect(source).not.toMatch(/sk_test|pk_test/);
  });
});
