import { useEffect } from "preact/hooks";

/** The keyboard: what a person who is woken at night can do without looking for the mouse. */

export interface Keys {
  readonly jump: () => void;
  readonly help: () => void;
  /** After g. */
  readonly pages: Readonly<Record<string, () => void>>;
}

const CHORD_MS = 1_500;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== "checkbox")
  );
}

/** The links of rows, in the order in which they stand. */
function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("main [data-row]")];
}

/** What has the focus, or what it is beside. */
function currentRow(): HTMLElement | null {
  const at = document.activeElement;
  if (at instanceof HTMLElement && "row" in at.dataset) return at;
  return at?.closest("tr, li")?.querySelector<HTMLElement>("[data-row]") ?? null;
}

function move(by: 1 | -1): void {
  const all = rows();
  const at = all.indexOf(currentRow() as HTMLElement);
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function choose(): void {
  const row = document.activeElement?.closest("tr");
  row?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
}

export function useKeys(keys: Keys): void {
  useEffect(() => {
    let chordUntil = 0;
    const press = (event: KeyboardEvent): void => {
      const isOther = event.ctrlKey || event.metaKey || event.altKey;
      if (isOther || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape" && isTyping(event.target)) (event.target as HTMLElement).blur();
      if (isTyping(event.target)) return;
      const page = Date.now() < chordUntil ? keys.pages[event.key] : undefined;
      chordUntil = 0;
      const simple: Readonly<Record<string, () => void>> = {
        "/": keys.jump,
        "?": keys.help,
        j: () => {
          move(1);
        },
        k: () => {
          move(-1);
        },
        x: choose,
        g: () => {
          chordUntil = Date.now() + CHORD_MS;
        },
      };
      const act = page ?? simple[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => {
      removeEventListener("keydown", press);
    };
  }, [keys]);
}
