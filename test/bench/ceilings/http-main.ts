import { type App, createApp } from "../../../src/app";
import { readConfig } from "../../../src/config";
import { createLog } from "../../../src/observability/log";
import type { PaymentIntent } from "../../../src/payments/payment-intent";
import { newId } from "../../../src/ids";
import { startServer } from "../../../src/server";
import { serveTasks } from "../helper";

/** The API as it is, but for its create, which answers from memory: what HTTP and GraphQL cost without a database. */
async function start(env: Readonly<Record<string, string>>): Promise<number> {
  const config = readConfig(env);
  const app = createApp(config, createLog("ceiling", "warn"), { name: "ceiling" });
  const createPaymentIntent: App["createPaymentIntent"] = (command) => {
    const now = new Date().toISOString();
    const intent = { ...EXAMPLE, ...command, id: newId("paymentIntent"), createdAt: now };
    return Promise.resolve({ status: "EXECUTED", firstSeenAt: now, result: intent });
  };
  const memoryOnly: App = {
    ...app,
    // What resolvers see is the tenant's own view of the app.
    forTenant: (merchantId) =>
      Object.create(app.forTenant(merchantId), {
        createPaymentIntent: { value: createPaymentIntent },
      }) as App,
  };
  const server = await startServer(memoryOnly, { host: config.host, port: 0 });
  memoryOnly.wakeRelay = () => undefined;
  return Number(new URL(server.url).port);
}

const EXAMPLE: PaymentIntent = {
  id: "",
  object: "payment_intent",
  status: "REQUIRES_CONFIRMATION",
  amount: 0,
  currency: "",
  captureMethod: "AUTOMATIC",
  paymentMethod: null,
  amountAuthorized: 0,
  amountCapturable: 0,
  amountCaptured: 0,
  amountRefunded: 0,
  amountRefundable: 0,
  amountDisputed: 0,
  description: null,
  customer: null,
  merchantReference: null,
  metadata: {},
  lastPaymentError: null,
  nextAction: null,
  cancellationReason: null,
  version: 1,
  createdAt: "",
  updatedAt: "",
  cancellationRequestedAt: null,
  authorizationExpiresAt: null,
  authorizationExpiredAt: null,
  authorizationExpiryPolicy: null,
  personalDataErasedAt: null,
};

serveTasks({ start });
