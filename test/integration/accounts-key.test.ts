import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AccessTokens } from '../../daemon/core/accounts/access-tokens.js';
import { openAccountsKeys } from '../../daemon/core/accounts/accounts-key.js';
import { openSealedAccounts } from '../../daemon/core/accounts/sealed-accounts.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { auditKeyOf, openAuditFixture } from '../support/audit-fixture.js';
import { watchSecrets } from '../support/secret-memory.js';
import { type SecretPlaces, withSecretPlaces } from '../support/secret-places.js';

const good = Buffer.alloc(32, 7);
const other = Buffer.alloc(32, 8);
const ownPath = ({ dataDir }: SecretPlaces): string => join(dataDir, 'keys', 'accounts-key');
const put = (directory: string, bytes: Uint8Array): void =>
  writeFileSync(join(directory, 'accounts-key'), bytes, { mode: 0o600 });

/** The keys as text, and what is wrong with a key file: its code and its size. */
async function opened(places: SecretPlaces) {
  using keys = await openAccountsKeys(places);
  const [sealing, signing, hiding] = [keys.sealing, keys.signing, keys.hiding].map((key) =>
    Buffer.from(key).toString('hex'),
  );
  const { damage } = keys;
  return { keys: [sealing, signing, hiding], damage: damage && [damage.code, damage.details['bytes']] };
}

describe('the keys of the accounts', () => {
  test('are three, from one file that the box makes and only its owner can read', () =>
    withSecretPlaces(async (places) => {
      const first = await opened(places);
      assert.equal(new Set(first.keys).size, 3);
      assert.ok(first.keys.every((key) => /^[0-9a-f]{64}$/.test(key ?? '')));
      assert.deepEqual(await opened(places), first);
      const { size, mode } = statSync(ownPath(places));
      assert.deepEqual([size, mode & 0o777, first.damage], [32, 0o600, undefined]);
    }));

  test('are the same in every version: tokens and authenticators outlive an update', () =>
    withSecretPlaces(async (places) => {
      await createKeyFile(ownPath(places), good);
      assert.deepEqual((await opened(places)).keys, [
        '2a9377fbfe3d047222d0ac344851c3cedb68ac5b9e008d8d8591a820bc94a562',
        '27a842bfcf05e16bf9fd1769277974a1c0a227127b0eae66aba54ce98e76497c',
        'd5d96c87374c13d3192ecbad5c9f4e0032e50bce2b1c5843836c031a4dc71a23',
      ]);
    }));

  test('come from a credential, then a secret file, and only then from the own file', () =>
    withSecretPlaces(async (places) => {
      await createKeyFile(ownPath(places), good);
      const own = await opened(places);
      put(places.secretsDirectory, other);
      const secret = await opened(places);
      assert.notDeepEqual(secret.keys, own.keys);
      put(places.credentialsDirectory, good);
      assert.deepEqual((await opened(places)).keys, own.keys);
      assert.deepEqual(readdirSync(join(places.dataDir, 'keys')), ['accounts-key']);
    }));

  for (const [what, bytes] of Object.entries({
    'is too short': Buffer.alloc(31, 7),
    'is too long': Buffer.alloc(33, 7),
    'is empty': Buffer.alloc(0),
    'holds nothing but zeros': Buffer.alloc(32),
  })) {
    test(`are new ones if the own file ${what}, which is kept and told of`, () =>
      withSecretPlaces(async (places) => {
        await createKeyFile(ownPath(places), bytes);
        const found = await opened(places);
        assert.deepEqual(found.damage, ['accounts-key-malformed', bytes.length]);
        assert.deepEqual(readFileSync(`${ownPath(places)}.damaged`), bytes);
        assert.deepEqual(await opened(places), { keys: found.keys, damage: undefined });
      }));

    test(`are read from the box's own file, and the provided secret is reported and kept, if it ${what}`, () =>
      withSecretPlaces(async (places) => {
        await createKeyFile(ownPath(places), good);
        const own = await opened(places);
        put(places.secretsDirectory, bytes);
        const found = { ...own, damage: ['accounts-key-malformed', bytes.length] };
        assert.deepEqual([await opened(places), await opened(places)], [found, found]);
        assert.ok(!existsSync(`${ownPath(places)}.damaged`));
      }));
  }

  test('may have zeros among their bytes', () =>
    withSecretPlaces(async (places) => {
      await createKeyFile(ownPath(places), Buffer.concat([Buffer.alloc(31), Buffer.of(1)]));
      assert.equal((await opened(places)).damage, undefined);
    }));

  test('tell of the provided secret if that and the own file are damaged', () =>
    withSecretPlaces(async (places) => {
      await createKeyFile(ownPath(places), Buffer.alloc(5, 1));
      put(places.secretsDirectory, Buffer.alloc(9, 1));
      assert.deepEqual((await opened(places)).damage, ['accounts-key-malformed', 9]);
      assert.ok(existsSync(`${ownPath(places)}.damaged`));
    }));

  test('say what to do about a damaged file, and of which kind it is', () =>
    withSecretPlaces(async (places) => {
      for (const [bytes, message] of [
        [Buffer.alloc(0), /"accounts-key" is empty$/],
        [Buffer.alloc(3, 1), /"accounts-key" is damaged: it does not have the form of a key$/],
      ] as const) {
        put(places.secretsDirectory, bytes);
        using keys = await openAccountsKeys(places);
        assert.match(keys.damage?.message ?? '', message);
        assert.match(keys.damage?.remedy ?? '', /^Put back the original file/);
        assert.deepEqual(keys.damage?.details, { name: 'accounts-key', bytes: bytes.length, expected: 32 });
      }
    }));

  test('are not made anew where others can read the secret: that must be mended first', () =>
    withSecretPlaces(async (places) => {
      writeFileSync(join(places.secretsDirectory, 'accounts-key'), good, { mode: 0o644 });
      await assert.rejects(openAccountsKeys(places), (error) => {
        assert.ok(isRollcallError(error));
        assert.notEqual(error.code, 'accounts-key-malformed');
        return true;
      });
      assert.ok(!existsSync(ownPath(places)));
    }));
});

describe('no key stays in memory of', () => {
  const works: Readonly<Record<string, (places: SecretPlaces) => Promise<void>>> = {
    async 'accounts that were opened and closed'(places) {
      for (let start = 0; start < 2; start += 1) (await openAccountsKeys(places))[Symbol.dispose]();
    },
    async 'accounts whose key was damaged'(places) {
      await createKeyFile(ownPath(places), Buffer.alloc(31, 7));
      (await openAccountsKeys(places))[Symbol.dispose]();
    },
    async 'the signer of access tokens'() {
      const clock = new VirtualClock();
      for (const fill of [1, 2]) {
        const seed = new Uint8Array(32).fill(fill);
        await AccessTokens.open({ seed, box: 'werk/box', clock });
      }
    },
    async 'the file of the accounts'({ secretsDirectory }) {
      using audit = openAuditFixture();
      const { log, clock } = audit;
      openSealedAccounts({
        ...{ path: join(secretsDirectory, 'accounts.db'), box: 'werk/box', log, clock, logger: silentLogger },
        auditKeys: [auditKeyOf(7), auditKeyOf(8)],
      })[Symbol.dispose]();
    },
  };
  for (const [name, work] of Object.entries(works)) {
    test(name, () =>
      withSecretPlaces(async (places) => {
        using watch = await watchSecrets();
        await work(places);
        assert.ok(watch.count >= 2, 'it saw them');
        assert.deepEqual(watch.unwiped(), []);
      }),
    );
  }
});
