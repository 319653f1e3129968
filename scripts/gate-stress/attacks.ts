import { once, setMaxListeners } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { hostileBodies } from './hostile-bodies.js';

/** Attacks on a gate from many addresses of the loopback, as strangers on a network would do them. */
export const attacks = ['slow-connections', 'logins', 'resets', 'bodies', 'slow-readers'] as const;
export type Attack = (typeof attacks)[number];

export interface AttackOptions {
  readonly port: number;
  readonly durationMs: number;
  /** Connections at once; for `logins`, requests a second. */
  readonly size: number;
}

/** How often each thing happened: an answer by its status, or how a connection ended. */
export type Tally = Map<string, number>;

/** Runs an attack until its time is over. */
export async function runAttack(attack: Attack, options: AttackOptions): Promise<Tally> {
  const tally: Tally = new Map();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  const over = new AbortController();
  // Each connection waits for it.
  setMaxListeners(0, over.signal);
  const timer = setTimeout(() => over.abort(), options.durationMs);
  try {
    await kinds[attack]({ ...options, count, over: over.signal });
  } finally {
    clearTimeout(timer);
  }
  return tally;
}

interface Running extends AttackOptions {
  readonly count: (what: string) => void;
  /** Aborts when the time is over. */
  readonly over: AbortSignal;
}

const kinds: Readonly<Record<Attack, (running: Running) => Promise<unknown>>> = {
  'slow-connections': (running) => keepOpen(running, slowConnection),
  logins: sendLogins,
  resets: (running) => keepOpen(running, resetStreams),
  bodies: (running) => keepOpen(running, sendBody),
  'slow-readers': (running) => keepOpen(running, readSlowly),
};

/** Each address stays below the limit of connections that the gate has for one. */
const connectionsOfAddress = 150;
const host = '127.0.0.1';

function sourceOf(index: number): string {
  const address = Math.floor(index / connectionsOfAddress);
  return `127.9.${address >> 8}.${(address & 255) + 1}`;
}

/** Lets the loop turn; ends early when the time is over. */
function pause(ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      over.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    over.addEventListener('abort', end, { once: true });
    if (over.aborted) end();
  });
}

/** Keeps `size` connections of a kind open: one that ended is opened again. New ones begin over a second. */
async function keepOpen(
  running: Running,
  connection: (index: number, running: Running) => Promise<void>,
): Promise<void> {
  const { size, over } = running;
  const one = async (index: number): Promise<void> => {
    await pause((1000 * index) / size, over);
    while (!over.aborted) {
      await connection(index, running);
      await pause(100, over);
    }
  };
  await Promise.all(Array.from({ length: size }, (_, index) => one(index)));
}

function dial(index: number, port: number): Socket {
  return connectTcp({ port, host, localAddress: sourceOf(index) }).on('error', () => undefined);
}

/** Attackers do not care whom they reach. */
const secureOptions = (index: number, port: number) => ({
  ...{ port, host, localAddress: sourceOf(index), servername: 'localhost', rejectUnauthorized: false },
});

/** A connection with TLS; undefined if the gate did not let it be made. */
async function dialTls(
  index: number,
  { port, over }: Running,
  alpn = 'http/1.1',
): Promise<TLSSocket | undefined> {
  const socket = connectTls({ ...secureOptions(index, port), ALPNProtocols: [alpn] });
  socket.on('error', () => undefined);
  const isThere = await Promise.race([
    once(socket, 'secureConnect', { signal: over }).then(() => true),
    once(socket, 'close', { signal: over }).then(() => false),
  ]).catch(() => false);
  if (isThere) return socket;
  socket.destroy();
  return undefined;
}

/** Resolves when the gate ended the connection, and says so; ends it itself when the time is over. */
async function untilEnd(socket: Socket, { count, over }: Running, open: string): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    over.addEventListener('abort', () => resolve(), { once: true });
    if (socket.destroyed || over.aborted) resolve();
  });
  count(over.aborted ? open : 'ended by the gate');
  socket.destroy();
}

/** Silent, or with a greeting of TLS that never ends, or with headers that never end. */
async function slowConnection(index: number, running: Running): Promise<void> {
  const kind = index % 4;
  const socket = kind === 3 ? await dialTls(index, running) : dial(index, running.port);
  if (socket === undefined) {
    running.count('no connection');
    return;
  }
  socket.resume();
  if (kind === 1 || kind === 2) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
  if (kind === 3) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  const drip = setInterval(() => socket.write(kind === 3 ? 'X: y\r\n' : Buffer.from([0x01])), 1000);
  if (kind === 0) clearInterval(drip);
  await untilEnd(socket, running, 'open at the end');
  clearInterval(drip);
}

const tickMs = 20;
const loginSources = 250;
/** More waiting requests of one connection the gate does not take. */
const mostWaiting = 30;

