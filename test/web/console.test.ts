import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { CREATE_API_KEY, type TestApi, makeIntent, newKey } from "../support/api";
import { describeWithBrowser } from "../support/browser";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";
import { START_MS, type TestConsole, WEB, startConsole, violationsOn } from "./console-browser";
import { type ConsoleWorld, makeConsoleWorld, makeLetters } from "./console-world";

/* Every page of the console in a real browser: with something on it, with nothing, and when the API fails. */

const NARROW = 320;

interface Shown {
  /** Below the merchant's address. */
  readonly path: string;
  readonly seeded: string;
  /** What a merchant who has just begun reads here. */
  readonly empty?: string;
}

describeWithBrowser("the console", () => {
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

  const pages = (): Shown[] => [
    { path: "", seeded: "49.99 USD may or may not have moved.", empty: "every outcome is known" },
    { path: "payments", seeded: "order-1001", empty: "There are no payments yet." },
    { path: `payments/${world.paid}`, seeded: "Posted refund" },
    { path: "unknown", seeded: "charge at sandbox", empty: "it is known what came of it" },
    { path: "dead-letters", seeded: "503 × 2", empty: "Nothing waits here" },
    {
      path: "plans",
      seeded: "a dry run",
      empty: "Nobody has planned a replay.",
    },
    { path: `plans/${world.plan}`, seeded: "only they are sent, whatever has died since" },
    { path: `events/${world.event}`, seeded: "to all endpoints" },
    { path: `ledger/${world.account}`, seeded: "Entries, newest first" },
    { path: "deliveries", seeded: "204", empty: "No webhook matches." },
    { path: `deliveries/${world.letters[0] ?? ""}`, seeded: "timed out" },
    { path: "endpoints", seeded: receiver.url, empty: "nobody is told of events" },
    { path: `endpoints/${world.endpoint}`, seeded: "95 % answered within" },
    {
      path: "breaks",
      seeded: "a fee of 103 USD there",
      empty: "what processors say agree",
    },
    { path: `breaks/${world.break}`, seeded: "0.03 USD: debit processing fees" },
    { path: "ledger", seeded: "merchant balance", empty: "Nothing has been posted yet" },
    { path: "audit?action=WRITE", seeded: "sendTestWebhook", empty: "on record" },
  ];

  const open = (options?: Parameters<Browser["newContext"]>[0]) => here.open(options);
  const at = (where: string, merchant?: string) => here.at(where, merchant);
  const enter = (context: BrowserContext, key: string, address: string) =>
    here.enter(context, key, address);
  const expectShown = (page: Page, text: string) => here.expectShown(page, text);

  async function countReplays(of: string): Promise<number> {
    return (await api.db("webhook_deliveries").where({ replay_of: of })).length;
  }

  /** Of people who may refund and cancel, and nothing else. */
  async function supportKey(): Promise<string> {
    const scopes = ["payments:read", "payments:write"];
    const input = { kind: "RESTRICTED", name: "support", scopes };
    const made = await api.send({ query: CREATE_API_KEY, variables: { input, key: newKey() } });
    return made.data.createApiKey.secret as string;
  }

  /** Dead letters that have not been replayed. */
  const waiting = () => api.db("webhook_deliveries").where({ status: "DEAD", replayed_as: null });

  test("what a browser has to load is small", () => {
    const sizes = ["console.js", "console.css"].map(
      (name) => gzipSync(readFileSync(path.join(WEB, name))).length,
    );
    expect(sizes[0]! + sizes[1]!).toBeLessThanOrEqual(60 * 1_024);
  });

  test("every page shows what there is", async () => {
    const context = await open();
    const page = await enter(context, api.asPlatform.key, at(""));
    for (const { path: where, seeded } of pages()) {
      await page.goto(at(where));
      await expectShown(page, seeded);
      expect([where, await page.getByRole("alert").allTextContents()]).toEqual([where, []]);
    }
    await page.goto(`${api.server.url}/console`);
    await expectShown(page, api.merchant.id);
    await context.close();
  });

  test("every page is for all eyes: in both schemes, wide and on the narrowest telephone", async () => {
    const looks = [
      { colorScheme: "light", viewport: { width: 1_280, height: 800 } },
      { colorScheme: "dark", viewport: { width: NARROW, height: 640 } },
    ] as const;
    for (const look of looks) {
      // The page's policy would keep axe out, too.
      const context = await open({ ...look, bypassCSP: true });
      const page = await enter(context, api.asPlatform.key, at(""));
      for (const { path: where, seeded } of pages()) {
        await page.goto(at(where));
        await expectShown(page, seeded);
        const found = await violationsOn(page, "axe.run(document)");
        const width = await page.evaluate<number>("document.documentElement.scrollWidth");
        const isTooWide = width > look.viewport.width;
        expect([where, found, isTooWide]).toEqual([where, [], false]);
      }
      await context.close();
    }
  });

  test("where there is nothing, every page says what that means", async () => {
    const context = await open();
    const page = await enter(context, api.stranger.operatorKey, `${api.server.url}/console`);
    // Whoever has one merchant is at that merchant's address.
    await page.waitForURL(at("", api.stranger.id));
    for (const { path: where, empty } of pages()) {
      if (empty === undefined) continue;
      const filter = where.startsWith("audit") ? `&subject=${world.paid}` : "";
      await page.goto(at(where, api.stranger.id) + filter);
      await expectShown(page, empty);
    }
    for (const [where, text] of [
      [`payments/${world.paid}`, "no payment with this id"],
      [`deliveries/${world.letters[0] ?? ""}`, "no delivery with this id"],
      [`endpoints/${world.endpoint}`, "no endpoint with this id"],
      [`breaks/${world.break}`, "no break with this id"],
      [`plans/${world.plan}`, "no replay plan with this id"],
      [`events/${world.event}`, "no event with this id"],
      [`ledger/${world.account}`, "no ledger account with this id"],
      ["nowhere", "There is no such page."],
    ] as const) {
      await page.goto(at(where, api.stranger.id));
      await expectShown(page, text);
    }
    await page.goto(at("payments"));
    await expectShown(page, "This is a page of another merchant");
    await context.close();
  });

  test("when the API fails, every page says so, with the request to ask about, and recovers", async () => {
    const context = await open();
    const page = await enter(context, api.asPlatform.key, at(""));
    const failure = {
      message: "The database does not answer.",
      extensions: { code: "UNAVAILABLE", retryable: true, requestId: "req_of-the-failure" },
    };
    for (const { path: where, seeded } of pages()) {
      await context.route("**/console/graphql", (route) =>
        route.fulfill({ status: 200, json: { errors: [failure] } }),
      );
      await page.goto(at(where));
      const alert = page.getByRole("alert").first();
      await alert.getByText("req_of-the-failure").waitFor();
      expect(await alert.textContent()).toContain("The database does not answer.");
      await context.unroute("**/console/graphql");
      await waitFor("nothing to be left to try again", async () => {
        const again = page.getByRole("button", { name: "Try again" }).first();
        // What refreshes itself may have recovered in this moment.
        await again.click({ timeout: 1_000 }).catch(() => undefined);
        return (await again.count()) === 0;
      });
      await expectShown(page, seeded);
      await waitFor("no alert", async () => (await page.getByRole("alert").count()) === 0);
    }
    await context.close();
  });

  test("everything can be reached with the keyboard alone", async () => {
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, `${api.server.url}/console`);
    const { keyboard } = page;
    await expectShown(page, "What waits for you");
    await keyboard.press("g");
    await keyboard.press("p");
    await expectShown(page, "order-1001");
    await keyboard.press("j");
    await keyboard.press("j");
    await keyboard.press("k");
    await keyboard.press("Enter");
    await page.waitForURL(/payments\/pi_/);
    await expectShown(page, "Timeline");
    // What is behind a sentence.
    await keyboard.press("j");
    await keyboard.press("Enter");
    await page.locator("main pre").first().waitFor();
    await keyboard.press("/");
    await keyboard.type(`see ${world.letters[1] ?? ""}.`);
    await keyboard.press("Enter");
    await page.waitForURL(at(`deliveries/${world.letters[1] ?? ""}`));
    await keyboard.press("?");
    await page.getByRole("dialog").getByText("Keys").waitFor();
    await keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.goBack();
    await page.waitForURL(/payments\/pi_/);
    await context.close();
  });

  test("any id leads to its page, and anything else is looked for as a reference", async () => {
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at(""));
    const [attempt] = await api.db("attempts").where({ payment_intent_id: world.paid });
    const [refund] = await api.db("refunds").where({ payment_intent_id: world.paid });
    for (const [id, where] of [
      [world.paid, `payments/${world.paid}`],
      [attempt.id, `payments/${world.paid}`],
      [refund.id, `payments/${world.paid}`],
      [world.endpoint, `endpoints/${world.endpoint}`],
      [world.break, `breaks/${world.break}`],
      ["order-1002", "payments?reference=order-1002"],
    ] as const) {
      await page.goto(at(""));
      await expectShown(page, "What waits for you");
      await page.keyboard.press("/");
      await page.keyboard.type(id as string);
      await page.keyboard.press("Enter");
      await page.waitForURL(at(where));
    }
    await expectShown(page, "49.99 USD");
    await page.keyboard.press("/");
    await page.keyboard.type("att_00000000000000000000000000");
    await page.keyboard.press("Enter");
    await page.getByText("There is nothing with this id here.").waitFor();
    await context.close();
  });

  test("filters are in the address, and what is new waits until it is asked for", async () => {
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at("payments"));
    await page.getByLabel("Status").selectOption("REQUIRES_CAPTURE");
    await page.waitForURL(at("payments?status=REQUIRES_CAPTURE"));
    await expectShown(page, world.held);
    expect(await page.getByText(world.paid).count()).toBe(0);
    await page.clock.install();
    await page.goto(at("payments"));
    await expectShown(page, "order-1001");
    const { id } = await makeIntent(api);
    await page.clock.fastForward(16_000);
    await page.getByRole("button", { name: "Show 1 new" }).waitFor();
    expect(await page.getByText(id).count()).toBe(0);
    await page.getByRole("button", { name: "Show 1 new" }).click();
    await page.getByText(id).waitFor();
    await context.close();
  });

  test("a press whose answer is lost is repeated under its key, and done once", async () => {
    const context = await open();
    const [letter = ""] = world.letters.slice(2);
    const page = await enter(context, api.merchant.operatorKey, at(`deliveries/${letter}`));
    let lost = 0;
    const keys: string[] = [];
    await context.route("**/console/graphql", async (route) => {
      const { query, variables } = route.request().postDataJSON();
      if (!String(query).includes("replayWebhookDelivery")) return route.continue();
      keys.push(variables.key);
      if (lost > 0) return route.continue();
      lost += 1;
      await route.fetch();
      return route.abort();
    });
    await page.getByRole("button", { name: "Replay" }).click();
    await page.getByText("Replayed as").waitFor();
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(await countReplays(letter)).toBe(1);
    await context.close();
  });

  test("letters are chosen with x, and sent only once their number is typed", async () => {
    const letters = await makeLetters(api, world.endpoint, 2);
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at("dead-letters"));
    await expectShown(page, letters[0] ?? "");
    // Past the groups, to the rows.
    await page.getByRole("link", { name: letters[0] ?? "" }).focus();
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByRole("button", { name: "Replay 2 selected" }).press("Enter");
    const dialog = page.getByRole("dialog");
    const send = dialog.getByRole("button", { name: "Replay 2 selected" });
    await dialog.getByLabel("to confirm").fill("3");
    expect(await send.isDisabled()).toBe(true);
    await dialog.getByLabel("to confirm").fill("2");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    for (const letter of letters) expect(await countReplays(letter)).toBe(1);
    await context.close();
  });

  test("a plan sends what was counted when it was made, and nothing that died since", async () => {
    await makeLetters(api, world.endpoint, 2);
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at("dead-letters"));
    await page.getByRole("button", { name: "Plan a replay of all that match" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("the shop is back");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/plans\/rpl_/);
    const plan = await api.db("replay_plans").orderBy("id", "desc").first();
    await makeLetters(api, world.endpoint, 1);
    const start = page.getByRole("button", { name: "Start" });
    await start.click();
    expect(await dialog.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
    const counted: number = plan.letters;
    expect(counted).toBe((await waiting()).length - 1);
    await dialog.getByLabel("to confirm").fill(String(counted));
    await dialog.getByRole("button", { name: "Start" }).click();
    await page.getByText(`of ${String(counted)}`).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByRole("button", { name: "Cancel the plan" }).click();
    await dialog.getByRole("button", { name: "Cancel the plan" }).click();
    await page.locator(".headline").getByText("canceled").waitFor();
    const log = await api.db("audit_log").where({ subject_id: plan.id, action: "WRITE" });
    expect(log.map(({ operation }) => operation as string).sort()).toEqual([
      "cancelReplayPlan",
      "createReplayPlan",
      "pauseReplayPlan",
      "startReplayPlan",
    ]);
    await context.close();
  });

  test("an unknown outcome is resolved by its amount and a reason; who comes second sees the first", async () => {
    const context = await open();
    const page = await enter(context, api.asPlatform.key, at("unknown"));
    const second = await context.newPage();
    await second.goto(at("unknown"));
    const attemptOf = async () =>
      (await api.db("attempts").where({ payment_intent_id: world.unknown }))[0];
    const ask = async (one: Page): Promise<void> => {
      await one.getByRole("button", { name: "Resolve" }).click();
      const dialog = one.getByRole("dialog");
      await dialog.getByLabel("succeeded:").check();
      await dialog.getByLabel("Even if").check();
      await dialog.getByLabel("Reason").fill("seen in the processor's dashboard");
      await dialog.getByLabel("to confirm").fill("49.99");
    };
    await Promise.all([ask(page), ask(second)]);
    const press = (one: Page) =>
      one.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
    // Whoever comes second still sees what they saw when they began.
    await second.route("**/console/graphql", (route) =>
      /resolveUnknown/.test(route.request().postData() ?? "") ? route.continue() : route.abort(),
    );
    await press(page);
    await expectShown(page, "it is known what came of it");
    expect((await attemptOf()).status).toBe("SUCCEEDED");
    await press(second);
    await second.getByRole("dialog").getByRole("alert").getByText("INVALID_STATE").waitFor();
    const log = await api
      .db("audit_log")
      .where({ operation: "resolveUnknownAttempt", action: "WRITE" });
    expect(log.map(({ outcome }) => outcome as string).sort()).toEqual(["REFUSED", "SUCCEEDED"]);
    await context.close();
  });

  test("a payment is canceled with a reason", async () => {
    const { id } = await makeIntent(api);
    const context = await open();
    const page = await enter(context, await supportKey(), at(`payments/${id}`));
    await page.getByRole("button", { name: "Cancel the payment" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").selectOption("FRAUDULENT");
    await dialog.getByRole("button", { name: "Cancel the payment" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator(".facts").getByText("fraudulent").waitFor();
    await context.close();
  });

  test("money goes back once its amount is typed, with a key that may do it", async () => {
    const context = await open();
    const page = await enter(context, await supportKey(), at(`payments/${world.paid}`));
    await page.getByRole("button", { name: "Refund" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("100.00 USD, all that can still be refunded").waitFor();
    await dialog.getByLabel("to confirm").fill("100.00");
    await dialog.getByRole("button", { name: "Refund" }).click();
    await dialog.waitFor({ state: "detached" });
    const refunds = await api.db("refunds").where({ payment_intent_id: world.paid });
    expect(refunds.map(({ amount }) => Number(amount)).sort()).toEqual([10_000, 2_550]);
    // The page is live: what workers do next appears by itself.
    await api.drain();
    await page.locator("main").getByText("The refund of 10000 USD was approved.").waitFor();
    await context.close();
  });

  test("an endpoint is tested, paused and resumed, and its new secret is shown once", async () => {
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at(`endpoints/${world.endpoint}`));
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("Sent as whd_").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await dialog.getByLabel("Reason").fill("maintenance");
    await dialog.getByRole("button", { name: "Pause" }).click();
    await expectShown(page, "maintenance");
    await page.getByRole("button", { name: "Resume" }).click();
    await dialog.getByRole("button", { name: "Resume" }).click();
    await page.locator(".headline").getByText("enabled").waitFor();
    await page.getByRole("button", { name: "Rotate the secret" }).click();
    await dialog.getByRole("button", { name: "Rotate the secret" }).click();
    await expectShown(page, "whsec_");
    await api.drain();
    await context.close();
  });

  test("when a session ends, whoever signs in again is where they were", async () => {
    const context = await open();
    const page = await enter(context, api.merchant.operatorKey, at("payments"));
    await expectShown(page, "order-1001");
    await api.db("console_sessions").del();
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await page.getByText("Your session has ended.").waitFor();
    await page.getByLabel("Operator key").fill("ok_not_a_key");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("This is not a live API key.").waitFor();
    await page.getByLabel("Operator key").fill(api.merchant.operatorKey);
    await page.keyboard.press("Enter");
    await expectShown(page, "merchant balance");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Operator key").waitFor();
    expect(await context.cookies()).toEqual([]);
    await context.close();
  });
});
