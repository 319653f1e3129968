import { openPushStream } from '../../host/secret-stream.js';
import { fillRandomly, KEY_BYTES, secretBytes, wipe } from '../../host/sodium.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import { BackupOutput, type BackupSource } from './backup-output.js';
import { areSame } from './backup-pass.js';
import type { OnBytes } from './backup-progress.js';
import { wrapFileKey } from './file-key.js';
import { type BackupManifest, encodeClosing, encodeManifest, type SectionFacts } from './manifest.js';
import { type BackupFacts, openBackupWith, type Reading } from './open-backup.js';
import { checkRecipients, encodeOpening } from './opening.js';
import { openPartFile, type PartFile } from './part-file.js';
import type { Recipient } from './recipient.js';

/** A backup to write. */
export interface BackupOrder {
  /** Path of the new backup, which must not exist. `TARGET.part` is used meanwhile. */
  readonly target: string;
  /** 1 to 8, at most one of them a passphrase. */
  readonly recipients: readonly Recipient[];
  readonly manifest: Omit<BackupManifest, 'sections'>;
  /** Written in this order. */
  readonly sections: readonly BackupSource[];
  /** Checked between chunks. A source that may wait for a long time must check it, too. */
  readonly signal?: AbortSignal;
  /** Progress of reading the file back. */
  readonly onReadBack?: OnBytes;
}

/**
 * Writes a backup, reads it back and checks every byte, and only then gives it its name. After an error there is no file; a
 * killed process leaves at most `TARGET.part`. Memory does not grow with the backup, and the event loop turns between chunks.
 * @throws `backup-exists`, `backup-in-progress`, `disk-full`, `backup-not-written`, `backup-not-verified`,
 *   `backup-recipients`, `recovery-key-malformed`, `passphrase-refused`, `passphrase-cost`, `passphrase-memory`, what a source throws, and the
 *   reason of `signal`
 */
export async function writeBackup(order: BackupOrder): Promise<BackupFacts> {
  const { target, signal, onReadBack } = order;
  signal?.throwIfAborted();
  checkRecipients(order.recipients);
  const fileKey = secretBytes(KEY_BYTES);
  let part: PartFile | undefined;
  try {
    fillRandomly(fileKey);
    // Before the passphrase, which takes a second: reports an existing target immediately.
    part = await openPartFile(target);
    const opening = await openingFor(fileKey, order.recipients);
    const written = await writeStream(part, fileKey, opening, order);
    await part.finish();
    const facts = await readBack(part.path, fileKey, written, { signal, onBytes: onReadBack });
    await part.place();
    return { ...facts, path: target };
  } finally {
    wipe(fileKey);
    await part?.discard();
  }
}

async function openingFor(fileKey: Uint8Array, recipients: readonly Recipient[]): Promise<Uint8Array> {
  const wrapped = [];
  // One after the other: parallel hashes would need their memory at the same time.
  for (const recipient of recipients) wrapped.push(await wrapFileKey(fileKey, recipient));
  return encodeOpening(wrapped);
}

async function writeStream(
  part: PartFile,
  fileKey: Uint8Array,
  opening: Uint8Array,
  { manifest, sections, signal }: BackupOrder,
): Promise<readonly SectionFacts[]> {
  const stream = openPushStream(fileKey);
  using output = new BackupOutput(stream, part.append);
  await part.append(opening);
  await part.append(stream.header);
  const names = sections.map(({ name }) => name);
  await output.message(
    { kind: 'manifest', opening },
    encodeManifest({ ...manifest, sections: names }),
    'push',
  );
  const written: SectionFacts[] = [];
  for (const [index, source] of sections.entries()) written.push(await output.section(index, source, signal));
  await output.message({ kind: 'closing', sectionCount: written.length }, encodeClosing(written), 'final');
  return written;
}

async function readBack(
  path: string,
  fileKey: Uint8Array,
  written: readonly SectionFacts[],
  reading: Reading,
): Promise<BackupFacts> {
  const { signal } = reading;
  try {
    await using backup = await openBackupWith(fileKey, path, reading);
    if (!areSame(backup.facts.sections, written)) throw notVerified(path, 'sizes or hashes differ');
    return backup.facts;
  } catch (error) {
    const isAbort = signal?.aborted === true && error === signal.reason;
    if (isAbort || isRollcallError(error, 'backup-not-verified')) throw error;
    throw notVerified(path, messageOf(error), error);
  }
}

function notVerified(path: string, why: string, cause?: unknown) {
  return failure('backup-not-verified', { path, why }, { details: { path }, cause });
}
