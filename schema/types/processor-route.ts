import { Field, ID, InputType, ObjectType } from "type-graphql";
import { CaptureMethod } from "../enums";
import { CurrencyCode, MinorUnits } from "../scalars";

const SAYS = {
  currency: "Payments in this currency; null for all.",
  minAmount: "Payments of this amount or more; null for all.",
  maxAmount: "Payments of this amount or less; null for all.",
  captureMethod: "Payments that are captured in this way; null for all.",
  processorAccountId:
    "The id of the processor account that they go to; null for the installation's own processor.",
};

@ObjectType({
  simpleResolvers: true,
  description:
    "A rule of a merchant's routing. A payment goes where the first rule says that it meets and whose account is not disabled.",
})
export class ProcessorRoute {
  @Field(() => CurrencyCode, { nullable: true, description: SAYS.currency })
  readonly currency!: string | null;

  @Field(() => MinorUnits, { nullable: true, description: SAYS.minAmount })
  readonly minAmount!: number | null;

  @Field(() => MinorUnits, { nullable: true, description: SAYS.maxAmount })
  readonly maxAmount!: number | null;

  @Field(() => CaptureMethod, { nullable: true, description: SAYS.captureMethod })
  readonly captureMethod!: "AUTOMATIC" | "MANUAL" | null;

  @Field(() => ID, { nullable: true, description: SAYS.processorAccountId })
  readonly processorAccountId!: string | null;
}

@InputType({ description: "A rule of a merchant's routing." })
export class ProcessorRouteInput {
  @Field(() => CurrencyCode, { nullable: true, description: SAYS.currency })
  readonly currency?: string | null;

  @Field(() => MinorUnits, { nullable: true, description: SAYS.minAmount })
  readonly minAmount?: number | null;

  @Field(() => MinorUnits, { nullable: true, description: SAYS.maxAmount })
  readonly maxAmount?: number | null;

  @Field(() => CaptureMethod, { nullable: true, description: SAYS.captureMethod })
  readonly captureMethod?: "AUTOMATIC" | "MANUAL" | null;

  @Field(() => ID, { nullable: true, description: SAYS.processorAccountId })
  readonly processorAccountId?: string | null;
}
