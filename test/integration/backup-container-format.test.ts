import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import { openSealed } from '../../daemon/host/sealed-box.js';
import { openPullStream } from '../../daemon/host/secret-stream.js';
import { decrypt, hashPassphrase } from '../../daemon/host/sodium.js';
import {
  contentsOf,
  forPassphrase,
  forRecoveryKey,
  manifest,
  noise,
  passphrase,
  recoveryKey,
  source,
  withPassphrase,
} from '../support/backup-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Made by the first version of the format, for the passphrase of the fixture and a recovery secret of 32 bytes 0x42. */
const formatOne = [
  'cm9sbGNhbGwgYmFja3VwCgABAAABlnsicmVjaXBpZW50cyI6W3sia2luZCI6InJlY292ZXJ5LXB1YmxpYy1rZXkiLCJrZXlJ',
  'ZCI6IjgyZGFiMzJhOWFlZGZmYjQiLCJzZWFsZWRLZXkiOiJIUE9iMjdxc0twVmdOeHVNd0NGdTVkb0ZscDFicmdPY1I0Rjla',
  'ZDRnUWtuUEp5VUF0bENjMHFlbEJkdXIzb1RWMU43eW82amNaRkRmMWg4enhueUtVN09lRUR3YzJEUGxGTjNoR1R6NEk4bz0i',
  'fSx7ImtpbmQiOiJwYXNzcGhyYXNlIiwic2FsdCI6ImlyOEQ2dFVrSGY2ZElyNGQ2RGkvaHc9PSIsInBhc3NlcyI6MSwibWVt',
  'b3J5Qnl0ZXMiOjgxOTIsIm5vbmNlIjoiMmU1MlR3L21CYWlaRXgrQTFWVXlqcnVnTEtQZHE3QisiLCJ3cmFwcGVkS2V5Ijoi',
  'RmU1OGdvL1VLK3k4dVdyelBZVGQ5RzdvMkhEb09SRUdlQ1JrZk11clBqSVBMM2tiWkFLdkwzREpFcGZzZDZaSCJ9XX3idp9u',
  'taxEz6RK2ax4qeZTSx2lgYATFWgAAADWabRgy2UI0vn5JIaZL0kXng37+lpo2ANVL6l3xRc0dMbDq+a0xH7B7W+NLeTD6J/I',
  'zWrz3XzRsk7Ss3go2nwv0IQ6XqxQSMAAY1v80R4CSZ5+UllRVHDJZUabVaMRXE/eOTJjl4E+LrGQksAq5T930Qc4Y6dwJHEC',
  'zkw1tREvU6sdeTFPKBFtrFvwjKp3R3C9IFGMKi9lpe87n5L3Au6kMRDP1riaRcpVmpY5qsjWPEF5fDiyy8/8ko3lyeJfm8l9',
  '1rSkRHsZnKL0mBK/lLabf4OcZRyumQAAABsIyGUc91NG3LX9vyIVavfWzNCDlPNDgtigPOEAAAARRDEX/GVJ5L8CQ7KkYOZo',
  'i/UAAAD4WsOsHgJC2/D+OaXtFH3Y5PboTVbFa/LNyz5UJY/d5D4CZ9KHorlZA4x9nvALVQCmV7/uzRtK3MtsqddsFxgAudTW',
  'zbex6moODCHzqwS24qp7sAwKiFFk8QsKQCZ76/xx5XyEENRdj1tLhXJdnwOa+L4l27o559NGQ+j2lhttkHXf5I7ThRhXbrOt',
  'Mbeb2ddHk7d5v3B6msuLEb5jCxgffFCWVD6SAPE0kijn9pH5laH9YDqJWhQXWSkWsizPzJgR9+5eGWIlrn5c9fI1zEjyol61',
  '+JUwWGIPAUeCxzAwrBM/AfQyJ+eAvr3Cv71dnOGXuBfIGCWBgGg=',
].join('');

