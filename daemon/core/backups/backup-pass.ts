import { createHash, type Hash } from 'node:crypto';
import {
  openPullStream,
  type PullStream,
  STREAM_HEADER_BYTES,
  STREAM_OVERHEAD_BYTES,
} from '../../host/secret-stream.js';
import { refuseBackup } from './backup-errors.js';
import type { BackupInput } from './backup-input.js';
import { type BackupManifest, decodeClosing, decodeManifest, type SectionFacts } from './manifest.js';
import { CHUNK_BYTES, encodeMessagePlace, type MessagePlace } from './message-place.js';
import { OPENING_BYTES, readOpening, readPreamble } from './opening.js';
import type { WrappedKey } from './recipient.js';

/** The unencrypted part before the stream. */
export interface BackupStart {
  /** The bytes of opening and preamble in the file. */
  readonly opening: Uint8Array;
  readonly recipients: readonly WrappedKey[];
  /** Header of the stream. */
  readonly header: Uint8Array;
}

/** @throws `backup-foreign`, `backup-newer`, `backup-truncated`, `backup-altered`, `backup-not-read` */
export async function readStart(input: BackupInput): Promise<BackupStart> {
  const fixed = Buffer.alloc(OPENING_BYTES);
  const filled = await input.fill(fixed);
  const preamble = Buffer.alloc(readOpening(input.path, fixed.subarray(0, filled)));
  await input.fillWhole(preamble);
  const recipients = readPreamble(input.path, preamble);
  const header = Buffer.alloc(STREAM_HEADER_BYTES);
  await input.fillWhole(header);
  return { opening: Buffer.concat([fixed, preamble]), recipients, header };
}

/** Reads the stream and its manifest. @throws `backup-truncated`, `backup-altered`, `backup-not-read` */
export async function beginPass(
  input: BackupInput,
  { opening, header }: BackupStart,
  fileKey: Uint8Array,
): Promise<BackupPass> {
  const messages = new Messages(input, openPullStream(header, fileKey));
  try {
    const { message, tag } = await messages.next({ kind: 'manifest', opening });
    if (tag !== 'push') throw messages.refuse('its manifest has the wrong mark');
    return new BackupPass(messages, decodeManifest(input.path, message));
  } catch (error) {
    messages[Symbol.dispose]();
    throw error;
  }
}

/** Reads a backup once, section by section, and checks everything. */
export class BackupPass implements Disposable {
  readonly manifest: BackupManifest;
  readonly #messages: Messages;
  readonly #ended: SectionFacts[] = [];
  #chunk = 0;
  #sizeBytes = 0;
  #hash: Hash = createHash('sha256');

  constructor(messages: Messages, manifest: BackupManifest) {
    this.#messages = messages;
    this.manifest = manifest;
  }

  /** The sections that were read completely. */
  get ended(): readonly SectionFacts[] {
    return this.#ended;
  }

  /** The next chunk of the present section; the last one adds the section to `ended`. The caller wipes the chunk. */
  async nextChunk(): Promise<Uint8Array> {
    const section = this.#ended.length;
    const { message, tag } = await this.#messages.next({ kind: 'chunk', section, chunk: this.#chunk });
    const isLast = tag === 'push';
    const isFull = message.length === CHUNK_BYTES;
    const isEmpty = message.length === 0;
    // Each content has exactly one form: full chunks and a last one, which is empty only for an empty section.
    if (!(isLast || (tag === 'message' && isFull)) || (isEmpty && this.#chunk > 0)) {
      throw this.#messages.refuse('a chunk has the wrong size or mark');
    }
    this.#hash.update(message);
    this.#sizeBytes += message.length;
    this.#chunk += 1;
    if (isLast) this.#endSection(section);
    return message;
  }

  /** Reads the closing and the end of the file, after the last section. @throws `backup-truncated`, `backup-altered` */
  async close(): Promise<void> {
    const { message, tag } = await this.#messages.next({ kind: 'closing', sectionCount: this.#ended.length });
    if (tag !== 'final') throw this.#messages.refuse('its closing has the wrong mark');
    const closing = decodeClosing(this.#messages.path, message);
    if (!areSame(closing, this.#ended))
      throw this.#messages.refuse('sizes or hashes differ from its closing');
    if (!(await this.#messages.isAtEnd())) throw this.#messages.refuse('bytes were appended');
  }

  [Symbol.dispose](): void {
    this.#messages[Symbol.dispose]();
  }

  #endSection(section: number): void {
    const name = this.manifest.sections[section] ?? '';
    this.#ended.push({ name, sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') });
    this.#chunk = 0;
    this.#sizeBytes = 0;
    this.#hash = createHash('sha256');
  }
}

/** Whether both lists have the same sections, sizes and hashes in the same order. */
export function areSame(one: readonly SectionFacts[], other: readonly SectionFacts[]): boolean {
  const lines = (all: readonly SectionFacts[]): string =>
    all.map(({ name, sizeBytes, sha256 }) => `${name} ${sizeBytes} ${sha256}`).join('\n');
  return lines(one) === lines(other);
}

/** The messages of a stream: the length of the ciphertext (4 bytes, big-endian), then the ciphertext. */
class Messages implements Disposable {
  readonly #input: BackupInput;
  readonly #stream: PullStream;
  readonly #length = Buffer.alloc(4);
  readonly #ciphertext = Buffer.allocUnsafeSlow(CHUNK_BYTES + STREAM_OVERHEAD_BYTES);

  constructor(input: BackupInput, stream: PullStream) {
    this.#input = input;
    this.#stream = stream;
  }

  get path(): string {
    return this.#input.path;
  }

  async next(place: MessagePlace) {
    await this.#input.fillWhole(this.#length);
    const length = this.#length.readUInt32BE();
    if (length < STREAM_OVERHEAD_BYTES || length > this.#ciphertext.length) {
      throw this.refuse('a message has an impossible length');
    }
    const ciphertext = this.#ciphertext.subarray(0, length);
    await this.#input.fillWhole(ciphertext);
    const message = Buffer.allocUnsafeSlow(length - STREAM_OVERHEAD_BYTES);
    const tag = this.#stream.pull(message, ciphertext, encodeMessagePlace(place));
    if (tag === undefined) {
      const before = this.#input.position - length;
      throw this.refuse(`the message (${place.kind}) at byte ${before} was altered or belongs elsewhere`);
    }
    return { message, tag };
  }

  async isAtEnd(): Promise<boolean> {
    return (await this.#input.fill(Buffer.alloc(1))) === 0;
  }

  refuse(fact: string) {
    return refuseBackup('backup-altered', this.path, fact);
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }
}
