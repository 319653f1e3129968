import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from './listening.js';

/** What a server does that GStreamer's cannot be made to do. */
export interface ScriptedRtspOptions {
  /** Lines of the session description from the first `m=` on. */
  readonly media: readonly string[];
  /** Status lines in place of `200 OK`, by method; `null`: no answer. */
  readonly answers?: Readonly<Record<string, string | null>>;
  /** Answer to PLAY where nothing was set up before. Default: as GStreamer. */
  readonly withoutSession?: string;
  /** RTP payloads, each a packet with the marker set, sent over and over once the client plays. */
  readonly payloads?: readonly Buffer[];
}

export interface ScriptedRtspServer extends AsyncDisposable {
  readonly url: string;
}

const packetsPerS = 25;
const clockRate = 90_000;

/** A small RTSP server on the loopback that does exactly what it is told; RTP travels in the same connection. */
export async function startScriptedRtspServer(options: ScriptedRtspOptions): Promise<ScriptedRtspServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      // What the client sends in frames of its own (RTCP) is of no interest.
      text += chunk;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(Math.max(0, text.slice(0, end).search(/[A-Z_]+ rtsps?:/)), end);
        text = text.slice(end + 4);
        answer(socket, request, options);
      }
    });
  });
  const port = await listenOnLoopback(server);
  return {
    url: `rtsp://127.0.0.1:${port}/live`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(socket: Socket, request: string, options: ScriptedRtspOptions): void {
  const { media, answers = {}, withoutSession = '454 Session Not Found', payloads = [] } = options;
  const [method = ''] = request.split(' ', 1);
  const header = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(request)?.[1] ?? '';
  const isRefused = method === 'PLAY' && header('Session') === '';
  const status = isRefused ? withoutSession : answers[method] === undefined ? '200 OK' : answers[method];
  if (status === null) return;
  const lines = [`RTSP/1.0 ${status}`, `CSeq: ${header('CSeq')}`];
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
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  if (method === 'PLAY' && status === '200 OK' && payloads.length > 0) play(socket, payloads);
}

function play(socket: Socket, payloads: readonly Buffer[]): void {
  let sequence = 1;
  const timer = setInterval(() => {
    const payload = payloads[(sequence - 1) % payloads.length] ?? Buffer.alloc(0);
    const packet = Buffer.alloc(4 + 12 + payload.length);
    packet.writeUInt8(0x24, 0);
    packet.writeUInt16BE(12 + payload.length, 2);
    packet.writeUInt8(0x80, 4);
    packet.writeUInt8(0x80 | 96, 5);
    packet.writeUInt16BE(sequence & 0xffff, 6);
    packet.writeUInt32BE((sequence * (clockRate / packetsPerS)) >>> 0, 8);
    packet.writeUInt32BE(1, 12);
    payload.copy(packet, 16);
    socket.write(packet);
    sequence += 1;
  }, 1000 / packetsPerS);
  socket.once('close', () => clearInterval(timer));
}
