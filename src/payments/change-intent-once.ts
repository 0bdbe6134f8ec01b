import type { Db, Tx } from "../db/db";
import { pipelined } from "../db/pipelined";
import { type StoredFailure, notFound } from "../failures";
import type { KeyedOperation, Made } from "../idempotency/keys";
import type { OnceOutcome } from "../idempotency/execution";
import { type KeyedRequest, once } from "../idempotency/once";
import type { TracedCommand } from "../observability/tracing";
import type { Attempt } from "./attempt";
import type { Change } from "./change";
import { writeChanges } from "./change-store";
import { type LockedIntent, lockIntent } from "./payment-store";

/** A mutation of one intent: captures, cancellations, refunds and resolutions. */
export interface KeyedCommand extends KeyedRequest, TracedCommand {
  readonly actor: string;
  readonly paymentIntentId: string;
}

/**
 * What the use case decides about the locked intent: either a change, with the step whose event is the result, or a
 * verdict.
 */
export type Decision =
  { readonly failure: StoredFailure } | { readonly change: Change; readonly resultEventId: string };

/** What is decided about. */
export interface Locked {
  readonly state: LockedIntent;
  readonly charge: Attempt | undefined;
}

interface ReadBeside<Beside> {
  readonly beside: Beside;
  /** What is kept of it, where that is another form. */
  readonly keptBeside?: object;
}

interface IntentUseCase<Result, Beside> {
  readonly operation: KeyedOperation<Result, Beside>;
  /** The attempt that the decision is about, if it is about one: read under the lock of the intent, in one round trip. */
  readonly findCharge?: (
    tx: Tx,
    merchantId: string,
    paymentIntentId: string,
  ) => Promise<Attempt | undefined>;
  readonly decide: (tx: Tx, locked: Locked) => Decision | Promise<Decision>;
  /** What the answer shows beside the result, read when the change is written. */
  readonly readBeside?: (tx: Tx, change: Change) => Promise<ReadBeside<Beside>>;
  readonly beforeCommit?: () => Promise<void> | undefined;
  readonly isSame?: (made: Made<Result, Beside>) => boolean;
}

/**
 * The part that concerns the intent: lock it, decide, write the changes. Duplicate requests queue for the lock on the
 * intent, and the second one finds the key of the first.
 *
 * Round trips: two, besides those of `once`: what is read, with its announcement, and what is written.
 */
export async function changeIntentOnce<Result, Beside = undefined>(
  db: Db,
  command: KeyedCommand,
  useCase: IntentUseCase<Result, Beside>,
): Promise<OnceOutcome<Result, Beside>> {
  const { operation, isSame } = useCase;
  const { merchantId, paymentIntentId } = command;
  return once<Result, Beside>(db, command, {
    operation,
    ...(isSame && { isSame }),
    execute: async (tx) => {
      const [state, charge] = await pipelined([
        lockIntent(tx, merchantId, paymentIntentId),
        useCase.findCharge?.(tx, merchantId, paymentIntentId),
      ]);
      if (!state) return { failure: notFound("payment intent", paymentIntentId) };
      const decision = await useCase.decide(tx, { state, charge });
      if ("failure" in decision) {
        await useCase.beforeCommit?.();
        return decision;
      }
      const [, read] = await pipelined([
        writeChanges(tx, [{ ...decision.change, traceparent: command.traceparent }]),
        useCase.readBeside?.(tx, decision.change),
      ]);
      await useCase.beforeCommit?.();
      return { eventId: decision.resultEventId, ...read };
    },
  });
}
