import type Stripe from "stripe";
import type { EventPage, EventWindow, ProcessorWebhook } from "../processor";
import { type Called, called } from "./call";
import { retrieve, whyNot } from "./charges";
import { secondsOf } from "./movements";
import { ATTEMPT, REVERSES } from "./outcomes";
import { STRIPE_API_VERSION } from "./version";
import { NOTHING, STRIPE_EVENT_TYPES, type Told, saidOf } from "./webhooks";

/*
 * What Stripe's webhooks told, or were to tell, by its list of the last thirty days, newest first. Guarantees: an event
 * says what its webhook says. The list has it in the version of the API that the account had at that time, whatever
 * version is asked for: where that is not the one that is understood here, its object is asked for as it is now, which is
 * as true. What is certainly none of ours is left out.
 *
 * Cost: a call for each hundred events of the types that webhooks have; for those that were not heard and are of another
 * version, one for each of their objects.
 */

const PAGE = 100;
/** Of a hundred reads a second that an account has. */
const READS_AT_ONCE = 10;

export async function listStripeEvents(stripe: Stripe, window: EventWindow): Promise<EventPage> {
  const { data, has_more: hasMore } = await listed(stripe, window);
  const unheard = await window.unheard(data.map(({ id }) => id));
  const news = data.filter((event) => unheard.has(event.id) && mayBeOurs(toldBy(event)));
  const current = await asTheyAreNow(stripe, news.filter(isOfAnotherVersion));
  const events = news.flatMap((event) => {
    const dated = isOfAnotherVersion(event) ? current.get(toldBy(event).id) : asTold(event);
    return dated ? (webhookOf(event, dated) ?? []) : [];
  });
  return { events, next: hasMore ? (data.at(-1)?.id ?? null) : null };
}

async function listed(
  stripe: Stripe,
  { from, to, after }: EventWindow,
): Promise<Stripe.ApiList<Stripe.Event>> {
  const list = (startingAfter: string | null): Promise<Called<Stripe.ApiList<Stripe.Event>>> =>
    called(() =>
      stripe.events.list({
        // Their clock has seconds: both ends are made wider.
        created: { gte: secondsOf(from), lte: secondsOf(to) },
        types: [...STRIPE_EVENT_TYPES],
        limit: PAGE,
        ...(startingAfter !== null && { starting_after: startingAfter }),
      }),
    );
  const page = await list(after);
  // The last event of the page before may be older by now than what is kept: then from the beginning.
  const isGone = page.kind === "refused" && page.as === "REJECTED" && after !== null;
  const found = isGone ? await list(null) : page;
  if (found.kind === "done") return found.value;
  throw new Error(`Stripe does not list its events: ${whyNot(found)}`);
}

function toldBy({ data }: Stripe.Event): Told {
  return data.object as Told;
}

function isOfAnotherVersion(event: Stripe.Event): boolean {
  return event.api_version !== STRIPE_API_VERSION;
}

/** By what has been the same in all versions. A dispute has none of our words. */
function mayBeOurs(told: Told): boolean {
  if (told.object === "dispute") return true;
  const { [ATTEMPT]: attempt, [REVERSES]: reversed } = told.metadata ?? {};
  return attempt !== undefined || reversed !== undefined;
}

/** What an event is about, and when that was told. */
interface Dated {
  readonly told: Told;
  readonly heardAt: number;
}

function asTold(event: Stripe.Event): Dated {
  return { told: toldBy(event), heardAt: event.created };
}

function webhookOf(event: Stripe.Event, { told, heardAt }: Dated): ProcessorWebhook | undefined {
  try {
    const { reference, outcome } = saidOf(told, heardAt);
    if (outcome === NOTHING) return undefined;
    return { eventId: event.id, type: event.type, reference, outcome };
  } catch {
    // Malformed, as a webhook would be that is refused.
    return undefined;
  }
}

/** Each once, with the time of the newest event about it. What Stripe does not know any more says nothing. */
async function asTheyAreNow(
  stripe: Stripe,
  newestFirst: readonly Stripe.Event[],
): Promise<ReadonlyMap<string, Dated>> {
  const wanted = new Map<string, Dated>();
  for (const event of newestFirst) {
    const dated = asTold(event);
    if (!wanted.has(dated.told.id)) wanted.set(dated.told.id, dated);
  }
  const found = new Map<string, Dated>();
  const all = [...wanted];
  for (let start = 0; start < all.length; start += READS_AT_ONCE) {
    const reads = all.slice(start, start + READS_AT_ONCE).map(async ([id, { told, heardAt }]) => {
      const read = await readNow(stripe, told);
      if (read.kind === "done") found.set(id, { told: read.value, heardAt });
      else if (read.kind !== "refused" || read.as !== "REJECTED") throw new Error(whyNot(read));
    });
    await Promise.all(reads);
  }
  return found;
}

function readNow(stripe: Stripe, { object, id }: Told): Promise<Called<Told>> {
  switch (object) {
    case "payment_intent":
      return retrieve(stripe, id);
    case "refund":
      return called(() => stripe.refunds.retrieve(id));
    case "dispute":
      return called(() => stripe.disputes.retrieve(id));
  }
}
