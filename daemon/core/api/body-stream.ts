import type { IncomingMessage } from 'node:http';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

/** How long a body may take, so that a slow sender does not hold memory for hours. */
export interface BodyPace {
  /** Longest wait for the next bytes, ms. */
  readonly idleMs: number;
  /** Time that every body has, ms. */
  readonly graceMs: number;
  /** Slowest rate after that time, bytes a second. */
  readonly minimumBytesPerSecond: number;
}

/** A body of 64 MiB has about 35 minutes at this rate; a stalled one has 15 seconds. */
export const defaultPace: BodyPace = { idleMs: 15_000, graceMs: 30_000, minimumBytesPerSecond: 32 * 1024 };

/** A request that the box cannot read. */
export function badRequest(reason: string, remedy: string, cause?: unknown): RollcallError {
  return refusal('bad-request:body', { reason }, { remedy, cause });
}

/** A body or a part of it that has more bytes than its limit. */
export function tooLarge(what: string, limitBytes: number): RollcallError {
  return refusal('request-too-large', { what, sizeText: sizeText(limitBytes) }, { details: { limitBytes } });
}

function sizeText(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${Math.floor((bytes / 1024 / 1024) * 10) / 10} MiB`;
  return bytes >= 1024 ? `${Math.floor((bytes / 1024) * 10) / 10} KiB` : `${bytes} bytes`;
}

/** True if the head of the request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Yields the bytes of a body as they come, and counts them. The request stays open when the reader leaves early, so that the
 * answer can still be sent.
 * @throws `request-too-large` at the first byte over the limit, or at once if the declared length is over it
 * @throws `bad-request` if the sender stops, is too slow or goes away
 */
export async function* bodyChunks(
  incoming: IncomingMessage,
  limitBytes: number,
  pace: BodyPace,
): AsyncGenerator<Buffer, void> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw tooLarge('the body of the request', limitBytes);
  const iterator = incoming.iterator({ destroyOnReturn: false });
  const startMs = performance.now();
  let received = 0;
  try {
    for (;;) {
      const elapsedMs = performance.now() - startMs;
      const earnedMs = pace.graceMs + (received / pace.minimumBytesPerSecond) * 1000;
      const next = await within(Math.min(pace.idleMs, earnedMs - elapsedMs), iterator.next());
      if (next.done === true) return;
      const chunk: unknown = next.value;
      if (!Buffer.isBuffer(chunk)) throw new TypeError('a body has to be read as bytes');
      received += chunk.length;
      if (received > limitBytes) throw tooLarge('the body of the request', limitBytes);
      yield chunk;
    }
  } finally {
    // Ends only after a wait that is still open; nothing depends on it.
    iterator.return?.().catch(() => undefined);
  }
}

async function within<T>(ms: number, next: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const remedy = 'Send the whole body without pauses, over a faster connection.';
      reject(badRequest('its body did not come in time', remedy));
    }, ms);
  });
  // After a late answer the connection may still fail.
  const arrived = next.catch((error: unknown) => {
    throw refusal('bad-request:cut-short', {}, { cause: error });
  });
  arrived.catch(() => undefined);
  try {
    return await Promise.race([arrived, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a whole body, which may be empty. @throws what `bodyChunks` throws */
export async function readAll(
  incoming: IncomingMessage,
  limitBytes: number,
  pace: BodyPace,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bodyChunks(incoming, limitBytes, pace)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
