import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Ranges of addresses that a key may be used from, in CIDR notation; one address is a range of its own. */

export const ADDRESS_RANGES_MAX = 50;

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** As it is stored: `10.1.2.3/8` becomes `10.0.0.0/8`. Undefined when it is no range of addresses. */
export function normalRange(text: string): string | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  // The parser also reads 0x7f.1 and zones, which no allow-list means.
  if (version === 0 || address.includes("%") || rest.length > 0) return undefined;
  const width = version === 4 ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= width)) return undefined;
  const [network, length] = unmapped(ipaddr.parse(address), Number(bits ?? width));
  const masked =
    network instanceof ipaddr.IPv4
      ? ipaddr.IPv4.networkAddressFromCIDR(`${network.toString()}/${String(length)}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${network.toString()}/${String(length)}`);
  const written = masked instanceof ipaddr.IPv6 ? masked.toRFC5952String() : masked.toString();
  return `${written}/${String(length)}`;
}

const MAPPED_BITS = 96;

/** `::ffff:10.0.0.0/104` is another way to write `10.0.0.0/8`. */
function unmapped(address: ipaddr.IPv4 | ipaddr.IPv6, length: number): Range {
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && length >= MAPPED_BITS) {
    return [address.toIPv4Address(), length - MAPPED_BITS];
  }
  return [address, length];
}

function contains([network, length]: Range, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match(network, length);
}

/** Reads the ranges once; without any, every address is in them. */
export function addressTest(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => true;
  const parsed = ranges.map((range) => ipaddr.parseCIDR(range));
  return (address) => {
    if (isIP(address) === 0) return false;
    const asked = ipaddr.process(address);
    return parsed.some((range) => contains(range, asked));
  };
}

/** Whether every address of some ranges is also in others; none means every address. */
export function areWithin(ranges: readonly string[], outer: readonly string[]): boolean {
  if (outer.length === 0) return true;
  if (ranges.length === 0) return false;
  const outside = outer.map((range) => ipaddr.parseCIDR(range));
  return ranges.every((range) => {
    const [network, length] = ipaddr.parseCIDR(range);
    return outside.some((one) => one[1] <= length && contains(one, network));
  });
}
