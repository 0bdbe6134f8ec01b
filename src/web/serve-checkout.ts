import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Client, createClient } from "../sdk";
import { CHECKOUT_PAGE } from "./checkout-page";
import { PAGE_HEADERS, serveAssets } from "./serve-page";

/*
 * The demo shop, for development alone: a page with <oncepay-checkout>, and the half of a shop that is its backend. That
 * half calls the public API with the demo merchant's secret key, which is never in the page.
 *
 * It keeps nothing. An order is a random name in the shopper's cookie, and that name is the idempotency key of its
 * payment: whatever is opened anew, in however many tabs, and after any restart, is the same payment.
 */

export interface DemoShop {
  readonly secretKey: string;
  readonly publishableKey: string;
  /** Where the build has put the page's script and style. */
  readonly assets?: string;
}

/** Where there is no demo shop, there is nothing at these addresses either. */
export function serveCheckout(fastify: FastifyInstance, shop: DemoShop | undefined): void {
  if (!shop) return;
  fastify.get("/checkout", (request, reply) => {
    if (orderOf(request) === undefined) startOrder(reply, "now");
    return reply.headers(PAGE_HEADERS).send(CHECKOUT_PAGE);
  });
  serveAssets(fastify, "checkout", shop.assets);
  fastify.post("/checkout/order", async (request, reply) =>
    payable(request, shop, orderOf(request) ?? startOrder(reply, "now")),
  );
  fastify.post<{ Body: { kind?: unknown } | null }>("/checkout/new-order", async (request, reply) =>
    payable(request, shop, startOrder(reply, request.body?.kind === "later" ? "later" : "now")),
  );
}

/** Charged at once, or reserved and charged when the goods leave. */
type OrderKind = "now" | "later";

interface Order {
  readonly kind: OrderKind;
  readonly name: string;
}

const COOKIE = /(?:^|; )oncepay-demo-order=(now|later)\.([\w-]{36})(?:;|$)/;

function orderOf({ headers }: FastifyRequest): Order | undefined {
  const [, kind, name] = COOKIE.exec(headers.cookie ?? "") ?? [];
  return name === undefined ? undefined : { kind: kind as OrderKind, name };
}

function startOrder(reply: FastifyReply, kind: OrderKind): Order {
  const order = { kind, name: randomUUID() };
  // Lax: the way back from the bank is a link from another site.
  void reply.header(
    "set-cookie",
    `oncepay-demo-order=${kind}.${order.name}; Path=/checkout; HttpOnly; SameSite=Lax`,
  );
  return order;
}

const DAY_IN_THE_MOUNTAINS = { amount: 4_200, currency: "USD" };

/** What the page needs to pay an order, and no more. */
async function payable(request: FastifyRequest, shop: DemoShop, order: Order): Promise<object> {
  const { paymentIntent } = await clientOf(request, shop).createPaymentIntent(
    {
      ...DAY_IN_THE_MOUNTAINS,
      captureMethod: order.kind === "later" ? "MANUAL" : "AUTOMATIC",
      description: "A day in the mountains",
    },
    { idempotencyKey: `demo-order-${order.kind}-${order.name}` },
  );
  const { id: paymentIntentId, clientSecret } = paymentIntent;
  return { payment: { publishableKey: shop.publishableKey, paymentIntentId, clientSecret } };
}

/** The API is reached as anybody reaches it: where this request has come in. */
function clientOf({ socket }: FastifyRequest, { secretKey }: DemoShop): Client {
  const { localAddress = "127.0.0.1", localPort = 0 } = socket;
  const host = localAddress.includes(":") ? `[${localAddress}]` : localAddress;
  return createClient({
    url: `http://${host}:${String(localPort)}/graphql`,
    apiKey: secretKey,
  });
}
