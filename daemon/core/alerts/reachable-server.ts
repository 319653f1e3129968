import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import {
  isInNetworks,
  isReachable,
  lookupWithin,
  refusedAddress,
} from '../../vision/ingest/reachable-address.js';

/**
 * Where the server of a channel may be: `anywhere` if the owner of the box chose it in the configuration file. Otherwise a caller of
 * the API did: then not on the box or its link, except in these networks (CIDR). `publicOr`: a browser of a user did: then on the
 * Internet only, or in these networks.
 */
export type Bounds = 'anywhere' | readonly string[] | { readonly publicOr: readonly string[] };

/** Options of a socket that connects within the bounds. @throws `refusedAddress` for an IP address beyond them */
export function connectionWithin(host: string, bounds: Bounds): { readonly lookup?: LookupFunction } {
  if (bounds === 'anywhere') return {};
  const isAllowed = (each: string): boolean => isWithin(each, bounds);
  const address = host.replace(/^\[(.*)\]$/, '$1');
  // Sockets look up names only.
  if (isIP(address) !== 0 && !isAllowed(address)) throw refusedAddress(address);
  return { lookup: lookupWithin(isAllowed) };
}

function isWithin(address: string, bounds: Exclude<Bounds, 'anywhere'>): boolean {
  if (!('publicOr' in bounds)) return isReachable(address, bounds);
  if (isInNetworks(address, bounds.publicOr)) return true;
  // An IPv4 address that is written as IPv6 is judged as IPv4; one inside a tunnel or a translation is none of the Internet.
  const isPublic = ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
  // The box itself may have a public address.
  return isPublic && isReachable(address, []);
}
