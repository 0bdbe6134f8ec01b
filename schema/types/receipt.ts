import { Field, ID, Int, ObjectType } from "type-graphql";
import type * as receipts from "../../src/seals/read-receipt";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  description:
    "A row of the payment's history, exactly as it was sealed, and the way from it to the root of its tree (RFC 6962).",
})
export class ReceiptLeaf {
  @Field(() => Int, { description: "The number of the seal, whose checkpoint is in the receipt." })
  readonly seal!: number;

  @Field(() => Int, { description: "The leaf's place in the tree, from 0." })
  readonly index!: number;

  @Field(() => [String], {
    description: "The nodes that lead from the leaf to the root, from below, in hex.",
  })
  readonly path!: readonly string[];

  @Field(() => String, {
    description:
      "The row as JSON: an event, a transition, a journal or a posting. The leaf is the SHA-256 of a zero byte and exactly these bytes.",
  })
  readonly content!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: "What was signed of a seal. Each seal names the one before it.",
})
export class Checkpoint {
  @Field(() => Int, { description: "The seal's number: 1, 2, 3 and so on for each merchant." })
  readonly number!: number;

  @Field(() => String, {
    description:
      "What was signed, in lines: the merchant, the number of leaves, the root, and the hash of the checkpoint before.",
  })
  readonly text!: string;

  @Field(() => String, {
    description: "The ed25519 signature of the text, by the key that it names, in base64.",
  })
  readonly signature!: string;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Proof of what happened to a payment. The SDK's verifyReceipt checks it, offline, with a public key from checkpointKeys.",
})
export class Receipt {
  @Field(() => ID, { description: "The merchant's id." })
  readonly merchantId!: string;

  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => [Checkpoint], { description: "The signed checkpoints of the seals they are in." })
  readonly checkpoints!: readonly receipts.Checkpoint[];

  @Field(() => Int, {
    description: "How many rows are not under seal yet. They will be within minutes.",
  })
  readonly unsealed!: number;

  @Field(() => Boolean, {
    description: "Whether the payment has more rows than a receipt holds, which are not shown.",
  })
  readonly hasMore!: boolean;
}

@ObjectType({ simpleResolvers: true, description: "A key that signs checkpoints." })
export class CheckpointKey {
  @Field(() => ID, { description: "The key's id, as checkpoints name it." })
  readonly id!: string;

  @Field(() => String, { description: "The public key: the 32 bytes of ed25519 in base64." })
  readonly publicKey!: string;

  @Field(() => DateTime, { description: "When the key was made." })
  readonly createdAt!: string;
}
