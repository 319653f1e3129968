import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { readInput } from '../../daemon/core/api/body.js';
import { type BodyPace, defaultPace } from '../../daemon/core/api/body-stream.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

/** What a test sees of one request. */
export interface ReadOutcome {
  readonly code?: string;
  readonly message?: string;
  readonly input?: unknown;
}

/** A real HTTP server on loopback that reads the input of one operation and answers what it understood. */
export interface InputServer extends AsyncDisposable {
  readonly port: number;
  /** Sends bytes as they are and resolves with everything that comes back. */
  raw(pieces: readonly (string | Uint8Array)[], options?: { readonly end?: boolean }): Promise<string>;
  /** The same, and takes the outcome from the answer. */
  outcome(
    pieces: readonly (string | Uint8Array)[],
    options?: { readonly end?: boolean },
  ): Promise<ReadOutcome>;
}

export async function startInputServer(
  declaration: OperationDeclaration,
  options: {
    readonly pace?: BodyPace;
    /** Sees the input before its secrets are wiped. */
    readonly onInput?: (input: unknown) => unknown;
    readonly onWiped?: (input: unknown) => void;
  } = {},
): Promise<InputServer> {
  const { pace = defaultPace, onInput = (input) => input, onWiped = () => undefined } = options;
  const server = createServer((incoming, response) => void serve(incoming, response));
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let outcome: ReadOutcome;
    try {
      const url = new URL(incoming.url ?? '/', 'http://box');
      const path = { id: decodeURIComponent(url.pathname.split('/')[2] ?? '') };
      const { input, wipe } = await readInput(declaration, { incoming, path, query: url.searchParams }, pace);
      outcome = { input: onInput(input) };
      wipe();
      onWiped(input);
    } catch (error) {
      outcome = isRollcallError(error)
        ? { code: error.code, message: error.message }
        : { code: 'not-our-error', message: String(error) };
    }
    response.setHeader('connection', 'close').end(JSON.stringify(outcome));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const raw = async (
    pieces: readonly (string | Uint8Array)[],
    { end = false }: { readonly end?: boolean } = {},
  ): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    // One write each, so that pieces arrive as pieces.
    socket.setNoDelay(true);
    for (const piece of pieces) {
      await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
    }
    if (end) socket.end();
    const said = await text(socket);
    socket.destroy();
    return said;
  };
  return {
    port,
    raw,
    async outcome(pieces, sending) {
      const said = await raw(pieces, sending);
      const body = said.slice(said.indexOf('\r\n\r\n') + 4);
      // Node answers in chunks or with a length; the document is one line either way.
      const line = body.split('\r\n').find((part) => part.startsWith('{')) ?? body;
      return JSON.parse(line) as ReadOutcome;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The bytes of a request with a declared length. */
export function requestBytes(
  line: string,
  contentType: string | undefined,
  body: string | Uint8Array,
): (string | Uint8Array)[] {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
  return [`${line} HTTP/1.1\r\nHost: box\r\n${type}Content-Length: ${bytes.length}\r\n\r\n`, bytes];
}
