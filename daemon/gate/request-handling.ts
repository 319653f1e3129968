import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream';
import { acceptsMediaType } from '../contract/accept.js';
import { problemDetailsOf, problemMediaType } from '../contract/api-errors.js';
import type { GateSettings } from '../contract/gate-settings.js';
import { livePath } from '../contract/live.js';
import type { Clock } from '../kernel/clock.js';
import { isRollcallError } from '../kernel/errors.js';
import { type AccessLog, callerGone, type Outcome } from './access-log.js';
import {
  type AnswerHeaders,
  crossOriginHeaders,
  headersForCaller,
  preflightHeaders,
  securityHeaders,
} from './answer-headers.js';
import { compressor, encodedHeaders, encodingFor } from './compression.js';
import type { Connection, Connections } from './connections.js';
import { type CoreLink, collectBody, sendAnswer } from './core-link.js';
import { webSocketNeeded } from './live/live-rules.js';
import {
  type AdmittedRequest,
  headersForCore,
  isRefusal,
  judgeRequest,
  type OriginVerdict,
  type Refusal,
  refusalDocument,
} from './request-rules.js';
import type { Site } from './site.js';

/** What answers requests needs. */
interface Handling {
  readonly settings: GateSettings;
  readonly connections: Connections;
  readonly core: CoreLink;
  readonly site: Site;
  readonly log: AccessLog;
  readonly clock: Clock;
}

/** One request on its way. `Http2ServerRequest` is the type of requests over HTTP/1.1, too, of which only common parts are used. */
interface Exchange {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly requestId: string;
  readonly connection: Connection;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** What a web page that asks has to do with this box; absent before the request is judged. */
  readonly origin?: OriginVerdict;
}

/** Answers one request and logs it. Never rejects. */
export async function handle(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  handling: Handling,
): Promise<void> {
  const { connections, log, clock } = handling;
  const connection = connections.of(request.socket);
  if (connection === undefined) {
    response.destroy();
    return;
  }
  const beganMs = clock.monotonicMs();
  const ended = connections.begin(connection);
  const requestId = randomUUID();
  const gone = new AbortController();
  // A caller that goes away is noticed by the answer, which then cannot be sent.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.once('close', () => gone.abort());
  // A request that was given up at once may have been closed before this line: then no event comes.
  if ((request.httpVersionMajor === 2 ? request.stream : request.socket).destroyed) gone.abort();
  const exchange = { request, response, requestId, connection, signal: gone.signal };
  let outcome: Outcome;
  try {
    outcome = gone.signal.aborted ? callerGone : await answer(exchange, handling);
  } catch (error) {
    outcome = { status: 500, bytes: 0, note: isRollcallError(error) ? error.code : 'failed' };
    response.destroy();
  }
  ended();
  const { method, url, httpVersion } = request;
  const [path = ''] = url.split('?');
  const ms = clock.monotonicMs() - beganMs;
  log.write({ requestId, method, path, ...outcome, ms, address: connection.address, protocol: httpVersion });
}

/** Answers where the gate has a place for one more request. */
async function answer(exchange: Exchange, handling: Handling): Promise<Outcome> {
  const giveBack = handling.connections.hold(exchange.connection);
  if (giveBack === undefined) return refuse(exchange, tooBusy);
  try {
    return await answerHeld(exchange, handling);
  } finally {
    giveBack();
  }
}

async function answerHeld(asking: Exchange, handling: Handling): Promise<Outcome> {
  const { request } = asking;
  const { method, url: target, headers, rawHeaders, socket } = request;
  const { localAddress } = socket;
  const judged = judgeRequest({ method, target, headers, rawHeaders, localAddress }, handling.settings);
  if (isRefusal(judged)) return refuse(asking, judged);
  const exchange = { ...asking, origin: judged.origin };
  const { origin } = headers;
  if (method === 'OPTIONS') {
    return sendEmpty(exchange, 204, { ...preflightHeaders, ...crossOriginHeaders(judged.origin, origin) });
  }
  if (method === 'HEAD' && livePath.test(judged.path)) return refuse(exchange, webSocketNeeded);
  if (judged.path.startsWith('/api/v1/')) return relay(exchange, judged, handling);
  return serveFile(exchange, judged, handling);
}

