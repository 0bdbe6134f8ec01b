const JSON_TYPE = "application/json";
const GRAPHQL_TYPE = "application/graphql-response+json";

/** What an answer is written as; only its status and its content type depend on it. */
export type MediaType = typeof JSON_TYPE | typeof GRAPHQL_TYPE;

// The few values that clients send, so that they are read once. Bounded: anybody may send anything.
const known = new Map<string, MediaType | undefined>();
const KNOWN_MAX = 200;
const ACCEPT_LENGTH_MAX = 1_000;

/** The type that an Accept header prefers, as RFC 9110 weighs them; undefined when it accepts neither. */
export function chooseMediaType(accept: string | undefined): MediaType | undefined {
  if (accept === undefined || accept === "" || accept === "*/*") return JSON_TYPE;
  if (known.has(accept)) return known.get(accept);
  const chosen = negotiate(accept.slice(0, ACCEPT_LENGTH_MAX));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(accept, chosen);
  return chosen;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function negotiate(accept: string): MediaType | undefined {
  const ranges = accept.split(",").map(readRange);
  // An exact range counts before a wildcard of the same weight, and of two exact ones the first.
  const exact = [...ranges.filter(({ type }) => !type.endsWith("/*"))];
  const wild = ranges.filter(({ type }) => type === "*/*" || type === "application/*");
  const candidates = [...exact, ...wild.map(({ quality }) => ({ type: JSON_TYPE, quality }))];
  let best: { readonly type: MediaType; readonly quality: number } | undefined;
  for (const { type, quality } of candidates) {
    const isOurs = type === JSON_TYPE || type === GRAPHQL_TYPE;
    if (isOurs && quality > 0 && quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type;
}

function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}
