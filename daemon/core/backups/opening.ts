import { z } from 'zod';
import { counted } from '../../kernel/counted.js';
import { refusal } from '../../words/errors.js';
import { refuseBackup } from './backup-errors.js';
import { MOST_RECIPIENTS, type WrappedKey, wrappedKey } from './recipient.js';

/** Version of the backup format. */
export const BACKUP_FORMAT = 1;

/** The first 16 bytes of a backup, readable by people. */
export const magic = Buffer.from('rollcall backup\n', 'latin1');

/** Magic, format version (2 bytes), length of the preamble (4 bytes); numbers are big-endian in the whole file. */
export const OPENING_BYTES = magic.length + 2 + 4;
export const LARGEST_PREAMBLE_BYTES = 64 * 1024;

/** The unencrypted part: the recipients of the file key. Nothing about the box or its persons. */
const preambleSchema = z.strictObject({
  recipients: z
    .array(wrappedKey)
    .min(1)
    .max(MOST_RECIPIENTS)
    // Each passphrase costs a second or more to try.
    .refine((all) => all.filter(({ kind }) => kind === 'passphrase').length <= 1, 'several passphrases'),
});

/** @throws `backup-recipients` if the number or the kinds of recipients are not allowed */
export function checkRecipients(recipients: readonly { readonly kind: WrappedKey['kind'] }[]): void {
  const passphrases = recipients.filter(({ kind }) => kind === 'passphrase').length;
  if (recipients.length >= 1 && recipients.length <= MOST_RECIPIENTS && passphrases <= 1) return;
  throw refusal('backup-recipients', { recipients: recipients.length, mostRecipients: MOST_RECIPIENTS });
}

/** Opening and preamble of a new backup: everything before the encrypted stream. */
export function encodeOpening(recipients: readonly WrappedKey[]): Uint8Array {
  const preamble = Buffer.from(JSON.stringify({ recipients }), 'utf8');
  const opening = Buffer.alloc(OPENING_BYTES);
  opening.set(magic);
  opening.writeUInt16BE(BACKUP_FORMAT, magic.length);
  opening.writeUInt32BE(preamble.length, magic.length + 2);
  return Buffer.concat([opening, preamble]);
}

/**
 * The length of the preamble, from the first `OPENING_BYTES` of the file, or fewer if the file is shorter.
 * @throws `backup-foreign`, `backup-newer`, `backup-truncated`, `backup-altered`
 */
export function readOpening(path: string, bytes: Uint8Array): number {
  const start = bytes.subarray(0, magic.length);
  if (!magic.subarray(0, start.length).equals(start)) {
    throw refuseBackup('backup-foreign', path, 'it does not begin with "rollcall backup"');
  }
  if (bytes.length < OPENING_BYTES) {
    throw refuseBackup('backup-truncated', path, `it has only ${counted(bytes.length, 'byte')}`);
  }
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = numbers.getUint16(magic.length);
  if (version > BACKUP_FORMAT) {
    throw refuseBackup(
      'backup-newer',
      path,
      `its format is ${version}; this version reads format ${BACKUP_FORMAT}`,
    );
  }
  const preambleBytes = numbers.getUint32(magic.length + 2);
  if (version < BACKUP_FORMAT || preambleBytes > LARGEST_PREAMBLE_BYTES) {
    throw refuseBackup('backup-altered', path, 'its first bytes are damaged');
  }
  return preambleBytes;
}

/**
 * The recipients of the file key.
 * @throws `backup-altered`
 */
export function readPreamble(path: string, bytes: Uint8Array): readonly WrappedKey[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuseBackup('backup-altered', path, 'its preamble is not JSON', error);
  }
  const found = preambleSchema.safeParse(json);
  if (!found.success) {
    throw refuseBackup('backup-altered', path, 'its preamble has the wrong form', found.error);
  }
  return found.data.recipients;
}
