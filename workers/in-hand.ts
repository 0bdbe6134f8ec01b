/*
 * Batches that a relay has begun with and whose rows are still to be written and marked: while webhooks of one are being
 * answered, the next is read and begun with.
 *
 * Guarantees: they end in the order in which they began, so that a feed keeps the order of its events. When one fails, all
 * after it fail with it, and their outbox rows are read again.
 */
export interface InHand {
  readonly batches: Batch[];
  /** One of them has. */
  hasFailed: boolean;
}

interface Batch {
  readonly ids: readonly number[];
  readonly finished: Promise<void>;
}

export function nothingInHand(): InHand {
  return { batches: [], hasFailed: false };
}

/** What is read again and is not to be begun with again. As of now: what is marked later is in what was read before. */
export function idsInHand({ batches }: InHand): ReadonlySet<number> {
  return new Set(batches.flatMap(({ ids }) => ids));
}

/** When all of them are over: the next one's rows are not marked before that. */
export function lastInHand({ batches }: InHand): Promise<void> | undefined {
  return batches.at(-1)?.finished;
}

export function holdInHand(inHand: InHand, batch: Batch): void {
  inHand.batches.push(batch);
  batch.finished.then(
    () => inHand.batches.shift(),
    () => {
      inHand.hasFailed = true;
    },
  );
}

/** Until no more than so many are in hand. When one has failed, until none is, and then throws what it failed of. */
export async function awaitInHand(inHand: InHand, most: number): Promise<void> {
  while (inHand.batches.length > (inHand.hasFailed ? 0 : most)) {
    try {
      await inHand.batches[0]?.finished;
    } catch (error) {
      await Promise.allSettled(inHand.batches.map(({ finished }) => finished));
      inHand.batches.length = 0;
      inHand.hasFailed = false;
      throw error;
    }
  }
}
