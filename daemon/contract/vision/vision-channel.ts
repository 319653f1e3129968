import type { Duplex } from 'node:stream';
import { operational } from '../../kernel/errors.js';

/** Lengths of the JSON and of the attachment, each an unsigned 32-bit number, big endian. */
const headerBytes = 8;

/** Largest message that one side accepts, bytes. A larger one is refused after its header, before any of it is stored. */
export interface MessageLimits {
  /** The JSON. */
  readonly bodyBytes: number;
  /** The attachment; called for each message. */
  attachmentBytes(): number;
}

/**
 * Most bytes that may wait for the other side to read them, besides one attachment: a peer that does not read is disconnected. The largest
 * plan may wait.
 */
export const mostUnreadBytes = 4 * 1024 * 1024;

/** A message and its attachment, which is usually empty. */
export interface Received {
  readonly message: unknown;
  readonly attachment: Buffer;
}

/**
 * Header and UTF-8 JSON of a message that is followed by `attachmentBytes` bytes. Pictures are attachments and not text in
 * the JSON: converting megabytes to text and back would block the core's event loop.
 */
export function encodeMessage(message: unknown, attachmentBytes = 0): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(body.length);
  header.writeUInt32BE(attachmentBytes, 4);
  return Buffer.concat([header, body]);
}

/** A buffer that is being filled. */
interface Filling {
  readonly bytes: Buffer;
  filled: number;
}

/**
 * Splits a byte stream into messages. The peer is not trusted: a length over the limit or a body that is not JSON throws
 * `wire-violation`, and then the connection is unusable. It never takes more memory than one message of the allowed size.
 */
export class MessageDecoder {
  readonly #limits: MessageLimits;
  #header: Filling = startFilling(headerBytes);
  #content: (Filling & { readonly bodyBytes: number }) | undefined;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Yields the messages that `chunk` completes, one at a time, so that the caller can stop between two. */
  *push(chunk: Buffer): Generator<Received> {
    for (let rest = chunk; rest.length > 0; ) {
      const filling = this.#content ?? this.#header;
      const taken = rest.copy(filling.bytes, filling.filled);
      filling.filled += taken;
      rest = rest.subarray(taken);
      if (this.#content === undefined && filling.filled === headerBytes) this.#begin();
      if (this.#content !== undefined && this.#content.filled === this.#content.bytes.length)
        yield this.#finish();
    }
  }

  #begin(): void {
    const bodyBytes = this.#header.bytes.readUInt32BE();
    const attachmentBytes = this.#header.bytes.readUInt32BE(4);
    if (bodyBytes > this.#limits.bodyBytes || attachmentBytes > this.#limits.attachmentBytes()) {
      const text = `a message of ${bodyBytes} bytes with ${attachmentBytes} bytes attached is over the limit`;
      throw operational('wire-violation', text);
    }
    this.#content = { ...startFilling(bodyBytes + attachmentBytes), bodyBytes };
  }

  #finish(): Received {
    const { bytes, bodyBytes } = this.#content ?? { ...startFilling(0), bodyBytes: 0 };
    this.#content = undefined;
    this.#header = startFilling(headerBytes);
    return { message: parse(bytes.subarray(0, bodyBytes)), attachment: bytes.subarray(bodyBytes) };
  }
}

const startFilling = (size: number): Filling => ({ bytes: Buffer.alloc(size), filled: 0 });

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw operational('wire-violation', 'a message is not JSON', { cause: error });
  }
}

/** Messages handled in one turn of the event loop; each takes at most a millisecond. */
const messagesInATurn = 16;

/** Both directions of one connection between the core and a vision process. */
interface MessageChannel {
  send(message: unknown, attachment?: Uint8Array): void;
  /** Stops reading and sending; `onEnd` gets `error`. */
  end(error: unknown): void;
}

/**
 * Reads messages from `stream` until it ends. `onEnd` gets undefined for an orderly end, the error otherwise. An error from a
 * handler also ends the channel. Each turn of the event loop handles only a few messages, so that a peer that sends without a
 * pause cannot block the process.
 */
export function openMessageChannel(
  stream: Duplex,
  limits: MessageLimits,
  handlers: { onMessage(message: unknown, attachment: Buffer): void; onEnd(error: unknown): void },
): MessageChannel {
  const decoder = new MessageDecoder(limits);
  let isEnded = false;
  /** The attachment on its way, bytes: a photo of many megabytes takes a while to be read, and what comes behind it waits. */
  let underWayBytes = 0;
  const end = (error: unknown): void => {
    if (isEnded) return;
    isEnded = true;
    stream.destroy();
    handlers.onEnd(error);
  };
  const work = (messages: Generator<Received>): void => {
    try {
      for (let count = 0; count < messagesInATurn && !isEnded; count += 1) {
        const { done, value } = messages.next();
        if (done === true) {
          setImmediate(() => stream.resume());
          return;
        }
        handlers.onMessage(value.message, value.attachment);
      }
      if (!isEnded) setImmediate(() => work(messages));
    } catch (error) {
      end(error);
    }
  };
  stream.on('data', (chunk: Buffer) => {
    stream.pause();
    work(decoder.push(chunk));
  });
  stream.on('error', end);
  stream.on('close', () => end(undefined));
  return {
    send(message, attachment) {
      if (isEnded) return;
      if (stream.writableLength - underWayBytes > mostUnreadBytes) {
        end(operational('wire-violation', 'it does not read its messages'));
        return;
      }
      stream.write(encodeMessage(message, attachment?.length));
      if (attachment === undefined) return;
      const isFirst = underWayBytes === 0;
      if (isFirst) underWayBytes = attachment.length;
      stream.write(attachment, () => {
        if (isFirst) underWayBytes = 0;
      });
    },
    end,
  };
}
