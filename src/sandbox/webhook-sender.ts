import type { Logger } from "pino";
import { Agent } from "undici";
import { newNetworkId } from "./network-id";
import type { Random } from "./random";
import { signWebhook } from "./webhook-signature";

export interface WebhookSettings {
  url?: string | undefined;
  secret: string;
  enabled: boolean;
  /** The share of events sent twice, 0 to 1. */
  duplicateRate: number;
  delayMinMs: number;
  delayMaxMs: number;
  /** Gather events for a moment and send them in random order. */
  shuffle: boolean;
}

/**
 * Sends the network's news, as carelessly as configured. What waits here is in memory and is lost
 * when the network stops: a receiver that needs to be sure has to look up.
 */
export interface WebhookSender {
  readonly settings: WebhookSettings;
  readonly counts: { sent: number; delivered: number; retried: number; abandoned: number };
  announce(type: string, data: object): void;
  close(): Promise<void>;
}

interface Event {
  readonly body: string;
  readonly attempt: number;
}

// The first and five more, the last of them about three seconds after the first.
const TRIES_MAX = 6;
const BACKOFF_MS = 50;
const TIMEOUT_MS = 5_000;
const CONCURRENCY_MAX = 32;
const QUEUE_MAX = 100_000;
const SHUFFLE_WINDOW_MS = 100;

export function createWebhookSender(options: {
  readonly settings: WebhookSettings;
  readonly random: Random;
  readonly log: Logger;
}): WebhookSender {
  const { settings, random, log } = options;
  const agent = new Agent({ connections: CONCURRENCY_MAX });
  const timers = createTimers();
  const counts = { sent: 0, delivered: 0, retried: 0, abandoned: 0 };
  const due: Event[] = [];
  let sending = 0;
  let closed = false;

  const pump = (): void => {
    while (!closed && sending < CONCURRENCY_MAX && due.length > 0) {
      const index = settings.shuffle ? Math.floor(random() * due.length) : 0;
      const [event] = due.splice(index, 1);
      if (event !== undefined) void send(event);
    }
  };

  const send = async (event: Event): Promise<void> => {
    sending += 1;
    counts.sent += 1;
    const delivered = await post(agent, settings, event.body).catch((error: unknown) => {
      log.debug({ err: error }, "a webhook was not delivered");
      return false;
    });
    sending -= 1;
    if (delivered) counts.delivered += 1;
    else retry(event);
    pump();
  };

  const retry = (event: Event): void => {
    if (closed || event.attempt >= TRIES_MAX) {
      counts.abandoned += 1;
      return;
    }
    counts.retried += 1;
    const waitMs = BACKOFF_MS * 2 ** event.attempt;
    timers.later(waitMs, () => enqueue({ ...event, attempt: event.attempt + 1 }));
  };

  const enqueue = (event: Event): void => {
    if (due.length >= QUEUE_MAX) {
      counts.abandoned += 1;
      return;
    }
    due.push(event);
    if (settings.shuffle) timers.later(SHUFFLE_WINDOW_MS, pump);
    else pump();
  };

  const announce = (type: string, data: object): void => {
    if (closed || !settings.enabled || settings.url === undefined) return;
    const created = new Date().toISOString();
    const body = JSON.stringify({ id: newNetworkId("wev"), type, created, data });
    const copies = random() < settings.duplicateRate ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const { delayMinMs, delayMaxMs } = settings;
      const waitMs = delayMinMs + random() * (delayMaxMs - delayMinMs);
      const event = { body, attempt: 1 };
      if (waitMs === 0) enqueue(event);
      else timers.later(waitMs, () => enqueue(event));
    }
  };

  const close = async (): Promise<void> => {
    closed = true;
    timers.clear();
    await agent.destroy();
  };

  return { settings, counts, announce, close };
}

/** Timers that can be forgotten all at once. */
function createTimers() {
  const timers = new Set<NodeJS.Timeout>();
  return {
    later: (waitMs: number, work: () => void): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        work();
      }, waitMs);
      timers.add(timer);
    },
    clear: (): void => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

async function post(agent: Agent, settings: WebhookSettings, body: string): Promise<boolean> {
  if (settings.url === undefined) return false;
  const url = new URL(settings.url);
  const response = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "sandbox-signature": signWebhook(settings.secret, body, Date.now()),
    },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body.dump();
  return response.statusCode >= 200 && response.statusCode < 300;
}
