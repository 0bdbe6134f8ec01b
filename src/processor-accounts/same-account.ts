import type { ConnectedProcessor, ProcessorIdentity } from "../processors/kind";
import { ListNotRead } from "../processors/lists";
import type { Processor } from "../processors/processor";

/*
 * Another account knows nothing of an attempt, whatever became of it: its "not found" is no evidence, its acknowledgement
 * of a reversal fences nothing, its lists lack everything and have what is not ours, and a request repeated there is a
 * first one. So none of these counts before the credentials in use have said that they are the account's.
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
  /** After it was heard: whoever is refused is not asked whose the credentials are. */
  const ofSame =
    <Asked, Heard>(list: (asked: Asked) => Promise<Heard>) =>
    async (asked: Asked): Promise<Heard> => {
      const heard = await list(asked);
      if (await isSame()) return heard;
      throw new ListNotRead("OTHER_ACCOUNT");
    };
  const { reverseMovement, listMovements, listEvents, listPayouts } = processor;
  return {
    ...processor,
    ...(reverseMovement && {
      reverseMovement: async (movement) =>
        (await isSame()) ? reverseMovement(movement) : { kind: "unknown", reason: OTHERS },
    }),
    ...(listMovements && { listMovements: ofSame(listMovements) }),
    ...(listEvents && { listEvents: ofSame(listEvents) }),
    ...(listPayouts && { listPayouts: ofSame(listPayouts) }),
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
