import { badInput } from '../../base/errors.js';

export interface CameraCredential {
  readonly user: string;
  readonly password: string;
}

/** Where a camera's stream is and how to ask for it. */
export interface CameraAddress {
  /** `rtsp://` or `rtsps://`, without user and password. */
  readonly url: string;
  readonly credential: CameraCredential | null;
  readonly transport: 'tcp' | 'udp';
}

const parts = /^(rtsps?):\/\/(?:[^/?#]*@)?([^/?#]+)([/?#].*)?$/i;

/**
 * Percent-encodes all but the unreserved characters of RFC 3986, section 2.3: FFmpeg decodes user and password
 * before it uses them, so that any password goes through.
 */
function encoded(text: string): string {
  const reserved = (character: string): string =>
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, reserved);
}

/**
 * The address with the credential in it: never to be logged or put on a command line. Throws
 * `camera-url-unusable` when the URL is not one of RTSP.
 */
export function urlWithCredential(address: CameraAddress): string {
  const match = parts.exec(address.url);
  // A line break would end the line of the script that carries the URL.
  if (match === null || /[\p{Cc}\s]/u.test(address.url) || !URL.canParse(address.url)) {
    throw badInput('camera-url-unusable', 'the camera URL is not an RTSP address', {
      remedy: 'write it as rtsp://HOST[:PORT]/PATH, with spaces as %20',
    });
  }
  const [, scheme, host, rest = ''] = match;
  const { credential } = address;
  const login = credential === null ? '' : `${encoded(credential.user)}:${encoded(credential.password)}@`;
  return `${scheme}://${login}${host}${rest}`;
}

/**
 * Takes whatever looks like user and password out of a line of text: FFmpeg prints addresses with everything in
 * them. The host stays, for whoever must find the camera.
 */
export function redactCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, '$1***@');
}
