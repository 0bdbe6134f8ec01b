import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector } from "undici";

/**
 * Merchants choose the URLs that our workers call, and our workers stand inside our network. So a
 * URL is judged twice: when it is registered, which gives the merchant a clear answer, and again at
 * every connection, because by then its name may lead elsewhere. The second check is the one that
 * protects; the first is a courtesy.
 */
const URL_LENGTH_MAX = 2048;

// "" is how a URL writes the port its scheme implies.
const PORTS: readonly string[] = ["", "443", "8443"];

const INTERNAL_NAME = /\.(?:localhost|local|internal|intranet|lan|home\.arpa|onion)$/;

type UrlVerdict = { ok: true; url: URL } | { ok: false; reason: string };

export function checkWebhookUrl(text: string, options: { allowLoopback: boolean }): UrlVerdict {
  if (text.length > URL_LENGTH_MAX) {
    return { ok: false, reason: `The URL is longer than ${URL_LENGTH_MAX} characters.` };
  }
  // The parser also reads 0x7f.1, 2130706433 and full-width digits as the addresses they mean, so
  // that nothing below has to know these spellings. It drops spaces and line breaks, though.
  const url = !/\s/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return { ok: false, reason: "This is not a valid URL." };
  if (url.username !== "" || url.password !== "") {
    return { ok: false, reason: "The URL must not contain a user name or password." };
  }
  if (url.href.includes("#")) return { ok: false, reason: "The URL must not contain a fragment." };
  const problem = originProblem(url, options.allowLoopback);
  return problem === undefined ? { ok: true, url } : { ok: false, reason: problem };
}

type Origin = { protocol: string; hostname: string; port: string };

/** Why nothing may be sent to this origin, as far as can be told without resolving its name. */
function originProblem(origin: Origin, allowLoopback: boolean): string | undefined {
  const host = bareHost(origin.hostname);
  if (allowLoopback && isLoopbackHost(host)) {
    return /^https?:$/.test(origin.protocol) ? undefined : "The URL must begin with https://.";
  }
  if (origin.protocol !== "https:") return "The URL must begin with https://.";
  if (!PORTS.includes(origin.port)) return "The port must be 443 or 8443.";
  if (isIP(host) !== 0) {
    return isPublicAddress(host) ? undefined : "The address is not on the public internet.";
  }
  // A name without a dot, too, can only mean something inside our own network.
  const isInternal = !host.includes(".") || INTERNAL_NAME.test(host);
  return isInternal ? "The host is not on the public internet." : undefined;
}

/** The host as an address or name: without an IPv6 address's brackets or a name's closing dot. */
function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

function isLoopbackHost(host: string): boolean {
  if (isIP(host) !== 0) return ipaddr.process(host).range() === "loopback";
  return host === "localhost" || host.endsWith(".localhost");
}

// The whole of the address space that is given out for the public internet.
const IPV6_GLOBAL = ipaddr.IPv6.parseCIDR("2000::/3");

// Azure gives its machines their metadata on a public address.
const METADATA: readonly string[] = ["168.63.129.16"];

/**
 * Whether an address belongs to a single machine on the public internet. Addresses that carry an IPv4 one inside
 * (mapped, NAT64, 6to4, Teredo) are refused as kinds, whatever they carry.
 */
export function isPublicAddress(address: string): boolean {
  // A zone ("fe80::1%eth0") names one of our network interfaces.
  if (isIP(address) === 0 || address.includes("%")) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast" || METADATA.includes(address)) return false;
  // ipaddr.js treats everything it has no name for as unicast, including ::127.0.0.1.
  return parsed instanceof ipaddr.IPv4 || parsed.match(IPV6_GLOBAL);
}

export type ResolvedAddress = { address: string; family: 4 | 6 };

export type ResolveAddresses = (host: string) => Promise<readonly ResolvedAddress[]>;

type GuardedAgentOptions = {
  allowLoopback: boolean;
  connectTimeoutMs: number;
  /** How many connections to one origin, at most. */
  connections: number;
  /** Tests give names addresses of their own. */
  resolve?: ResolveAddresses;
};

export const BLOCKED_TARGET = "ONCEPAY_BLOCKED_TARGET";

/** An undici agent that connects to nothing but the public internet. */
export function createGuardedAgent(options: GuardedAgentOptions): Agent {
  const { allowLoopback, connectTimeoutMs, connections } = options;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: guardedLookup(allowLoopback, options.resolve ?? createResolve()),
    // Names with several addresses: a quarter of a second, the default, is too short for the far
    // side of the world, where the one address that works would be given up.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1_000,
  });
  return new Agent({
    connections,
    // A pipelined webhook would wait behind a slow answer to another.
    pipelining: 1,
    // Node never calls a lookup for an address written in the URL, so the origin is judged here.
    connect: (target, callback) => {
      const problem = originProblem(target, allowLoopback);
      if (problem === undefined) connect(target, callback);
      else process.nextTick(callback, blockedTarget(problem), null);
    },
  });
}

function blockedTarget(message: string): Error {
  return Object.assign(new Error(message), { code: BLOCKED_TARGET });
}

/**
 * The lookup of a connection. The socket connects to exactly the addresses returned here, so a name cannot change its
 * meaning between check and use. One address that is not public rules them all out: a public name has no business
 * there.
 */
function guardedLookup(allowLoopback: boolean, resolve: ResolveAddresses): LookupFunction {
  const lookUp = async (hostname: string): Promise<ResolvedAddress[]> => {
    const host = bareHost(hostname);
    const loopback = allowLoopback && isLoopbackHost(host);
    const addresses = await resolve(host);
    if (addresses.length === 0) {
      throw Object.assign(new Error("The host name has no address."), { code: "ENOTFOUND" });
    }
    const allowed = addresses.every(
      ({ address }) =>
        isPublicAddress(address) || (loopback && isIP(address) !== 0 && isLoopbackHost(address)),
    );
    if (!allowed) throw blockedTarget("The host name resolves to an address that is not public.");
    return [...addresses];
  };
  return (hostname, options, callback) => {
    lookUp(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? "", first?.family ?? 4);
      },
      (error: NodeJS.ErrnoException) => {
        callback(error, []);
      },
    );
  };
}

/**
 * Asks the name servers directly. The usual lookup runs on one of four shared threads, so four endpoints with dead name
 * servers would hold up every other webhook.
 */
function createResolve(): ResolveAddresses {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  return async (host) => {
    if (isLoopbackHost(host)) {
      return [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ];
    }
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    if (v4.status === "rejected" && v6.status === "rejected") throw v4.reason;
    return [
      ...(v4.status === "fulfilled" ? v4.value : []).map((address): ResolvedAddress => ({
        address,
        family: 4,
      })),
      ...(v6.status === "fulfilled" ? v6.value : []).map((address): ResolvedAddress => ({
        address,
        family: 6,
      })),
    ];
  };
}
