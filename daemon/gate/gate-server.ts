import { constants as cryptoConstants } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { GateLimits, GateSettings } from '../contract/gate-settings.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Logger } from '../kernel/logger.js';
import { failure } from '../words/errors.js';
import { AccessLog } from './access-log.js';
import { Connections } from './connections.js';
import { CoreLink } from './core-link.js';
import { handleUpgrade, openWebSockets } from './live/live-request.js';
import { handle } from './request-handling.js';
import { largestHeadersBytes } from './request-rules.js';
import type { Site } from './site.js';

/** Suites of TLS 1.3, and those of 1.2 with forward secrecy and authenticated encryption. */
const cipherSuites = [
  ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
].join(':');

/** Headers up to this size are read, so that the caller learns that they are too large. Beyond it the connection or stream ends. */
const largestReadHeadersBytes = 2 * largestHeadersBytes;
const sweepEveryMs = 500;
const reportEveryMs = 10_000;

interface GateServerOptions {
  readonly settings: GateSettings;
  /** Certificates and private key, PEM. */
  readonly tls: Buffer;
  readonly socketPath: string;
  readonly site: Site;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A listening gate. */
export interface GateServer extends AsyncDisposable {
  readonly port: number;
  /** New connections get this certificate from now on. @throws where it cannot be used */
  replaceCertificate(tls: Buffer): void;
}

/** Listens for HTTPS, versions 1.1 and 2. @throws `gate-address`, `gate-certificate` */
export async function startGateServer(options: GateServerOptions): Promise<GateServer> {
  const { settings, tls, socketPath, site, clock, logger } = options;
  const { limits } = settings;
  const connections = new Connections(clock, limits);
  const core = new CoreLink(socketPath);
  const log = new AccessLog(clock, logger);
  const server = openServer(settings, tls);
  server.on('connection', (socket) => connections.admit(socket));
  server.on('session', (session) => {
    guardSession(session, connections, limits);
    endVanished(session, limits.signOfLifeMs);
  });
  // Callers that break the protocol get no answer.
  server.on('clientError', (_error, socket) => socket.destroy());
  const handling = { settings, connections, core, site, log, clock };
  server.on('request', (request, response) => void handle(request, response, handling));
  const live = {
    settings,
    connections,
    core,
    folder: dirname(socketPath),
    webSockets: openWebSockets(),
    log,
    clock,
  };
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void handleUpgrade(request, socket, head, live);
  });
  await listen(server, settings);
  const sweeping = setInterval(() => connections.sweep(), sweepEveryMs);
  const reporting = setInterval(() => report(connections, logger), reportEveryMs);
  return {
    port: (server.address() as AddressInfo).port,
    replaceCertificate: (next) => server.setSecureContext(secureContext(settings, next)),
    async [Symbol.asyncDispose]() {
      clearInterval(sweeping);
      clearInterval(reporting);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.endAll();
      await closed;
      core[Symbol.dispose]();
    },
  };
}

function secureContext({ minimumTls }: Pick<GateSettings, 'minimumTls'>, tls: Buffer) {
  return {
    ...{ cert: tls, key: tls, ciphers: cipherSuites, honorCipherOrder: true },
    minVersion: `TLSv${minimumTls}`,
    ecdhCurve: 'X25519:prime256v1:secp384r1',
    secureOptions: cryptoConstants.SSL_OP_NO_RENEGOTIATION,
  } as const;
}

function openServer(settings: GateSettings, tls: Buffer): Http2SecureServer {
  const { limits } = settings;
  try {
    const server = createSecureServer({
      ...secureContext(settings, tls),
      allowHTTP1: true,
      handshakeTimeout: limits.headersMs,
      maxSessionInvalidFrames: 20,
      settings: {
        maxConcurrentStreams: limits.streamsPerConnection,
        maxHeaderListSize: largestReadHeadersBytes,
      },
    });
    // For HTTP/1.1. The types of node:http2 do not name them; the server reads them as node:http does.
    return Object.assign(server, {
      headersTimeout: limits.headersMs,
      // The gate judges by itself how fast a body has to arrive.
      requestTimeout: 0,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: sweepEveryMs,
      maxRequestsPerSocket: limits.requestsPerConnection,
      maxHeaderSize: largestReadHeadersBytes,
    });
  } catch (error) {
    throw failure('gate-certificate', { reason: messageOf(error) }, { cause: error });
  }
}

async function listen(server: Http2SecureServer, { address, port }: GateSettings): Promise<void> {
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
  } catch (error) {
    throw failure('gate-address', { address, port, reason: messageOf(error) }, { cause: error });
  }
}

/** Ends a connection of HTTP/2 that asks too often on end, or gives its requests up as fast as it makes them. */
function guardSession(session: ServerHttp2Session, connections: Connections, limits: GateLimits): void {
  session.on('stream', (stream) => {
    const connection = connections.of(session.socket);
    if (connection === undefined) return;
    if (connection.requests >= limits.requestsPerConnection) session.close();
    const judge = (): void => {
      const isGivenUp = stream.rstCode !== constants.NGHTTP2_NO_ERROR;
      // Without a farewell: under a flood of resets, writing one can keep the HTTP/2 library of Node.js busy for ever.
      if (isGivenUp && !connection.resets.take()) connection.socket.destroy();
    };
    // A stream that came and was given up in one packet may have been closed before this line.
    if (stream.destroyed) judge();
    else stream.once('close', judge);
  });
}

/**
 * Ends a connection whose caller has vanished without a word, such as a laptop that sleeps: TCP would keep it, and the place of
 * each stream on it, for a quarter of an hour.
 */
function endVanished(session: ServerHttp2Session, everyMs: number): void {
  let isAwaited = false;
  const asking = setInterval(() => {
    if (isAwaited) return session.destroy();
    isAwaited = true;
    session.ping(() => {
      isAwaited = false;
    });
  }, everyMs);
  session.once('close', () => clearInterval(asking));
}

function report(connections: Connections, logger: Logger): void {
  const refused = connections.takeRefused();
  if (refused === 0) return;
  const { count, requests } = connections;
  logger.warn('connections were refused or ended without a request', { refused, open: count, requests });
}
