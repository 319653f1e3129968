import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What callers are counted by: the address, or the /64 network of an IPv6 address, because one owner has its 2^64 addresses. An IPv4
 * address that is written as IPv6 counts as itself.
 */
export function networkOf(address: string): string {
  if (isIP(address) === 0) return address;
  const plain = ipaddr.process(address);
  if (!(plain instanceof ipaddr.IPv6)) return plain.toString();
  const network = plain.parts.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
