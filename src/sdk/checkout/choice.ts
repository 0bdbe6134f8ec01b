/*
 * What a shop puts into the element: radio buttons, a select or buttons, whose values are the processor's tokens. Nothing
 * that can be typed into counts, so that no card number can be taken up by mistake.
 */

/** The token that is chosen when the element begins to look; undefined when none is. */
export function chosenIn(slot: HTMLSlotElement): string | undefined {
  const candidates = slot
    .assignedElements({ flatten: true })
    .flatMap((element) => [element, ...Array.from(element.querySelectorAll("input, select"))]);
  return candidates.map(tokenOf).find((token) => token !== undefined);
}

/** The token of a radio button that is checked, or of a select. */
export function tokenOf(target: unknown): string | undefined {
  if (target instanceof HTMLSelectElement) return target.value || undefined;
  if (!(target instanceof HTMLInputElement) || target.type !== "radio") return undefined;
  return target.checked ? target.value : undefined;
}

/** The token of the button that was pressed: it chooses and pays in one. */
export function buttonToken(event: Event): string | undefined {
  const { target } = event;
  const button = target instanceof Element ? target.closest("button") : null;
  return button?.value || undefined;
}
