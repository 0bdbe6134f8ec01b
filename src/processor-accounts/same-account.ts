import type { ConnectedProcessor, ProcessorIdentity } from "../processors/kind";
import type { Processor } from "../processors/processor";

/*
 * Another account knows nothing of an attempt, whatever became of it: its "not found" is no evidence, its
 * acknowledgement of a reversal fences nothing, a request repeated there is a first one, and its events are not ours. So none of these counts
 * before the credentials in use have said that they are the account's.
 *
 * Cost: one call for each connection that is made, when the first of them is heard.
 */

type Expected = ProcessorIdentity;

const OTHERS = "the credentials are not known to be the account's";

export function sameAccountOnly(processor: ConnectedProcessor, expected: Expected): Processor {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    const found = await processor.identify().catch(() => undefined);
    const isSame =
      found?.externalAccountId === expected.externalAccountId && found.mode === expected.mode;
    // Asked again next time: the processor may have been away.
    if (!isSame) asking = undefined;
    return isSame;
  };
  const isSame = (): Promise<boolean> => (asking ??= ask());
  const { reverseMovement, listEvents } = processor;
  return {
    ...processor,
    ...(reverseMovement && {
      reverseMovement: async (movement) =>
        (await isSame()) ? reverseMovement(movement) : { kind: "unknown", reason: OTHERS },
    }),
    ...(listEvents && {
      listEvents: async (window) => {
        if (await isSame()) return listEvents(window);
        throw new Error(OTHERS);
      },
    }),
    send: async (request) =>
      request.sentAt === null || (await isSame())
        ? processor.send(request)
        : { kind: "unknown", reason: OTHERS },
    lookUp: async (attempt) => {
      const found = await processor.lookUp(attempt);
      if (found.kind !== "not_found" || (await isSame())) return found;
      return { kind: "unknown", reason: OTHERS };
    },
    reverse: async (attempt) =>
      (await isSame()) ? processor.reverse(attempt) : { kind: "unknown", reason: OTHERS },
  };
}
