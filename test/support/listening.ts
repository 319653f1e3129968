import { once } from 'node:events';
import type { Server } from 'node:net';

/** Listens on the loopback interface, on a free port if none is given. Returns the port. */
export async function listenOnLoopback(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
