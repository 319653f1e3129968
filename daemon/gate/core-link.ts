import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as openRequest,
} from 'node:http';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../kernel/clock.js';
import { raceTimeout } from '../kernel/race-timeout.js';
import { failure } from '../words/errors.js';

/** How long an unused connection to the core is kept. Shorter than the core keeps it, so that no request meets its end. */
const unusedMs = 20_000;
/** So many unused connections to the core are kept. */
const mostUnused = 16;
/** Largest part of a body that the gate collects before it takes a place at the core, bytes. A login is smaller. */
const collectedBytes = 32 * 1024;
/** A body that is larger must arrive at this rate on average, after a grace. */
const slowestBytesPerMs = 8;
const graceMs = 30_000;

/** What the gate asks the core. */
interface CoreRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: none. */
  readonly body?: CollectedBody;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** The connections to the core: HTTP/1.1 over its socket, kept open between requests. */
export class CoreLink implements Disposable {
  readonly #agent: Agent;
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: mostUnused, timeout: unusedMs });
  }

  /** Sends a request; resolves when the core begins to answer. @throws `core-unreachable`, `body-late` */
  async ask(wanted: CoreRequest): Promise<IncomingMessage> {
    const { method, target, headers, body = none, signal } = wanted;
    const sent = openRequest({
      ...{ agent: this.#agent, socketPath: this.#socketPath, method, path: target, signal },
      headers: framed(headers, body),
    });
    // More bytes than were announced would be the next request on this connection, which others use after it. The types of node:http
    // name the option for answers alone.
    Object.assign(sent, { strictContentLength: true });
    const answered = answerOf(sent);
    // The core may refuse a body before it has read it all: its answer then ends the sending.
    const failed = sendBody(sent, body).then(
      () => answered,
      async (error: unknown) => {
        sent.destroy();
        throw error;
      },
    );
    return Promise.race([answered, failed]);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/**
 * With the end of the body announced. Node.js would write a body without a length as it is where the method usually has none, such as
 * DELETE: the core would read it as further requests. The length is a number: Node.js 20.19.2, which Debian 13 has, compares it as it
 * is with what was written, and finds that the text of a number is another one.
 */
function framed(headers: CoreRequest['headers'], body: CollectedBody): OutgoingHttpHeaders {
  const { 'content-length': announced, ...others } = headers;
  if (body.isWhole) return { ...others, 'content-length': body.collected.length };
  return announced === undefined
    ? { ...others, 'transfer-encoding': 'chunked' }
    : { ...others, 'content-length': Number(announced) };
}

function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', (cause) => reject(failure('core-unreachable', {}, { cause })));
  });
}

async function sendBody(sent: ClientRequest, body: CollectedBody): Promise<void> {
  if (body.isWhole) {
    sent.end(body.collected);
    return;
  }
  if (!sent.write(body.collected)) await drained(sent);
  for (;;) {
    const part = await body.next();
    if (part === undefined) break;
    if (sent.destroyed) return;
    if (!sent.write(part)) await drained(sent);
  }
  sent.end();
}

/** Resolves when more can be written, and when the stream ends. Call it in the turn in which a write said that it is full. */
async function drained(stream: Writable): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(
    () => undefined,
  );
  done.abort();
}

/** The beginning of a body, and a way to get the rest. */
interface CollectedBody {
  readonly collected: Buffer;
  /** True if the beginning is all. */
  readonly isWhole: boolean;
  /** The next part; undefined at the end. @throws `body-late` */
  next(): Promise<Buffer | undefined>;
}

const none: CollectedBody = {
  collected: Buffer.alloc(0),
  isWhole: true,
  next: () => Promise.resolve(undefined),
};

/**
 * Reads a small body completely, and the beginning of a large one: a caller that sends slowly takes no place at the core.
 * @throws `body-late`
 */
export async function collectBody(source: Readable, clock: Clock, idleMs: number): Promise<CollectedBody> {
  const parts = source.iterator({ destroyOnReturn: false });
  let bytes = 0;
  let waitedMs = 0;
  const next = async (): Promise<Buffer | undefined> => {
    const leftMs = graceMs + bytes / slowestBytesPerMs - waitedMs;
    const beganMs = clock.monotonicMs();
    const part: IteratorResult<Buffer> | 'late' =
      leftMs <= 0 ? 'late' : await raceTimeout(clock, Math.min(idleMs, leftMs), parts.next());
    waitedMs += clock.monotonicMs() - beganMs;
    if (part === 'late') throw failure('body-late');
    if (part.done === true) return undefined;
    bytes += part.value.length;
    return part.value;
  };
  const collected: Buffer[] = [];
  while (bytes <= collectedBytes) {
    const part = await next();
    if (part === undefined) return { collected: Buffer.concat(collected), isWhole: true, next };
    collected.push(part);
  }
  return { collected: Buffer.concat(collected), isWhole: false, next };
}

/** How the sending of an answer ended. */
interface SentAnswer {
  readonly bytes: number;
  readonly end: 'whole' | 'caller-gone' | 'caller-slow' | 'core-gone';
}

/** Sends what `source` gives, no faster than the caller reads. Ends the answer; destroys neither side. */
export async function sendAnswer(
  source: AsyncIterable<unknown>,
  target: Writable,
  { clock, readIdleMs }: { readonly clock: Clock; readonly readIdleMs: number },
): Promise<SentAnswer> {
  let bytes = 0;
  try {
    for await (const part of source) {
      if (!(part instanceof Uint8Array)) continue;
      if (target.destroyed) return { bytes, end: 'caller-gone' };
      bytes += part.length;
      if (target.write(part)) continue;
      if ((await raceTimeout(clock, readIdleMs, drained(target))) === 'late')
        return { bytes, end: 'caller-slow' };
    }
  } catch {
    return { bytes, end: target.destroyed ? 'caller-gone' : 'core-gone' };
  }
  if (target.destroyed) return { bytes, end: 'caller-gone' };
  const finished = new Promise<void>((resolve) => target.end(resolve));
  const ended = Promise.race([finished, once(target, 'close').catch(() => undefined)]);
  const outcome = await raceTimeout(clock, readIdleMs, ended);
  return { bytes, end: outcome === 'late' ? 'caller-slow' : 'whole' };
}
