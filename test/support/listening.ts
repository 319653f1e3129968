import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Listens on the loopback interface, on a free port if none is given. Returns the port. */
export async function listenOnLoopback(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A loopback port that was just free, for a program that has to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await once(server.close(), 'close');
  return port;
}
