import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What callers are counted by: the address, or the /64 network of an IPv6 address, because one owner has its 2^64 addresses. An IPv4
 * address that is written as IPv6 counts as itself.
 */
export function networkOf(address: string): string {
  // The name of an interface follows a link-local address, in letters that the library does not accept.
  const [withoutZone = ''] = address.split('%', 1);
  if (isIP(withoutZone) === 0) return address;
  const parsed = ipaddr.process(withoutZone);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
