/** Where a database may be: at one address, or at several, of which one takes writes at a time. */
export interface Addresses {
  /** Each as the URL of one host. */
  readonly urls: readonly string[];
  /** Only a server that takes writes will do. Without it, whichever answers at the one address. */
  readonly readWrite: boolean;
}

const SHAPE = /^(?<before>postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)(?<hosts>[^/?#]*)(?<after>.*)$/;
const ATTRS = "target_session_attrs";

/**
 * Reads an address as libpq's programs do: `postgres://user@a:5432,b:5432/name?target_session_attrs=read-write`.
 * Undefined: it is none. Several hosts mean read-write also where nothing says so, because we always write.
 */
export function parseAddresses(text: string): Addresses | undefined {
  const { before = "", hosts = "", after = "" } = SHAPE.exec(text)?.groups ?? {};
  if (before === "") return undefined;
  const attrs = new Set<string>();
  const urls: string[] = [];
  for (const host of hosts.split(",")) {
    const one = `${before}${host}${after}`;
    if (!URL.canParse(one)) return undefined;
    const url = new URL(one);
    if (hosts.includes(",") && url.hostname === "") return undefined;
    // pg takes one of them, which would then be asked for alone.
    if (url.searchParams.get("host")?.includes(",") === true) return undefined;
    const given = url.searchParams.get(ATTRS);
    attrs.add(given ?? (hosts.includes(",") ? "read-write" : "any"));
    url.searchParams.delete(ATTRS);
    // Otherwise as it was written: what there is to encode, others decode.
    urls.push(given === null ? one : url.href);
  }
  const [wanted = ""] = attrs;
  const readWrite = wanted === "read-write" || wanted === "primary";
  if (!readWrite && (wanted !== "any" || urls.length > 1)) return undefined;
  return { urls, readWrite };
}

/** For messages: where it is, without the user and the password. */
export function hostOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || "localhost"}:${port || "5432"}`;
}
