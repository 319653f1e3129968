import type { Duplex } from 'node:stream';
import { operational } from '../base/errors.js';

/** Lengths of the JSON and of the attachment, each an unsigned 32-bit number, big endian. */
const headerBytes = 8;

/** What one side takes of the other, bytes. What is longer is refused when its header has come, before any of it is kept. */
export interface MessageLimits {
  /** Of the JSON. */
  readonly bodyBytes: number;
  /** Of what comes with a message; asked anew for each. */
  attachmentBytes(): number;
}

/** What waits to be read by the other side when the next message is sent, bytes: who does not read is not talked to. */
export const mostUnreadBytes = 1024 * 1024;

/** A message and the bytes that came with it; empty for most. */
export interface Received {
  readonly message: unknown;
  readonly attachment: Buffer;
}

/**
 * Header and UTF-8 JSON of a message that `attachmentBytes` bytes follow. Pictures travel as they are: as text within the
 * JSON they would hold the core's event loop for as long as it takes to turn megabytes into text and back.
 */
export function encodeMessage(message: unknown, attachmentBytes = 0): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(body.length);
  header.writeUInt32BE(attachmentBytes, 4);
  return Buffer.concat([header, body]);
}

/** The part of a message that is being filled. */
interface Filling {
  readonly bytes: Buffer;
  filled: number;
}

/**
 * Cuts a byte stream into messages. The peer is not trusted: a length over the limit or a body that is not JSON throws
 * `wire-violation`, after which the connection is of no more use. However the bytes are cut, no more memory is taken than one
 * message of the allowed size needs.
 */
export class MessageDecoder {
  readonly #limits: MessageLimits;
  #header: Filling = startFilling(headerBytes);
  #content: (Filling & { readonly bodyBytes: number }) | undefined;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Messages that are complete with `chunk`, one at a time: who has had enough stops asking. */
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

/** Worked on between two turns of the event loop; each takes a millisecond at most. */
const messagesInATurn = 16;

/** Both directions of one connection between the core and a vision process. */
export interface MessageChannel {
  send(message: unknown, attachment?: Uint8Array): void;
  /** Reads and sends no more; `onEnd` gets `error`. */
  end(error: unknown): void;
}

/**
 * Reads messages from `stream` until it ends. `onEnd` gets the reason: undefined for an orderly end, the error otherwise. What
 * a handler throws ends the channel too. A few messages are worked on in a turn of the event loop: a peer
 * that sends without a pause takes its part of the time and no more.
 */
export function openMessageChannel(
  stream: Duplex,
  limits: MessageLimits,
  handlers: { onMessage(message: unknown, attachment: Buffer): void; onEnd(error: unknown): void },
): MessageChannel {
  const decoder = new MessageDecoder(limits);
  let isEnded = false;
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
      if (stream.writableLength > mostUnreadBytes) {
        end(operational('wire-violation', 'it does not read what it is sent'));
        return;
      }
      stream.write(encodeMessage(message, attachment?.length));
      if (attachment !== undefined) stream.write(attachment);
    },
    end,
  };
}
