import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import type { Handlers } from '../../contract/handlers.js';
import type { OperationDeclaration } from '../../contract/operation.js';
import { explainAccess } from '../../host/file-access.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { failure } from '../../words/errors.js';
import { createAdmission, localBounds } from './admission.js';
import type { ConfinedPeers } from './confined-peers.js';
import { type LocalCallerOf, unnamedLocalCaller } from './local-caller.js';
import { requestListener } from './request-listener.js';
import { type ServeOptions, serveOperations } from './serve.js';

/**
 * Serves the local API on a unix socket that only the daemon's own user, root, and the group of administrators may open. Replaces the socket file of a killed
 * daemon. If another daemon answers on it, throws `already-running`.
 */
export async function startControlServer<
  Operations extends Readonly<Record<string, OperationDeclaration>>,
>(options: {
  readonly socketPath: string;
  /** The operations to serve: all of the contract, or in a test those of one subject. */
  readonly operations: Operations;
  readonly handlers: Handlers<Operations>;
  readonly logger: Logger;
  readonly creations?: ServeOptions['creations'];
  /** Ends connections of processes that never need this socket. */
  readonly confined?: ConfinedPeers;
  /** The sender of a request, for audit entries. */
  readonly callerOf?: LocalCallerOf;
  /** The group of administrators. Absent: there is none. */
  readonly adminGid?: number;
}): Promise<AsyncDisposable> {
  const { socketPath, operations, handlers, creations, logger, callerOf = unnamedLocalCaller } = options;
  const { adminGid, confined } = options;
  await refuseSecondDaemon(socketPath);
  const app = serveOperations({
    ...{ operations, handlers, creations, logger, isLocal: true },
    ...{ authenticate: callerOf, anonymous: callerOf },
    admission: createAdmission(() => localBounds, undefined),
    nowMs: Date.now,
  });
  const server = createServer(requestListener(app));
  confined?.refuseAt(server, socketPath, ['vision', 'gate']);
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  try {
    await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
    await rm(socketPath, { force: true });
    await listenPrivately(server, socketPath, 0o600);
    if (adminGid !== undefined) await admitGroup(socketPath, adminGid, logger);
  } catch (error) {
    await close();
    const access = explainAccess(socketPath, 'written', error);
    throw failure(
      'control-socket',
      {
        socketPath,
        reason: access?.reason ?? messageOf(error),
        remedy: access?.remedy ?? 'Check its directory.',
      },
      { cause: error },
    );
  }
  return { [Symbol.asyncDispose]: close };
}

/** Lets a group of this process connect. Where that fails, only root and the own user can. */
async function admitGroup(socketPath: string, gid: number, logger: Logger): Promise<void> {
  const groups = process.getgroups?.() ?? [];
  if (process.getuid?.() !== 0 && !groups.includes(gid)) return;
  try {
    await chown(socketPath, -1, gid);
    await chmod(socketPath, 0o660);
  } catch (error) {
    logger.error('the group of administrators cannot use the local API', { socketPath, gid, error });
  }
}

/** Listens on a socket with this mode. The mask keeps other users out even before the chmod. */
export async function listenPrivately(
  server: Server,
  socketPath: string,
  mode: 0o600 | 0o660,
): Promise<void> {
  const previousMask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(previousMask);
  }
  await chmod(socketPath, mode);
}

/**
 * Throws `already-running` if a daemon answers on the socket. Call it before a start touches cameras and broker:
 * a second daemon with the same client id would disconnect the first one from the broker.
 */
export async function refuseSecondDaemon(socketPath: string): Promise<void> {
  if (!(await isAnswered(socketPath))) return;
  throw failure('already-running', { socketPath });
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const answer = (isAlive: boolean) => () => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}
