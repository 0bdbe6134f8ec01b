import { setTimeout as pause } from "node:timers/promises";
import type { Event } from "../sdk/objects";
import { newWebhookSecret, signWebhook } from "../webhooks/sign";
import { type Call, type Command, UsageError } from "./command";
import {
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  listOf,
  momentOf,
  numberOf,
  required,
  textOf,
} from "./ops/ask";

const PAGE = 100;
const POLL_MS = 500;
const TIMEOUT_MS = 15_000;

/** For a developer whose machine no webhook can reach: the feed is read here, and each event posted as its webhook. */
export const listenCommand: Command = {
  name: "listen",
  summary: "forwards a merchant's events to a URL on this machine",
  help: `Reads the feed of events and posts each to a URL, signed like a webhook, until it is stopped: for developers, whose
machines webhooks do not reach. What the URL answers is shown and nothing is sent twice. Any key that may read events will do.
${OPS_HELP}
  --forward-to URL  for example http://localhost:3000/hooks
  --types LIST      only events of these types, separated by commas
  --since T         from when on: 2026-11-21T08:00:00Z, or so long ago: 90m, 12h, 3d; now by default
  --after CURSOR    go on from the cursor that --json printed
  --count N         end after so many events
The secret that signs is ONCEPAY_LISTEN_SECRET, or a new one each time, which is shown.`,
  options: {
    ...OPS_OPTIONS,
    "forward-to": { type: "string" },
    types: { type: "string" },
    since: { type: "string" },
    after: { type: "string" },
    count: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const url = required(values, "forward-to");
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      throw new UsageError("--forward-to must be an http or https URL.");
    }
    const secret = call.environment["ONCEPAY_LISTEN_SECRET"] ?? newWebhookSecret();
    call.say(`Forwarding to ${url}. The webhooks are signed with ${secret}`);
    const stop = new AbortController();
    const onSignal = (): void => {
      stop.abort();
    };
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    try {
      const after = textOf(values, "after") ?? null;
      const done = await forwardAll(call, { url, secret, after, signal: stop.signal });
      const text = `${String(done.forwarded)} forwarded, of which ${String(done.failed)} were not answered with 2xx.\n`;
      return { json: done, text };
    } finally {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    }
  },
};

interface Forwarding {
  readonly url: string;
  readonly secret: string;
  readonly after: string | null;
  readonly signal: AbortSignal;
}

interface Done {
  forwarded: number;
  failed: number;
  /** What --after takes, to go on from here. */
  after: string | null;
}

async function forwardAll(call: Call, forwarding: Forwarding): Promise<Done> {
  const { values } = call;
  const count = numberOf(values, "count") ?? Infinity;
  const types = (listOf(values, "types") ?? null) as [] | null;
  const since = momentOf(values, "since") ?? new Date().toISOString();
  const { signal } = forwarding;
  const done: Done = { forwarded: 0, failed: 0, after: forwarding.after };
  await askApi(call, async (client) => {
    while (!signal.aborted && done.forwarded < count) {
      const first = Math.min(PAGE, count - done.forwarded);
      const from = done.after === null ? { since } : { after: done.after };
      const page = await client.events({ filter: { types }, first, ...from });
      for (const { node, cursor } of page.edges) {
        if (signal.aborted) break;
        const isTaken = await forward(call, forwarding, node);
        done.forwarded += 1;
        if (!isTaken) done.failed += 1;
        done.after = cursor;
      }
      if (page.edges.length === 0) {
        await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  });
  return done;
}

/** Whether it was answered with 2xx. */
async function forward(call: Call, { url, secret }: Forwarding, event: Event): Promise<boolean> {
  const body = bodyOf(event);
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const headers = signWebhook({ id: event.id, timestampSeconds, body, secrets: [secret] });
  const beganMs = performance.now();
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    async (response) => {
      await response.body?.cancel();
      return { text: String(response.status), isOk: response.ok };
    },
    (error: unknown) => ({ text: reasonOf(error), isOk: false }),
  );
  const took = `${String(Math.round(performance.now() - beganMs))} ms`;
  call.say(`${event.createdAt}  ${event.type}  ${event.id}  ${answer.text}  ${took}`);
  return answer.isOk;
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } };
  return name === "TimeoutError" ? "no answer" : (cause?.code ?? name);
}

/** As a webhook has it. */
function bodyOf(event: Event): string {
  const { id, type, apiVersion, createdAt, subjectId, sequence, data } = event;
  const head = { id, type, apiVersion, timestamp: createdAt, createdAt, subjectId, sequence };
  return JSON.stringify({ ...head, data });
}
