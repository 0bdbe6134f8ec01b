import { Cluster, Redis, type RedisOptions } from "ioredis";

/**
 * Where Redis is, as REDIS_URL says it:
 *
 *     redis://user:password@host:6379/0                           one server
 *     redis+cluster://user:password@a:6379,b:6379                 a cluster, of which some nodes are named
 *     redis://a:6379,redis://b:6379                               the same
 *     redis+sentinel://user:password@a:26379,b:26379/mymaster     whichever server the sentinels say
 *
 * With `rediss` all of it is encrypted. A cluster and sentinels tell where the data is by themselves, and say it again when
 * that changes.
 */
export interface RedisPlaces {
  readonly kind: "one" | "cluster" | "sentinel";
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** What each connection needs to get there. */
  readonly options: RedisOptions;
}

const SHAPE =
  /^(?<scheme>rediss?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?<login>[^@/,]*@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[\w.-]*))?$/;
const PORTS = { one: 6_379, cluster: 6_379, sentinel: 26_379 } as const;

/** Undefined: it is no address of a Redis. */
export function parseRedis(text: string): RedisPlaces | undefined {
  const found = SHAPE.exec(asOne(text))?.groups;
  if (!found) return undefined;
  const { scheme = "", login = "", hosts = "", path = "" } = found;
  const given = found["kind"] as "cluster" | "sentinel" | undefined;
  const kind = given ?? (hosts.includes(",") ? "cluster" : "one");
  const urls = hosts.split(",").map((host) => `${scheme}://${login}${host}`);
  if (!urls.every((url) => URL.canParse(url)) || !isPathOf(kind, path)) return undefined;
  const nodes = urls.map((url) => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: port === "" ? PORTS[kind] : Number(port) };
  });
  return { kind, nodes, options: optionsOf({ kind, nodes, path, url: new URL(urls[0] ?? "") }) };
}

/** A list of addresses is a cluster, and its first one has the user and the password. */
function asOne(text: string): string {
  const [first = "", ...others] = text.split(/,(?=rediss?:\/\/)/);
  return [first, ...others.map((url) => url.replace(/^\w+:\/\/(.*@)?/, ""))].join();
}

/** The sentinels' name for their servers, or a database's number. */
function isPathOf(kind: RedisPlaces["kind"], path: string): boolean {
  return kind === "sentinel" ? path !== "" : /^\d*$/.test(path);
}

function optionsOf(given: {
  readonly kind: RedisPlaces["kind"];
  readonly nodes: RedisPlaces["nodes"];
  readonly path: string;
  readonly url: URL;
}): RedisOptions {
  const { username, password, protocol } = given.url;
  const login = {
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    ...(protocol === "rediss:" && { tls: {} }),
  };
  const [node] = given.nodes;
  switch (given.kind) {
    case "one":
      return { ...login, ...node, ...(given.path !== "" && { db: Number(given.path) }) };
    case "cluster":
      return login;
    case "sentinel":
      return {
        ...login,
        name: given.path,
        sentinels: [...given.nodes],
        ...(protocol === "rediss:" && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
      };
  }
}

/** One client for whatever is there. What it does with errors and retries, its caller says. */
export function connectRedis(url: string, options: RedisOptions): Redis | Cluster {
  const places = parseRedis(url);
  if (!places) throw new Error("this is no address of a Redis");
  const all = { ...options, ...places.options } as PlainOptions;
  if (places.kind !== "cluster") return new Redis(all);
  const { lazyConnect, enableOfflineQueue, retryStrategy, ...redisOptions } = all;
  return new Cluster([...places.nodes], {
    redisOptions,
    ...(lazyConnect !== undefined && { lazyConnect }),
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
    ...(retryStrategy && { clusterRetryStrategy: (tries) => retryStrategy(tries) ?? null }),
    // What is asked of a node that is gone fails soon; the rest of the cluster goes on.
    slotsRefreshTimeout: options.connectTimeout ?? REFRESH_MS,
  });
}

/** Without what changes the types of answers. */
type PlainOptions = Omit<RedisOptions, "replyMapping">;

const REFRESH_MS = 2_000;
