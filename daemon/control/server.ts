import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { messageOf, operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { explainAccess } from '../host/file-access.js';
import type { BoxControl } from './box-control.js';
import { type ActorOf, localSocketActor } from './request-actor.js';
import { controlRoutes } from './routes.js';

/**
 * Serves the local API on a unix socket that only the daemon's own user may open. A socket file left behind by a killed
 * daemon is replaced; one that somebody answers on is an error (`already-running`).
 */
export async function startControlServer(options: {
  readonly socketPath: string;
  readonly box: BoxControl;
  readonly logger: Logger;
  /** Whom the audit log names for a request. */
  readonly actorOf?: ActorOf;
}): Promise<AsyncDisposable> {
  const { socketPath, box, logger, actorOf = localSocketActor } = options;
  await refuseSecondDaemon(socketPath);
  const listener = getRequestListener(controlRoutes(box, logger, actorOf).fetch);
  const server = createServer((request, response) => void listener(request, response));
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  try {
    await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
    await rm(socketPath, { force: true });
    await listenPrivately(server, socketPath);
  } catch (error) {
    await close();
    const access = explainAccess(socketPath, 'written', error);
    throw operational(
      'control-socket',
      `cannot listen on ${socketPath}: ${access?.says ?? messageOf(error)}`,
      {
        cause: error,
        remedy: `${access?.remedy ?? 'check its directory'}; or correct control.socketPath`,
      },
    );
  }
  return { [Symbol.asyncDispose]: close };
}

/** The mode must be right from the first moment: with this mask nobody else can connect even before the chmod. */
async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  const previousMask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(previousMask);
  }
  await chmod(socketPath, 0o600);
}

/**
 * Throws `already-running` where somebody answers on the socket. To be called before a start touches cameras and broker,
 * too: a second daemon with the same broker client id would throw the first one off.
 */
export async function refuseSecondDaemon(socketPath: string): Promise<void> {
  if (!(await isAnswered(socketPath))) return;
  throw operational('already-running', `another rollcalld answers on ${socketPath}`, {
    remedy: 'stop it first (systemctl stop rollcalld), or give this one a control.socketPath of its own',
  });
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
