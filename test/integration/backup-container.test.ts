import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { recipientsOf } from '../../daemon/core/backups/backup-recipients.js';
import { CHUNK_BYTES } from '../../daemon/core/backups/message-place.js';
import { openBackup, verifyBackup } from '../../daemon/core/backups/open-backup.js';
import { newRecoveryKey, recoveryKeyId } from '../../daemon/core/backups/recovery-key.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import {
  contentsOf,
  forPassphrase,
  forRecoveryKey,
  littleCost,
  manifest,
  noise,
  passphrase,
  recoveryKey,
  source,
  withPassphrase,
  withRecoverySecret,
} from '../support/backup-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const sizes = fc.oneof(
  fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES),
  fc.nat({ max: 3 * CHUNK_BYTES }),
);

/** `bytes` in pieces of `pieceBytes`. */
function* pieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    yield bytes.subarray(offset, offset + pieceBytes);
  }
}

describe('writing and reading a backup', () => {
  test('gives the same content back for all sizes of sections and pieces', async () => {
    await using directory = await temporaryDirectory();
    const all = noise(1, 3 * CHUNK_BYTES);
    let runs = 0;
    const property = fc.asyncProperty(
      fc.array(sizes, { maxLength: 4 }),
      fc.integer({ min: 1000, max: 2 * CHUNK_BYTES }),
      async (sectionBytes, pieceBytes) => {
        runs += 1;
        const target = join(directory.path, `${runs}`);
        const sections = sectionBytes.map((size, index) => ({
          name: `s${index}`,
          content: pieces(all.subarray(0, size), pieceBytes),
        }));
        const facts = await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections });
        assert.deepEqual(
          facts.sections.map(({ sizeBytes }) => sizeBytes),
          sectionBytes,
        );
        const found = await contentsOf(target, withRecoverySecret);
        assert.deepEqual(
          [...found.keys()],
          sections.map(({ name }) => name),
        );
        for (const [index, size] of sectionBytes.entries()) {
          assert.ok(found.get(`s${index}`)?.equals(all.subarray(0, size)), `section ${index}`);
        }
      },
    );
    const examples: [number[], number][] = [
      [[0, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1], CHUNK_BYTES],
      [[], 1000],
    ];
    await fc.assert(property, { numRuns: 25, examples });
  });

  test('reports sections and hashes, and a verification reports the same', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const keys = noise(2, 64);
    const sections = [source('database', noise(1, 1000), noise(3, 10)), source('keys', keys)];
    const written = await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections });
    const file = await readFile(target);
    assert.deepEqual(written.manifest, { ...manifest, sections: ['database', 'keys'] });
    assert.deepEqual(written.sections[1], {
      name: 'keys',
      sizeBytes: 64,
      sha256: createHash('sha256').update(keys).digest('hex'),
    });
    assert.equal(written.sizeBytes, file.length);
    assert.equal(written.sha256, createHash('sha256').update(file).digest('hex'));
    assert.equal((await stat(target)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory.path), ['b']);
    assert.deepEqual(await verifyBackup(target, withRecoverySecret), written);
  });

  test('accepts a stream as a source', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const sections = [{ name: 'database', content: Readable.from([noise(1, 70_000), noise(2, 5)]) }];
    await writeBackup({ target, recipients: [forPassphrase], manifest, sections });
    const found = await contentsOf(target, withPassphrase);
    assert.deepEqual(found.get('database'), Buffer.concat([noise(1, 70_000), noise(2, 5)]));
  });

  test('skips sections that are not read, or not read to the end', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const large = noise(1, 2 * CHUNK_BYTES + 5);
    const sections = [source('first', large), source('second', large), source('third', noise(3, 7))];
    await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections });
    await using backup = await openBackup(target, withRecoverySecret);
    const seen: Buffer[] = [];
    for await (const { name, content } of backup.sections()) {
      if (name === 'first') continue;
      for await (const chunk of content) {
        seen.push(Buffer.from(chunk));
        break;
      }
    }
    assert.ok(seen[0]?.equals(large.subarray(0, CHUNK_BYTES)));
    assert.ok(seen[1]?.equals(noise(3, 7)));
    assert.equal(seen.length, 2);
  });

  test('puts no section, manifest or secret in clear into the file', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const name = Buffer.from('Ada Lovelace of Ockham');
    const sections = [source('database', name)];
    await writeBackup({ target, recipients: [forRecoveryKey, forPassphrase], manifest, sections });
    const file = await readFile(target);
    for (const clear of [
      name,
      passphrase,
      Buffer.from('test-site'),
      Buffer.from('test-box'),
      Buffer.from('database'),
    ]) {
      assert.ok(!file.includes(clear), clear.toString());
    }
  });
});

