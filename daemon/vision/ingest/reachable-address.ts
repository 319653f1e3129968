import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { readOwnAddresses } from './own-addresses.js';

/** Networks in which no camera is, but services of the box, of its link, or of its cloud. */
const refusedNetworks = listOf([
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  // Unspecified, loopback and IPv4-compatible addresses; link-local; multicast.
  ...['::/96', 'fe80::/10', 'ff00::/8'],
]);

/** The code of `refusedAddress`. */
export const addressRefused = 'ERR_ADDRESS_REFUSED';

/**
 * Whether a caller from the network may make the box connect to this IP address: one that is not in `refusedNetworks` and not an
 * address of this machine at this moment, or that is in `extraNetworks` (CIDR).
 */
export function isReachable(address: string, extraNetworks: readonly string[]): boolean {
  if (isInNetworks(address, extraNetworks)) return true;
  return !isIn(address, refusedNetworks) && !isIn(address, ownAddresses());
}

/** Whether an IP address is in one of these networks (CIDR). */
export const isInNetworks = (address: string, networks: readonly string[]): boolean =>
  isIn(address, listOf(networks));

/**
 * Resolves names to the reachable ones of their addresses. A socket that is opened with it connects to an address that was checked,
 * whatever a second question would be answered.
 */
export function reachableLookup(extraNetworks: readonly string[]): LookupFunction {
  return lookupWithin((address) => isReachable(address, extraNetworks));
}

/** As `reachableLookup`, for the addresses that are allowed. */
export function lookupWithin(isAllowed: (address: string) => boolean): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const addresses = found.filter(({ address }) => isAllowed(address));
      const [first] = addresses;
      if (first === undefined) callback(refusedAddress(name), '');
      else if (options.all === true) callback(null, addresses satisfies LookupAddress[]);
      else callback(null, first.address, first.family);
    });
  };
}

/** The error for a name or an IP address that may not be connected to. */
export function refusedAddress(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${name} has no address that may be connected to`), {
    code: addressRefused,
  });
}

/** Read each time: addresses come and go. */
function ownAddresses(): BlockList {
  const list = new BlockList();
  for (const address of readOwnAddresses()) list.addAddress(address, familyOf(address));
  return list;
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = network.split('/');
    list.addSubnet(address, Number(length), familyOf(address));
  }
  return list;
}

/** An IPv4 address that is written as IPv6 is compared as IPv4. */
function isIn(address: string, list: BlockList): boolean {
  return list.check(withoutZone(address), familyOf(address));
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(withoutZone(address)) === 6 ? 'ipv6' : 'ipv4';
}
