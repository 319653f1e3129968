/** Where a device answers the questions of ONVIF. */
export interface DeviceAddress {
  readonly isEncrypted: boolean;
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host, and port: `http://192.0.2.10`. */
  readonly origin: string;
}

/** The entry point of every device, which ONVIF fixes (Core Specification, section 5.1.1). */
export const devicePath = '/onvif/device_service';

/**
 * The device at an address: a host, a host with its port, or the web address of its ONVIF service. Undefined for any other text. A
 * caller cannot choose a path: the question must not reach anything else that a server offers.
 */
export function deviceAddressOf(text: string): DeviceAddress | undefined {
  // `192.0.2.10:8080` would be read as a scheme.
  const given = text.includes('://') ? text : `http://${withBrackets(text)}`;
  if (!URL.canParse(given)) return undefined;
  const { protocol, hostname, port, username, password, pathname, search, hash, origin } = new URL(given);
  const isWeb = protocol === 'http:' || protocol === 'https:';
  const isPlain = username === '' && password === '' && search === '' && hash === '';
  if (!isWeb || !isPlain || hostname === '' || (pathname !== '/' && pathname !== devicePath))
    return undefined;
  const isEncrypted = protocol === 'https:';
  return {
    isEncrypted,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isEncrypted ? 443 : 80) : Number(port),
    origin,
  };
}

/** An IPv6 address, with the brackets that addresses of the web have around it. */
const withBrackets = (text: string): string =>
  /^[\da-f]*:[\da-f:.]*:[\da-f.]*$/i.test(text) ? `[${text}]` : text;

/** True for two names or addresses of one host, in whatever form they are written. A name is never the same as an address. */
export const isSameHost = (one: string, other: string): boolean => canonical(one) === canonical(other);

function canonical(host: string): string {
  const given = `http://${withBrackets(host.replace(/^\[|\]$/g, ''))}`;
  return URL.canParse(given) ? new URL(given).hostname : host.toLowerCase();
}
