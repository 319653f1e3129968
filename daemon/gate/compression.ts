import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';
import type { AnswerHeaders } from './answer-headers.js';

export type Encoding = 'br' | 'gzip';

const smallestBytes = 1024;
const compressible =
  /^(text\/(?!event-stream)|application\/(json|jsonl|x-ndjson|yaml|openapi\+yaml|javascript|manifest\+json)|image\/svg\+xml)/;
const lines = /^application\/(jsonl|x-ndjson)/;

/** The better encoding of those that the caller reads; undefined: neither. */
export function acceptedEncoding(accept: string | readonly string[] | undefined): Encoding | undefined {
  const read = new Set<string>();
  for (const part of String(accept ?? '')
    .toLowerCase()
    .split(',')
    .slice(0, 20)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const quality = parameters.find((text) => text.startsWith('q='))?.slice(2);
    if (quality === undefined || Number(quality) > 0) read.add(name);
  }
  return (['br', 'gzip'] as const).find((encoding) => read.has(encoding));
}

/**
 * The encoding for an answer; undefined: none. Only what is read, never what answers a change: those answers hold secrets such as
 * tokens, and the length of a compressed answer tells about a secret beside a text of the attacker's choice.
 */
export function encodingFor(
  request: {
    readonly method: string;
    readonly path: string;
    readonly accept: string | readonly string[] | undefined;
  },
  answer: { readonly status: number; readonly headers: AnswerHeaders },
): Encoding | undefined {
  const { status, headers } = answer;
  if (request.method !== 'GET' || status !== 200 || request.path.startsWith('/api/v1/auth/'))
    return undefined;
  if (headers['set-cookie'] !== undefined || headers['content-encoding'] !== undefined) return undefined;
  if (String(headers['cache-control']).includes('no-transform')) return undefined;
  if (!compressible.test(String(headers['content-type'] ?? ''))) return undefined;
  if (Number(headers['content-length'] ?? smallestBytes) < smallestBytes) return undefined;
  return acceptedEncoding(request.accept);
}

/** The headers of the compressed answer. The ETag stays: it names the version of the resource, and If-Match must return it. */
export function encodedHeaders(headers: AnswerHeaders, encoding: Encoding): AnswerHeaders {
  const { 'content-length': _, ...others } = headers;
  const vary = [others['vary'] ?? [], 'accept-encoding'].flat().join(', ');
  return { ...others, 'content-encoding': encoding, vary };
}

/** A window of 256 KiB: the usual one would cost megabytes of memory for each answer. */
const brotliParams = { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 18 };

/** Compresses what is there as a whole. */
export function compressed(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  return encoding === 'gzip'
    ? promisify(gzip)(bytes)
    : promisify(brotliCompress)(bytes, { params: brotliParams });
}

/** Compresses fast rather than well. Lines go out as they come: a caller waits for each. */
export function compressor(encoding: Encoding, contentType: string): Transform {
  const isLines = lines.test(contentType);
  if (encoding === 'gzip') {
    return createGzip(isLines ? { flush: constants.Z_SYNC_FLUSH } : {});
  }
  return createBrotliCompress({
    params: brotliParams,
    ...(isLines ? { flush: constants.BROTLI_OPERATION_FLUSH } : {}),
  });
}
