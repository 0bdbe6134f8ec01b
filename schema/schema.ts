import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { type BuildSchemaOptions, buildSchemaSync } from "type-graphql";
import { ErrorCode } from "./enums";
import { CancelPaymentIntentMutation } from "./mutations/cancel-payment-intent";
import { CapturePaymentIntentMutation } from "./mutations/capture-payment-intent";
import { ConfirmPaymentIntentMutation } from "./mutations/confirm-payment-intent";
import { CreatePaymentIntentMutation } from "./mutations/create-payment-intent";
import { RefundPaymentIntentMutation } from "./mutations/refund-payment-intent";
import { PaymentIntentQueries } from "./queries/payment-intents";
import { AttemptFields } from "./types/attempt";
import { EventFields } from "./types/event";
import { CaptureFields, RefundFields } from "./types/movements";
import { PaymentErrorFields, PaymentIntentFields } from "./types/payment-intent-fields";

/** Everything that the API consists of: a mutation or a query that is not in this list does not exist. */
const RESOLVERS: BuildSchemaOptions["resolvers"] = [
  CreatePaymentIntentMutation,
  ConfirmPaymentIntentMutation,
  CapturePaymentIntentMutation,
  CancelPaymentIntentMutation,
  RefundPaymentIntentMutation,
  PaymentIntentQueries,
  PaymentIntentFields,
  PaymentErrorFields,
  AttemptFields,
  CaptureFields,
  RefundFields,
  EventFields,
];

/** Needs no database and no settings, so that the schema can be printed anywhere. */
export function buildSchema(): GraphQLSchema {
  // Inputs are checked by scalars and schema/input.ts; class-validator would repeat the whole input in its errors.
  return buildSchemaSync({ resolvers: RESOLVERS, validate: false, orphanedTypes: [] });
}
