import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unwrapFileKey, wrapFileKey } from '../../daemon/core/backups/file-key.js';
import {
  encodeOpening,
  LARGEST_PREAMBLE_BYTES,
  OPENING_BYTES,
  readOpening,
  readPreamble,
} from '../../daemon/core/backups/opening.js';
import { costLimit, type WrappedKey } from '../../daemon/core/backups/recipient.js';
import { encrypt, hashPassphrase } from '../../daemon/host/sodium.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { forPassphrase, forRecoveryKey, littleCost } from '../support/backup-fixture.js';

const fileKey = new Uint8Array(32).fill(7);
const wraps: readonly WrappedKey[] = [
  await wrapFileKey(fileKey, forRecoveryKey),
  await wrapFileKey(fileKey, forPassphrase),
];
const [recovery, passphrase] = wraps;

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  }
}

const preambleCode = (text: string | Uint8Array) => codeOf(() => readPreamble('b', Buffer.from(text)));
const jsonCode = (json: unknown) => preambleCode(JSON.stringify(json));

describe('the plain part of a backup', () => {
  test('reads back, and names its length', () => {
    const bytes = encodeOpening(wraps);
    assert.equal(readOpening('b', bytes.subarray(0, OPENING_BYTES)), bytes.length - OPENING_BYTES);
    assert.deepEqual(readPreamble('b', bytes.subarray(OPENING_BYTES)), wraps);
  });

  test('another file is "foreign", one of a later format "newer", a cut one "truncated"', () => {
    const bytes = Buffer.from(encodeOpening(wraps).subarray(0, OPENING_BYTES));
    assert.equal(
      codeOf(() => readOpening('b', Buffer.from('SQLite format 3\0'))),
      'backup-foreign',
    );
    assert.equal(
      codeOf(() => readOpening('b', Buffer.from('rollcall-backup\n'))),
      'backup-foreign',
    );
    assert.equal(
      codeOf(() => readOpening('b', Buffer.from('x'))),
      'backup-foreign',
    );
    assert.equal(
      codeOf(() => readOpening('b', Buffer.alloc(0))),
      'backup-truncated',
    );
    assert.equal(
      codeOf(() => readOpening('b', bytes.subarray(0, 20))),
      'backup-truncated',
    );
    bytes.writeUInt16BE(2, 16);
    assert.equal(
      codeOf(() => readOpening('b', bytes)),
      'backup-newer',
    );
    bytes.writeUInt16BE(0, 16);
    assert.equal(
      codeOf(() => readOpening('b', bytes)),
      'backup-altered',
    );
  });

  test('a preamble that would take more than 64 KiB is refused before it is read', () => {
    const bytes = Buffer.from(encodeOpening(wraps).subarray(0, OPENING_BYTES));
    for (const length of [LARGEST_PREAMBLE_BYTES + 1, 0xffffffff]) {
      bytes.writeUInt32BE(length, 18);
      assert.equal(
        codeOf(() => readOpening('b', bytes)),
        'backup-altered',
      );
    }
  });

  test('Argon2id parameters beyond the limits are refused before anything is computed', () => {
    const changes = [
      { memoryBytes: costLimit.memoryBytes + 1 },
      { memoryBytes: 2 ** 42 },
      { memoryBytes: 8191 },
      { memoryBytes: 1e308 },
      { memoryBytes: '8192' },
      { passes: costLimit.passes + 1 },
      { passes: 2 ** 32 },
      { passes: 0 },
      { passes: 1.5 },
      { salt: '' },
      { wrappedKey: 'A'.repeat(60_000) },
    ];
    for (const change of changes) {
      assert.equal(
        jsonCode({ recipients: [{ ...passphrase, ...change }] }),
        'backup-altered',
        JSON.stringify(change),
      );
    }
    assert.equal(jsonCode({ recipients: [passphrase] }), undefined);
  });

  test('anything but the JSON that rollcall writes is refused', () => {
    const deep = 30_000;
    const hostile: readonly (string | Uint8Array)[] = [
      '',
      'null',
      '[]',
      '{"recipients":[]}',
      '{',
      '\ufeff{}',
      Buffer.from([0xff, 0xfe]),
      '['.repeat(deep) + ']'.repeat(deep),
      `${'{"recipients":'.repeat(4000)}1${'}'.repeat(4000)}`,
      '{"__proto__":{"recipients":[]}}',
      '9'.repeat(60_000),
    ];
    for (const text of hostile)
      assert.equal(preambleCode(text), 'backup-altered', text.slice(0, 40).toString());
    for (const json of [
      { recipients: wraps, more: 1 },
      { recipients: [{ ...recovery, more: 1 }] },
      { recipients: [{ kind: 'plain', key: 'x' }] },
      { recipients: Array(9).fill(recovery) },
      { recipients: [passphrase, passphrase] },
    ]) {
      assert.equal(jsonCode(json), 'backup-altered');
    }
  });
});

describe('a backup for a passphrase', () => {
  test('is not made for one that is easy to guess, and the message does not show it', async () => {
    for (const weak of ['', 'Ada 1815', 'ababababababab']) {
      await assert.rejects(
        wrapFileKey(fileKey, { kind: 'passphrase', passphrase: Buffer.from(weak), cost: littleCost }),
        (error) =>
          isRollcallError(error, 'passphrase-refused') && (weak === '' || !error.message.includes(weak)),
      );
    }
  });

  test('of an earlier version opens with a short passphrase', async () => {
    const short = Buffer.from('Ada 1815');
    const [salt, nonce] = [Buffer.alloc(16, 1), Buffer.alloc(24, 2)];
    const wrapping = await hashPassphrase(short, salt, littleCost);
    const wrapped = encrypt(wrapping, nonce, fileKey, Buffer.from('rollcall backup file key 1'));
    const wrap: WrappedKey = {
      kind: 'passphrase',
      ...littleCost,
      salt: salt.toString('base64'),
      nonce: nonce.toString('base64'),
      wrappedKey: Buffer.from(wrapped).toString('base64'),
    };
    const opened = await unwrapFileKey('old.rcb', [wrap], { passphrase: short });
    assert.deepEqual(Buffer.from(opened), Buffer.from(fileKey));
  });
});
