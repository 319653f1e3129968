import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { OperationDeclaration } from '../../contract/operation.js';
import type { Logger } from '../../kernel/logger.js';
import type { Admission } from './admission.js';
import type { ConfinedPeers } from './confined-peers.js';
import { requestListener } from './request-listener.js';
import { type RequestFacts, serveOperations } from './serve.js';
import { listenPrivately } from './server.js';

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
  readonly secondPerson?: Parameters<typeof serveOperations>[0]['secondPerson'];
  readonly creations?: Parameters<typeof serveOperations>[0]['creations'];
  readonly onRefused?: Parameters<typeof serveOperations>[0]['onRefused'];
  /** Ends connections of processes that never need this socket. */
  readonly confined?: ConfinedPeers;
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
  const { socketPath, operations, handlers, authenticate, anonymous, admission, logger } = options;
  const { onRefused, secondPerson, creations } = options;
  const app = serveOperations({
    ...{ operations, handlers, admission, authenticate, anonymous, logger, isLocal: false, nowMs: Date.now },
    ...{ secondPerson, creations, ...(onRefused === undefined ? {} : { onRefused }) },
  });
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 3_600_000,
      // Longer than the gate keeps an unused connection, so that no request meets its end.
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 5_000,
    },
    requestListener(app),
  );
  options.confined?.refuseAt(server, socketPath, ['vision']);
  server.maxConnections = mostConnections;
  await rm(socketPath, { force: true });
  await listenPrivately(server, socketPath, 0o660);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
