import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { eraseCustomer } from "../../src/erasure/erase-customer";
import type * as erasures from "../../src/erasure/erasure";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkText } from "../input";
import { Erasure } from "../types/erasure";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({ description: "Whose personal data to erase." })
export class EraseCustomerInput {
  @Field(() => String, {
    description:
      "The merchant's own identifier for the customer, exactly as the payment intents have it, 1 to 255 characters.",
  })
  readonly customer!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of eraseCustomer." })
export class EraseCustomerPayload {
  @Field(() => Erasure, {
    description:
      "The erasure as it stood when the request was executed. Query `erasure` for how far it is now.",
  })
  readonly erasure!: erasures.Erasure;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class EraseCustomerMutation {
  @Mutation(() => EraseCustomerPayload, {
    description:
      "Erases `customer`, `description` and `metadata` of all payment intents that the customer has now, and the `metadata` of their refunds: in the objects, in every event about them, in webhooks still to be sent and in the results kept for idempotency keys. Amounts, statuses, the ledger and the order of events stay as they are. It cannot be undone. Payments that are created later for the same customer are not affected.",
  })
  async eraseCustomer(
    @Arg("input", () => EraseCustomerInput, { description: "The customer." })
    input: EraseCustomerInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<EraseCustomerPayload> {
    const caller = callerOf(context);
    const outcome = await eraseCustomer(context.app, {
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, "eraseCustomer"),
      key: checkIdempotencyKey(idempotencyKey),
      customer: checkText("input.customer", input.customer, { min: 1, max: 255 }),
    });
    return { erasure: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
