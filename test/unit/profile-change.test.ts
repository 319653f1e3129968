import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { certified, describePerson, summarisePerson } from '../../daemon/core/persons/person-answers.js';
import { personNames } from '../../daemon/core/persons/person-names.js';
import { changedProfile, withThreshold } from '../../daemon/core/persons/profile-change.js';
import { badInput, defect, operational } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import { damagedName, type PersonProfile } from '../../daemon/kernel/persons/person-profile.js';

const rules = { todayIso: '2026-03-02', definedFields: new Set(['badge', 'department']) };
const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' } as const;
const full: PersonProfile = {
  ...{ name: 'Ada', externalId: '17', notes: 'night shift', groups: ['team'], consent },
  ...{ validFrom: '2026-01-01', validUntil: '2026-12-31', watch: { mark: 'watch', reason: 'parcel' } },
};
const kept = {
  threshold: { similarity: 0.6, recogniser: 'r1', reason: 'twins' },
  origins: { 'ph-1': { passage: 'p-1', camera: 'gate', seenAtMs: 1 } },
} as unknown as Pick<PersonProfile, 'threshold' | 'origins'>;

describe('a change of a profile', () => {
  test('leaves what it does not name, with the threshold and the origins of photos', () => {
    assert.deepEqual(changedProfile({ ...full, ...kept }, {}, rules), { ...full, ...kept });
  });

  test('sets each field that it names, and removes those that are null', () => {
    const changes = {
      ...{ name: 'Ada L.', externalId: '18', notes: 'day shift', groups: ['visitors'] },
      ...{ validFrom: '2026-02-01', validUntil: '2026-11-30', watch: { mark: 'barred', reason: 'order' } },
      consent: { ...consent, reference: 'form 8' },
    } as const;
    assert.deepEqual(changedProfile(full, changes, rules), changes);
    for (const field of [
      'externalId',
      'notes',
      'groups',
      'validFrom',
      'validUntil',
      'watch',
      'consent',
    ] as const) {
      const changed = changedProfile(full, { [field]: null }, rules);
      const { [field]: _, ...rest } = full;
      assert.deepEqual(changed, rest, field);
    }
  });

  test('sets and removes the custom fields that it names, and leaves the others', () => {
    const before = { ...full, fields: { badge: '12', former: 'x' } };
    const changed = changedProfile(before, { fields: { department: ' Sales ', badge: null } }, rules);
    assert.deepEqual(changed.fields, { department: 'Sales', former: 'x' });
    assert.equal(changedProfile(full, { fields: { badge: '' } }, rules).fields, undefined);
  });

  test('cannot set a custom field that the box does not have', () => {
    assert.throws(() => changedProfile(full, { fields: { team: 'A', badge: 'x'.repeat(201) } }, rules), {
      code: 'profile-refused',
      details: {
        problems: [
          'the field "badge" is longer than 200 characters',
          'there is no field "team": defined are badge, department',
        ],
      },
    });
  });

  test('revokes a withdrawal by a new consent only', () => {
    const before = { ...full, consent: { ...consent, withdrawnIso: '2026-02-01' } };
    assert.equal(changedProfile(before, { notes: 'x' }, rules).consent?.withdrawnIso, '2026-02-01');
    assert.equal('withdrawnIso' in (changedProfile(before, { consent }, rules).consent ?? {}), false);
  });

  test('is refused where the result cannot be stored', () => {
    assert.throws(() => changedProfile(full, { validUntil: '2025-01-01' }, rules), {
      code: 'profile-refused',
    });
  });
});

