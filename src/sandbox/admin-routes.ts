import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { routeDisputes } from "./dispute-routes";
import { activateFault, FAULT_KINDS, FAULTY_OPERATIONS, type ActiveFault } from "./faults";
import { readJson, sendError, sendJson } from "./http-exchange";
import type { Network } from "./network";
import { routePayouts } from "./payout-routes";
import { readMovements } from "./read-books";

const faultBody = z.strictObject({
  fault: z.enum(FAULT_KINDS),
  rate: z.number().min(0).max(1),
  operation: z.enum(FAULTY_OPERATIONS).optional(),
  count: z.int().min(1).optional(),
  seed: z.int().optional(),
});

const waitMs = z.number().min(0).max(600_000);
const latencyBody = z
  .strictObject({ minMs: waitMs, maxMs: waitMs, lateMs: waitMs.optional() })
  .refine((body) => body.minMs <= body.maxMs, "minMs must not exceed maxMs");

const revokedBody = z.strictObject({ key: z.string() });
const outageBody = z.strictObject({ mode: z.enum(["refuse", "off"]) });

const webhooksBody = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).optional(),
    secret: z.string().min(1).optional(),
    duplicateRate: z.number().min(0).max(1).optional(),
    delayMinMs: waitMs.optional(),
    delayMaxMs: waitMs.optional(),
    shuffle: z.boolean().optional(),
    enabled: z.boolean().optional(),
  })
  .refine(
    (body) => (body.delayMinMs ?? 0) <= (body.delayMaxMs ?? Infinity),
    "delayMinMs must not exceed delayMaxMs",
  );

/** The independent witness and the switches, for development and tests. With an account's key, most are its alone. */
export async function routeAdmin(
  network: Network,
  url: URL,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  if (/^\/admin\/disputes(\/|$)/.test(url.pathname)) return routeDisputes(network, url, exchange);
  if (/^\/admin\/payouts(\/|$)/.test(url.pathname)) return routePayouts(network, url, exchange);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /admin/movements":
      return sendMovements(network, url.searchParams.get("reference") ?? undefined, response);
    case "GET /admin/stats":
      return sendJson(response, 200, describeStats(network));
    case "GET /admin/faults":
      return sendJson(response, 200, describeFaults(network.faults));
    case "POST /admin/faults": {
      const order = await readJson(request, faultBody);
      network.faults.push(activateFault(order, network.seed));
      return sendJson(response, 200, describeFaults(network.faults));
    }
    case "DELETE /admin/faults":
      request.resume();
      network.faults.length = 0;
      return sendJson(response, 200, describeFaults(network.faults));
    case "DELETE /admin/keys":
      request.resume();
      network.keys.forgottenAtMs = Date.now();
      return sendJson(response, 200, { forgotten: true });
    case "POST /admin/revoked-keys": {
      const { key } = await readJson(request, revokedBody);
      network.revokedKeys.add(key);
      return sendJson(response, 200, { revoked: true });
    }
    case "POST /admin/latency": {
      const { latency } = network;
      const { minMs, maxMs, lateMs } = await readJson(request, latencyBody);
      Object.assign(latency, { minMs, maxMs, lateMs: lateMs ?? latency.lateMs });
      return sendJson(response, 200, { minMs, maxMs, lateMs: latency.lateMs });
    }
    case "POST /admin/outage": {
      const { mode } = await readJson(request, outageBody);
      network.outage = mode === "refuse";
      return sendJson(response, 200, { mode });
    }
    case "POST /admin/webhooks": {
      const { settings } = network.webhooks;
      applyWebhookSettings(settings, await readJson(request, webhooksBody));
      const { secret: _secret, ...shown } = settings;
      return sendJson(response, 200, shown);
    }
    default:
      sendError(response, 404, "No such route.");
  }
}

/** Configuring an address means wanting events there, unless `enabled` says otherwise. */
function applyWebhookSettings(
  settings: Network["webhooks"]["settings"],
  body: z.infer<typeof webhooksBody>,
): void {
  Object.assign(settings, { enabled: true }, body);
  // A delay given by only one of its bounds is at least, or at most, that long.
  if (body.delayMaxMs === undefined) {
    settings.delayMaxMs = Math.max(settings.delayMaxMs, settings.delayMinMs);
  }
  settings.delayMinMs = Math.min(settings.delayMinMs, settings.delayMaxMs);
}

/** Streamed page by page: after a long run there are more movements than fit one string. */
async function sendMovements(
  network: Network,
  reference: string | undefined,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"movements":[');
  let separator = "";
  for await (const page of readMovements(network.books.reader, reference)) {
    if (page.length === 0) continue;
    const drained = response.write(separator + page.map((row) => JSON.stringify(row)).join(","));
    separator = ",";
    if (!drained && !response.destroyed) {
      await new Promise<void>((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    }
    if (response.destroyed) return;
  }
  response.end("]}");
}

function describeFaults(faults: readonly ActiveFault[]) {
  return { faults: faults.map(({ random: _random, ...fault }) => fault) };
}

function describeStats(network: Network) {
  const { stats, webhooks } = network;
  return {
    requests: stats.requests,
    concurrency: { now: stats.concurrent, max: stats.concurrentMax },
    movements: stats.movements,
    faultsFired: stats.faultsFired,
    requestsByReference: { max: stats.requestsByReferenceMax },
    webhooks: webhooks.counts,
  };
}
