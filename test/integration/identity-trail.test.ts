import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { boxKeyFinding } from '../../daemon/core/doctor/identity-finding.js';
import { type IdentityTrailOptions, trailIdentity } from '../../daemon/core/identity/identity-trail.js';
import { operational } from '../../daemon/kernel/errors.js';
import { openAuditFixture, somebody } from '../support/audit-fixture.js';
import { openIdentityKeys, overlapMs, putSecret } from '../support/identity-fixture.js';
import { openTestRecords } from '../support/published-box.js';
import { type SecretPlaces, withSecretPlaces } from '../support/secret-places.js';

const stop = (): never => {
  throw operational('disk-full', 'killed here');
};

type Breakage = 'before the event' | 'after the event' | 'before the entry' | 'after the entry';

/** `parts`, ending at a step as a kill would. */
function ending({ keys, records, audit }: IdentityTrailOptions, at: Breakage): IdentityTrailOptions {
  return {
    keys: {
      state: keys.state,
      announced: async () => (at === 'after the entry' ? stop() : keys.announced()),
    },
    records: {
      list: records.list,
      record(event) {
        if (at === 'before the event') stop();
        const recorded = records.record(event);
        return at === 'after the event' ? stop() : recorded;
      },
    },
    audit: {
      list: audit.list,
      append: (entry) => (at === 'before the entry' ? stop() : audit.append(entry)),
    },
  };
}

describe('the record of a new box key', () => {
  for (const at of ['before the event', 'after the event', 'before the entry', 'after the entry'] as const) {
    test(`exists once if the process ends ${at}`, () =>
      withSecretPlaces(async (places) => {
        await using records = await recordsIn(places);
        using audit = openAuditFixture(join(places.dataDir, 'audit.db'));
        {
          using keys = await openIdentityKeys(places);
          await trailIdentity({ keys, records, audit: audit.log }, somebody);
          await keys.rotate(overlapMs);
          await keys.settle();
          const parts = { keys, records, audit: audit.log };
          await assert.rejects(trailIdentity(ending(parts, at), somebody), /killed here/);
        }
        for (const _ of [1, 2]) {
          using keys = await openIdentityKeys(places);
          await trailIdentity({ keys, records, audit: audit.log }, somebody);
        }
        assert.equal(records.list({ kind: 'identity', limit: 10 }).length, 1);
        const actions = audit.log.list({ action: 'identity' }).map(({ action }) => action);
        assert.deepEqual(actions, ['identity.created', 'identity.rotated']);
      }));
  }

  test('reports a key that was replaced by hand', () =>
    withSecretPlaces(async (places) => {
      await using records = await recordsIn(places);
      using audit = openAuditFixture(join(places.dataDir, 'audit.db'));
      {
        using keys = await openIdentityKeys(places);
        await trailIdentity({ keys, records, audit: audit.log }, somebody);
      }
      await writeFile(join(places.dataDir, 'keys', 'box-key'), new Uint8Array(64).fill(9));
      using keys = await openIdentityKeys(places);
      await trailIdentity({ keys, records, audit: audit.log }, somebody);
      assert.equal(records.list({ kind: 'identity', limit: 10 }).length, 1);
      assert.equal(audit.log.list({ action: 'identity.replaced' }).length, 1);
    }));
});

describe('rollcall doctor and the box key', () => {
  test('reports a box key as missing, good, readable by others, or cut short', () =>
    withSecretPlaces(async (places) => {
      const finding = () => boxKeyFinding(places, { secretsDirectory: places.secretsDirectory });
      assert.match((await finding()).message, /no file yet/);
      {
        using _keys = await openIdentityKeys(places);
      }
      const { check, outcome, message } = await finding();
      assert.deepEqual(
        [check, outcome, message],
        ['box key', 'ok', 'exists and is protected from other users'],
      );
      const path = join(places.dataDir, 'keys', 'box-key');
      await chmod(path, 0o640);
      assert.equal((await finding()).outcome, 'failed');
      await chmod(path, 0o600);
      await putSecret(places.secretsDirectory, 'box-key.next', new Uint8Array(63));
      assert.match((await finding()).message, /does not have the size/);
    }));
});

async function recordsIn(places: SecretPlaces): Promise<RecordStores> {
  await mkdir(places.dataDir);
  return openTestRecords(join(places.dataDir, 'records.db'));
}
