import type { Db } from "../../src/db/db";
import { type Outcome, keyInUse } from "../../src/idempotency/keys";
import { SEALED_HOURS } from "../../src/idempotency/once";
import { type TracedCommand, tracedCommand } from "../../src/observability/tracing";
import type { Context } from "../context";

export const IDEMPOTENCY_KEY = {
  description:
    "A key that the caller chooses for this one operation: 1 to 255 visible ASCII characters. Repeating the request with the same key has no further effect and returns the original result.",
};

export const SHOWN_FOR_A_DAY = `Replays of the same idempotency key show it for ${String(SEALED_HOURS)} hours; after that it is null.`;

/** What was committed is waiting in the outbox; a replay puts nothing there. Who watches the payment is told, too. */
export function afterCommit(
  { app, caller }: Context,
  outcome: Outcome<unknown>,
  paymentIntentId?: string,
): void {
  if (outcome.status !== "EXECUTED") return;
  app.wakeRelay();
  if (caller && paymentIntentId !== undefined) {
    app.announce({ merchantId: caller.merchantId, paymentIntentId });
  }
}

interface IntentCommand extends TracedCommand {
  readonly merchantId: string;
  readonly key: string;
  readonly paymentIntentId: string;
}

/** Mutations of one payment lock it one after the other: they wait before they take a connection, not on it. */
export function inTurn<Command extends IntentCommand, Result>(
  context: Context,
  operation: { readonly name: string; readonly command: Command },
  execute: (db: Db, command: Command) => Promise<Result>,
): Promise<Result> {
  const { name, command: asked } = operation;
  const { app, traceparent } = context;
  const take = tracedCommand(name, (command: Command) =>
    app.turns.take(`${command.merchantId} ${command.paymentIntentId}`, {
      work: () => execute(app.db, command),
      // As when the lock is waited for in vain.
      tooLate: () => keyInUse({ ...command, operation: name }),
    }),
  );
  return take(traceparent === undefined ? asked : { ...asked, traceparent });
}
