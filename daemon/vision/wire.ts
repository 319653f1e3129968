import type { Duplex } from 'node:stream';
import { operational } from '../base/errors.js';

/** Lengths of the JSON and of the attachment, each an unsigned 32-bit number, big endian. */
const headerBytes = 8;

/**
 * Largest message either side accepts, bytes: room for a photograph, small enough that a hostile peer cannot fill the
 * memory.
 */
export const maximumMessageBytes = 48 * 1024 * 1024;

/** A message and the bytes that came with it; empty for most. */
export interface Received {
  readonly message: unknown;
  readonly attachment: Buffer;
}

/**
 * Header and UTF-8 JSON of a message that `attachmentBytes` bytes follow. Photographs travel as they are: as text
 * within the JSON they would hold the core's event loop for as long as it takes to turn megabytes into text and back.
 */
export function encodeMessage(message: unknown, attachmentBytes = 0): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(body.length);
  header.writeUInt32BE(attachmentBytes, 4);
  return Buffer.concat([header, body]);
}

/**
 * Cuts a byte stream into messages. The peer is not trusted: a length over the limit or a body that is not JSON throws
 * `wire-violation`, after which the connection is of no more use.
 */
export class MessageDecoder {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): Received[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: Received[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) messages.push(next);
    return messages;
  }

  #take(): Received | undefined {
    if (this.#length < headerBytes) return undefined;
    const { bodyBytes, attachmentBytes } = this.#peekLengths();
    const size = bodyBytes + attachmentBytes;
    if (size > maximumMessageBytes) {
      throw operational('wire-violation', `a message of ${size} bytes is over the limit`);
    }
    if (this.#length < headerBytes + size) return undefined;
    const whole = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const all = whole ?? Buffer.concat(this.#chunks);
    const rest = all.subarray(headerBytes + size);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    const bodyEnd = headerBytes + bodyBytes;
    return {
      message: parse(all.subarray(headerBytes, bodyEnd)),
      attachment: all.subarray(bodyEnd, bodyEnd + attachmentBytes),
    };
  }

  #peekLengths(): { readonly bodyBytes: number; readonly attachmentBytes: number } {
    const first = this.#chunks[0];
    const start = first !== undefined && first.length >= headerBytes ? first : Buffer.concat(this.#chunks);
    return { bodyBytes: start.readUInt32BE(), attachmentBytes: start.readUInt32BE(4) };
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw operational('wire-violation', 'a message is not JSON', { cause: error });
  }
}

/** Both directions of one connection between the core and a vision process. */
export interface MessageChannel {
  send(message: unknown, attachment?: Uint8Array): void;
}

/**
 * Reads messages from `stream` until it ends. `onEnd` gets the reason: undefined for an orderly end, the error
 * otherwise. What a handler throws ends the channel too.
 */
export function openMessageChannel(
  stream: Duplex,
  handlers: { onMessage(message: unknown, attachment: Buffer): void; onEnd(error: unknown): void },
): MessageChannel {
  const decoder = new MessageDecoder();
  let isEnded = false;
  const end = (error: unknown): void => {
    if (isEnded) return;
    isEnded = true;
    stream.destroy();
    handlers.onEnd(error);
  };
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const { message, attachment } of decoder.push(chunk)) handlers.onMessage(message, attachment);
    } catch (error) {
      end(error);
    }
  });
  stream.on('error', end);
  stream.on('close', () => end(undefined));
  return {
    send(message, attachment) {
      if (isEnded) return;
      stream.write(encodeMessage(message, attachment?.length));
      if (attachment !== undefined) stream.write(attachment);
    },
  };
}