/** Passes the request to the core, and its answer to the caller. */
async function relay(exchange: Exchange, admitted: AdmittedRequest, handling: Handling): Promise<Outcome> {
  const { request, connection, requestId, signal } = exchange;
  const { connections, core, clock, settings } = handling;
  let giveBack: (() => void) | undefined;
  try {
    const body = await collectBody(request, clock, settings.limits.bodyIdleMs);
    // The core closes the connection on such a body, and its answer would be lost.
    if (!body.isWhole && (request.method === 'GET' || request.method === 'HEAD')) {
      return await refuse(exchange, readsOnly);
    }
    giveBack = connections.takePlace(connection);
    if (giveBack === undefined) return await refuse(exchange, tooBusy);
    const made = { requestId, address: connection.address, origin: admitted.origin };
    const answered = await core.ask({
      ...{ method: request.method, target: admitted.target, body, signal },
      headers: headersForCore(request.headers, made),
    });
    // A browser does not tell its page why a WebSocket was refused; a request without one does. The way to the pictures stays here.
    if (livePath.test(admitted.path) && answered.statusCode === 200) {
      answered.destroy();
      return await refuse(exchange, webSocketNeeded);
    }
    return await passOn(exchange, admitted, answered, handling);
  } catch (error) {
    if (signal.aborted) return callerGone;
    return await refuse(exchange, isRollcallError(error, 'body-late') ? bodyLate : coreAway);
  } finally {
    giveBack?.();
  }
}

const tooBusy: Refusal = {
  status: 503,
  code: 'busy',
  message: 'the box is busy',
  remedy: 'Send the request again in a few seconds.',
};
const readsOnly: Refusal = {
  status: 413,
  code: 'request-too-large',
  message: 'a request that only reads has a large body',
  remedy: 'Send the request without a body.',
};
const bodyLate: Refusal = {
  status: 408,
  code: 'body-late',
  message: 'the body of the request arrived too slowly',
  remedy: 'Send it again over a better connection, or in smaller parts.',
};
const coreAway: Refusal = {
  status: 503,
  code: 'core-unreachable',
  message: 'the box is starting or has stopped',
  remedy: 'Send the request again after a few seconds. If this lasts, run rollcall doctor on the box.',
};

async function passOn(
  exchange: Exchange,
  { path, origin }: AdmittedRequest,
  answered: IncomingMessage,
  { clock, settings }: Handling,
): Promise<Outcome> {
  const { request, response } = exchange;
  const status = answered.statusCode ?? 502;
  const asked = { method: request.method, path, accept: request.headers['accept-encoding'] };
  const plain = {
    ...headersForCaller(answered.headers),
    ...crossOriginHeaders(origin, request.headers.origin),
  };
  const encoding = encodingFor(asked, { status, headers: plain });
  const headers = encoding === undefined ? plain : encodedHeaders(plain, encoding);
  const sink = begin(exchange, status, headers);
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    answered.resume();
    sink.end();
    return { status, bytes: 0 };
  }
  const source =
    encoding === undefined
      ? answered
      : pipeline(answered, compressor(encoding, String(headers['content-type'])), () => undefined);
  const { bytes, end } = await sendAnswer(source, sink, { clock, readIdleMs: settings.limits.readIdleMs });
  if (end === 'whole') return { status, bytes };
  // The caller must see that the answer is not whole.
  answered.destroy();
  cut(request, response);
  return { status, bytes, note: end };
}

/** Sends status and headers; the answer's body goes into the returned stream. */
function begin({ request, response, requestId }: Exchange, status: number, headers: AnswerHeaders): Writable {
  response.writeHead(status, { ...headers, 'x-request-id': requestId });
  return request.httpVersionMajor === 2 ? response.stream : response;
}

