// `os.networkInterfaces` needs a socket of AF_NETLINK, which the units of the daemon and of vision do not allow: there, it throws.

import { readFileSync } from 'node:fs';

/** The table of the kernel with the IPv4 addresses of this machine. */
export const addressTable = '/proc/net/fib_trie';
const addressTable6 = '/proc/net/if_inet6';

/** The own IPv4 addresses in the table of the kernel, without those of the loopback. */
export function ownAddresses(table: string): readonly string[] {
  const found = [...table.matchAll(/\|-- ([\d.]+)\n +\/32 host LOCAL/g)].map(([, address = '']) => address);
  return [...new Set(found)].filter((address) => !address.startsWith('127.'));
}

/** The own IPv6 addresses in the table of the kernel: 32 digits at the beginning of each line. */
function ownAddresses6(table: string): readonly string[] {
  return [...table.matchAll(/^[0-9a-f]{32}\b/gm)].map(([digits]) => digits.replaceAll(/(.{4})(?=.)/g, '$1:'));
}

/** The addresses of this machine at this moment. */
export function readOwnAddresses(): readonly string[] {
  return [
    ...ownAddresses(readFileSync(addressTable, 'utf8')),
    ...ownAddresses6(readIfPresent(addressTable6)),
  ];
}

/** `::1`, as `ownAddresses6` writes it. */
const loopback6 = '0000:0000:0000:0000:0000:0000:0000:0001';

/** As `readOwnAddresses`, of a machine that may not show its tables: none then. */
export const shownOwnAddresses = (): readonly string[] => [
  ...ownAddresses(readIfPresent(addressTable)),
  ...ownAddresses6(readIfPresent(addressTable6)),
];

/** Whether this process has addresses beside those of a loopback. */
export const hasNetwork = (): boolean => shownOwnAddresses().some((address) => address !== loopback6);

/** A machine without IPv6 has no table of it, and a container may have none at all. */
function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
