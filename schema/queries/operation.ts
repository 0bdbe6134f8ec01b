import { Arg, Ctx, Field, ObjectType, Query, Resolver } from "type-graphql";
import type { Db } from "../../src/db/db";
import { Failure, type FailureCode, type FailureDetails, verdict } from "../../src/failures";
import {
  type KeyRecord,
  type OperationKey,
  findKey,
  isExecuting,
} from "../../src/idempotency/keys";
import { CREATE_MERCHANT, findMerchantByKey } from "../../src/merchants/create-merchant-once";
import { CANCEL } from "../../src/payments/cancel-payment-intent";
import { CAPTURE } from "../../src/payments/capture-payment-intent";
import { CONFIRM } from "../../src/payments/confirm-payment-intent";
import { CREATE } from "../../src/payments/create-payment-intent";
import {
  findIntentByCaptureKey,
  findIntentByConfirmKey,
  findIntentByKey,
  findRefundByKey,
} from "../../src/payments/payment-store";
import { REFUND } from "../../src/payments/refund-payment-intent";
import { RESOLVE_UNKNOWN } from "../../src/payments/resolve-unknown-attempt";
import { findEndpointByKey, findReplayByKey } from "../../src/webhooks/list-deliveries";
import { type Context, callerOf } from "../context";
import { ErrorCode, OperationStatus } from "../enums";
import { checkIdempotencyKey } from "../input";
import { Node } from "../node";
import { DateTime, JsonScalar } from "../scalars";

@ObjectType({ simpleResolvers: true, description: "The refusal that is kept under a key." })
export class OperationError {
  @Field(() => ErrorCode, { description: "Why it was refused." })
  readonly code!: FailureCode;

  @Field(() => String, { description: "The same for people." })
  readonly message!: string;

  @Field(() => JsonScalar, { description: "What helps to understand it." })
  readonly details!: FailureDetails;
}

@ObjectType({
  simpleResolvers: true,
  description: "What became of an operation: for a client that has lost the answer.",
})
export class Operation {
  @Field(() => String, { description: "The mutation's name." })
  readonly name!: string;

  @Field(() => String, { description: "The key that it was sent with." })
  readonly idempotencyKey!: string;

  @Field(() => OperationStatus, { description: "What is known about it." })
  readonly status!: keyof typeof OperationStatus;

  @Field(() => DateTime, { nullable: true, description: "When it was executed." })
  readonly firstSeenAt!: string | null;

  @Field(() => Node, {
    nullable: true,
    description:
      "The original result: a payment intent, a refund, an endpoint, a delivery or a merchant.",
  })
  readonly result!: object | null;

  @Field(() => OperationError, { nullable: true, description: "The original refusal." })
  readonly error!: OperationError | null;
}

interface Found {
  readonly firstSeenAt: string;
  readonly result: object;
}

type FindMade = (db: Db, merchantId: string, key: string) => Promise<Found | undefined>;

function made(object: ({ readonly createdAt: string } & object) | undefined): Found | undefined {
  return object && { firstSeenAt: object.createdAt, result: object };
}

/**
 * Where to look when the key's record is gone, or never was: at the objects that operations made, which keep
 * their keys for ever.
 */
const OPERATIONS: Readonly<Record<string, FindMade>> = {
  [CREATE]: async (db, merchantId, key) => made(await findIntentByKey(db, merchantId, key)),
  [CONFIRM]: async (db, merchantId, key) => {
    const found = await findIntentByConfirmKey(db, merchantId, key);
    return found && { firstSeenAt: found.confirmedAt, result: found.intent };
  },
  [CAPTURE]: findIntentByCaptureKey,
  // A cancellation and a resolution are final in their intent, and have no object of their own.
  [CANCEL]: () => Promise.resolve(undefined),
  [RESOLVE_UNKNOWN]: () => Promise.resolve(undefined),
  [REFUND]: findRefundByKey,
  createWebhookEndpoint: async (db, merchantId, key) =>
    made(await findEndpointByKey(db, merchantId, key)),
  replayWebhookDelivery: async (db, merchantId, key) =>
    made(await findReplayByKey(db, merchantId, key)),
  [CREATE_MERCHANT]: async (db, merchantId, key) =>
    made(await findMerchantByKey(db, merchantId, key)),
};

type Status = Pick<Operation, "status" | "firstSeenAt" | "result" | "error">;

function succeeded({ firstSeenAt, result }: Found): Status {
  return { status: "SUCCEEDED", firstSeenAt, result, error: null };
}

function recorded({ failureCode, failureDetails, firstSeenAt, result }: KeyRecord): Status {
  if (failureCode === null) return succeeded({ firstSeenAt, result: result as object });
  const { code, message, details } = verdict({ code: failureCode, details: failureDetails ?? {} });
  return { status: "FAILED", firstSeenAt, result: null, error: { code, message, details } };
}

const NOT_SEEN: Status = { status: "NOT_SEEN", firstSeenAt: null, result: null, error: null };

/** Undefined: there is no operation of this name. */
export async function look(db: Db, key: OperationKey): Promise<Status | undefined> {
  const findMade = Object.hasOwn(OPERATIONS, key.operation) ? OPERATIONS[key.operation] : undefined;
  if (!findMade) return undefined;
  const known = await findKey(db, key);
  if (known) return recorded(known);
  if (await isExecuting(db, key)) return { ...NOT_SEEN, status: "IN_PROGRESS" };
  // It may have committed between the two questions.
  const committed = await findKey(db, key);
  if (committed) return recorded(committed);
  const found = await findMade(db, key.merchantId, key.key);
  return found ? succeeded(found) : NOT_SEEN;
}

@Resolver()
export class OperationQueries {
  @Query(() => Operation, {
    description:
      "Tells what became of a mutation, by its name and its idempotency key. It executes nothing.",
  })
  async operation(
    @Arg("name", () => String, {
      description: "The mutation's name, for example createPaymentIntent.",
    })
    name: string,
    @Arg("idempotencyKey", () => String, { description: "The key that it was sent with." })
    idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<Operation> {
    const found = await look(context.app.db, {
      merchantId: callerOf(context).merchantId,
      operation: name,
      key: checkIdempotencyKey(idempotencyKey),
    });
    if (!found) {
      throw new Failure("BAD_USER_INPUT", "There is no operation of this name.", { field: "name" });
    }
    return { name, idempotencyKey, ...found };
  }
}
