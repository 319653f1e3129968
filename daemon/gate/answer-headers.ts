import type { OriginVerdict } from './request-rules.js';

type Headers = Readonly<Record<string, string | readonly string[] | number | undefined>>;
export type AnswerHeaders = Record<string, string | string[]>;

/** A page of the box may load only what the box itself serves, runs no code that stands in the page, and lies in no frame. */
const pagePolicy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "font-src 'self'", "connect-src 'self'"],
  ...["img-src 'self' data: blob:", "media-src 'self' blob:", "worker-src 'self'", "manifest-src 'self'"],
  ...["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"],
].join('; ');

/** Data of the API is no page: a browser that shows it loads and runs nothing. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** Headers of every answer that protect a browser. */
export function securityHeaders(kind: 'page' | 'data'): AnswerHeaders {
  return {
    'strict-transport-security': 'max-age=31536000',
    'content-security-policy': kind === 'page' ? pagePolicy : dataPolicy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    // The console takes pictures with the camera of the browser, when its user allows it.
    'permissions-policy': `camera=(${kind === 'page' ? 'self' : ''}), geolocation=(), microphone=(), payment=(), usb=()`,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

/** Headers that concern only the connection to the core, or tell which programs answer. */
const dropped: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'server', 'x-powered-by', 'date', 'alt-svc'],
];

/** What of the core's headers reaches the caller, together with those that protect a browser. Pure. */
export function headersForCaller(fromCore: Headers): AnswerHeaders {
  const kept: AnswerHeaders = {};
  for (const [name, value] of Object.entries(fromCore)) {
    if (value === undefined || dropped.includes(name) || name.startsWith('x-rollcall-')) continue;
    kept[name] = typeof value === 'object' ? [...value] : String(value);
  }
  const type = String(kept['content-type'] ?? '');
  return {
    // What the API answers is personal data: nothing between the box and the caller may keep it.
    'cache-control': 'no-store',
    ...kept,
    ...securityHeaders(type.startsWith('text/html') ? 'page' : 'data'),
  };
}

const exposed =
  'allow, etag, idempotency-replayed, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-request-id';

/** What lets a page of a listed origin read the answer. Without credentials: such a page sends a token of its own. */
export function crossOriginHeaders(verdict: OriginVerdict, origin: string | undefined): AnswerHeaders {
  if (verdict !== 'listed' || origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposed,
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'origin, accept-language',
  };
}

/** The answer to the question of a browser what a page of a listed origin may send. */
export const preflightHeaders: AnswerHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'accept, authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, range',
  'access-control-max-age': '600',
};
