import type { ConnectedProcessor } from "../processors/kind";

export interface Counted {
  readonly processor: ConnectedProcessor;
  /** Nobody is given it any more: it is closed when its last call is answered. */
  readonly retire: () => void;
}

/** A call that is cut off is an outcome that nobody knows, so a processor is closed with none under way. */
export function countCalls(processor: ConnectedProcessor): Counted {
  let underWay = 0;
  let isRetired = false;
  const closeIfIdle = (): void => {
    if (isRetired && underWay === 0) void processor.close();
  };
  const counted =
    <Asked extends readonly unknown[], Heard>(call: (...asked: Asked) => Promise<Heard>) =>
    async (...asked: Asked): Promise<Heard> => {
      underWay += 1;
      try {
        return await call(...asked);
      } finally {
        underWay -= 1;
        closeIfIdle();
      }
    };
  const { prepare, reverseMovement, listMovements, listEvents, listPayouts, listPayoutLines } =
    processor;
  return {
    processor: {
      ...processor,
      identify: counted(() => processor.identify()),
      ...(prepare && { prepare: counted(prepare) }),
      ...(reverseMovement && { reverseMovement: counted(reverseMovement) }),
      ...(listMovements && { listMovements: counted(listMovements) }),
      ...(listEvents && { listEvents: counted(listEvents) }),
      ...(listPayouts && { listPayouts: counted(listPayouts) }),
      ...(listPayoutLines && { listPayoutLines: counted(listPayoutLines) }),
      send: counted((request: Parameters<typeof processor.send>[0]) => processor.send(request)),
      lookUp: counted((attempt: Parameters<typeof processor.lookUp>[0]) =>
        processor.lookUp(attempt),
      ),
      reverse: counted((attempt: Parameters<typeof processor.reverse>[0]) =>
        processor.reverse(attempt),
      ),
    },
    retire: () => {
      isRetired = true;
      closeIfIdle();
    },
  };
}
