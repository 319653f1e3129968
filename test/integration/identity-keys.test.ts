import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readEndorsement } from '../../daemon/core/identity/endorsement.js';
import type { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { sealTo } from '../../daemon/host/sealed-box.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import {
  dayMs,
  keyBytes,
  keyOfState,
  openIdentityKeys,
  openSettledKeys,
  overlapMs,
  putSecret,
} from '../support/identity-fixture.js';
import { type SecretPlaces, withSecretPlaces } from '../support/secret-places.js';

const ownKeys = ({ dataDir }: SecretPlaces): string => join(dataDir, 'keys');
const ownFiles = async (places: SecretPlaces): Promise<readonly string[]> =>
  (await readdir(ownKeys(places))).sort();

async function signerOf(keys: IdentityKeys): Promise<string> {
  const verdict = await verifySignedText(await keys.sign('{"a":1}'), keyOfState(keys.state));
  return verdict.outcome === 'valid' ? verdict.keyId : verdict.outcome;
}

const sealedTo = (sealing: string, text: string): Uint8Array =>
  sealTo(Buffer.from(sealing, 'base64url'), Buffer.from(text)) ?? assert.fail('no such key');

const opens = (keys: IdentityKeys, sealed: Uint8Array): string | undefined => {
  const message = keys.open(sealed);
  return message === undefined ? undefined : Buffer.from(message).toString();
};

const rejectsWith = (code: string, work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => isRollcallError(error, code));

describe('the key of a box', () => {
  test('is generated at the first start, readable by its owner only, and stays', () =>
    withSecretPlaces(async (places) => {
      using first = await openIdentityKeys(places);
      assert.equal(first.state.unannounced, 'created');
      assert.equal(await signerOf(first), first.state.current.keyId);
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key']);
      for (const name of await ownFiles(places))
        assert.equal((await stat(join(ownKeys(places), name))).mode & 0o777, 0o600);
      assert.equal((await stat(join(ownKeys(places), 'box-key'))).size, 64);
      await first.announced();
      using second = await openIdentityKeys(places, 1);
      const { unannounced: _, ...known } = first.state;
      assert.deepEqual(second.state, known);
    }));

  test('opens messages that were sealed to it, and no others', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      const sealed = sealedTo(keys.state.current.sealing, 'a photograph');
      assert.equal(opens(keys, sealed), 'a photograph');
      sealed[50] = (sealed[50] ?? 0) ^ 1;
      assert.equal(opens(keys, sealed), undefined);
      assert.equal(opens(keys, new Uint8Array(3)), undefined);
    }));

  test('is the handed-over key, if there is one', () =>
    withSecretPlaces(async (places) => {
      await putSecret(places.credentialsDirectory, 'box-key', keyBytes(1));
      using keys = await openIdentityKeys(places);
      assert.deepEqual(await ownFiles(places), ['box-identity']);
      await rm(join(places.credentialsDirectory, 'box-key'));
      await putSecret(places.secretsDirectory, 'box-key', keyBytes(1));
      using again = await openIdentityKeys(places);
      assert.equal(again.state.current.keyId, keys.state.current.keyId);
    }));

  test('is refused when it is open to others or has the wrong size', () =>
    withSecretPlaces(async (places) => {
      using _keys = await openIdentityKeys(places);
      const path = join(ownKeys(places), 'box-key');
      await chmod(path, 0o644);
      await rejectsWith('credential-exposed', openIdentityKeys(places));
      await chmod(path, 0o600);
      await writeFile(path, 'short');
      await rejectsWith('box-key-malformed', openIdentityKeys(places));
      for (const content of [new Uint8Array(), new Uint8Array(64)]) {
        await writeFile(path, content);
        await rejectsWith('box-key-malformed', openIdentityKeys(places));
        assert.deepEqual(await readFile(path), Buffer.from(content), 'no other key was made in its place');
      }
      await writeFile(join(ownKeys(places), 'box-identity'), '{"version":1}');
      await rejectsWith('box-identity-damaged', openIdentityKeys(places));
      await writeFile(join(ownKeys(places), 'box-identity'), '');
      await rejectsWith('box-identity-damaged', openIdentityKeys(places));
    }));

  test('is replaced after a loss by a key that it does not endorse', () =>
    withSecretPlaces(async (places) => {
      using before = await openIdentityKeys(places);
      await rm(join(ownKeys(places), 'box-key'));
      using after = await openIdentityKeys(places, 1);
      assert.equal(after.state.unannounced, 'replaced');
      assert.notEqual(after.state.current.keyId, before.state.current.keyId);
      const [former] = after.state.former;
      assert.equal(former?.keyId, before.state.current.keyId);
      assert.equal(former?.endorsement, undefined);
    }));

  test('stays in force when another key is handed over without a rotation', () =>
    withSecretPlaces(async (places) => {
      using before = await openIdentityKeys(places);
      await putSecret(places.secretsDirectory, 'box-key', keyBytes(1));
      using after = await openIdentityKeys(places);
      assert.equal(after.state.current.keyId, before.state.current.keyId);
      assert.match(after.ignoredKeyId ?? '', /^[\w-]{43}$/);
    }));
});

