import { isIP } from 'node:net';
import type { ErrorEnvelope } from '../contract/api-errors.js';
import type { GateSettings } from '../contract/gate-settings.js';
import { gateHeaders } from '../contract/gate-settings.js';

/** Why the gate itself refuses a request. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 408 | 413 | 414 | 421 | 431 | 502 | 503;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** With status 405: the methods that the address has. */
  readonly allow?: string;
}

/** What a web page that asks has to do with this box. */
export type OriginVerdict = 'none' | 'same' | 'listed';

/** The parts of a request that decide whether it may pass. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Names in lower case; a header that may occur once has a text. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  /** The address of this machine on the connection. */
  readonly localAddress: string | undefined;
}

/** A request that may pass. */
export interface AdmittedRequest {
  /** Without the query. */
  readonly path: string;
  /** With the query. */
  readonly target: string;
  /** The host and port that the caller asked for. */
  readonly authority: string;
  readonly origin: OriginVerdict;
}

export const largestHeadersBytes = 16 * 1024;
const longestTargetBytes = 4 * 1024;
const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Headers that the gate passes to the core. All others stay behind, so that none can pretend to come from the gate, concerns only
 * one connection, or means something to the core that this page does not say.
 */
const passed: readonly string[] = [
  ...['accept', 'accept-language', 'authorization', 'cookie', 'content-type', 'content-length'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'range', 'if-range'],
  ...['idempotency-key', 'last-event-id', 'origin', 'user-agent'],
];
const longestUserAgent = 256;

const refuse = (status: Refusal['status'], code: string, message: string, remedy: string): Refusal => ({
  ...{ status, code, message, remedy },
});

export function isRefusal(value: object): value is Refusal {
  return 'status' in value;
}

/** What the caller reads of a refusal. */
export function refusalDocument(
  { status, code, message, remedy }: Refusal,
  requestId: string,
): ErrorEnvelope {
  const kind = status < 500 ? 'input' : 'operational';
  return { success: false, error: { kind, code, message, remedy, details: {}, requestId } };
}

/** Decides whether a request may pass, before anything of its body is read. Pure. */
export function judgeRequest(
  head: RequestHead,
  settings: Pick<GateSettings, 'hosts' | 'origins'>,
): AdmittedRequest | Refusal {
  if (!methods.includes(head.method)) {
    return {
      status: 405,
      code: 'method-not-allowed',
      message: 'the box does not know this method',
      remedy: 'Use a method of the API.',
      allow: methods.join(', '),
    };
  }
  const tooLarge = sizeRefusal(head);
  if (tooLarge !== undefined) return tooLarge;
  const authority = authorityOf(head);
  if (authority === undefined) {
    return refuse(400, 'bad-host', 'The request does not say which host it is for.', 'Send one Host header.');
  }
  if (!isOwnHost(hostOf(authority), settings.hosts, head.localAddress)) {
    const message = 'the request is for a host that is not this box';
    return refuse(421, 'wrong-host', message, 'Use a name of this box, or add the name to gate.hosts.');
  }
  const path = safePath(head.target);
  if (path === undefined) {
    const message = 'the path of the request is not in its plain form';
    return refuse(
      400,
      'bad-path',
      message,
      'Send a path from "/" without "." and "..", without control characters, and with letters and digits as they are.',
    );
  }
  const origin = judgeOrigin(head.headers['origin'], authority, settings.origins);
  if (origin === undefined) {
    const message = 'a web page of another origin may not call this box';
    return refuse(
      403,
      'wrong-origin',
      message,
      'Open the page of the box itself, or add the origin to gate.origins.',
    );
  }
  return { path, target: head.target, authority, origin };
}

function sizeRefusal({ target, rawHeaders }: RequestHead): Refusal | undefined {
  if (target.length > longestTargetBytes) {
    const message = `the address is longer than ${longestTargetBytes} bytes`;
    return refuse(414, 'address-too-long', message, 'Ask for less in the query.');
  }
  // Four bytes stand between and behind name and value.
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
  if (bytes <= largestHeadersBytes) return undefined;
  const message = `the headers are larger than ${largestHeadersBytes} bytes`;
  return refuse(431, 'headers-too-large', message, 'Send fewer or shorter headers.');
}

/** The one host that the request is for; undefined where it names none or several. */
function authorityOf({ headers, rawHeaders }: RequestHead): string | undefined {
  const named = rawHeaders.filter((name, index) => index % 2 === 0 && /^(host|:authority)$/i.test(name));
  const values = new Set([headers[':authority'], headers['host']].filter((value) => value !== undefined));
  const [only] = values;
  if (values.size !== 1 || typeof only !== 'string') return undefined;
  if (named.filter((name) => name.toLowerCase() === 'host').length > 1) return undefined;
  return /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(only) ? only.toLowerCase() : undefined;
}

/** The host without its port, and without the brackets of an IPv6 address. */
function hostOf(authority: string): string {
  return authority
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/**
 * True for the configured names, for this machine's own names, and for the address at which the caller reached it. A page that has
 * rebound its own name to the address of the box sends that name, which is none of these.
 */
function isOwnHost(host: string, hosts: readonly string[], localAddress: string | undefined): boolean {
  if (hosts.includes(host)) return true;
  return isIP(host) !== 0 && host === plainAddress(localAddress ?? '');
}

/** IPv4 addresses of a socket that listens on IPv6 as well begin with `::ffff:`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
}

/** A letter, digit, `-` or `_` that is written as `%` and its number. The core would read it like the plain one; the rules of the gate would not. */
const encodedPlain = /%(?:2d|5f|3\d|[46][1-9a-f]|[57][\da])/i;

/** The path of a target in its plain form; undefined for another form, which one part could read differently than the next. */
function safePath(target: string): string | undefined {
  if (!target.startsWith('/') || !/^[\x21-\x7e]+$/.test(target) || /[\\#<>"`{}|^]/.test(target))
    return undefined;
  const [path = ''] = target.split('?');
  if (path.includes('//') || encodedPlain.test(path)) return undefined;
  let decoded: readonly string[];
  try {
    decoded = path.split('/').map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
  const isUnsafe = (segment: string): boolean =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    segment === '.' || segment === '..' || /[\u0000-\u001f\u007f\\]/.test(segment);
  return decoded.some(isUnsafe) ? undefined : path;
}

function judgeOrigin(
  origin: string | readonly string[] | undefined,
  authority: string,
  listed: readonly string[],
): OriginVerdict | undefined {
  if (origin === undefined) return 'none';
  if (typeof origin !== 'string') return undefined;
  if (origin.toLowerCase() === `https://${authority}`) return 'same';
  return listed.includes(origin) ? 'listed' : undefined;
}

/** The headers of the request to the core. Pure. */
export function headersForCore(
  headers: RequestHead['headers'],
  made: { readonly requestId: string; readonly address: string; readonly origin: OriginVerdict },
): Record<string, string> {
  const forwarded: Record<string, string> = {};
  for (const name of passed) {
    const value = headers[name];
    if (typeof value === 'string') forwarded[name] = value;
  }
  if (forwarded['user-agent'] !== undefined) {
    forwarded['user-agent'] = forwarded['user-agent'].slice(0, longestUserAgent);
  }
  if (!/^\d{1,15}$/.test(forwarded['content-length'] ?? '0')) delete forwarded['content-length'];
  return {
    ...forwarded,
    host: 'core',
    [gateHeaders.requestId]: made.requestId,
    [gateHeaders.address]: made.address,
    [gateHeaders.origin]: made.origin,
  };
}