interface Wraps {
  readonly recipients: readonly [
    { readonly sealedKey: string },
    {
      readonly salt: string;
      readonly passes: number;
      readonly memoryBytes: number;
      readonly nonce: string;
      readonly wrappedKey: string;
    },
  ];
}

const base64 = (text: string): Buffer => Buffer.from(text, 'base64');

/** Reads all messages as docs/reference/backup.md describes them; uses only the cryptographic primitives of the program. */
function readByTheBook(
  file: Buffer,
  fileKey: Uint8Array,
): readonly { readonly tag: string; readonly text: Buffer }[] {
  const opening = file.subarray(0, 22 + file.readUInt32BE(18));
  const stream = openPullStream(file.subarray(opening.length, opening.length + 24), fileKey);
  const messages: { readonly tag: string; readonly text: Buffer }[] = [];
  let section = 0;
  let chunk = 0;
  for (let offset = opening.length + 24; offset < file.length; ) {
    const length = file.readUInt32BE(offset);
    const ciphertext = file.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    const place = Buffer.alloc(13, 1);
    place.writeUInt32BE(section, 1);
    place.writeBigUInt64BE(BigInt(chunk), 5);
    const closing = Buffer.from([2, 0, 0, 0, section]);
    const first = Buffer.concat([Buffer.from([0]), opening]);
    const isFirst = messages.length === 0;
    const text = Buffer.alloc(length - 17);
    const tag = stream.pull(text, ciphertext, isFirst ? first : offset === file.length ? closing : place);
    assert.ok(tag !== undefined, `message ${messages.length}`);
    messages.push({ tag, text });
    if (!isFirst) [section, chunk] = tag === 'push' ? [section + 1, 0] : [section, chunk + 1];
  }
  return messages;
}

describe('the format of a backup', () => {
  test('is the one that docs/reference/backup.md describes', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const content = noise(1, 262_144 + 3);
    const sections = [source('database', content), source('empty'), source('keys', noise(2, 8))];
    await writeBackup({ target, recipients: [forRecoveryKey, forPassphrase], manifest, sections });
    const file = await readFile(target);
    assert.equal(file.toString('latin1', 0, 16), 'rollcall backup\n');
    assert.equal(file.readUInt16BE(16), 1);
    const preamble: Wraps = JSON.parse(file.toString('utf8', 22, 22 + file.readUInt32BE(18)));
    const [toKey, toPassphrase] = preamble.recipients;
    const fileKey = openSealed(recoveryKey, base64(toKey.sealedKey)) ?? new Uint8Array(0);
    const unlocked = decrypt(
      await hashPassphrase(passphrase, base64(toPassphrase.salt), toPassphrase),
      base64(toPassphrase.nonce),
      base64(toPassphrase.wrappedKey),
      Buffer.from('rollcall backup file key 1'),
    );
    assert.deepEqual(Buffer.from(unlocked ?? []), Buffer.from(fileKey));
    const messages = readByTheBook(file, fileKey);
    assert.deepEqual(messages.map(({ tag, text }) => [tag, text.length]).slice(1, -1), [
      ['message', 262_144],
      ['push', 3],
      ['push', 0],
      ['push', 8],
    ]);
    assert.equal(messages[0]?.tag, 'push');
    assert.deepEqual(JSON.parse(String(messages[0]?.text)), {
      ...manifest,
      sections: ['database', 'empty', 'keys'],
    });
    assert.equal(messages.at(-1)?.tag, 'final');
    assert.deepEqual(JSON.parse(String(messages.at(-1)?.text)).sections[0], {
      name: 'database',
      sizeBytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  });

  test('opens in its first version, by recovery secret and by passphrase', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'b');
    await writeFile(path, base64(formatOne));
    for (const unlock of [{ recoverySecret: Buffer.alloc(32, 0x42) }, withPassphrase]) {
      const found = await contentsOf(path, unlock);
      assert.deepEqual(
        [...found],
        [
          ['database', Buffer.from('a database')],
          ['keys', Buffer.alloc(0)],
        ],
      );
    }
  });
});
