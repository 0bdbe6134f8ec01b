/** Stripe's promise about idempotency keys: the first answer is everybody's answer, for 24 hours. */
export interface KeyStore {
  /** What is known of a key; undefined when it is free. */
  find(key: string, nowMs: number): Kept | undefined;
  begin(key: string, request: string, nowMs: number): void;
  /** Null: nobody began to execute it, and nothing is kept. */
  end(key: string, answer: Answered | null): void;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

interface Kept {
  readonly request: string;
  readonly beganAtMs: number;
  /** Undefined while it is carried out. */
  answer?: Answered;
}

export const KEYS_KEPT_MS = 24 * 3_600_000;

export function newKeyStore(): KeyStore {
  const keys = new Map<string, Kept>();
  return {
    find: (key, nowMs) => {
      const kept = keys.get(key);
      const isOver = kept?.answer !== undefined && nowMs - kept.beganAtMs > KEYS_KEPT_MS;
      return isOver ? undefined : kept;
    },
    begin: (key, request, nowMs) => {
      keys.set(key, { request, beganAtMs: nowMs });
    },
    end: (key, answer) => {
      const kept = keys.get(key);
      if (answer === null) keys.delete(key);
      else if (kept) kept.answer = answer;
    },
  };
}