/** Names that exist or not, with wrong passwords, `size` times a second from 250 addresses. */
async function sendLogins(running: Running): Promise<void> {
  const { size, count, over, durationMs } = running;
  const sources = Math.min(loginSources, size);
  const sessions = new Map<number, { session: ClientHttp2Session; waiting: number }>();
  const answered: Promise<void>[] = [];
  const began = performance.now();
  for (let sent = 0; !over.aborted; ) {
    const due = Math.min(size * (durationMs / 1000), ((performance.now() - began) / 1000) * size);
    for (; sent < due; sent += 1) {
      const index = (sent % sources) * connectionsOfAddress;
      let known = sessions.get(index);
      if (known === undefined || known.session.closed || known.session.destroyed) {
        known = { session: openSession(index, running), waiting: 0 };
        sessions.set(index, known);
      }
      if (known.waiting >= mostWaiting) {
        count('not sent: too many wait');
        continue;
      }
      const mine = known;
      mine.waiting += 1;
      const body = { userName: sent % 2 === 0 ? 'anna' : `name${sent}`, password: `wrong password ${sent}` };
      answered.push(
        login(mine.session, JSON.stringify(body)).then((outcome) => {
          mine.waiting -= 1;
          if (!over.aborted || outcome.startsWith('status')) count(outcome);
        }),
      );
    }
    await pause(tickMs, over);
  }
  for (const { session } of sessions.values()) session.destroy();
  await Promise.all(answered);
}

function openSession(index: number, { port }: Running): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, {
    createConnection: () => connectTls({ ...secureOptions(index, port), ALPNProtocols: ['h2'] }),
    settings: { enablePush: false },
  });
  return session.on('error', () => undefined);
}

function login(session: ClientHttp2Session, body: string): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({
      ...{ ':method': 'POST', ':path': '/api/v1/auth/login', ':authority': 'localhost' },
      'content-type': 'application/json',
    });
    stream.on('response', (headers) => resolve(`status ${headers[':status']}`));
    stream.on('error', () => undefined);
    stream.once('close', () => resolve('no answer'));
    stream.resume().end(body);
  });
}

/** Asks and gives up at once, as fast as the gate takes it. */
async function resetStreams(index: number, running: Running): Promise<void> {
  const { over, count } = running;
  const session = openSession(index, running);
  const ended = new Promise<void>((resolve) => session.once('close', resolve));
  const isThere = await Promise.race([
    once(session, 'connect', { signal: over }).then(() => true),
    ended.then(() => false),
  ]).catch(() => false);
  while (isThere && !over.aborted && !session.closed && !session.destroyed) {
    for (let each = 0; each < 20 && !session.closed && !session.destroyed; each += 1) {
      const asked = { ':path': '/api/v1/auth/me', ':authority': 'localhost' };
      const stream = session.request(asked).on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      count('given up');
    }
    await pause(1, over);
  }
  if (!over.aborted) count(isThere ? 'ended by the gate' : 'no connection');
  session.destroy();
}

/** One of many wrong bodies on a new connection. */
async function sendBody(index: number, running: Running): Promise<void> {
  const { count, over } = running;
  const socket = await dialTls(index, running);
  if (socket === undefined) {
    if (!over.aborted) count('no connection');
    return;
  }
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(0, 32);
  });
  const bodies = Object.values(hostileBodies);
  const parts = bodies[index % bodies.length]?.() ?? [];
  const stop = (): void => void socket.destroy();
  over.addEventListener('abort', stop, { once: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const part of parts) {
    if (socket.destroyed || said !== '') break;
    if (!socket.write(part)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
  }
  await Promise.race([closed, pause(5_000, over)]);
  over.removeEventListener('abort', stop);
  socket.destroy();
  const status = /^HTTP\/1\.1 (\d+)/.exec(said)?.[1];
  if (status !== undefined) count(`status ${status}`);
  else if (!over.aborted) count('ended without an answer');
}

/** Asks for a large file and takes some bytes a second: with a stream of HTTP/2 that gives no room, or without reading. */
async function readSlowly(index: number, running: Running): Promise<void> {
  if (index % 2 === 0) {
    const socket = await dialTls(index, running);
    if (socket === undefined) {
      running.count('no connection');
      return;
    }
    socket.pause();
    socket.write('GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const sip = setInterval(() => void socket.read(16), 1000);
    await untilEnd(socket, running, 'open at the end');
    clearInterval(sip);
    return;
  }
  const { over, count } = running;
  const session = openSession(index, running);
  session.settings({ initialWindowSize: 16 });
  const stream = session.request({ ':path': '/openapi.yaml', ':authority': 'localhost' });
  const ended = new Promise<void>((resolve) => session.once('close', resolve));
  const given = new Promise<void>((resolve) => stream.once('close', resolve));
  stream.on('error', () => undefined).pause();
  await Promise.race([ended, given, new Promise((resolve) => over.addEventListener('abort', resolve))]);
  count(over.aborted ? 'open at the end' : 'ended by the gate');
  session.destroy();
}
