import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnLoopback } from './listening.js';
import type { TestCertificate } from './test-certificate.js';

/** A web server that speaks MQTT in WebSocket in TLS under one path, and passes it on to a broker. */
export interface WebSocketBridge extends Disposable {
  readonly port: number;
  /** Server names that clients asked for in the handshake. */
  readonly serverNames: readonly (string | false)[];
}

export async function startWebSocketBridge(
  path: string,
  brokerPort: number,
  tls: TestCertificate & { readonly authority?: string },
): Promise<WebSocketBridge> {
  const serverNames: (string | false)[] = [];
  const { authority } = tls;
  const server = createServer({
    ...{ cert: tls.certificate, key: tls.key },
    ...(authority === undefined ? {} : { ca: authority, requestCert: true, rejectUnauthorized: true }),
  });
  server.on('secureConnection', (socket) => serverNames.push(socket.servername || false));
  server.on('tlsClientError', () => undefined);
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy());
    if (request.url === path) bridge(request, socket, brokerPort);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
  const port = await listenOnLoopback(server, 'localhost');
  return { port, serverNames, [Symbol.dispose]: () => void server.close() };
}

function bridge(request: IncomingMessage, socket: Duplex, brokerPort: number): void {
  // RFC 6455 section 4.2.2.
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
  );
  const broker = connect(brokerPort, '127.0.0.1');
  broker.on('error', () => socket.destroy());
  broker.on('close', () => socket.destroy());
  broker.on('data', (data) => {
    for (let at = 0; at < data.length; at += 60_000) socket.write(frame(data.subarray(at, at + 60_000)));
  });
  socket.on('close', () => broker.destroy());
  let pending = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (let next = unframe(pending); next !== undefined; next = unframe(pending)) {
      pending = pending.subarray(next.length);
      if (next.isClose) broker.end();
      else broker.write(next.content);
    }
  });
}

/** One unmasked binary frame of less than 64 KiB (RFC 6455 section 5.2). */
function frame(content: Buffer): Buffer {
  const head = Buffer.from(content.length < 126 ? [0x82, content.length] : [0x82, 126, 0, 0]);
  if (head.length === 4) head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

/** The first masked frame of a client, if it is there as a whole. */
function unframe(bytes: Buffer) {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const headLength = short === 126 ? 4 : 2;
  if (short === 127 || bytes.length < headLength + 4) return undefined;
  const size = short === 126 ? bytes.readUInt16BE(2) : short;
  const length = headLength + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(headLength, headLength + 4);
  const content = Buffer.from(bytes.subarray(headLength + 4, length));
  for (let at = 0; at < content.length; at += 1) {
    content.writeUInt8(content.readUInt8(at) ^ mask.readUInt8(at % 4), at);
  }
  return { length, content, isClose: (bytes.readUInt8(0) & 0x0f) === 8 };
}
