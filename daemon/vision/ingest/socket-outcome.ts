import type { Socket } from 'node:net';

/** Waits for `event`; resolves to undefined, or to the error that prevented it. */
export function socketOutcome(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  until: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve) => {
    const settle = (result: unknown): void => {
      until.removeEventListener('abort', onAbort);
      socket.off(event, onEvent).off('close', onClose);
      resolve(result);
    };
    const onEvent = (): void => settle(undefined);
    const onClose = (): void => settle(new Error('the connection was closed'));
    const onAbort = (): void => settle(until.reason);
    // Never removed: a later error without a listener would end the process; the socket's close reports it.
    socket.on('error', settle);
    socket.once(event, onEvent).once('close', onClose);
    until.addEventListener('abort', onAbort);
    if (until.aborted) onAbort();
  });
}

/** The code of an error of a socket. */
export function socketErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
