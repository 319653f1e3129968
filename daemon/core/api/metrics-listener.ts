import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { acceptsMediaType } from '../../contract/accept.js';
import type { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';

/** The text of the metrics in one format. */
interface MetricsForm {
  readonly mediaType: string;
  text(): Promise<string>;
}

export interface MetricsListenerOptions {
  /** 0: a free one. */
  readonly port: number;
  /** A caller who neither sends nor takes anything for this time loses its place among the connections, milliseconds. */
  readonly longestSilenceMs?: number;
  readonly text: MetricsForm;
  /** For callers that ask for its media type. */
  readonly openMetrics: MetricsForm;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
}

export interface MetricsListener extends AsyncDisposable {
  readonly port: number;
}

/** The only address: callers need no login, so they have to be on this machine. */
const address = '127.0.0.1';
const path = '/metrics';
/** Requests within this time get the same answer, so that a caller cannot keep the core busy. */
const sameForMs = 1_000;
const mostConnections = 16;
const longestRequestMs = 5_000;
const largestHeadersBytes = 8 * 1024;

/**
 * Serves the metrics to monitoring agents on this machine, without a login. If the port cannot be used, it logs why and returns
 * undefined: a box without metrics still recognises people.
 */
export async function startMetricsListener(
  options: MetricsListenerOptions,
): Promise<MetricsListener | undefined> {
  const { logger } = options;
  const answer = answerer(options);
  const server = createServer(
    {
      headersTimeout: longestRequestMs,
      requestTimeout: longestRequestMs,
      keepAliveTimeout: longestRequestMs,
      maxHeaderSize: largestHeadersBytes,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = mostConnections;
  server.timeout = options.longestSilenceMs ?? longestRequestMs;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, address, resolve);
    });
  } catch (error) {
    logger.error('the metrics cannot be served to agents on this machine', {
      ...{ code: 'metrics-port', port: options.port, reason: messageOf(error) },
      remedy: 'Set metrics.port to a free port, and restart rollcalld.',
    });
    return undefined;
  }
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerer({ text, openMetrics, clock, logger }: MetricsListenerOptions) {
  const forms = { text: shared(text, clock), openMetrics: shared(openMetrics, clock) };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    const refused = refusalOf(request);
    if (refused !== undefined) {
      const [status, message] = refused;
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      response.end(`${message}\n`);
      return;
    }
    const { mediaType, read } = acceptsMediaType(openMetrics.mediaType, request.headers)
      ? forms.openMetrics
      : forms.text;
    try {
      const content = await read();
      response.writeHead(200, { 'content-type': mediaType });
      response.end(request.method === 'HEAD' ? undefined : content);
    } catch (error) {
      logger.error('the metrics could not be read', { error });
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('The metrics could not be read. Read the log of rollcalld.\n');
    }
  };
}

function shared({ mediaType, text }: MetricsForm, clock: Pick<Clock, 'monotonicMs'>) {
  let latest: { readonly atMs: number; readonly content: Promise<string> } | undefined;
  const read = (): Promise<string> => {
    const nowMs = clock.monotonicMs();
    if (latest === undefined || nowMs - latest.atMs >= sameForMs) latest = { atMs: nowMs, content: text() };
    return latest.content;
  };
  return { mediaType, read };
}

/** Why a request gets no metrics. A page in a browser on this machine could reach the port by a name that it has rebound. */
function refusalOf({ method, url, headers, socket, rawHeaders }: IncomingMessage) {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  const own = [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`];
  if (hosts.length !== 1 || !own.includes(headers.host?.toLowerCase() ?? '')) {
    return [421, `Ask for http://${own[0]}${path}.`] as const;
  }
  if (url?.split('?')[0] !== path) return [404, `The metrics are at ${path}.`] as const;
  if (method !== 'GET' && method !== 'HEAD') return [405, 'The metrics can only be read: use GET.'] as const;
  return undefined;
}
