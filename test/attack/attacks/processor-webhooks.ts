import { run } from "../../../src/db/db";
import { waitUntil } from "../../../src/dev/wait-until";
import { signWebhook } from "../../../src/sandbox/webhook-signature";
import { type Attack, type Context, limitMs } from "../attack";
import { eachLimited, openShop, orders, pay } from "../shop";
import { takeTally, tallySince } from "../tally";
import { metric, networkOf, settledWithin } from "../witness";

const SIZES = { full: { payments: 200, forged: 100 }, short: { payments: 25, forged: 12 } };

const DECLINED = "pm_card_chargeDeclined";

/** What the card network says by itself: twice, late, in any order, by somebody else, about nobody knows what. */
export const processorWebhooks: Attack = {
  name: "processor-webhooks",
  promise:
    "The processor's webhooks duplicated, late, shuffled, forged, or about nothing known: the same end state.",
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const { payments, forged } = SIZES[context.size];
    const network = networkOf(installation);
    const shop = openShop(installation);
    const before = await takeTally(installation);
    const duplicatesBefore = await inboxCount(context, "duplicate");
    await network.webhooks({ duplicateRate: 1, delayMinMs: 0, delayMaxMs: 1_500, shuffle: true });
    await network.fault({ fault: "lose_response", rate: 0.3, operation: "charge", seed });
    const approved = orders(payments, { prefix: `inbox-${seed}` });
    const declined = orders(payments, { prefix: `inbox-no-${seed}`, card: DECLINED });
    const ids = await eachLimited([...approved, ...declined], 24, (order) =>
      pay(shop.client(), order),
    );
    progress("paid; now what nobody should believe");
    const refused = await forge(context, ids[0] ?? "", forged);
    const unknown = await tellOfStrangers(context, forged);
    await network.noFaults();
    await settledWithin(installation, limitMs(context));
    // Late ones still come when all is settled already; they too must change nothing.
    const stats = (): Promise<boolean> =>
      network.stats().then(({ webhooks }) => webhooks.sent - webhooks.retried >= 4 * payments);
    check.holds(
      "every event was sent twice",
      await waitUntil(stats, { timeoutMs: limitMs(context) }),
    );
    await network.webhooks({ duplicateRate: 0, delayMinMs: 0, delayMaxMs: 0, shuffle: false });
    await settledWithin(installation, limitMs(context));
    const counted = await tallySince(installation, before);
    const duplicates = (await inboxCount(context, "duplicate")) - duplicatesBefore;
    check.equal("charges in the network's books", counted.captures, payments);
    check.equal("payments that succeeded", counted.succeeded, payments);
    check.equal("payments that were declined", counted.failed, payments);
    check.equal("effects in our metrics", counted.effects, payments);
    check.equal("sales at the consumer", counted.sales, payments);
    check.equal("forged webhooks refused", refused, forged);
    check.equal("webhooks about nothing known, kept for later", unknown.parked, forged);
    return {
      figures: {
        "payments, half of them declined": 2 * payments,
        "webhooks found to be duplicates": duplicates,
        "forged ones refused": `${refused} of ${forged}`,
        "about unknown references, stored and parked": unknown.parked,
        "charges in the network's books": counted.captures,
        "effects in our metrics": counted.effects,
        "effects at the downstream consumer": counted.sales,
      },
      sometimes: {
        "answers of the network lost": counted.faults,
        duplicates: duplicates,
        "forged ones": refused,
        "unknown references": unknown.parked,
      },
    };
  },
};

function inboxCount({ installation }: Context, outcome: string): Promise<number> {
  return metric(installation.apis, "oncepay_inbox_received_total", { outcome });
}

async function post(
  context: Context,
  body: string,
  signature: string | undefined,
): Promise<number> {
  const [api] = context.installation.apis;
  const response = await fetch(`${api?.url ?? ""}/processors/sandbox/webhooks`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(signature !== undefined && { "sandbox-signature": signature }),
    },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

function newsOf(reference: string, id: string): string {
  const data = {
    found: true,
    reference,
    status: "declined",
    code: "card_declined",
    message: "No.",
    count: 1,
  };
  return JSON.stringify({ id, type: "charge.failed", created: new Date().toISOString(), data });
}

/** "Your customers' payments were declined", by somebody who knows their references and not the secret. */
async function forge(context: Context, intentId: string, count: number): Promise<number> {
  const { db, sandboxSecret } = context.installation;
  const [attempt] = await run<{ id: string }>(
    db,
    { name: "attack_attempt", text: "select id from attempts where payment_intent_id = ? limit 1" },
    [intentId],
  );
  const now = Date.now();
  const HOUR_MS = 3_600_000;
  const statuses = await eachLimited(Array.from({ length: count }), 8, (_, index) => {
    const body = newsOf(attempt?.id ?? "", `wev_forged_${context.seed}_${index}`);
    const right = signWebhook(sandboxSecret, body, now);
    const signatures = [
      undefined,
      "",
      signWebhook(`${sandboxSecret}x`, body, now),
      signWebhook(sandboxSecret, `${body} `, now),
      // Right once, and an hour ago: heard on the way and sent again.
      signWebhook(sandboxSecret, body, now - HOUR_MS),
      right.replace(/v1=.{4}/, "v1=0000"),
    ];
    return post(context, body, signatures[index % signatures.length]);
  });
  return statuses.filter((status) => status === 401).length;
}

async function tellOfStrangers(context: Context, count: number): Promise<{ parked: number }> {
  const { db, sandboxSecret } = context.installation;
  const ids = Array.from({ length: count }, (_, index) => `wev_stranger_${context.seed}_${index}`);
  await eachLimited(ids, 8, (id) => {
    const body = newsOf("att_00000000000000000000000000", id);
    return post(context, body, signWebhook(sandboxSecret, body, Date.now()));
  });
  const parked = async (): Promise<number> => {
    const [row] = await run<{ rows: number }>(
      db,
      {
        name: "attack_parked",
        text: `select count(*) as "rows" from inbox where status = 'PARKED' and event_id = any(?)`,
      },
      [ids],
    );
    return row?.rows ?? 0;
  };
  await waitUntil(async () => (await parked()) === count, { timeoutMs: limitMs(context) });
  return { parked: await parked() };
}