describe('the own threshold of a person', () => {
  const at = { floor: 0.5, recogniser: 'r2' };
  const set = (similarity: number, reason = ' twins ') =>
    withThreshold({ ...full, ...kept }, { similarity, reason }, at).threshold;

  test('stays, is removed, or is set with its recogniser and reason', () => {
    assert.equal(withThreshold(full, undefined, at), full);
    assert.equal('threshold' in withThreshold({ ...full, ...kept }, null, at), false);
    assert.deepEqual(set(0.7), { similarity: 0.7, recogniser: 'r2', reason: 'twins' });
  });

  test('is not below the threshold of the box, and has a reason of one line', () => {
    assert.equal(set(0.5)?.similarity, 0.5);
    assert.throws(() => set(0.499), { code: 'threshold-refused', details: { floor: 0.5 } });
    assert.equal(set(0.7, 'x'.repeat(500))?.reason.length, 500);
    for (const reason of ['', 'x'.repeat(501), 'a\u0007b'])
      assert.throws(() => set(0.7, reason), { code: 'threshold-refused' }, JSON.stringify(reason));
  });
});

describe('a person as callers see them', () => {
  const entry = {
    ...{ id: personId('p-1'), profile: { ...full, ...kept }, state: 'active', revision: 4 },
    ...{ enrolledAtMs: 0, changedAtMs: 60_000, templateCount: 2, photographCount: 1, evidenceCount: 0 },
    ...{ bestPhotographId: 'ph-1', photographs: [{ id: 'ph-1', addedAtMs: 0 }], templates: [] },
  } as unknown as Parameters<typeof describePerson>[0];

  test('is active unless removed, and then has the time of the removal', () => {
    const active = summarisePerson(entry);
    assert.deepEqual(
      [active.state, 'removedAt' in active, active.consentState],
      ['active', false, 'recorded'],
    );
    const removed = summarisePerson({ ...entry, state: 'removed' });
    assert.deepEqual([removed.state, removed.removedAt], ['removed', '1970-01-01T00:01:00.000Z']);
    assert.deepEqual([removed.templates, removed.photographs, removed.photographId], [2, 1, 'ph-1']);
  });

  test('has a placeholder for a damaged profile', () => {
    const damaged = summarisePerson({ ...entry, profile: undefined });
    assert.deepEqual([damaged.name, damaged.consentState], [damagedName, 'none']);
  });

  test('in detail has the profile and its photos, not where they are from', () => {
    const described = describePerson(entry);
    assert.deepEqual(
      [described.notes, described.photographIds, described.revision],
      ['night shift', ['ph-1'], 4],
    );
    assert.equal('origins' in described, false);
  });

  test('has a certificate of the erasure, also where only its last step failed', () => {
    const erased = {
      ...{ personId: 'p-1', scope: 'all', erasedAtMs: 0, by: { actor: 'user:1', origin: 'o' } },
      ...{ auditSequence: 3, auditHash: 'h', what: {} },
    } as never;
    const told = certified(() => erased);
    assert.deepEqual([told?.erasedAt, told?.by], ['1970-01-01T00:00:00.000Z', 'user:1']);
    assert.equal(
      certified(() => undefined),
      undefined,
    );
    const incomplete = operational('erasure-incomplete', 'm', { details: { left: 1, certificate: erased } });
    assert.throws(
      () =>
        certified(() => {
          throw incomplete;
        }),
      { code: 'erasure-incomplete', details: { left: 1, certificate: told } },
    );
    const other = operational('disk-full', 'm', { details: { certificate: erased } });
    assert.throws(
      () =>
        certified(() => {
          throw other;
        }),
      other,
    );
  });
});

test('the name of a person is absent while it cannot be read, and a mistake of the program is not hidden', () => {
  const nameOf = (showPerson: () => unknown) => personNames(() => ({ showPerson }) as never)('p-1');
  assert.equal(
    nameOf(() => ({ profile: { name: 'Ada' } })),
    'Ada',
  );
  assert.equal(
    nameOf(() => undefined),
    undefined,
  );
  assert.equal(personNames(() => undefined)('p-1'), undefined);
  const throwing = (error: unknown) => () => {
    throw error;
  };
  assert.equal(nameOf(throwing(operational('gallery-closed', 'm'))), undefined);
  for (const error of [badInput('bad', 'm', { remedy: 'R.' }), defect('lost', 'm'), new TypeError('m')])
    assert.throws(() => nameOf(throwing(error)), error);
});
