import { createHmac, timingSafeEqual } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { z } from "zod";
import { type ListenOptions, httpUrl, listenHttp } from "../process/listen";
import { type ProcessSettings, type Program, runProcess } from "../process/run-process";
import { PROCESS_SETTINGS, describeSettings, parseSettings, port } from "../process/settings";

/**
 * A webhook endpoint as a partner would write it, for development. It shares no code with the sender, so
 * that it witnesses the signature scheme instead of repeating our own mistakes.
 */

const BODY_BYTES_MAX = 1_000_000;
const EVENTS_MAX = 1_000;
const IDS_MAX = 100_000;
/** The Standard Webhooks specification asks for a tolerance, against recorded requests sent again. */
const TOLERANCE_SECONDS = 300;

interface ReceivedEvent {
  id: string;
  type: string | undefined;
  receivedAt: string;
  body: unknown;
}

interface Inbox {
  received: number;
  verified: number;
  rejected: number;
  duplicates: number;
  events: ReceivedEvent[];
}

interface ReceiverState {
  inbox: Inbox;
  seen: Set<string>;
}

type Verdict = { id: string } | { reason: string };

export function verifyWebhook(secret: string, headers: IncomingHttpHeaders, body: string): Verdict {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!id || !timestamp || !signatures) return { reason: "a webhook header is missing" };
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS)) {
    return { reason: "the timestamp is too old or too new" };
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  // There are several while the secret is being rotated; one that fits is enough.
  const isSigned = signatures.split(" ").some((signature) => {
    const [version, value] = signature.split(",", 2);
    const given = Buffer.from(value ?? "", "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isSigned ? { id } : { reason: "no signature fits" };
}

export function createReceiver(secret: string, instance?: string): ReturnType<typeof createServer> {
  const inbox: Inbox = { received: 0, verified: 0, rejected: 0, duplicates: 0, events: [] };
  const state: ReceiverState = { inbox, seen: new Set() };
  return createServer((request, response) => {
    const url = (request.url ?? "").split("?")[0];
    if (request.method === "GET" && url === "/received") return answer(response, 200, inbox);
    if (request.method === "GET" && url === "/health/live") {
      return answer(response, 200, { status: "live", instance });
    }
    if (request.method !== "POST" || url !== "/webhooks") {
      return answer(response, 404, { error: "POST /webhooks or GET /received" });
    }
    readBody(request).then(
      (body) => {
        const verdict = verifyWebhook(secret, request.headers, body);
        const challenge = "reason" in verdict ? undefined : challengeIn(body);
        if (challenge !== undefined) return answer(response, 200, { challenge });
        accept(state, verdict, body);
        answer(response, "reason" in verdict ? 401 : 200, verdict);
      },
      (error: Error) => answer(response, 400, { error: error.message }),
    );
  });
}

/** What is to be echoed, when the sender asks whether its events are wanted here. */
function challengeIn(body: string): string | undefined {
  const said = parse(body) as {
    type?: string;
    data?: { object?: { challenge?: string } };
  } | null;
  return said?.type === "webhook_endpoint.challenge" ? said.data?.object?.challenge : undefined;
}

function accept({ inbox, seen }: ReceiverState, verdict: Verdict, body: string): void {
  inbox.received += 1;
  if ("reason" in verdict) {
    inbox.rejected += 1;
    return;
  }
  inbox.verified += 1;
  // The sender promises "at least once"; the id, which is the event's, is what makes it once.
  if (seen.has(verdict.id)) {
    inbox.duplicates += 1;
    return;
  }
  remember(seen, verdict.id);
  const event = parse(body);
  inbox.events.push({
    id: verdict.id,
    type: (event as { type?: string } | null)?.type,
    receivedAt: new Date().toISOString(),
    body: event,
  });
  if (inbox.events.length > EVENTS_MAX) inbox.events.shift();
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  const [oldest] = seen;
  if (seen.size > IDS_MAX && oldest !== undefined) seen.delete(oldest);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error("The body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const SETTINGS = {
  ONCEPAY_RECEIVER_SECRET: z.string().describe("the secret that the webhooks are signed with"),
  HOST: z.string().default("127.0.0.1").describe("the address to listen on"),
  PORT: port.default(4020).describe("the port to listen on"),
  ...PROCESS_SETTINGS,
} as const;

interface ReceiverSettings extends ProcessSettings {
  readonly secret: string;
  readonly address: ListenOptions;
}

const RECEIVER: Program<ReceiverSettings> = {
  name: "receiver",
  help: `A webhook endpoint for development.\n\n${describeSettings(SETTINGS)}`,
  read: (environment) => {
    const given = parseSettings(SETTINGS, environment);
    const portFallback = given.ONCEPAY_PORT_FALLBACK;
    return {
      secret: given.ONCEPAY_RECEIVER_SECRET,
      address: { host: given.HOST, port: given.PORT, setting: "PORT", portFallback },
      logLevel: given.LOG_LEVEL,
      instanceId: given.ONCEPAY_INSTANCE_ID,
      exitWithParent: given.ONCEPAY_EXIT_WITH_PARENT === "1",
    };
  },
  start: async ({ secret, address, instanceId }) => {
    const server = createReceiver(secret, instanceId);
    const bound = await listenHttp(server, address);
    return {
      url: httpUrl(address.host, bound),
      port: bound,
      stop: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  },
};

if (require.main === module) runProcess(RECEIVER);
