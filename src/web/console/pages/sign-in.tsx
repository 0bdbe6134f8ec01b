import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AskError, type Session, signIn } from "../api";
import { ErrorNote } from "../parts/notes";

export function SignIn({
  hasEnded,
  entered,
}: {
  hasEnded: boolean;
  entered: (session: Session) => void;
}): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<AskError>();
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const key = new FormData(form).get("key");
    if (isBusy || typeof key !== "string") return;
    setBusy(true);
    try {
      entered(await signIn(key.trim()));
    } catch (thrown) {
      setBusy(false);
      if (!(thrown instanceof AskError)) throw thrown;
      setError(thrown);
    }
  };
  return (
    <main class="sign-in">
      <h1>oncepay console</h1>
      {hasEnded && !error && (
        <p class="note" role="status">
          Your session has ended. After signing in you are back on this page.
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <label>
          Operator key
          <input
            name="key"
            type="password"
            required
            autofocus
            autocomplete="current-password"
            spellcheck={false}
            placeholder="ok_… or plk_…"
          />
        </label>
        {error && <ErrorNote error={error} />}
        <button type="submit" class="main" aria-busy={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
      </form>
      <p class="quiet">
        The key is sent once and kept nowhere in this browser. Use a key of your own: what is done
        here is recorded under it.
      </p>
    </main>
  );
}
