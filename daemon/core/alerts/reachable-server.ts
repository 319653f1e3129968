import { isIP, type LookupFunction } from 'node:net';
import { isReachable, reachableLookup, refusedAddress } from '../../vision/ingest/reachable-address.js';

/**
 * Where the server of a channel may be: `anywhere` if the owner of the box chose it in the configuration file. Otherwise a caller of
 * the API did: then not on the box or its link, except in these networks (CIDR).
 */
export type Bounds = 'anywhere' | readonly string[];

/** Options of a socket that connects within the bounds. @throws `refusedAddress` for an IP address beyond them */
export function connectionWithin(host: string, bounds: Bounds): { readonly lookup?: LookupFunction } {
  if (bounds === 'anywhere') return {};
  const address = host.replace(/^\[(.*)\]$/, '$1');
  // Sockets look up names only.
  if (isIP(address) !== 0 && !isReachable(address, bounds)) throw refusedAddress(address);
  return { lookup: reachableLookup(bounds) };
}
