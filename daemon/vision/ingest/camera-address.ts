import { badInput } from '../../base/errors.js';

export interface CameraCredential {
  readonly user: string;
  readonly password: string;
}

/** Where a camera's stream is, how to ask for it, and what to believe of who answers. */
export interface CameraAddress {
  /** `rtsp://` or `rtsps://`, without user and password. */
  readonly url: string;
  readonly credential: CameraCredential | null;
  readonly transport: 'tcp' | 'udp';
  /** Whether the password may be sent as it is where the camera asks for that. Default: it may not. */
  readonly allowsBasicLogin?: boolean;
  /** Certificates (PEM) of the authorities that may have signed that of the camera. Default: those of the system. */
  readonly authorities?: string | null;
  /** Of the only certificate that is accepted, as `CameraCertificate` has it; authority, name and validity do not matter then. */
  readonly fingerprint?: string | null;
}

/** The address taken apart. */
export interface CameraEndpoint {
  readonly isEncrypted: boolean;
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and port as they stand in requests: `rtsp://192.0.2.10:554`. */
  readonly origin: string;
  /** Path and query: empty, or begins with `/` or `?`. */
  readonly path: string;
}

/** Ports of RFC 2326 and RFC 7826 for addresses that name none. */
const defaultPorts = { rtsp: 554, rtsps: 322 } as const;

const parts = /^(rtsps?):\/\/(?:[^/?#]*@)?(\[[\da-f:.]+\]|[^/?#:[\]]+)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/i;

/** Takes an RTSP address apart; undefined where it is none. A user and a password in it are left out. */
export function endpointOf(url: string): CameraEndpoint | undefined {
  const match = parts.exec(url);
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

/** @throws `camera-url-unusable` when the URL is not one of RTSP */
export function requireEndpoint({ url }: CameraAddress): CameraEndpoint {
  const endpoint = endpointOf(url);
  if (endpoint !== undefined) return endpoint;
  throw badInput('camera-url-unusable', 'the camera URL is not an RTSP address', {
    remedy: 'write it as rtsp://HOST[:PORT]/PATH, with spaces as %20',
  });
}

/** True where both are the same server: scheme, host and port. */
export const isSameServer = (one: CameraEndpoint, other: CameraEndpoint): boolean =>
  one.origin.toLowerCase() === other.origin.toLowerCase();

/**
 * Takes whatever looks like user and password out of a line of text: FFmpeg prints addresses with everything in
 * them. The host stays, for whoever must find the camera.
 */
export function redactCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, '$1***@');
}
