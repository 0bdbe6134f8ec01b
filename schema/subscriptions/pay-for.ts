import type { GraphQLSchema } from "graphql";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../src/failures";
import { checkOperation } from "../check-operation";
import type { Context } from "../context";
import type { Subscription } from "./find-subscription";
import type { Stream } from "./open-streams";

const WAIT_MS = 1_000;

/**
 * Spends for a further payload of a stream what a query for the same would cost. When its caller has nothing left to
 * spend, this waits until there is: so the stream is slower, and then shows the newest state. It is not ended for that,
 * because its client would only ask again, which costs more than what it was refused. Returns at once when the stream
 * ends meanwhile.
 *
 * Cost: a look-up in this process; what is allowed and what it costs was found out when the stream was opened.
 */
export async function payFor(
  request: {
    readonly schema: GraphQLSchema;
    readonly context: Context;
    readonly subscription: Subscription;
  },
  stream: Pick<Stream, "isOpen">,
): Promise<void> {
  const { schema, context, subscription } = request;
  while (stream.isOpen()) {
    try {
      await checkOperation(context, { ...subscription, schema, streamed: true });
      return;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "RATE_LIMITED") throw error;
      await pause(error.retryAfterMs ?? WAIT_MS, undefined, { ref: false });
    }
  }
}
