/** Where a database may be: at one address, or at several, of which one takes writes at a time. */
export interface Addresses {
  /** Each as the URL of one host. */
  readonly urls: readonly string[];
  /** Only a server that takes writes will do. Without it, whichever answers at the one address. */
  readonly readWrite: boolean;
}

const SHAPE = /^(?<before>postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)(?<hosts>[^/?#]*)(?<after>.*)$/;
const ATTRS = "target_session_attrs";
// At a server of any other kind nothing works.
const TAKES_WRITES: ReadonlySet<string | undefined> = new Set(["read-write", "primary", undefined]);

/**
 * Reads an address as libpq's programs do: `postgres://user@a:5432,b:5432/name?target_session_attrs=read-write`.
 * Undefined: it is none. Several hosts mean read-write also where nothing says so, because we always write.
 */
export function parseAddresses(text: string): Addresses | undefined {
  const { before, hosts, after } = SHAPE.exec(text)?.groups ?? {};
  if (before === undefined || hosts === undefined) return undefined;
  const places = hosts.split(",").map((host) => readPlace(`${before}${host}${after ?? ""}`));
  const isOne = places.length === 1;
  const urls = places.flatMap((place) => (place && TAKES_WRITES.has(place.attrs) ? place.url : []));
  if (urls.length < places.length || (!isOne && places.some((place) => place?.host === ""))) {
    return undefined;
  }
  return { urls, readWrite: !isOne || places[0]?.attrs !== undefined };
}

interface Place {
  readonly url: string;
  readonly host: string;
  readonly attrs: string | undefined;
}

function readPlace(text: string): Place | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  // pg would ask for a host of this whole name.
  if (url.searchParams.get("host")?.includes(",") === true) return undefined;
  const attrs = url.searchParams.get(ATTRS) ?? undefined;
  url.searchParams.delete(ATTRS);
  // Otherwise as it was written: what there is to encode, others decode.
  return { url: attrs === undefined ? text : url.href, host: url.hostname, attrs };
}

/** For messages: where it is, without the user and the password. */
export function hostOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || "localhost"}:${port || "5432"}`;
}
