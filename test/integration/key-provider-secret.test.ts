import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { moveKeyFile } from '../../daemon/host/key-file.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { outcomeOf } from '../support/key-outcome.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const name = 'gallery-key';
const nextName = 'gallery-key.next';

/** A directory of secret files and one of systemd's credentials. */
async function openPlaces(): Promise<Places & AsyncDisposable> {
  const folder = await temporaryDirectory();
  const secretsDirectory = join(folder.path, 'secrets');
  const credentialsDirectory = join(folder.path, 'credentials');
  mkdirSync(secretsDirectory, { mode: 0o700 });
  mkdirSync(credentialsDirectory, { mode: 0o700 });
  const write = (path: string, bytes: Uint8Array): Uint8Array => {
    writeFileSync(path, bytes, { mode: 0o600 });
    return bytes;
  };
  return {
    secretsDirectory,
    file: (of, bytes = randomBytes(32)) => write(join(secretsDirectory, of), bytes),
    credential: (of, bytes = randomBytes(32)) => write(join(credentialsDirectory, of), bytes),
    provider: () => new SecretKeyProvider(name, { secretsDirectory, credentialsDirectory }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

interface Places {
  readonly secretsDirectory: string;
  file(of: string, bytes?: Uint8Array): Uint8Array;
  credential(of: string, bytes?: Uint8Array): Uint8Array;
  provider(): SecretKeyProvider;
}

const rejectsWith = (code: string, work: () => Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => isRollcallError(error, code));

describe('a key that is a secret', () => {
  test('is reported as missing, with the place where it belongs', async () => {
    await using places = await openPlaces();
    const provider = places.provider();
    await rejectsWith('key-missing', () => provider.create('first'));
    const recovery = await provider.recover('0123456789abcdef');
    assert.equal(outcomeOf(recovery), 'key-missing');
    assert.ok(
      recovery.outcome === 'refused' && recovery.remedy.includes(join(places.secretsDirectory, name)),
    );
    assert.equal((await provider.inspect()).isUsable, false);
  });

  test('is malformed with any other size than 32 bytes, such as its text form', async () => {
    await using places = await openPlaces();
    for (const bytes of [randomBytes(31), randomBytes(33), Buffer.from(randomBytes(32).toString('hex'))]) {
      places.file(name, bytes);
      await rejectsWith('key-malformed', () => places.provider().create('first'));
      assert.equal(outcomeOf(await places.provider().recover('0123456789abcdef')), 'key-malformed');
      assert.equal((await places.provider().inspect()).isUsable, false);
    }
  });

  test('is refused if others may read it', async () => {
    await using places = await openPlaces();
    places.file(name);
    chmodSync(join(places.secretsDirectory, name), 0o640);
    await rejectsWith('credential-exposed', () => places.provider().create('first'));
    assert.equal(outcomeOf(await places.provider().recover('0123456789abcdef')), 'credential-exposed');
  });

  test('of another gallery is named in the message, and so is the needed one', async () => {
    await using places = await openPlaces();
    const key = places.file(name);
    const next = places.file(nextName);
    const recovery = await places.provider().recover('0123456789abcdef');
    assert.equal(outcomeOf(recovery), 'wrong-key');
    for (const id of ['0123456789abcdef', keyIdOf(key), keyIdOf(next)]) {
      assert.ok(recovery.outcome === 'refused' && recovery.message.includes(id));
    }
  });

  test('is found although another candidate cannot be used', async () => {
    await using places = await openPlaces();
    places.file(name, randomBytes(7));
    const next = places.file(nextName);
    assert.equal(outcomeOf(await places.provider().recover(keyIdOf(next))), 'recovered');
  });
});

describe('a rotation to a new secret', () => {
  test('needs a secret that is not the key in force', async () => {
    await using places = await openPlaces();
    const key = places.file(name);
    await rejectsWith('key-next-missing', () => places.provider().create('rotation'));
    places.file(nextName, key);
    await rejectsWith('key-next-missing', () => places.provider().create('rotation'));
    const next = places.file(nextName);
    assert.equal(keyIdOf((await places.provider().create('rotation')).kek), keyIdOf(next));
  });

  test('does not take the key in force if only the old file is there', async () => {
    await using places = await openPlaces();
    places.file(name);
    const next = places.file(nextName);
    const provider = places.provider();
    await provider.recover(keyIdOf(next));
    await rejectsWith('key-next-missing', () => provider.create('rotation'));
  });

  test('ends with the new file under the name of the old one', async () => {
    await using places = await openPlaces();
    const old = places.file(name);
    const next = places.file(nextName);
    const provider = places.provider();
    await provider.settle(keyIdOf(next));
    const path = join(places.secretsDirectory, name);
    assert.deepEqual(readFileSync(path), next);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!existsSync(join(places.secretsDirectory, nextName)));
    assert.equal(outcomeOf(await places.provider().recover(keyIdOf(old))), 'wrong-key');
  });

  test('that has not ended changes neither file', async () => {
    await using places = await openPlaces();
    const old = places.file(name);
    const next = places.file(nextName);
    await places.provider().settle(keyIdOf(old));
    await places.provider().settle('0123456789abcdef');
    assert.deepEqual(readFileSync(join(places.secretsDirectory, name)), old);
    assert.deepEqual(readFileSync(join(places.secretsDirectory, nextName)), next);
  });

  test('from a systemd credential moves nothing, finds the key at every start, and says what to do', async () => {
    await using places = await openPlaces();
    const old = places.credential(name);
    const next = places.file(nextName);
    const provider = places.provider();
    assert.equal(outcomeOf(await provider.recover(keyIdOf(old))), 'recovered');
    await provider.settle(keyIdOf(next));
    assert.deepEqual(readFileSync(join(places.secretsDirectory, nextName)), next);
    assert.equal(outcomeOf(await places.provider().recover(keyIdOf(next))), 'recovered');
    const report = await provider.inspect();
    assert.match(report.message, /the key in force is in "gallery-key.next"/);
    assert.match(report.remedy ?? '', /Make it the secret "gallery-key"/);
  });

  test('finds a key file although a credential has the same name', async () => {
    await using places = await openPlaces();
    places.credential(name);
    const hidden = places.file(name);
    assert.equal(outcomeOf(await places.provider().recover(keyIdOf(hidden))), 'recovered');
  });

  test('leaves files in place that this process may not move', async () => {
    assert.equal(await moveKeyFile('/proc/version', '/proc/uptime'), 'not-permitted');
  });
});
