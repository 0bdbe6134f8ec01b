/*
 * Whether somebody looks at the page, and whether there is a network: where there is a page at all. In Node it is always
 * looked at.
 */

interface Listened {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

interface Page extends Listened {
  readonly visibilityState: string;
}

const { document: page, window } = globalThis as {
  readonly document?: Page;
  readonly window?: Listened;
};

function isHidden(): boolean {
  return page?.visibilityState === "hidden";
}

/** Resolves once the page is shown, or when the signal is aborted. */
export function untilShown(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isHidden() && !signal?.aborted) return;
      page?.removeEventListener("visibilitychange", look);
      signal?.removeEventListener("abort", look);
      resolve();
    };
    page?.addEventListener("visibilitychange", look);
    signal?.addEventListener("abort", look);
    look();
  });
}

/** Calls back when the page is hidden, and when the network goes or comes, until the function that it gives is called. */
export function followAttention(onChange: () => void): () => void {
  const look = (): void => {
    if (isHidden()) onChange();
  };
  page?.addEventListener("visibilitychange", look);
  window?.addEventListener("online", onChange);
  window?.addEventListener("offline", onChange);
  return () => {
    page?.removeEventListener("visibilitychange", look);
    window?.removeEventListener("online", onChange);
    window?.removeEventListener("offline", onChange);
  };
}
