import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { PAGES } from "./pages";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["/", "go to any id that you paste, or to a reference"],
  ["j k", "to the next or the previous row"],
  ["Enter", "open it"],
  ["x", "select the row"],
  ["Esc", "close what is open"],
  ["?", "this help"],
];

export function Help({ close }: { close: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const pages = PAGES.map(({ letter, name }) => [`g ${letter}`, name] as const);
  return (
    <dialog ref={dialog} aria-labelledby="help" onClose={close}>
      <h2 id="help">Keys</h2>
      <dl class="facts">
        {[...KEYS, ...pages].map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <footer>
        <button type="button" onClick={close}>
          Close
        </button>
      </footer>
    </dialog>
  );
}
