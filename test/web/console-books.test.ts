import type { BrowserContext, Page } from "playwright-core";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { CREATE_API_KEY, type TestApi, makePaid, newKey } from "../support/api";
import { aBreak } from "../support/breaks";
import { describeWithBrowser } from "../support/browser";
import { START_MS, type TestConsole, startConsole, violationsOn } from "./console-browser";
import { makeFeeBreak } from "./console-world";

/* What the console says and does when the books are not right: breaks, and the banner above every page. */

describeWithBrowser("the console, when the books are not right", () => {
  let api: TestApi;
  let here: TestConsole["here"];
  let stop: TestConsole["stop"];
  let paid: string;

  beforeAll(async () => {
    ({ api, here, stop } = await startConsole());
    ({ id: paid } = await makePaid(api, { amount: 2_500 }));
  }, START_MS);
  afterAll(async () => {
    await api.drain();
    await stop();
  }, 120_000);

  const breakOf = async (id: string) =>
    (await api.db("reconciliation_breaks").where({ id }))[0] as Readonly<Record<string, unknown>>;
  const recorded = (id: string) =>
    api
      .db("audit_log")
      .where({ subject_id: id, operation: "resolveReconciliationBreak", action: "WRITE" })
      .orderBy("id");
  const banner = (page: Page) => page.getByRole("alert").getByText("The books do not balance.");

  /** What the page asks for the banner, since it was opened. */
  function countTrials(context: BrowserContext): () => number {
    let asked = 0;
    context.on("request", (request) => {
      if (/trialBalance|IMBALANCE/.test(request.postData() ?? "")) asked += 1;
    });
    return () => asked;
  }

  test("a break is found by its filters, explained, and corrected once its amount is typed, by keyboard", async () => {
    const id = await makeFeeBreak(api, paid);
    await aBreak(api.db, api.merchant.id, { kind: "TIMING", detail: "no line yet" });
    const context = await here.open();
    const page = await here.enter(context, api.asPlatform.key, here.at(""));
    const { keyboard } = page;
    await here.expectShown(page, "oldest for");
    await keyboard.press("g");
    await keyboard.press("b");
    await here.expectShown(page, "no line yet");
    await page.getByLabel("Kind").selectOption("FEE");
    await page.waitForURL(/breaks\?kind=FEE$/);
    await here.expectShown(page, "a fee of 103 USD there");
    expect(await page.getByText("no line yet").count()).toBe(0);
    // Away from the field, whose keys are its own.
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("j");
    await keyboard.press("Enter");
    await page.waitForURL(here.at(`breaks/${id}`));
    const dialog = page.getByRole("dialog");

    await page.getByRole("button", { name: "Explain" }).press("Enter");
    await dialog.getByText("It stays open, and no money moves.").waitFor();
    expect(await dialog.getByLabel("to confirm").count()).toBe(0);
    await dialog.getByLabel("Who sees to it").fill("treasury");
    await dialog.getByLabel("Reason").fill("their new price list");
    await dialog.getByRole("button", { name: "Explain" }).press("Enter");
    await page.locator(".headline").getByText("explained").waitFor();
    expect(await breakOf(id)).toMatchObject({ status: "EXPLAINED", owner: "treasury" });

    await page.getByRole("button", { name: "Post the correction" }).press("Enter");
    await dialog.getByText("debit processing fees, credit processor receivable").waitFor();
    const post = dialog.getByRole("button", { name: "Post the correction" });
    await dialog.getByLabel("Reason").fill("as announced");
    await dialog.getByLabel("to confirm").fill("3");
    expect(await post.isDisabled()).toBe(true);
    await dialog.getByLabel("to confirm").fill("0.03");
    await keyboard.press("Enter");
    await page.locator(".headline").getByText("resolved").waitFor();
    await here.expectShown(page, "corrected");
    const { status, journal_id: journal } = await breakOf(id);
    expect([status, typeof journal]).toEqual(["RESOLVED", "string"]);
    expect((await recorded(id)).map(({ outcome, details }) => [outcome, details.reason])).toEqual([
      ["SUCCEEDED", "their new price list"],
      ["SUCCEEDED", "as announced"],
    ]);
    await page.goto(here.at("breaks?status=RESOLVED"));
    await here.expectShown(page, "a fee of 103 USD there");
    await context.close();
  });

  test("of two who resolve a break at once, the second is told that it is over", async () => {
    const id = await makeFeeBreak(api, paid);
    const context = await here.open();
    const page = await here.enter(context, api.asPlatform.key, here.at(`breaks/${id}`));
    const second = await context.newPage();
    await second.goto(here.at(`breaks/${id}`));
    for (const one of [page, second]) {
      await one.getByRole("button", { name: "Dismiss" }).click();
      const dialog = one.getByRole("dialog");
      await dialog.getByText("Nothing is posted").waitFor();
      await dialog.getByLabel("Reason").fill("below what is looked into");
      await dialog.getByLabel("to confirm").fill("0.03");
    }
    await second.route("**/console/graphql", (route) =>
      /resolveReconciliation/.test(route.request().postData() ?? "")
        ? route.continue()
        : route.abort(),
    );
    const press = (one: Page) =>
      one.getByRole("dialog").getByRole("button", { name: "Dismiss" }).click();
    await press(page);
    await page.locator(".headline").getByText("resolved").waitFor();
    await press(second);
    await second.getByRole("dialog").getByRole("alert").getByText("INVALID_STATE").waitFor();
    const outcomes = (await recorded(id)).map(({ outcome }) => outcome as string);
    expect(outcomes.sort()).toEqual(["REFUSED", "SUCCEEDED"]);
    await context.close();
  });

  test("who may only read sees a break and what it takes to resolve it", async () => {
    const id = await makeFeeBreak(api, paid);
    const context = await here.open();
    const page = await here.enter(context, api.merchant.operatorKey, here.at(`breaks/${id}`));
    await here.expectShown(page, "takes the key of an operator of the installation");
    expect(await page.getByRole("button", { name: /Explain|Dismiss|Post/ }).count()).toBe(0);
    await context.close();
  });

  test("while debits and credits differ, every page of the merchant says so, and asks for it once", async () => {
    const account = { merchant_id: api.merchant.id, kind: "MERCHANT_BALANCE", currency: "USD" };
    const { id } = await api.db("ledger_accounts").where(account).first<{ id: string }>("id");
    const lie = { merchant_id: api.merchant.id, account_id: id, before: "2000-01-01" };
    const context = await here.open();
    const page = await here.enter(context, api.merchant.operatorKey, here.at(""));
    await here.expectShown(page, "Balanced in");
    expect(await banner(page).count()).toBe(0);
    await api.db("balance_snapshots").insert({
      ...lie,
      ...{ debits: 500, credits: 0, pending_debits: 0, pending_credits: 0 },
    });
    try {
      const asked = countTrials(context);
      const pages = ["", "payments", "unknown", "dead-letters", "plans", "deliveries", "endpoints"];
      for (const where of [...pages, "breaks", "ledger", "audit", "nowhere"]) {
        const before = asked();
        await page.goto(here.at(where));
        await banner(page).getByText("5.00 USD").waitFor();
        expect([where, await banner(page).count(), asked() - before]).toEqual([where, 1, 1]);
      }
      // From page to page it is not asked for anew.
      const before = asked();
      await page.keyboard.press("g");
      await page.keyboard.press("l");
      await here.expectShown(page, "merchant balance");
      expect([await banner(page).count(), asked() - before]).toEqual([1, 0]);

      for (const colorScheme of ["light", "dark"] as const) {
        // The page's policy would keep axe out, too.
        const look = { colorScheme, viewport: { width: 320, height: 640 }, bypassCSP: true };
        const narrow = await here.open(look);
        const shown = await here.enter(narrow, api.merchant.operatorKey, here.at("breaks"));
        await banner(shown).waitFor();
        expect(await violationsOn(shown, "axe.run(document)")).toEqual([]);
        const width = await shown.evaluate<number>("document.documentElement.scrollWidth");
        expect(width).toBeLessThanOrEqual(320);
        await narrow.close();
      }

      const input = { kind: "RESTRICTED", name: "support", scopes: ["payments:read"] };
      const made = await api.send({ query: CREATE_API_KEY, variables: { input, key: newKey() } });
      const other = await here.open();
      const others = countTrials(other);
      const secret = made.data.createApiKey.secret as string;
      const support = await here.enter(other, secret, here.at(`payments/${paid}`));
      await here.expectShown(support, "Timeline");
      expect([await banner(support).count(), others()]).toEqual([0, 0]);
      await other.close();
    } finally {
      // A superuser's way past the table's guard.
      await api.db.transaction(async (tx) => {
        await tx.raw("set local session_replication_role = replica");
        await tx("balance_snapshots").where(lie).delete();
      });
    }
    await page.goto(here.at("payments"));
    await here.expectShown(page, paid);
    expect(await banner(page).count()).toBe(0);
    await context.close();
  });

  test("for the whole installation, breaks are those of all, and an imbalance is a banner until it is resolved", async () => {
    const theirs = await aBreak(api.db, api.stranger.id, { detail: "of another merchant" });
    const id = await aBreak(api.db, PLATFORM_MERCHANT_ID, {
      ...{ kind: "IMBALANCE", source: "LEDGER", subjectId: "USD", ours: null, theirs: null },
      ...{ processor: null, reportId: null, proposal: null },
      detail: "debits less credits are 7 USD",
    });
    const context = await here.open();
    const page = await here.enter(context, api.asPlatform.key, `${api.server.url}/console`);
    await banner(page).getByText("debits less credits are 7 USD").waitFor();
    await page.getByRole("link", { name: "The breaks" }).click();
    await page.waitForURL(`${api.server.url}/console/breaks?kind=IMBALANCE`);
    await page.goto(`${api.server.url}/console/breaks`);
    await here.expectShown(page, "of another merchant");
    await page.keyboard.press("/");
    await page.keyboard.type(theirs);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${api.server.url}/console/breaks/${theirs}`);
    await here.expectShown(page, api.stranger.id);
    await page.goto(`${api.server.url}/console/breaks/${id}`);
    await page.getByRole("button", { name: "Dismiss" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("a drill");
    await dialog.getByRole("button", { name: "Dismiss" }).click();
    await page.locator(".headline").getByText("resolved").waitFor();
    await page.reload();
    await here.expectShown(page, "dismissed");
    expect(await banner(page).count()).toBe(0);
    await context.close();
  });
});
