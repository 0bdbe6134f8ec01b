/** So many calls a second, and a second's worth at once: what is over that waits for as long as this says. */
export interface TokenBucket {
  /** 0: the call may be made, and counts. Otherwise nothing is counted, and there is room in so many milliseconds. */
  readonly take: () => number;
  /** The call is made in any case, and counts: others wait for it. */
  readonly owe: () => void;
}

const UNLIMITED: TokenBucket = { take: () => 0, owe: () => undefined };

export function createTokenBucket(perSecond: number, now: () => number): TokenBucket {
  if (perSecond === 0) return UNLIMITED;
  let tokens = perSecond;
  let countedAtMs = now();
  const refill = (): void => {
    const at = now();
    tokens = Math.min(perSecond, tokens + ((at - countedAtMs) * perSecond) / 1_000);
    countedAtMs = at;
  };
  return {
    take: () => {
      refill();
      if (tokens < 1) return Math.ceil(((1 - tokens) * 1_000) / perSecond);
      tokens -= 1;
      return 0;
    },
    owe: () => {
      refill();
      tokens -= 1;
    },
  };
}