describe('the recipients of a backup', () => {
  test('each recipient can open the backup, and no other key can', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const second = newRecoveryKey();
    const recipients = [
      forRecoveryKey,
      forPassphrase,
      { kind: 'recovery-public-key', publicKey: second.publicKey } as const,
    ];
    await writeBackup({ target, recipients, manifest, sections: [source('keys', noise(1, 9))] });
    for (const unlock of [withRecoverySecret, withPassphrase, { recoverySecret: second.secretKey }]) {
      assert.deepEqual((await contentsOf(target, unlock)).get('keys'), Buffer.from(noise(1, 9)));
    }
    await assert.rejects(verifyBackup(target, { passphrase: Buffer.from('another') }), {
      code: 'backup-wrong-secret',
    });
    for (const recoverySecret of [newRecoveryKey().secretKey, new Uint8Array(31)]) {
      await assert.rejects(verifyBackup(target, { recoverySecret }), { code: 'backup-wrong-secret' });
    }
  });

  test('can be listed without a secret', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    await writeBackup({ target, recipients: [forRecoveryKey, forPassphrase], manifest, sections: [] });
    assert.deepEqual(await recipientsOf(target), [
      { kind: 'recovery-public-key', keyId: recoveryKeyId(recoveryKey.publicKey) },
      { kind: 'passphrase' },
    ]);
    await writeFile(target, 'rollcall');
    await assert.rejects(recipientsOf(target), { code: 'backup-truncated' });
  });

  test('have their own error for a kind of secret that none of them uses', async () => {
    await using directory = await temporaryDirectory();
    const byKey = join(directory.path, 'key');
    const byPassphrase = join(directory.path, 'passphrase');
    await writeBackup({ target: byKey, recipients: [forRecoveryKey], manifest, sections: [] });
    await writeBackup({ target: byPassphrase, recipients: [forPassphrase], manifest, sections: [] });
    await assert.rejects(verifyBackup(byKey, withPassphrase), { code: 'backup-locked-for-others' });
    await assert.rejects(verifyBackup(byPassphrase, withRecoverySecret), {
      code: 'backup-locked-for-others',
    });
  });

  test('are refused, and nothing is written, if none, too many, several passphrases, a weak one or an invalid public key is given', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const write = (recipients: Parameters<typeof writeBackup>[0]['recipients']) =>
      writeBackup({ target, recipients, manifest, sections: [] });
    for (const recipients of [[], Array(9).fill(forRecoveryKey), [forPassphrase, forPassphrase]]) {
      await assert.rejects(write(recipients), { code: 'backup-recipients' });
    }
    for (const publicKey of [new Uint8Array(32), new Uint8Array(31)]) {
      await assert.rejects(write([{ kind: 'recovery-public-key', publicKey }]), {
        code: 'recovery-key-malformed',
      });
    }
    for (const weak of ['', 'Ada 1815', 'aaaaaaaaaaaa']) {
      const guessable = { kind: 'passphrase', passphrase: Buffer.from(weak), cost: littleCost } as const;
      await assert.rejects(write([forRecoveryKey, guessable]), { code: 'passphrase-refused' });
    }
    for (const change of [{ memoryBytes: 2 ** 31 }, { memoryBytes: 8191 }, { passes: 17 }, { passes: 0.5 }]) {
      const odd = { kind: 'passphrase', passphrase, cost: { ...littleCost, ...change } } as const;
      await assert.rejects(write([odd]), { code: 'passphrase-cost' });
    }
    assert.deepEqual(await readdir(directory.path), []);
  });
});

describe('the writing of a backup', () => {
  test('leaves nothing behind if a source fails or the manifest breaks the rules', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const trouble = new Error('the snapshot failed');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield noise(1, CHUNK_BYTES * 2);
      throw trouble;
    }
    const order = { target, recipients: [forRecoveryKey], manifest };
    await assert.rejects(writeBackup({ ...order, sections: [{ name: 'a', content: failing() }] }), trouble);
    const same = [source('a'), source('a')];
    await assert.rejects(writeBackup({ ...order, sections: same }), { code: 'backup-manifest' });
    assert.deepEqual(await readdir(directory.path), []);
  });

  test('stops when its signal aborts, and leaves nothing behind', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const stop = new AbortController();
    const reason = new Error('shutting down');
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let count = 0; ; count += 1) {
        if (count === 5) stop.abort(reason);
        yield new Uint8Array(CHUNK_BYTES);
      }
    }
    const sections = [{ name: 'a', content: endless() }];
    await assert.rejects(
      writeBackup({ target, recipients: [forRecoveryKey], manifest, sections, signal: stop.signal }),
      reason,
    );
    assert.deepEqual(await readdir(directory.path), []);
    await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections: [] });
    await assert.rejects(openBackup(target, withRecoverySecret, { signal: stop.signal }), reason);
  });
});

describe('the path of a backup', () => {
  test('keeps a file that already exists', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    await writeFile(target, 'mine');
    const order = { target, recipients: [forRecoveryKey], manifest, sections: [] };
    await assert.rejects(writeBackup(order), { code: 'backup-exists' });
    assert.equal(await readFile(target, 'utf8'), 'mine');
    assert.deepEqual(await readdir(directory.path), ['b']);
  });

  test('keeps a file that appears while the backup is written', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    async function* late(): AsyncGenerator<Uint8Array> {
      yield noise(1, 10);
      await writeFile(target, 'mine');
    }
    const sections = [{ name: 'a', content: late() }];
    await assert.rejects(writeBackup({ target, recipients: [forRecoveryKey], manifest, sections }), {
      code: 'backup-exists',
    });
    assert.equal(await readFile(target, 'utf8'), 'mine');
    assert.deepEqual(await readdir(directory.path), ['b']);
  });

  test('accepts one backup at a time: a second one is refused and does not disturb the first', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    const order = { target, recipients: [forRecoveryKey], manifest };
    async function* meanwhile(): AsyncGenerator<Uint8Array> {
      await assert.rejects(writeBackup({ ...order, sections: [] }), { code: 'backup-in-progress' });
      yield noise(1, 10);
    }
    await writeBackup({ ...order, sections: [{ name: 'a', content: meanwhile() }] });
    assert.deepEqual((await contentsOf(target, withRecoverySecret)).get('a'), Buffer.from(noise(1, 10)));
  });

  test('is reported if its folder does not exist, or if it is a folder', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'none', 'b');
    const order = { target, recipients: [forRecoveryKey], manifest, sections: [] };
    await assert.rejects(writeBackup(order), { code: 'backup-not-written' });
    await assert.rejects(verifyBackup(target, withRecoverySecret), {
      code: 'backup-not-read',
      kind: 'input',
    });
    await assert.rejects(verifyBackup(directory.path, withRecoverySecret), { code: 'backup-foreign' });
  });
});
