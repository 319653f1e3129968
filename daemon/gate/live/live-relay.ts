import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../../kernel/clock.js';
import { type LivePathKind, LiveReader } from './live-reader.js';

/** How far a viewer may be behind. */
interface Room {
  /** Messages on their way. A browser answers the ping after each. */
  readonly messages: number;
  /** Bytes that the connection has not taken yet: a viewer may answer pings that it has not read. */
  readonly bytes: number;
}

/** Pictures beyond these are left out. A video, of which no part can be left out, is ended: it may be a few seconds behind. */
const roomOf: Readonly<Record<LivePathKind, Room>> = {
  live: { messages: 4, bytes: 1024 * 1024 },
  video: { messages: 64, bytes: 2 * 1024 * 1024 },
};
/** A ping is sent so often at least, also without pictures, milliseconds. */
const pingEveryMs = 10_000;

/** Why a connection ends, and its close code (RFC 6455). */
export interface LiveEnd {
  readonly code: number;
  /** A code of the errors of the API, or `done`. */
  readonly reason: string;
}

const endOf = { 'caller-slow': 1013, 'vision-misbehaving': 1011, 'only-listening': 1003 } as const;

interface RelayOptions {
  readonly kind: LivePathKind;
  readonly webSocket: WebSocket;
  /** The connection to the vision process, which knows the ticket already. */
  readonly pictures: Socket;
  /** Resolves when the core ends the watching; never rejects. */
  readonly coreEnd: Promise<LiveEnd>;
  readonly clock: Clock;
  /** How long a viewer may answer no ping, milliseconds. */
  readonly silenceMs: number;
  /** How long the core has to say why the pictures ended, milliseconds. */
  readonly lastWordMs: number;
}

/** How the watching ended. */
interface RelayOutcome {
  readonly bytes: number;
  readonly reason: string;
}

/**
 * Passes pictures or video on to one viewer until one side ends it. A viewer that is slow gets fewer pictures: only as many as it
 * answers are on their way. Resolves when the connection is closed.
 */
export async function relayPictures(options: RelayOptions): Promise<RelayOutcome> {
  const { kind, webSocket, pictures, coreEnd, clock, silenceMs, lastWordMs } = options;
  const reader = new LiveReader(kind);
  const room = roomOf[kind];
  const pings = new Pings(webSocket, clock);
  let bytes = 0;
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  let reason = 'caller-gone';
  const end = ({ code, reason: why }: LiveEnd): void => {
    if (webSocket.readyState !== webSocket.OPEN) return;
    reason = why;
    webSocket.close(code, why);
    // A viewer that reads nothing does not answer the goodbye either.
    clock.after(lastWordMs, () => webSocket.terminate());
  };
  const fail = (why: keyof typeof endOf): void => end({ code: endOf[why], reason: why });
  webSocket.on('message', () => fail('only-listening'));
  webSocket.on('error', () => webSocket.terminate());
  pictures.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) {
        const isSlow = pings.waiting >= room.messages || webSocket.bufferedAmount > room.bytes;
        if (isSlow && kind === 'video') fail('caller-slow');
        if (webSocket.readyState !== webSocket.OPEN || isSlow) continue;
        bytes += message.length;
        webSocket.send(message, { binary: true });
        pings.send();
      }
    } catch {
      fail('vision-misbehaving');
      pictures.destroy();
    }
  });
  const visionEnd = new Promise<LiveEnd>((resolve) => {
    const late = { code: 1012, reason: 'vision-unavailable' };
    pictures.once('close', () => clock.after(lastWordMs, () => resolve(late)));
  });
  void Promise.race([coreEnd, visionEnd]).then(end);
  const timer = setInterval(() => {
    if (pings.silenceMs > silenceMs) fail('caller-slow');
    else if (pings.waiting === 0) pings.send();
  }, pingEveryMs);
  await closed;
  clearInterval(timer);
  pictures.destroy();
  return { bytes, reason };
}

/** Numbered pings of one connection, and the answers to them. */
class Pings {
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  #sent = 0;
  #answered = 0;
  #heardMs: number;

  constructor(webSocket: WebSocket, clock: Clock) {
    this.#webSocket = webSocket;
    this.#clock = clock;
    this.#heardMs = clock.monotonicMs();
    // A viewer may answer the newest ping alone (RFC 6455, section 5.5.3).
    webSocket.on('pong', (data: Buffer) => this.#hear(Number(data.toString('latin1'))));
  }

  /** Those that are not answered yet. */
  get waiting(): number {
    return this.#sent - this.#answered;
  }

  /** How long no answer has come, milliseconds. */
  get silenceMs(): number {
    return this.#clock.monotonicMs() - this.#heardMs;
  }

  send(): void {
    this.#sent += 1;
    this.#webSocket.ping(String(this.#sent));
  }

  #hear(number: number): void {
    if (!(number > this.#answered && number <= this.#sent)) return;
    this.#answered = number;
    this.#heardMs = this.#clock.monotonicMs();
  }
}
