import { useState } from "preact/hooks";
import { AskError, type Name, ask } from "./api";
import { usePlace } from "./place";
import type { Results, Variables } from "./results";

/*
 * Doing something. The idempotency key is fixed before anything is sent and kept until there is an answer, in the
 * tab's storage, so that neither a second press, nor a lost answer, nor a reloaded page does it twice.
 */

type Mutations = {
  [Key in Name as Variables[Key] extends { readonly key: string } ? Key : never]: Variables[Key];
};
export type MutationName = keyof Mutations;
type InputOf<Key extends MutationName> = Mutations[Key] extends { readonly input: infer Input }
  ? Input
  : never;

const TRIES_MAX = 4;

function keyFor(about: string): string {
  const kept = sessionStorage.getItem(about);
  if (kept !== null) return kept;
  const key = `console-${crypto.randomUUID()}`;
  sessionStorage.setItem(about, key);
  return key;
}

async function act<Key extends MutationName>(
  name: Key,
  input: InputOf<Key>,
  merchant: string | null,
): Promise<Results[Key]> {
  const about = `oncepay ${JSON.stringify([merchant, name, input])}`;
  const variables = { input, key: keyFor(about) } as unknown as Variables[Key];
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await ask(name, variables, { merchant, by: "act" });
      sessionStorage.removeItem(about);
      return answer;
    } catch (error) {
      const isOpen = error instanceof AskError && error.retryable;
      if (!isOpen) sessionStorage.removeItem(about);
      if (!isOpen || tries >= TRIES_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.waitMs * tries));
    }
  }
}

export interface Action {
  readonly isBusy: boolean;
  readonly error: AskError | undefined;
  /** Whether it has been done. */
  readonly run: <Key extends MutationName>(
    name: Key,
    input: InputOf<Key>,
  ) => Promise<Results[Key] | undefined>;
}

export function useAction(): Action {
  const { acting, ended } = usePlace();
  const [state, setState] = useState<{ isBusy: boolean; error?: AskError }>({ isBusy: false });
  return {
    isBusy: state.isBusy,
    error: state.error,
    run: async (name, input) => {
      setState({ isBusy: true });
      try {
        const answer = await act(name, input, acting);
        setState({ isBusy: false });
        return answer;
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        if (error.code === "UNAUTHENTICATED") ended();
        setState({ isBusy: false, error });
        return undefined;
      }
    },
  };
}
