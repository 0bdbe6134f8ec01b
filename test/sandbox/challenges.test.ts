import { startTestNetwork, type TestNetwork } from "./network";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterAll(() => network.close());

async function challenge(reference: string, overrides: object = {}): Promise<string> {
  const source = "pm_card_threeDSecureRequired";
  const { body } = await network.charge(reference, { source, ...overrides });
  expect(body.status).toBe("requires_action");
  const lifetimeMs = Date.parse(body.expires_at) - Date.now();
  expect(lifetimeMs).toBeGreaterThan(14 * 60_000);
  expect(body.redirect_url.startsWith(`${network.url}/3ds/`)).toBe(true);
  expect(await network.movements(reference)).toEqual([]);
  return new URL(body.redirect_url).pathname;
}

test("moves the money once the shopper has completed it, and only once", async () => {
  const path = await challenge("tds_ok");
  const page = await network.get(path);
  expect(page.body).toContain("$10.00");
  expect(page.body).toContain(`formaction="${path}/complete"`);
  await Promise.all([1, 2, 3].map(() => network.post(`${path}/complete`)));
  await network.post(`${path}/fail`);
  expect(await network.movements("tds_ok")).toHaveLength(1);
  expect((await network.lookUp("tds_ok")).body).toMatchObject({ status: "succeeded", fee: 59 });
  expect((await network.get(path)).body).toContain("Payment confirmed");
});

test("declines softly when the shopper fails it", async () => {
  const path = await challenge("tds_fail");
  await network.post(`${path}/fail`);
  await network.post(`${path}/complete`);
  const { body } = await network.lookUp("tds_fail");
  expect(body).toMatchObject({ status: "declined", code: "authentication_failed" });
  expect(body.advice_code).not.toBe("do_not_try_again");
  expect(await network.movements("tds_fail")).toEqual([]);
});

test("returns the shopper with the outcome", async () => {
  const return_url = "https://shop.example/done?order=7";
  const path = await challenge("tds_back", { return_url });
  const response = await fetch(`${network.url}${path}/complete`, {
    method: "POST",
    redirect: "manual",
  });
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe(`${return_url}&redirect_status=succeeded`);
});

test("may still be declined by the issuer", async () => {
  const source = "pm_card_threeDSecureRequiredChargeDeclined";
  const path = await challenge("tds_declined", { source });
  await network.post(`${path}/complete`);
  expect((await network.lookUp("tds_declined")).body.decline_code).toBe("generic_decline");
});

test("authorises when an authorisation was asked for", async () => {
  const path = await challenge("tds_auth", { capture: false });
  await network.post(`${path}/complete`);
  expect((await network.movements("tds_auth")).map((row) => row.kind)).toEqual(["authorize"]);
});

test("survives a restart", async () => {
  const path = await challenge("tds_restart");
  await network.restart();
  await network.post(`${path}/complete`);
  expect(await network.movements("tds_restart")).toHaveLength(1);
});

test("moves nothing any more after a reversal or a void", async () => {
  const reversed = await challenge("tds_rev");
  await network.reverse("tds_rev");
  await network.post(`${reversed}/complete`);
  expect(await network.movements("tds_rev")).toEqual([]);

  const voided = await challenge("tds_void");
  expect((await network.voidCharge("tds_void", "tds_void_1")).body.status).toBe("succeeded");
  await network.post(`${voided}/complete`);
  expect(await network.movements("tds_void")).toEqual([]);
  expect((await network.lookUp("tds_void")).body).toMatchObject({
    status: "declined",
    code: "canceled",
  });
});

test("moves nothing when it is reversed while the network is thinking", async () => {
  const path = await challenge("tds_thinking");
  await network.setLatency(3_000);
  const completing = network.post(`${path}/complete`);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await network.reverse("tds_thinking");
  await completing;
  await network.setLatency(0);
  expect(await network.movements("tds_thinking")).toEqual([]);
});

test("has no page for a challenge it does not know", async () => {
  expect((await network.get("/3ds/tds_nothing")).status).toBe(404);
  expect((await network.post("/3ds/tds_nothing/complete")).status).toBe(404);
});
