import { type Db, run } from "../db/db";
import { OUTBOX_CHANNEL } from "../events/outbox";

/** Names an intent that has changed. What has become of it is read by whoever wants to know. */
export interface ChangedIntent {
  readonly merchantId: string;
  readonly paymentIntentId: string;
}

/** Where processes say which intents have changed; those that have subscribers listen. */
export const CHANGES_CHANNEL = "oncepay_changed_intents";

/** Said instead of names when there are too many: whatever is watched is to be read again. */
const EVERYTHING = "*";

// Postgres takes 7,999 bytes. A pair of names is about 60, so this is some 130 intents a message.
const MESSAGE_BYTES_MAX = 7_900;
// A thousand intents in one wake; beyond that, reading everything that is watched costs less than saying it.
const MESSAGES_MAX = 8;

// A relay that is woken takes whatever is there and then pauses for about as long: more frequent wake-ups would find
// nothing new. And nobody sees a screen change sooner.
const INTERVAL_MS = 20;

export interface Announcer {
  /** Rows were committed to the outbox. */
  readonly wake: () => void;
  /** This intent's change was committed. Never called within the transaction. */
  readonly changed: (intent: ChangedIntent) => void;
}

/**
 * Tells the relays that rows were committed to the outbox, and the API processes which payments have changed, outside
 * of any money transaction: a NOTIFY takes a lock over the whole database until its commit. At most one statement is in
 * flight, and at most one in 20 ms, however much is committed. A failed one does no harm, because the relays poll, and
 * so does whoever watches a payment.
 */
export function createAnnouncer(db: Db): Announcer {
  let isWoken = false;
  let busy = false;
  const changed = new Set<string>();
  const announce = (): void => {
    if (busy) return;
    const messages: Message[] = isWoken ? [[OUTBOX_CHANNEL, ""]] : [];
    for (const text of textsOf(changed)) messages.push([CHANGES_CHANNEL, text]);
    if (messages.length === 0) return;
    busy = true;
    isWoken = false;
    changed.clear();
    void notify(db, messages).finally(() => {
      setTimeout(() => {
        busy = false;
        announce();
      }, INTERVAL_MS);
    });
  };
  return {
    wake: () => {
      isWoken = true;
      announce();
    },
    changed: ({ merchantId, paymentIntentId }) => {
      changed.add(`${merchantId}/${paymentIntentId}`);
      announce();
    },
  };
}

type Message = readonly [channel: string, text: string];

function textsOf(changed: ReadonlySet<string>): string[] {
  const texts: string[] = [];
  let text = "";
  for (const name of changed) {
    if (text.length + name.length + 1 > MESSAGE_BYTES_MAX) {
      texts.push(text);
      text = "";
    }
    text += text === "" ? name : ` ${name}`;
  }
  if (text !== "") texts.push(text);
  return texts.length > MESSAGES_MAX ? [EVERYTHING] : texts;
}

/** Undefined when it is everything that is to be read again; names that make no sense are left out. */
export function readChanges(text: string): ChangedIntent[] | undefined {
  if (text === EVERYTHING) return undefined;
  return text.split(" ").flatMap((name) => {
    const [merchantId, paymentIntentId] = name.split("/");
    return merchantId && paymentIntentId ? [{ merchantId, paymentIntentId }] : [];
  });
}

const NOTIFY = {
  name: "wake_relay",
  text: `
    select pg_notify(m.channel, m.text)
    from unnest(?::text[], ?::text[]) as m (channel, text)`,
};

async function notify(db: Db, messages: readonly Message[]): Promise<void> {
  try {
    const [channels, texts] = [
      messages.map(([channel]) => channel),
      messages.map(([, text]) => text),
    ];
    await run(db, NOTIFY, [channels, texts]);
  } catch {
    // The database is away or the process is closing: nobody needs telling.
  }
}
