/** What a text or a JSON column cannot hold: U+0000 and halves of surrogate pairs. */
export const UNSTORABLE = /[\0\p{Cs}]/u;

const EACH_UNSTORABLE = /[\0\p{Cs}]/gu;

/** For words that are not ours to refuse: storable, and no longer than this. */
export function storable(text: string, lengthMax: number): string {
  // Cut first: a cut may leave half of a pair at the end.
  return text.slice(0, lengthMax).replace(EACH_UNSTORABLE, "\ufffd");
}
