import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { run } from "../../../src/db/db";
import { createMerchant } from "../../../src/merchants/create-merchant";
import { createClient } from "../../../src/sdk/client";
import { type FuzzWorld, fuzzRequest } from "../../abuse/fuzz";
import { judge } from "../../abuse/judge";
import type { Attack, Context } from "../attack";
import { createRandom } from "../random";
import { type Order, APPROVED, create, eachLimited, openShop, pay } from "../shop";
import { metric } from "../witness";

const SIZES = { full: { requests: 30_000 }, short: { requests: 600 } };
const AT_ONCE = 16;
/** Where nobody listens. */
const NOBODY = "http://127.0.0.1:9/hook";
const NOTE = "told to nobody else 7391";

/** A stranger that has read the schema, with keys of its own and ids of somebody else's. */
export const fuzz: Attack = {
  name: "fuzz",
  promise: "Whatever is asked: no INTERNAL, nothing of another tenant's, no row that is not valid.",
  options: { apis: 1, workers: 1, proxied: [] },
  run: async (context) => {
    const { installation, check } = context;
    const requests = context.operations ?? SIZES[context.size].requests;
    const stranger = await makeStranger(context);
    const world = await makeWorld(context, stranger.paymentIntentId);
    const before = await rowsOf(context, stranger.id);
    const random = createRandom(context.seed);
    const codes: Record<string, number> = {};
    const faults: string[] = [];
    const [url = ""] = installation.graphqlUrls;
    const all = Array.from({ length: requests }, () => fuzzRequest(random, world));
    await eachLimited(all, AT_ONCE, async (request, index) => {
      const { code, fault } = await judge(url, request, [NOTE, stranger.id]);
      codes[code] = (codes[code] ?? 0) + 1;
      if (fault !== undefined) faults.push(`${fault}: ${JSON.stringify(request)}`);
      if ((index + 1) % 5_000 === 0) context.progress(`${String(index + 1)} requests`);
    });
    for (const fault of faults.slice(0, 10)) check.holds(fault, false);
    check.equal("rows of the other tenant", await rowsOf(context, stranger.id), before);
    check.equal("rows that are not valid", await invalidRows(context), 0);
    check.equal("failures in the API's log", failuresInLogs(installation.logDirectory), 0);
    check.equal("API processes that ended", installation.apis[0]?.exits.length, 0);
    await forgetNobody(context);
    const executed = await metric(installation.apis, "oncepay_idempotency_outcomes_total", {
      outcome: "executed",
    });
    return {
      figures: {
        requests,
        ...Object.fromEntries(Object.entries(codes).map(([code, times]) => [`  ${code}`, times])),
        "answers that nobody may see": faults.length,
        "mutations executed": executed,
      },
      sometimes: {
        "requests that were answered": codes["OK"] ?? 0,
        "requests that were malformed": codes["BAD_USER_INPUT"] ?? 0,
        "requests that were forbidden": codes["FORBIDDEN"] ?? 0,
        "mutations executed": executed,
      },
    };
  },
};

async function makeStranger({
  installation,
}: Context): Promise<{ id: string; paymentIntentId: string }> {
  const { id, secretKey } = await createMerchant(installation.db, NOTE);
  const [url = ""] = installation.graphqlUrls;
  const client = createClient({ url, apiKey: secretKey });
  const { paymentIntent } = await client.createPaymentIntent({
    amount: 1_000,
    currency: "USD",
    paymentMethod: APPROVED,
    description: NOTE,
  });
  return { id, paymentIntentId: paymentIntent.id };
}

async function makeWorld({ installation, seed }: Context, foreign: string): Promise<FuzzWorld> {
  const shop = openShop(installation);
  const order = (name: string, manual: boolean): Order => ({
    id: `fuzz-${String(seed)}-${name}`,
    amount: 5_000,
    card: APPROVED,
    manual,
  });
  const paid = await pay(shop.client(), order("paid", false));
  const manual = await pay(shop.client(), order("manual", true));
  const fresh = await create(shop.client(), order("fresh", false));
  // Made before the events that they want: later ones with these keys are repeats.
  for (const idempotencyKey of ["fuzz-0", "fuzz-1"]) {
    await shop.client().createWebhookEndpoint({ url: NOBODY }, { idempotencyKey });
  }
  const known = await run<{ id: string }>(
    installation.db,
    {
      name: "attack_known_ids",
      text: "select id from attempts union select id from events union select id from ledger_accounts",
    },
    [],
  );
  const mine = [paid, manual, fresh];
  const secrets = await Promise.all(
    mine.map(async (id) => (await shop.client().paymentIntent({ id }))?.clientSecret ?? ""),
  );
  const { secretKey, operatorKey, publishableKey } = installation.merchant;
  return {
    secretKeys: [secretKey, operatorKey],
    publishableKey,
    clientSecrets: secrets,
    ids: [...mine, foreign, ...known.map(({ id }) => id)],
  };
}

/** What waits for where nobody listens would wait for days. */
async function forgetNobody({ installation }: Context): Promise<void> {
  const statement = {
    name: "attack_endpoints",
    text: "select id from webhook_endpoints where merchant_id = ? and url = ? and status <> 'DELETED'",
  };
  const bindings = [installation.merchant.id, NOBODY];
  const client = openShop(installation).client();
  for (const { id } of await run<{ id: string }>(installation.db, statement, bindings)) {
    await client.deleteWebhookEndpoint({ webhookEndpointId: id });
  }
}

const OF_TENANT = `
  select (select count(*) from payment_intents where merchant_id = ?) as "intents",
    (select count(*) from events where merchant_id = ?) as "events",
    (select count(*) from idempotency_keys where merchant_id = ?) as "keys",
    (select count(*) from webhook_endpoints where merchant_id = ?) as "endpoints"`;

async function rowsOf({ installation }: Context, merchantId: string): Promise<unknown> {
  const bindings = [merchantId, merchantId, merchantId, merchantId];
  const statement = { name: "attack_rows_of_tenant", text: OF_TENANT };
  return (await run(installation.db, statement, bindings))[0];
}

/** What no column says of itself, and inputs promise. */
const INVALID = `
  select (
      select count(*) from payment_intents
      where amount < 1 or currency !~ '^[A-Z]{3}$' or length(description) > 1000
        or length(customer) > 255 or length(merchant_reference) > 255
    ) + (
      select count(*) from webhook_endpoints where url not like 'http://%' and url not like 'https://%'
    ) as "count"`;

async function invalidRows({ installation }: Context): Promise<number> {
  const statement = { name: "attack_invalid_rows", text: INVALID };
  return (await run<{ count: number }>(installation.db, statement, []))[0]?.count ?? -1;
}

function failuresInLogs(directory: string): number {
  const logs = readdirSync(directory).filter((name) => name.startsWith("api"));
  const text = logs.map((name) => readFileSync(path.join(directory, name), "utf8")).join("\n");
  return text.split("\n").filter((line) => /"level":(?:50|60)/.test(line)).length;
}
