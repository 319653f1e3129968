import { isIPv6 } from 'node:net';
import type { Config } from '../../contract/settings/schema.js';
import { shownOwnAddresses } from '../../vision/ingest/own-addresses.js';

const anyAddress: readonly string[] = ['0.0.0.0', '::'];
/** This machine, or this link: names and addresses that lead no other device to it. */
const unlinkable = /^(127\.|169\.254\.|\[::1?\]|\[fe[89ab]|localhost$)|\.localhost$/;

/**
 * The web addresses at which other devices may reach the console: by the names of the configuration, then by the addresses of this
 * machine. Empty where the gate listens to this machine alone.
 */
export function deviceOrigins(
  {
    enabled,
    address,
    port,
    hosts,
    passkeyHost,
  }: Pick<Config['gate'], 'enabled' | 'address' | 'port' | 'hosts' | 'passkeyHost'>,
  ownAddresses: () => readonly string[] = shownOwnAddresses,
): readonly string[] {
  const listening = anyAddress.includes(address) ? ownAddresses() : [address];
  const linkable = listening
    .filter((each) => address !== '0.0.0.0' || !isIPv6(each))
    // An address of IPv6 has one short form.
    .map((each) => new URL(isIPv6(each) ? `https://[${each}]` : `https://${each}`).hostname)
    .filter((each) => !unlinkable.test(each));
  if (!enabled || linkable.length === 0) return [];
  const names = passkeyHost === undefined ? hosts : [passkeyHost, ...hosts];
  return (
    [...new Set([...names.filter((name) => !unlinkable.test(name)), ...linkable])]
      .map((host) => `https://${host}:${port}`)
      // The configuration accepts names that no URL can have as its host, such as one that ends in a number.
      .filter((url) => URL.canParse(url))
      .map((url) => new URL(url).origin)
  );
}
