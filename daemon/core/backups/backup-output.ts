import { createHash } from 'node:crypto';
import { type PushStream, STREAM_OVERHEAD_BYTES, type StreamTag } from '../../host/secret-stream.js';
import { wipe } from '../../host/sodium.js';
import type { SectionFacts } from './manifest.js';
import { CHUNK_BYTES, encodeMessagePlace, type MessagePlace } from './message-place.js';

/** One named stream of bytes for a backup. */
export interface BackupSource {
  /** Small letters, digits and dashes, at most 32. */
  readonly name: string;
  /** Read once, in pieces of any size, which the source owns. Its errors end the backup and reach the caller. */
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Encrypts messages and sections in their order. Awaits each message, so that the event loop turns. */
export class BackupOutput implements Disposable {
  readonly #stream: PushStream;
  readonly #append: (bytes: Uint8Array) => Promise<void>;
  /** Length and ciphertext of one message. */
  readonly #frame = Buffer.alloc(4 + CHUNK_BYTES + STREAM_OVERHEAD_BYTES);
  /** Bytes of a section that are not encrypted yet. */
  readonly #plain = Buffer.alloc(CHUNK_BYTES);

  constructor(stream: PushStream, append: (bytes: Uint8Array) => Promise<void>) {
    this.#stream = stream;
    this.#append = append;
  }

  /** `message` has at most `CHUNK_BYTES`. */
  async message(place: MessagePlace, message: Uint8Array, tag: StreamTag): Promise<void> {
    const length = message.length + STREAM_OVERHEAD_BYTES;
    this.#frame.writeUInt32BE(length);
    this.#stream.push(this.#frame.subarray(4, 4 + length), message, encodeMessagePlace(place), tag);
    await this.#append(this.#frame.subarray(0, 4 + length));
  }

  /** Writes section number `section`. Throws the reason of `signal` when that aborts. */
  async section(
    section: number,
    source: BackupSource,
    signal: AbortSignal | undefined,
  ): Promise<SectionFacts> {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    let chunk = 0;
    let filled = 0;
    const flush = async (tag: StreamTag): Promise<void> => {
      signal?.throwIfAborted();
      const bytes = this.#plain.subarray(0, filled);
      hash.update(bytes);
      await this.message({ kind: 'chunk', section, chunk }, bytes, tag);
      chunk += 1;
      filled = 0;
    };
    for await (const piece of source.content) {
      for (let offset = 0; offset < piece.length; ) {
        // A full chunk is written only when more bytes follow: the last chunk has another tag.
        if (filled === CHUNK_BYTES) await flush('message');
        const part = piece.subarray(offset, offset + CHUNK_BYTES - filled);
        this.#plain.set(part, filled);
        filled += part.length;
        offset += part.length;
      }
      sizeBytes += piece.length;
    }
    await flush('push');
    return { name: source.name, sizeBytes, sha256: hash.digest('hex') };
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
    wipe(this.#plain);
  }
}
