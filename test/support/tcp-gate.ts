import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenOnLoopback } from './listening.js';

/**
 * A loopback port that leads to another one, and that a test can close: while it is closed, connections are refused as
 * if nothing listened. It lets a subscriber be back at a restarted broker before the publisher is.
 */
export interface TcpGate extends AsyncDisposable {
  readonly port: number;
  /** Accepts connections (again). */
  open(): Promise<void>;
  /** Refuses new connections; those that exist go on. */
  close(): void;
  /** Breaks the connections that exist, in both directions, without goodbye. */
  cut(): void;
}

export async function openTcpGate(targetPort: number): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    // The gate breaks pairs on purpose; both ends just close.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server: Server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    track(near, far);
    track(far, near);
    near.pipe(far).pipe(near);
  });
  const port = await listenOnLoopback(server);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    open: async () => void (await listenOnLoopback(server, '127.0.0.1', port)),
    close: () => void server.close(),
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      if (server.listening) server.close();
    },
  };
}
