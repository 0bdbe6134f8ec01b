import type { AskOutcome } from "../ask-outcome";
import { call } from "../call";
import type { Client } from "../client";
import { type ClientOptions, settingsOf } from "../client-options";
import { mutate } from "../mutate";
import { OncepayError } from "../oncepay-error";
import type { CallOptions, MutationOptions, Settings } from "../settings";
import { watch } from "../watch";
import { SHOPPER_DOCUMENTS } from "./shopper-documents";

/** What a publishable key may do with its one payment. */
export type ShopperClient = Pick<
  Client,
  "confirmPaymentIntent" | "paymentIntent" | "paymentIntentUpdated"
>;

/** The three calls of the client that a shopper's browser needs, without what it takes to load all the others. */
export function createShopperClient(options: ClientOptions): ShopperClient {
  const settings = settingsOf(options);
  const client = {
    confirmPaymentIntent: async (input: unknown, callOptions: MutationOptions = {}) => {
      const { data } = await mutate(settings, {
        operation: "confirmPaymentIntent",
        wish: input,
        bodyWith: (idempotencyKey) => bodyOf("confirmPaymentIntent", { input, idempotencyKey }),
        options: callOptions,
        askOutcome: askNobody,
      });
      return data["confirmPaymentIntent"];
    },
    paymentIntent: (variables: object, callOptions: CallOptions = {}) =>
      find(settings, variables, callOptions),
    paymentIntentUpdated: (variables: Readonly<Record<string, unknown>>, callOptions: never) =>
      watch(settings, {
        operation: "paymentIntentUpdated",
        document: SHOPPER_DOCUMENTS.paymentIntentUpdated,
        variables,
        options: callOptions,
      }),
  };
  // The same documents as the whole client's, whose types are printed from the schema.
  return client as unknown as ShopperClient;
}

function bodyOf(operationName: keyof typeof SHOPPER_DOCUMENTS, variables: object): string {
  return JSON.stringify({ query: SHOPPER_DOCUMENTS[operationName], variables, operationName });
}

async function find(settings: Settings, variables: object, options: CallOptions): Promise<unknown> {
  const operation = "paymentIntent";
  const outcome = await call(settings, {
    operation,
    body: bodyOf(operation, variables),
    options,
  });
  if ("data" in outcome) return outcome.data[operation];
  throw new OncepayError(outcome.failure, { tries: outcome.tries });
}

/** The payment itself shows what became of a confirmation, and it is watched in any case. */
const askNobody: AskOutcome = (_settings, { error, tries, idempotencyKey }) =>
  Promise.resolve({
    status: "UNKNOWN",
    error: new OncepayError(
      {
        code: "OUTCOME_UNKNOWN",
        message: "The answer was lost. The payment itself shows whether it was confirmed.",
        retryable: true,
        retryAfterMs: error.retryAfterMs,
        requestId: error.requestId,
        status: error.status,
        cause: error,
      },
      { tries, idempotencyKey },
    ),
  });