describe('a rotation of the box key', () => {
  test('signs with the new key, which the former key endorses, before and after a restart', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      const before = keys.state.current;
      let changes = 0;
      keys.onChanged(() => {
        changes += 1;
      });
      const oldBytes = await readFile(join(ownKeys(places), 'box-key'));
      await keys.rotate(overlapMs);
      assert.equal(await keys.settle(), 'in-place');
      assert.equal(changes, 1);
      assert.notDeepEqual(await readFile(join(ownKeys(places), 'box-key')), oldBytes);
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key', 'box-key-former']);
      for (const days of [0, 1]) {
        using opened = days === 0 ? undefined : await openIdentityKeys(places, days);
        const { state } = opened ?? keys;
        assert.equal(await signerOf(opened ?? keys), state.current.keyId);
        assert.notEqual(state.current.keyId, before.keyId);
        const [former] = state.former;
        assert.equal(former?.keyId, before.keyId);
        assert.equal(former.untilMs, Date.UTC(2026, 0, 1) + overlapMs);
        const endorsement = await readEndorsement(former.endorsement ?? '', keyOfState(state));
        assert.deepEqual(endorsement, { keyId: state.current.keyId, byKeyId: before.keyId });
      }
    }));

  test('keeps the former key until the event about the rotation was recorded', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      await keys.announced();
      await keys.rotate(overlapMs);
      await keys.settle();
      await keys.forgetFormer(() => true);
      assert.equal(keys.state.former.length, 1);
      await keys.announced();
      await keys.forgetFormer(() => false);
      assert.equal(keys.state.former.length, 1);
      await keys.forgetFormer(() => true);
      assert.deepEqual(keys.state.former, []);
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key']);
    }));

  test('opens messages that were sealed to the former key until its overlap is over', () =>
    withSecretPlaces(async (places) => {
      const sealed: Uint8Array[] = [];
      {
        using keys = await openIdentityKeys(places);
        sealed.push(sealedTo(keys.state.current.sealing, 'to the first'));
        await keys.rotate(overlapMs);
        sealed.push(sealedTo(keys.state.current.sealing, 'to the second'));
        await keys.settle();
        assert.deepEqual(
          sealed.map((box) => opens(keys, box)),
          ['to the first', 'to the second'],
        );
      }
      {
        using keys = await openSettledKeys(places, 13);
        await keys.rotate(overlapMs);
        await keys.settle();
        assert.deepEqual(
          sealed.map((box) => opens(keys, box)),
          ['to the first', 'to the second'],
        );
        assert.equal(keys.state.former.length, 2);
      }
      using keys = await openSettledKeys(places, 15);
      assert.deepEqual(
        sealed.map((box) => opens(keys, box)),
        [undefined, 'to the second'],
      );
      assert.equal(keys.state.former.length, 1);
      assert.equal((await stat(join(ownKeys(places), 'box-key-former'))).size, 32, 'the first is deleted');
      using much = await openSettledKeys(places, 100);
      assert.deepEqual(much.state.former, []);
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key']);
    }));

  test('needs a handed-over next key if the current one was handed over', () =>
    withSecretPlaces(async (places) => {
      await putSecret(places.credentialsDirectory, 'box-key', keyBytes(1));
      using keys = await openIdentityKeys(places);
      await rejectsWith('box-key-next-missing', keys.rotate(overlapMs));
      await putSecret(places.secretsDirectory, 'box-key.next', keyBytes(1));
      await rejectsWith('box-key-next-missing', keys.rotate(overlapMs));
      await putSecret(places.secretsDirectory, 'box-key.next', keyBytes(2));
      await keys.rotate(overlapMs);
      assert.equal(await keys.settle(), 'still-next');
      await rejectsWith('box-key-next-missing', keys.rotate(overlapMs));

      using restarted = await openIdentityKeys(places);
      assert.deepEqual(restarted.state, keys.state);
      await putSecret(places.credentialsDirectory, 'box-key', keyBytes(2));
      await rm(join(places.secretsDirectory, 'box-key.next'));
      using settled = await openIdentityKeys(places);
      assert.deepEqual(settled.state, keys.state);
      await putSecret(places.credentialsDirectory, 'box-key', keyBytes(1));
      await rejectsWith('box-key-retired', openIdentityKeys(places));
    }));

  test('to a handed-over copy of the generated key makes the generated file unnecessary', () =>
    withSecretPlaces(async (places) => {
      using own = await openIdentityKeys(places);
      const file = join(ownKeys(places), 'box-key');
      await putSecret(places.credentialsDirectory, 'box-key', await readFile(file));
      using both = await openIdentityKeys(places);
      await rm(file);
      using handedOver = await openIdentityKeys(places);
      for (const keys of [both, handedOver]) {
        assert.deepEqual(keys.state, own.state);
        await rejectsWith('box-key-next-missing', keys.rotate(overlapMs));
      }
    }));

  test('gives the next secret file the name of the current one', () =>
    withSecretPlaces(async (places) => {
      await putSecret(places.secretsDirectory, 'box-key', keyBytes(1));
      await putSecret(places.secretsDirectory, 'box-key.next', keyBytes(2));
      using keys = await openIdentityKeys(places);
      await keys.rotate(overlapMs);
      assert.equal(await keys.settle(), 'in-place');
      assert.deepEqual(await readdir(places.secretsDirectory), ['box-key']);
      assert.deepEqual(await readFile(join(places.secretsDirectory, 'box-key')), Buffer.from(keyBytes(2)));
    }));

  test('from a generated key to a handed-over one deletes the generated key', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      await putSecret(places.secretsDirectory, 'box-key.next', keyBytes(2));
      await keys.rotate(overlapMs);
      assert.equal(await keys.settle(), 'still-next');
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key-former']);
    }));

  test('changes nothing if it cannot be written', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      const before = keys.state;
      // A rename over a directory that is not empty always fails.
      const state = join(ownKeys(places), 'box-identity');
      const kept = await readFile(state);
      await rm(state);
      await mkdir(join(state, 'in-the-way'), { recursive: true });
      await rejectsWith('key-file-not-moved', keys.rotate(overlapMs));
      assert.deepEqual(keys.state, before);
      assert.equal(await signerOf(keys), before.current.keyId);
      await rm(state, { recursive: true });
      await writeFile(state, kept, { mode: 0o600 });
      using again = await openSettledKeys(places);
      const { unannounced: _, ...known } = before;
      assert.deepEqual(again.state, known);
      assert.deepEqual(await ownFiles(places), ['box-identity', 'box-key', 'box-key-former'].slice(0, 2));
    }));

  test('by command is refused while three former keys are published; at the box it is always possible', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      const sealed = sealedTo(keys.state.current.sealing, 'to the first');
      const used: string[] = [];
      for (let count = 0; count < 3; count += 1) {
        used.push(keys.state.current.keyId);
        assert.deepEqual(await keys.rotate(overlapMs, 'by-command'), []);
        await keys.settle();
      }
      await rejectsWith('identity-rotated-too-often', keys.rotate(overlapMs, 'by-command'));
      for (let count = 3; count < 8; count += 1) {
        used.push(keys.state.current.keyId);
        assert.deepEqual(await keys.rotate(overlapMs, 'at-the-box'), []);
        await keys.settle();
      }
      await rejectsWith('identity-rotated-too-often', keys.rotate(overlapMs, 'by-command'));

      used.push(keys.state.current.keyId);
      const dropped = await keys.rotate(overlapMs, 'at-the-box');
      await keys.settle();
      assert.deepEqual(
        dropped.map(({ keyId }) => keyId),
        used.slice(0, 1),
      );
      const former = keys.state.former.map(({ keyId }) => keyId);
      assert.deepEqual(former, used.slice(1).reverse());
      await keys.announced();
      await keys.forgetFormer(() => false);
      assert.equal(opens(keys, sealed), undefined, 'the secret key of the one that made room is gone');
      using later = await openSettledKeys(places, overlapMs / dayMs);
      await later.rotate(overlapMs, 'by-command');
      assert.equal(later.state.former.length, 1);
    }));

  test('waits for another one that is running', () =>
    withSecretPlaces(async (places) => {
      using keys = await openIdentityKeys(places);
      const first = keys.state.current.keyId;
      await Promise.all([keys.rotate(overlapMs), keys.rotate(overlapMs), keys.announced()]);
      await keys.settle();
      const chain = [keys.state.current, ...keys.state.former].map(({ keyId }) => keyId);
      assert.equal(new Set(chain).size, 3);
      assert.equal(chain.at(-1), first);
      using again = await openIdentityKeys(places);
      assert.deepEqual(again.state, keys.state);
    }));
});
