import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { listenOnLoopback } from './listening.js';

export interface ScriptedRequest {
  readonly method: string;
  readonly uri: string;
  /** Value of a header; empty if it is absent. */
  header(name: string): string;
}

/** Absent fields have the values of a well-behaved server. */
export interface ScriptedAnswer {
  readonly status?: string;
  /** Whole lines, in addition. */
  readonly headers?: readonly string[];
}

/** Behaviour that GStreamer's server does not have. */
export interface ScriptedRtspOptions {
  /** Lines of the session description from the first `m=` on. */
  readonly media: readonly string[];
  /** Status lines in place of `200 OK`, by method; `null`: no answer. */
  readonly answers?: Readonly<Record<string, string | null>>;
  /** Answer to PLAY without a SETUP before. Default: as GStreamer. */
  readonly withoutSession?: string;
  /** RTP payloads, each a packet with the marker set, sent over and over once the client plays. */
  readonly payloads?: readonly Buffer[];
  /** Asked first, for every request. */
  script?(request: ScriptedRequest): ScriptedAnswer | undefined;
  /** The time stamp of a packet, in pictures. Default: its number. */
  stampOf?(sequence: number): number;
  /** Sent before every packet. */
  readonly beforePackets?: string;
  /** Speaks TLS with these. */
  readonly tls?: TlsOptions;
  /** Everything is sent in pieces of so many bytes, as slow cameras do. */
  readonly pieceBytes?: number;
}

export interface ScriptedRtspServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** All bytes that clients sent, in every connection. */
  readonly received: string;
  readonly connections: number;
}

const packetsPerS = 25;
const clockRate = 90_000;

/** A small scripted RTSP server on the loopback; RTP uses the same connection. */
export async function startScriptedRtspServer(options: ScriptedRtspOptions): Promise<ScriptedRtspServer> {
  const sockets = new Set<Socket>();
  let received = '';
  let connections = 0;
  const serve = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const send = sender(socket, options.pieceBytes);
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      // What the client sends in frames of its own (RTCP) is of no interest.
      text += chunk;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(Math.max(0, text.slice(0, end).search(/[A-Z_]+ rtsps?:/)), end);
        text = text.slice(end + 4);
        answer(socket, send, request, options);
      }
    });
  };
  const server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  server.on('tlsClientError', () => undefined);
  const port = await listenOnLoopback(server);
  return {
    url: `${options.tls === undefined ? 'rtsp' : 'rtsps'}://127.0.0.1:${port}/live`,
    port,
    get received() {
      return received;
    },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Send = (bytes: Buffer) => void;

/** Pieces go out one a turn of the event loop, so that they arrive apart. */
function sender(socket: Socket, pieceBytes: number | undefined): Send {
  if (pieceBytes === undefined) return (bytes) => void socket.write(bytes);
  socket.setNoDelay(true);
  let waiting = Buffer.alloc(0);
  const next = (): void => {
    const piece = waiting.subarray(0, pieceBytes);
    waiting = waiting.subarray(piece.length);
    if (piece.length > 0 && socket.writable) socket.write(piece, () => setImmediate(next));
  };
  return (bytes) => {
    const isIdle = waiting.length === 0;
    waiting = Buffer.concat([waiting, bytes]);
    if (isIdle) next();
  };
}

function answer(socket: Socket, send: Send, request: string, options: ScriptedRtspOptions): void {
  const { media, answers = {}, withoutSession = '454 Session Not Found', payloads = [] } = options;
  const [method = '', uri = ''] = request.split(' ', 2);
  const header = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(request)?.[1] ?? '';
  const isRefused = method === 'PLAY' && header('Session') === '';
  const scripted = options.script?.({ method, uri, header });
  const usual = isRefused ? withoutSession : answers[method] === undefined ? '200 OK' : answers[method];
  const status = scripted?.status ?? usual;
  if (status === null) return;
  const lines = [`RTSP/1.0 ${status}`, `CSeq: ${header('CSeq')}`, ...(scripted?.headers ?? [])];
  let body = '';
  if (status === '200 OK') {
    if (method === 'OPTIONS') lines.push('Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN');
    if (method === 'SETUP') lines.push('Session: 1', `Transport: ${header('Transport')}`);
    if (method === 'DESCRIBE') {
      const session = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0'];
      body = [...session, ...media, ''].join('\r\n');
      lines.push('Content-Type: application/sdp', `Content-Length: ${body.length}`);
    }
  }
  send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
  if (method === 'PLAY' && status === '200 OK' && payloads.length > 0) {
    play(socket, send, payloads, options);
  }
}

function play(
  socket: Socket,
  send: Send,
  payloads: readonly Buffer[],
  { beforePackets = '', stampOf = (sequence) => sequence }: ScriptedRtspOptions,
): void {
  const before = Buffer.from(beforePackets, 'latin1');
  let sequence = 1;
  const sendNext = (): void => {
    const payload = payloads[(sequence - 1) % payloads.length] ?? Buffer.alloc(0);
    const packet = Buffer.alloc(4 + 12 + payload.length);
    packet.writeUInt8(0x24, 0);
    packet.writeUInt16BE(12 + payload.length, 2);
    packet.writeUInt8(0x80, 4);
    packet.writeUInt8(0x80 | 96, 5);
    packet.writeUInt16BE(sequence & 0xffff, 6);
    packet.writeUInt32BE((stampOf(sequence) * (clockRate / packetsPerS)) >>> 0, 8);
    packet.writeUInt32BE(1, 12);
    payload.copy(packet, 16);
    send(Buffer.concat([before, packet]));
    sequence += 1;
  };
  const startedMs = performance.now();
  const timer = setInterval(() => {
    // On a busy machine a tick comes late: the clock of a camera doesn't wait for it.
    const dueCount = 1 + ((performance.now() - startedMs) * packetsPerS) / 1000;
    while (sequence <= dueCount) sendNext();
  }, 1000 / packetsPerS);
  socket.once('close', () => clearInterval(timer));
}
