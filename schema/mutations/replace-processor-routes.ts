import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { replaceProcessorRoutes } from "../../src/processor-accounts/replace-processor-routes";
import { type Route, ROUTES_MAX } from "../../src/processor-accounts/route";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ProcessorRoute, ProcessorRouteInput } from "../types/processor-route";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({ description: "The rules, all of them." })
export class ReplaceProcessorRoutesInput {
  @Field(() => [ProcessorRouteInput], {
    description: `The rules in the order in which they count, at most ${String(ROUTES_MAX)}. The last one must ask for nothing. None: every payment goes to the installation's own processor.`,
  })
  readonly routes!: ProcessorRouteInput[];
}

@ObjectType({ simpleResolvers: true, description: "The result of replaceProcessorRoutes." })
export class ReplaceProcessorRoutesPayload {
  @Field(() => [ProcessorRoute], { description: "The rules in the order in which they count." })
  readonly processorRoutes!: readonly Route[];

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

function routeOf(given: ProcessorRouteInput, index: number): Route {
  const field = `input.routes.${String(index)}.processorAccountId`;
  const id = given.processorAccountId ?? null;
  return {
    currency: given.currency ?? null,
    minAmount: given.minAmount ?? null,
    maxAmount: given.maxAmount ?? null,
    captureMethod: given.captureMethod ?? null,
    processorAccountId: id === null ? null : checkId(field, "processorAccount", id),
  };
}

@Resolver()
export class ReplaceProcessorRoutesMutation {
  @Mutation(() => ReplaceProcessorRoutesPayload, {
    description:
      "Replaces the rules that say which processor account a payment goes to. They count for payments that are confirmed from now on; what follows a payment goes where the payment is.",
  })
  async replaceProcessorRoutes(
    @Arg("input", () => ReplaceProcessorRoutesInput, { description: "The rules." })
    input: ReplaceProcessorRoutesInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ReplaceProcessorRoutesPayload> {
    const { merchantId } = callerOf(context);
    const outcome = await replaceProcessorRoutes(context.app, {
      merchantId,
      // There is one list of rules for each merchant.
      audit: auditOf(context, "replaceProcessorRoutes", { subjectId: merchantId }),
      key: checkIdempotencyKey(idempotencyKey),
      routes: input.routes.map(routeOf),
    });
    return { processorRoutes: outcome.result.routes, idempotency: idempotencyOf(outcome) };
  }
}
