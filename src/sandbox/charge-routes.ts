import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readJson, sendError } from "./http-exchange";
import type { Network } from "./network";
import type { MoneyRequest } from "./operation";
import { serveMovementReversal } from "./reverse-movement";
import { serveLookup, serveMoney, serveReversal } from "./serve-money";
import { servePreparation, servePreparedLookup, serveSending } from "./serve-prepared";

const reference = z.string().regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters");
const amount = z.int().min(1);
const currency = z.string().regex(/^[A-Za-z]{3}$/, "three letters");
const webAddress = z.url({ protocol: /^https?$/ });

const chargeBody = z.object({
  reference,
  amount,
  currency,
  source: z.string().min(1).max(255),
  capture: z.boolean(),
  return_url: webAddress.optional(),
});
const captureBody = z.object({
  reference,
  amount,
  final: z.boolean().default(true),
  currency: currency.optional(),
});
const voidBody = z.object({ reference });
const refundBody = z.object({
  reference,
  charge_reference: reference,
  amount,
  currency: currency.optional(),
});

const movementBody = z.object({ reference });
const sendBody = z.object({ return_url: webAddress.optional() });

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Route = (network: Network, argument: string, exchange: Exchange) => Promise<void>;

/** Each takes what its pattern captured, decoded; most requests are charges, so they stand first. */
const ROUTES: readonly (readonly [RegExp, Route])[] = [
  [/^POST charges$/, (network, _none, exchange) => postCharge(network, exchange)],
  [
    /^GET lookup\/([^/]+)$/,
    (network, found, { response }) => serveLookup(network, found, response),
  ],
  [/^POST charges\/by-reference\/([^/]+)\/capture$/, postCapture],
  [/^POST charges\/by-reference\/([^/]+)\/void$/, postVoid],
  [/^POST refunds$/, (network, _none, exchange) => postRefund(network, exchange)],
  [/^POST reverse\/([^/]+)$/, postReversal],
  [/^POST movements\/([^/]+)\/reverse$/, postMovementReversal],
  [/^POST prepared$/, (network, _none, exchange) => postPrepared(network, exchange)],
  [/^POST prepared\/([^/]+)\/send$/, postSend],
  [
    /^GET prepared\/([^/]+)$/,
    (network, found, { response }) => servePreparedLookup(network, found, response),
  ],
];

/** Everything under /v1/; `path` is what follows it. */
export async function routeCharges(
  network: Network,
  path: string,
  exchange: Exchange,
): Promise<void> {
  const asked = `${exchange.request.method} ${path}`;
  for (const [pattern, route] of ROUTES) {
    const match = pattern.exec(asked);
    if (match !== null) return route(network, decodeSegment(match[1] ?? ""), exchange);
  }
  sendError(exchange.response, 404, "No such route.");
}

function postReversal(network: Network, found: string, exchange: Exchange): Promise<void> {
  // The body carries no information, but is read so that the connection can be reused.
  exchange.request.resume();
  return serveReversal(network, found, exchange.response);
}

async function postMovementReversal(
  network: Network,
  id: string,
  { request, response }: Exchange,
): Promise<void> {
  const { reference } = await readJson(request, movementBody);
  await serveMovementReversal(network, { id, reference }, response);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

async function postCharge(network: Network, { request, response }: Exchange): Promise<void> {
  await serveMoney(network, toRequest(await readJson(request, chargeBody)), response);
}

async function postPrepared(network: Network, { request, response }: Exchange): Promise<void> {
  await servePreparation(network, toRequest(await readJson(request, chargeBody)), response);
}

function toRequest(body: z.infer<typeof chargeBody>): MoneyRequest {
  return {
    kind: body.capture ? "charge" : "authorize",
    reference: body.reference,
    amountMinor: body.amount,
    currency: body.currency.toUpperCase(),
    source: body.source,
    final: false,
    ...(body.return_url === undefined ? undefined : { returnUrl: body.return_url }),
  };
}

async function postSend(
  network: Network,
  preparedId: string,
  { request, response }: Exchange,
): Promise<void> {
  const { return_url: returnUrl } = await readJson(request, sendBody);
  const given = returnUrl === undefined ? { response } : { response, returnUrl };
  await serveSending(network, preparedId, given);
}

/** Whether the request's reference is to be its key, too. */
function isKeyed({ headers }: IncomingMessage, reference: string): boolean {
  return headers["idempotency-key"] === reference;
}

async function postCapture(
  network: Network,
  chargeReference: string,
  { request, response }: Exchange,
): Promise<void> {
  const body = await readJson(request, captureBody);
  await serveMoney(
    network,
    {
      kind: "capture",
      reference: body.reference,
      amountMinor: body.amount,
      chargeReference,
      final: body.final,
      keyed: isKeyed(request, body.reference),
      ...(body.currency === undefined ? undefined : { currency: body.currency.toUpperCase() }),
    },
    response,
  );
}

async function postVoid(
  network: Network,
  chargeReference: string,
  { request, response }: Exchange,
): Promise<void> {
  const body = await readJson(request, voidBody);
  await serveMoney(
    network,
    { kind: "void", reference: body.reference, amountMinor: 0, chargeReference, final: true },
    response,
  );
}

async function postRefund(network: Network, { request, response }: Exchange): Promise<void> {
  const body = await readJson(request, refundBody);
  await serveMoney(
    network,
    {
      kind: "refund",
      reference: body.reference,
      amountMinor: body.amount,
      chargeReference: body.charge_reference,
      final: false,
      keyed: isKeyed(request, body.reference),
      ...(body.currency === undefined ? undefined : { currency: body.currency.toUpperCase() }),
    },
    response,
  );
}
