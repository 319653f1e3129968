import { badInput } from '../../kernel/errors.js';

export interface CameraCredential {
  readonly user: string;
  readonly password: string;
}

/** Where a camera's stream is, how to log in, and how to verify the camera. */
export interface CameraAddress {
  /** `rtsp://` or `rtsps://`, without user and password. */
  readonly url: string;
  readonly credential: CameraCredential | null;
  readonly transport: 'tcp' | 'udp';
  /** Whether the password may be sent in readable form where the camera asks for Basic. Default: false. */
  readonly allowsBasicLogin?: boolean;
  /** Certificates (PEM) of the authorities that are trusted to sign the camera's. Default: those of the system. */
  readonly authorities?: string | null;
  /** Accepts only the certificate with this fingerprint, whatever its authority, name and validity. */
  readonly fingerprint?: string | null;
  /** For an address that came over the API: networks that are allowed beside those of `isReachable`. Default: any address. */
  readonly extraNetworks?: readonly string[] | null;
}

/** The parts of an RTSP address. */
export interface CameraEndpoint {
  readonly isEncrypted: boolean;
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and port as requests contain them: `rtsp://192.0.2.10:554`. */
  readonly origin: string;
  /** Path and query: empty, or begins with `/` or `?`. */
  readonly path: string;
}

/** Ports of RFC 2326 and RFC 7826 for addresses that name none. */
const defaultPorts = { rtsp: 554, rtsps: 322 } as const;

const rtspUrl =
  /^(rtsps?):\/\/(?:[^/?#]*@)?(\[[\da-f:.]+\]|[^/?#:[\]]+)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/i;

/** Parses an RTSP address; undefined for any other text. Skips a user and password in it. */
export function endpointOf(url: string): CameraEndpoint | undefined {
  const match = rtspUrl.exec(url);
  // A line break would end the line of a request.
  if (match === null || /[\p{Cc}\s]/u.test(url) || !URL.canParse(url)) return undefined;
  const [, given = '', name = '', port, path = ''] = match;
  const scheme = given.toLowerCase() === 'rtsps' ? 'rtsps' : 'rtsp';
  const number = port === undefined ? defaultPorts[scheme] : Number(port);
  if (number < 1 || number > 65_535) return undefined;
  const host = name.replace(/^\[|\]$/g, '');
  return {
    isEncrypted: scheme === 'rtsps',
    host,
    port: number,
    origin: `${scheme}://${name}:${number}`,
    path,
  };
}

/** @throws `camera-url-unusable` when the URL is not an RTSP address */
export function requireEndpoint({ url }: CameraAddress): CameraEndpoint {
  const endpoint = endpointOf(url);
  if (endpoint !== undefined) return endpoint;
  throw badInput('camera-url-unusable', 'the camera URL is not an RTSP address', {
    remedy: 'Write it as rtsp://HOST[:PORT]/PATH, with %20 for spaces.',
  });
}

/** True where both are the same server: scheme, host and port. */
export const isSameServer = (one: CameraEndpoint, other: CameraEndpoint): boolean =>
  one.origin.toLowerCase() === other.origin.toLowerCase();

/** Removes user and password from addresses in a text: FFmpeg prints them. The host stays, to find the camera by. */
export function redactCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, '$1***@');
}
