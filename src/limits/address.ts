import ipaddr from "ipaddr.js";

const known = new Map<string, string>();
const KNOWN_MAX = 10_000;
const PREFIX_PARTS = 4;

/**
 * Whom an address stands for. One subscriber usually has a whole IPv6 network of 64 bits, and so as many addresses as
 * anybody could count; an IPv4 address is one, also where it is written as IPv6.
 */
export function subscriberOf(address: string): string {
  const found = known.get(address);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  const subscriber = read(address);
  known.set(address, subscriber);
  return subscriber;
}

function read(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const parts = parsed.parts.slice(0, PREFIX_PARTS).map((part) => part.toString(16));
  return `${parts.join(":")}::/64`;
}
