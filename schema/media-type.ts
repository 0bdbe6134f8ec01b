import Negotiator from "negotiator";

const JSON_TYPE = "application/json";
const GRAPHQL_TYPE = "application/graphql-response+json";

/** What an answer is written as; only its status and its content type depend on it. */
export type MediaType = typeof JSON_TYPE | typeof GRAPHQL_TYPE;

// With the charset that answers have, because a client that names it in Accept wants this one. Among equals, the first.
const OFFERED: ReadonlyMap<string, MediaType> = new Map([
  [`${JSON_TYPE}; charset=utf-8`, JSON_TYPE],
  [`${GRAPHQL_TYPE}; charset=utf-8`, GRAPHQL_TYPE],
]);

// The few values that clients send, so that they are read once. Bounded: anybody may send anything.
const known = new Map<string, MediaType | undefined>();
const KNOWN_MAX = 200;
const ACCEPT_LENGTH_MAX = 1_000;

/** The type that an Accept header prefers, as RFC 9110 weighs them; undefined when it accepts neither. */
export function chooseMediaType(accept: string | undefined): MediaType | undefined {
  if (accept === undefined || accept === "" || accept === "*/*") return JSON_TYPE;
  if (known.has(accept)) return known.get(accept);
  const headers = { accept: accept.slice(0, ACCEPT_LENGTH_MAX) };
  const chosen = OFFERED.get(new Negotiator({ headers }).mediaType([...OFFERED.keys()]) ?? "");
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(accept, chosen);
  return chosen;
}

/** As above; whoever takes nothing but a stream of events is refused by status, and told why in the newer type. */
export function mediaTypeOf(accept: string | undefined): MediaType | undefined {
  return chooseMediaType(accept) ?? (acceptsEvents(accept) ? GRAPHQL_TYPE : undefined);
}

/** Whether a stream of events may be an answer, whatever else may. */
export function acceptsEvents(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes("text/event-stream") ?? false;
}
