import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../base/logger.js';
import type { Caller } from '../contract/caller.js';
import type { Handlers } from '../contract/handlers.js';
import type { OperationDeclaration } from '../contract/operation.js';
import type { Admission } from './admission.js';
import { type RequestFacts, serveOperations } from './serve.js';

export interface GateSocketOptions<Operations extends Readonly<Record<string, OperationDeclaration>>> {
  readonly socketPath: string;
  readonly operations: Operations;
  readonly handlers: Handlers<Operations>;
  /**
   * The caller that the credentials prove; undefined without any. The gate may have been taken over: all that it says about a caller
   * may be forged, and only a token or a session that is alive proves one. @throws `unauthenticated`, `forbidden`
   */
  readonly authenticate: (facts: Pick<RequestFacts, 'incoming'>) => Promise<Caller | undefined>;
  /** The caller of a public operation. */
  readonly anonymous: (facts: Pick<RequestFacts, 'incoming'>) => Caller;
  readonly admission: Admission;
  readonly onRefused?: Parameters<typeof serveOperations>[0]['onRefused'];
  readonly logger: Logger;
}

/** More than the gate ever opens at once. */
const mostConnections = 300;

/**
 * Serves the operations to the gate on a socket of its own. The socket gives nothing: who calls follows from the token or the
 * session alone, and operations for this machine do not exist here. What the gate sends is read with the limits of hostile input.
 */
export async function startGateSocket<Operations extends Readonly<Record<string, OperationDeclaration>>>(
  options: GateSocketOptions<Operations>,
): Promise<AsyncDisposable> {
  const { socketPath, operations, handlers, authenticate, anonymous, admission, onRefused, logger } = options;
  const app = serveOperations({
    ...{ operations, handlers, admission, authenticate, anonymous, logger, isLocal: false, nowMs: Date.now },
    ...(onRefused === undefined ? {} : { onRefused }),
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 3_600_000,
      // Longer than the gate keeps an unused connection, so that no request meets its end.
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      response.once('finish', () => endUnread(request));
      void listener(request, response);
    },
  );
  server.maxConnections = mostConnections;
  await rm(socketPath, { force: true });
  const previousMask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(previousMask);
  }
  await chmod(socketPath, 0o660);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** How long the gate has to read an answer before its connection ends, and what it may send meanwhile, bytes. */
const lastReadMs = 250;
const mostUnreadBytes = 4 * 1024 * 1024;

/** The rest of a body that was refused is thrown away, and soon its connection is, too: a taken-over gate could send for ever. */
function endUnread(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  const mostBytes = socket.bytesRead + mostUnreadBytes;
  const stop = (): void => {
    clearTimeout(ending);
    clearInterval(watching);
    request.off('end', stop);
    socket.off('close', stop);
  };
  // Once the body has arrived after all, the connection belongs to the next request.
  const end = (): void => {
    stop();
    if (!request.complete) socket.destroy();
  };
  const ending = setTimeout(end, lastReadMs);
  const watching = setInterval(() => {
    if (request.complete || socket.bytesRead > mostBytes) end();
  }, 5);
  request.once('end', stop);
  socket.once('close', stop);
}
