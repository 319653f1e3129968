import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

/** Passes the requests of an HTTP server on to the operations, and ends the connection of a sender whose body was refused. */
export function requestListener(app: Hono): (request: IncomingMessage, response: ServerResponse) => void {
  const listener = getRequestListener(app.fetch);
  return (request, response) => {
    response.once('finish', () => endUnread(request));
    void listener(request, response);
  };
}

/** How long a sender has to read the answer before its connection ends, and what it may send meanwhile, bytes. */
const lastReadMs = 250;
const mostUnreadBytes = 4 * 1024 * 1024;

/** The rest of a body that was refused is thrown away, and soon its connection is, too: otherwise a sender could go on for ever. */
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