/** Ends an answer before its end so that the caller notices: the stream of HTTP/2, or the connection of HTTP/1.1. */
function cut(request: Http2ServerRequest, response: Http2ServerResponse): void {
  // Without an error code, the answer would look whole.
  if (request.httpVersionMajor === 2) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** A file of the site, or why there is none. */
async function serveFile(
  exchange: Exchange,
  { path, origin }: AdmittedRequest,
  handling: Handling,
): Promise<Outcome> {
  const { request } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(exchange, onlyRead);
  const file = handling.site.find(path, request.headers.accept);
  if (file === undefined) return refuse(exchange, notThere);
  const { bytes, mediaType, etag } = file;
  const shared = {
    // A service worker has the policy that comes with its script: it shows icons of the box.
    ...securityHeaders(mediaType.startsWith('text/html') || path === '/service-worker.js' ? 'page' : 'data'),
    ...crossOriginHeaders(origin, request.headers.origin),
    ...{ etag, 'cache-control': lifeOf(path) },
  };
  if (request.headers['if-none-match'] === etag) return sendEmpty(exchange, 304, shared);
  const plain = { ...shared, 'content-type': mediaType, 'content-length': String(bytes.length) };
  const asked = { method: request.method, path, accept: request.headers['accept-encoding'] };
  const encoding = encodingFor(asked, { status: 200, headers: plain });
  const sink = begin(exchange, 200, encoding === undefined ? plain : encodedHeaders(plain, encoding));
  if (request.method === 'HEAD') {
    sink.end();
    return { status: 200, bytes: 0 };
  }
  const { readIdleMs } = handling.settings.limits;
  const whole = encoding === undefined ? bytes : await file.encoded(encoding);
  const sent = await sendAnswer(piecesOf(whole), sink, { clock: handling.clock, readIdleMs });
  if (sent.end !== 'whole') cut(request, exchange.response);
  return { status: 200, bytes: sent.bytes, ...(sent.end === 'whole' ? {} : { note: sent.end }) };
}

/** The name of an asset changes with its content, so a browser never needs to ask for it again. */
const lifeOf = (path: string): string =>
  path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';

/** In pieces, because TLS copies all that it is given at once, however slowly the caller reads. */
async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes);
}
const pieceBytes = 32 * 1024;

const onlyRead: Refusal = {
  status: 405,
  code: 'method-not-allowed',
  allow: 'GET, HEAD',
  message: 'this address can only be read',
  remedy: 'Use GET. The API is below /api/v1.',
};
const notThere: Refusal = {
  status: 404,
  code: 'no-such-page',
  message: 'the box has nothing at this address',
  remedy: 'The API is below /api/v1, its description at /docs.',
};

function sendEmpty(exchange: Exchange, status: 204 | 304, headers: AnswerHeaders): Outcome {
  begin(exchange, status, { ...securityHeaders('data'), ...headers }).end();
  return { status, bytes: 0 };
}

/** Refuses the request. What is left of its body is not read: a connection of HTTP/1.1 ends with the answer. */
async function refuse(exchange: Exchange, refusal: Refusal): Promise<Outcome> {
  const { request, requestId } = exchange;
  const { status, code, allow } = refusal;
  const document = refusalDocument(refusal, requestId);
  const asksForDetails = acceptsMediaType(problemMediaType, request.headers);
  const said = asksForDetails ? problemDetailsOf(document.error, status) : document;
  const bytes = Buffer.from(`${JSON.stringify(said)}\n`);
  const isHead = request.method === 'HEAD';
  begin(exchange, status, {
    ...securityHeaders('data'),
    ...crossOriginHeaders(exchange.origin ?? 'none', request.headers.origin),
    'cache-control': 'no-store',
    'content-type': asksForDetails ? problemMediaType : 'application/json',
    'content-length': String(bytes.length),
    ...(allow === undefined ? {} : { allow }),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    ...(request.httpVersionMajor === 1 && !request.complete ? { connection: 'close' } : {}),
  }).end(isHead ? undefined : bytes);
  return { status, bytes: isHead ? 0 : bytes.length, note: code };
}
