import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { BadRequest, readJson, sendError, sendJson } from "./http-exchange";
import type { Network } from "./network";
import { listPayouts, sendPayouts, takeStep } from "./payouts";

const ARRIVES_IN_MS = 2 * 86_400_000;

const sendBody = z.strictObject({
  currency: z.string().length(3).optional(),
  arrivesAt: z.iso.datetime().optional(),
});
const stepBody = z.strictObject({ outcome: z.enum(["paid", "failed"]) });

/**
 * `GET /admin/payouts` lists them, `POST /admin/payouts` sends what is due in every currency or in one, and
 * `POST /admin/payouts/<id>` says what became of one.
 */
export async function routePayouts(
  network: Network,
  url: URL,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const pool = network.books.reader;
  const id = decodeURIComponent(url.pathname.slice("/admin/payouts".length + 1));
  if (request.method === "GET" && id === "") {
    return sendJson(response, 200, { payouts: await listPayouts(pool) });
  }
  if (request.method !== "POST") return sendError(response, 404, "No such route.");
  if (id === "") {
    const { currency, arrivesAt } = await readJson(request, sendBody);
    const order = { currency, arrivesAt: arrivesAt ?? inTwoDays() };
    return sendJson(response, 200, { payouts: await sendPayouts(pool, order) });
  }
  const { outcome } = await readJson(request, stepBody);
  await takeStep(pool, id, outcome);
  const payout = (await listPayouts(pool)).find((known) => known.id === id);
  if (payout === undefined) return sendError(response, 404, "No such payout.");
  if (payout.status !== outcome) throw new BadRequest(`The payout is ${payout.status}.`, 409);
  sendJson(response, 200, payout);
}

function inTwoDays(): string {
  return new Date(Date.now() + ARRIVES_IN_MS).toISOString();
}
