import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.js';
import { PictureReader } from './picture-reader.js';

/** Pictures on their way to a viewer. A browser answers the ping after each: beyond this many, pictures are left out. */
const mostOnTheWay = 4;
/** A ping is sent so often at least, also without pictures, milliseconds. */
const pingEveryMs = 10_000;

/** Why a connection ends, and its close code (RFC 6455). */
export interface LiveEnd {
  readonly code: number;
  /** A code of the errors of the API, or `done`. */
  readonly reason: string;
}

const endOf = { 'caller-slow': 1013, 'vision-misbehaving': 1011, 'only-listening': 1003 } as const;

export interface RelayOptions {
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
export interface RelayOutcome {
  readonly bytes: number;
  readonly reason: string;
}

/**
 * Passes pictures on to one viewer until one side ends it. A viewer that is slow gets fewer of them: only as many as it answers are
 * on their way. Resolves when the connection is closed.
 */
export async function relayPictures(options: RelayOptions): Promise<RelayOutcome> {
  const { webSocket, pictures, coreEnd, clock, silenceMs, lastWordMs } = options;
  const reader = new PictureReader();
  let bytes = 0;
  let sent = 0;
  let answered = 0;
  let heardMs = clock.monotonicMs();
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
  const ping = (): void => {
    sent += 1;
    webSocket.ping(String(sent));
  };
  webSocket.on('pong', (data: Buffer) => {
    const number = Number(data.toString('latin1'));
    if (!(number > answered && number <= sent)) return;
    answered = number;
    heardMs = clock.monotonicMs();
  });
  webSocket.on('message', () => fail('only-listening'));
  webSocket.on('error', () => webSocket.terminate());
  pictures.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) {
        if (webSocket.readyState !== webSocket.OPEN || sent - answered >= mostOnTheWay) continue;
        bytes += message.length;
        webSocket.send(message, { binary: true });
        ping();
      }
    } catch {
      fail('vision-misbehaving');
    }
  });
  const visionEnd = new Promise<LiveEnd>((resolve) => {
    const late = { code: 1012, reason: 'vision-unavailable' };
    pictures.once('close', () => clock.after(lastWordMs, () => resolve(late)));
  });
  void Promise.race([coreEnd, visionEnd]).then(end);
  const timer = setInterval(() => {
    if (clock.monotonicMs() - heardMs > silenceMs) fail('caller-slow');
    else if (sent === answered) ping();
  }, pingEveryMs);
  await closed;
  clearInterval(timer);
  pictures.destroy();
  return { bytes, reason };
}
