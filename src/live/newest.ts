/**
 * Values for one reader, of whom nobody knows how fast it is: what it has not taken yet is replaced by what comes next.
 * So there is one pending value at most, however long the reader is away.
 */
export interface Newest<Value> extends AsyncIterableIterator<Value> {
  put(value: Value): void;
  /** Whether there is something to take: known once there is, or once there will be nothing more. Takes nothing. */
  arrived(): Promise<boolean>;
  /** After what is pending. */
  end(): void;
}

export function newestOf<Value>(atEnd: () => void): Newest<Value> {
  let pending: { readonly value: Value } | undefined;
  let wake: ((result: IteratorResult<Value>) => void) | undefined;
  let look: ((isThere: boolean) => void) | undefined;
  let isOver = false;
  const over = { value: undefined, done: true } as const;
  const finish = (): void => {
    if (!isOver) atEnd();
    isOver = true;
    wake?.(over);
    wake = undefined;
    look?.(pending !== undefined);
    look = undefined;
  };
  return {
    put: (value) => {
      if (isOver) return;
      if (wake) {
        const take = wake;
        wake = undefined;
        take({ value, done: false });
      } else {
        pending = { value };
        look?.(true);
        look = undefined;
      }
    },
    arrived: () => {
      if (pending || isOver) return Promise.resolve(pending !== undefined);
      return new Promise((resolve) => (look = resolve));
    },
    end: finish,
    next: () => {
      const ready = pending;
      pending = undefined;
      if (ready) return Promise.resolve({ value: ready.value, done: false });
      if (isOver) return Promise.resolve(over);
      return new Promise((resolve) => (wake = resolve));
    },
    // Whoever waits is woken, or the stream would be held until the next change.
    return: () => {
      pending = undefined;
      finish();
      return Promise.resolve(over);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
