import assert from 'node:assert/strict';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CHUNK_BYTES } from '../../daemon/core/backups/message-place.js';
import { openBackup } from '../../daemon/core/backups/open-backup.js';
import type { Recipient } from '../../daemon/core/backups/recipient.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import {
  type BackupParts,
  forPassphrase,
  forRecoveryKey,
  manifest,
  noise,
  putTogether,
  refusalOf,
  source,
  takeApart,
  withPassphrase,
  withRecoverySecret,
} from '../support/backup-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const recipients: readonly Recipient[] = [forRecoveryKey, forPassphrase];

/** A backup of about 2 kB, and a path for damaged copies. */
async function small(directory: string): Promise<{ readonly bytes: Buffer; readonly scratch: string }> {
  const target = join(directory, 'small');
  const sections = [source('database', noise(1, 40)), source('keys', noise(2, 16)), source('empty')];
  await writeBackup({ target, recipients, manifest, sections });
  return { bytes: await readFile(target), scratch: join(directory, 'scratch') };
}

/** A backup of several chunks, taken apart: manifest, three chunks of `a`, two of `b`, closing. */
async function large(directory: string, name = 'large'): Promise<BackupParts> {
  const target = join(directory, name);
  const content = noise(3, 3 * CHUNK_BYTES - 100);
  const sections = [source('a', content), source('b', content.subarray(0, CHUNK_BYTES + 1))];
  await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections });
  const parts = await takeApart(target);
  assert.equal(parts.messages.length, 1 + 3 + 2 + 1);
  return parts;
}

describe('a damaged backup', () => {
  test('is refused after a change of any byte, for every recipient', async () => {
    await using directory = await temporaryDirectory();
    const { bytes, scratch } = await small(directory.path);
    const codes = new Map<string, number>();
    for (const offset of bytes.keys()) {
      const altered = Buffer.from(bytes);
      altered[offset] = (altered[offset] ?? 0) ^ (offset % 2 === 0 ? 0x01 : 0x80);
      for (const unlock of [withRecoverySecret, withPassphrase]) {
        const code = (await refusalOf(scratch, altered, unlock)) ?? 'opened';
        assert.ok(code.startsWith('backup-'), `byte ${offset} of ${bytes.length}: ${code}`);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }
    assert.equal(codes.get('backup-foreign'), 16 * 2);
    assert.ok((codes.get('backup-altered') ?? 0) > bytes.length);
    assert.equal(
      await refusalOf(scratch, bytes, withRecoverySecret),
      undefined,
      'the unaltered backup opens',
    );
  });

  test('is refused as truncated at every length, and with anything appended', async () => {
    await using directory = await temporaryDirectory();
    const { bytes, scratch } = await small(directory.path);
    for (let length = 0; length < bytes.length; length += 1) {
      const code = await refusalOf(scratch, bytes.subarray(0, length), withRecoverySecret);
      assert.equal(code, 'backup-truncated', `${length} of ${bytes.length} bytes`);
    }
    for (const more of [Buffer.alloc(1), Buffer.alloc(4096), bytes]) {
      const code = await refusalOf(scratch, Buffer.concat([bytes, more]), withRecoverySecret);
      assert.equal(code, 'backup-altered', `${more.length} bytes more`);
    }
  });

  test('is refused when a message is missing, repeated, or in the place of another', async () => {
    await using directory = await temporaryDirectory();
    const parts = await large(directory.path);
    const scratch = join(directory.path, 'scratch');
    const { messages } = parts;
    const refused = async (changed: readonly (Buffer | undefined)[], what: string): Promise<void> => {
      const present = changed.filter((message) => message !== undefined);
      const code = await refusalOf(scratch, putTogether({ ...parts, messages: present }), withRecoverySecret);
      assert.ok(code === 'backup-altered' || code === 'backup-truncated', `${what}: ${code}`);
    };
    assert.equal(await refusalOf(scratch, putTogether(parts), withRecoverySecret), undefined);
    for (const [index, message] of messages.entries()) {
      await refused(messages.toSpliced(index, 1), `without ${index}`);
      await refused(messages.toSpliced(index, 0, message), `${index} twice`);
      for (let other = index + 1; other < messages.length; other += 1) {
        await refused(
          messages.with(index, messages[other] ?? message).with(other, message),
          `${index}, ${other}`,
        );
      }
    }
    await refused([...messages, ...messages.slice(1)], 'the whole stream twice');
  });

  test('is refused when parts of two backups are joined', async () => {
    await using directory = await temporaryDirectory();
    const one = await large(directory.path, 'one');
    const other = await large(directory.path, 'other');
    const scratch = join(directory.path, 'scratch');
    const { opening, header, messages } = other;
    const joined: readonly (readonly [what: string, parts: BackupParts])[] = [
      ['preamble', { ...one, opening }],
      ['header', { ...one, header }],
      ['preamble and header', { ...one, opening, header }],
      ['messages', { ...one, messages }],
      ['first chunk', { ...one, messages: one.messages.with(1, messages[1] ?? header) }],
      ['closing', { ...one, messages: one.messages.with(-1, messages.at(-1) ?? header) }],
    ];
    for (const [what, parts] of joined) {
      assert.equal(await refusalOf(scratch, putTogether(parts), withRecoverySecret), 'backup-altered', what);
    }
  });

  test('is refused when a recipient was added, removed or moved in the preamble', async () => {
    await using directory = await temporaryDirectory();
    const { bytes, scratch } = await small(directory.path);
    const parts = await takeApart(join(directory.path, 'small'));
    const { recipients: wraps } = JSON.parse(parts.opening.toString('utf8', 22));
    for (const changed of [[wraps[0]], [...wraps, wraps[0]], wraps.toReversed()]) {
      const preamble = Buffer.from(JSON.stringify({ recipients: changed }));
      const opening = Buffer.concat([bytes.subarray(0, 22), preamble]);
      opening.writeUInt32BE(preamble.length, 18);
      const code = await refusalOf(scratch, putTogether({ ...parts, opening }), withRecoverySecret);
      assert.equal(code, 'backup-altered', `${changed.length} recipients`);
    }
  });

  test('that is changed after it was opened yields no altered section', async () => {
    await using directory = await temporaryDirectory();
    await large(directory.path);
    const path = join(directory.path, 'large');
    await using backup = await openBackup(path, withRecoverySecret);
    const file = await open(path, 'r+');
    const size = (await file.stat()).size;
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, size - 1000);
    await file.close();
    const whole: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { name, content } of backup.sections()) {
          for await (const chunk of content) assert.ok(chunk.length > 0);
          whole.push(name);
        }
      },
      { code: 'backup-altered' },
    );
    assert.deepEqual(whole, ['a']);
  });

  test('that is replaced by another backup after it was opened yields nothing', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'large');
    await large(directory.path);
    const other = await large(directory.path, 'other');
    await using backup = await openBackup(path, withRecoverySecret);
    await writeFile(path, putTogether(other));
    await assert.rejects(backup.sections().next(), { code: 'backup-altered' });
  });
});
