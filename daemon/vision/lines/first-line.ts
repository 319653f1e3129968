import type { Socket } from 'node:net';

/**
 * Reads the first line of a connection, without its end. What follows stays in the socket, which is then paused. Rejects where the line
 * is longer than `mostBytes` or the connection ends before.
 */
export function readFirstLine(socket: Socket, mostBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (): void => {
      socket.off('data', onData).off('close', onClose).off('end', onClose);
    };
    const onClose = (): void => {
      settle();
      reject(new Error('the connection ended before its first line'));
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\n');
      if (end < 0 && received.length <= mostBytes) return;
      settle();
      socket.pause();
      if (end < 0 || end > mostBytes) {
        reject(new Error('the first line is too long'));
        return;
      }
      const rest = received.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      resolve(received.toString('utf8', 0, end));
    };
    socket.on('data', onData).once('close', onClose).once('end', onClose);
  });
}
