import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { notFound, verdict } from "../../src/failures";
import { idKind } from "../../src/ids";
import {
  type ReceiptLeaf as LeafOf,
  type Receipt as ReceiptOf,
  readReceipt,
} from "../../src/seals/read-receipt";
import { SIGNING_KEYS_SHOWN, listSigningKeys } from "../../src/seals/signing-keys";
import { type Context, callerOf } from "../context";
import { CheckpointKey, Receipt, ReceiptLeaf } from "../types/receipt";

@Resolver()
export class ReceiptQueries {
  @Query(() => Receipt, {
    description:
      "Proof of what happened to a payment, to be checked offline. It answers NOT_FOUND when the merchant has no such payment.",
  })
  async receipt(
    @Arg("paymentIntentId", () => ID, { description: "The payment intent's id." })
    paymentIntentId: string,
    @Ctx() context: Context,
  ): Promise<ReceiptOf> {
    const { merchantId } = callerOf(context);
    const isOne = idKind(paymentIntentId) === "paymentIntent";
    const found = isOne && (await readReceipt(context.app.db, merchantId, paymentIntentId));
    if (found) return found;
    throw verdict(notFound("payment intent", paymentIntentId));
  }

  @Query(() => [CheckpointKey], {
    description:
      "The keys that sign checkpoints, newest first. Keep them: a receipt proves nothing to whoever learns the key with it.",
  })
  async checkpointKeys(@Ctx() context: Context): Promise<CheckpointKey[]> {
    // They belong to the installation, which a tenant's connection cannot read.
    const keys = await listSigningKeys(context.systemDb);
    return keys.slice(0, SIGNING_KEYS_SHOWN).map(({ publicKey, ...key }) => ({
      ...key,
      publicKey: publicKey.toString("base64"),
    }));
  }
}

@Resolver(() => Receipt)
export class ReceiptFields {
  // A resolver of its own, because it shows what was posted and so needs a scope of its own.
  @FieldResolver(() => [ReceiptLeaf], { description: "The rows that are under seal." })
  leaves(@Root() receipt: ReceiptOf): readonly LeafOf[] {
    return receipt.leaves;
  }
}
