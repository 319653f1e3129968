import assert from 'node:assert/strict';
import { cp, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readEndorsement } from '../../daemon/core/identity/endorsement.js';
import type { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { sealTo } from '../../daemon/host/sealed-box.js';
import { keyBytes, keyOfState, openIdentityKeys, overlapMs, putSecret } from '../support/identity-fixture.js';
import { runAndKill } from '../support/killed-child.js';
import { type SecretPlaces, withSecretPlaces } from '../support/secret-places.js';

const kills = 12;
const firstDayOf = (round: number): number => round * 10_000;

/** Messages sealed to any of the keys open, and each former key endorses the following one. */
async function assertWhole(keys: IdentityKeys): Promise<void> {
  const { current, former } = keys.state;
  for (const { sealing } of [current, ...former]) {
    const sealed = sealTo(Buffer.from(sealing, 'base64url'), Buffer.from('sealed'));
    assert.ok(sealed !== undefined && keys.open(sealed) !== undefined, 'a sealed message opens');
  }
  for (const [index, one] of former.entries()) {
    const endorsement = await readEndorsement(one.endorsement ?? '', keyOfState(keys.state));
    const follower = index === 0 ? current : former[index - 1];
    assert.deepEqual(endorsement, { keyId: follower?.keyId, byKeyId: one.keyId });
  }
}

describe('a killed rotation of the box key', () => {
  test(`is complete or has no effect: ${kills} kills`, () =>
    withSecretPlaces(async (places) => {
      const directory = join(places.dataDir, '..');
      let rotations = 0;
      for (let round = 0; round < kills; round += 1) {
        const args = [directory, String(firstDayOf(round))];
        // Every second kill comes after a rotation, however slow the machine is; the others may hit the first rotation.
        const start = round % 2 === 0 ? /^open$/ : /^in force /;
        const lines = await runAndKill('identity-child.ts', args, (round * 37) % 101, start);
        const printed = lines.flatMap((line) => /^(?:has|in force) (.+)$/.exec(line)?.slice(1) ?? []);
        rotations += printed.length - 1;
        using keys = await openIdentityKeys(
          { ...places, credentialsDirectory: '' },
          firstDayOf(round) + 5 * printed.length,
        );
        const { current, former, unannounced } = keys.state;
        const last = printed.at(-1);
        const isNext = former[0]?.keyId === last && unannounced === 'rotated';
        assert.ok(current.keyId === last || isNext, 'the key printed last, or the one that follows it');
        await assertWhole(keys);
        const left = (await readdir(join(places.dataDir, 'keys'))).filter((name) =>
          name.startsWith('box-key.next'),
        );
        assert.deepEqual(
          left.filter((name) => !name.endsWith('.new')),
          [],
        );
      }
      assert.ok(rotations >= kills / 2, `${rotations} rotations`);
    }));

  test('with a key that the box generated leaves one of these states, and each opens', () =>
    withSecretPlaces(async (places) => {
      const { from, to } = await rotatedBetween(places);
      await assertEachOpens(from, [
        ['the next key is half written', false, half(to, 'data/keys/box-key', 'data/keys/box-key.next.new')],
        ['the next key is written', false, whole(to, 'data/keys/box-key', 'data/keys/box-key.next')],
        [
          'former keys are half written',
          false,
          half(to, 'data/keys/box-key-former', 'data/keys/box-key-former.new'),
        ],
        ['former keys are written', false, whole(to, 'data/keys/box-key-former')],
        [
          'the state is half written',
          false,
          half(to, 'data/keys/box-identity', 'data/keys/box-identity.new'),
        ],
        ['the state is written', true, whole(to, 'data/keys/box-identity')],
        ['the next key has its name', true, moved('data/keys/box-key.next', 'data/keys/box-key')],
      ]);
    }));

  test('with a handed-over key leaves one of these states, and each opens', () =>
    withSecretPlaces(async (places) => {
      const secrets = places.secretsDirectory;
      await putSecret(secrets, 'box-key', keyBytes(1));
      const { from, to } = await rotatedBetween(places, async (value) =>
        putSecret(secrets, 'box-key.next', keyBytes(value)),
      );
      await assertEachOpens(from, [
        ['former keys are written', false, whole(to, 'data/keys/box-key-former')],
        ['the state is written', true, whole(to, 'data/keys/box-identity')],
        ['the next key has its name', true, moved('secrets/box-key.next', 'secrets/box-key')],
      ]);
    }));
});

/** The box before and after its second rotation, as copies of all its files. */
async function rotatedBetween(
  places: SecretPlaces,
  handOver: (value: number) => Promise<void> = async () => undefined,
): Promise<{ readonly from: string; readonly to: string }> {
  const directory = join(places.dataDir, '..');
  const copy = async (name: string): Promise<string> => {
    const path = join(directory, name);
    for (const part of ['data', 'secrets'])
      await cp(join(directory, part), join(path, part), { recursive: true });
    return path;
  };
  using keys = await openIdentityKeys(places);
  await handOver(2);
  await keys.rotate(overlapMs);
  await keys.settle();
  await keys.announced();
  await handOver(3);
  const from = await copy('from');
  await keys.rotate(overlapMs);
  await keys.settle();
  return { from, to: await copy('to') };
}

type Step = readonly [name: string, isCommitted: boolean, apply: (directory: string) => Promise<void>];

/** Makes one step after the other and opens a copy after each, twice, because the first opening may change files. */
async function assertEachOpens(from: string, steps: readonly Step[]): Promise<void> {
  const before = await keyInForce(from);
  for (let count = 0; count <= steps.length; count += 1) {
    const directory = `${from}-${count}`;
    await cp(from, directory, { recursive: true });
    const taken = steps.slice(0, count);
    for (const [, , apply] of taken) await apply(directory);
    const [name = 'nothing is done', isCommitted = false] = taken.at(-1) ?? [];
    const after = await keyInForce(directory);
    assert.equal(after === before, !isCommitted, name);
    assert.equal(await keyInForce(directory), after, `${name}, opened again`);
    assert.ok(!(await readdir(join(directory, 'data/keys'))).includes('box-key.next'), name);
    const { size } = await stat(join(directory, 'data/keys/box-key-former'));
    assert.equal(size, isCommitted ? 64 : 32, `${name}: a secret key for each former key`);
  }
}

async function keyInForce(directory: string): Promise<string> {
  const places = {
    secretsDirectory: join(directory, 'secrets'),
    dataDir: join(directory, 'data'),
    credentialsDirectory: '',
  };
  using keys = await openIdentityKeys(places);
  await assertWhole(keys);
  return keys.state.current.keyId;
}

const whole =
  (to: string, source: string, target = source) =>
  async (directory: string): Promise<void> =>
    writeFile(join(directory, target), await readFile(join(to, source)), { mode: 0o600 });

const half =
  (to: string, source: string, target: string) =>
  async (directory: string): Promise<void> => {
    const bytes = await readFile(join(to, source));
    await writeFile(join(directory, target), bytes.subarray(0, bytes.length / 2), { mode: 0o600 });
  };

const moved =
  (source: string, target: string) =>
  (directory: string): Promise<void> =>
    rename(join(directory, source), join(directory, target));
