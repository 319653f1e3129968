import type { Duplex } from 'node:stream';
import { operational } from '../base/errors.js';

const headerBytes = 4;

/**
 * Largest message either side accepts, bytes: room for a photograph in base64, small enough that a hostile peer cannot
 * fill the memory.
 */
export const maximumMessageBytes = 48 * 1024 * 1024;

/** Length (unsigned 32 bit, big endian) followed by that many bytes of UTF-8 JSON. */
export function encodeMessage(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/**
 * Cuts a byte stream into messages. The peer is not trusted: a length over the limit or a body that is not JSON throws
 * `wire-violation`, after which the connection is of no more use.
 */
export class MessageDecoder {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: unknown[] = [];
    for (let body = this.#take(); body !== undefined; body = this.#take()) messages.push(parse(body));
    return messages;
  }

  #take(): Buffer | undefined {
    if (this.#length < headerBytes) return undefined;
    const bodyBytes = this.#peekLength();
    if (bodyBytes > maximumMessageBytes) {
      throw operational('wire-violation', `a message of ${bodyBytes} bytes is over the limit`);
    }
    if (this.#length < headerBytes + bodyBytes) return undefined;
    const whole = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const all = whole ?? Buffer.concat(this.#chunks);
    const rest = all.subarray(headerBytes + bodyBytes);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return all.subarray(headerBytes, headerBytes + bodyBytes);
  }

  #peekLength(): number {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= headerBytes) return first.readUInt32BE();
    return Buffer.concat(this.#chunks).readUInt32BE();
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
  send(message: unknown): void;
}

/**
 * Reads messages from `stream` until it ends. `onEnd` gets the reason: undefined for an orderly end, the error
 * otherwise. What a handler throws ends the channel too.
 */
export function openMessageChannel(
  stream: Duplex,
  handlers: { onMessage(message: unknown): void; onEnd(error: unknown): void },
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
      for (const message of decoder.push(chunk)) handlers.onMessage(message);
    } catch (error) {
      end(error);
    }
  });
  stream.on('error', end);
  stream.on('close', () => end(undefined));
  return {
    send(message) {
      if (!isEnded) stream.write(encodeMessage(message));
    },
  };
}
