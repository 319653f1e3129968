import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readProfile } from '../../daemon/cli/person/profile-options.js';
import { siteTimeOf } from '../../daemon/cli/site-time.js';
import { checkProfile, withdrawn } from '../../daemon/kernel/persons/person-profile.js';
import {
  type GivenTerms,
  mostGroups,
  standingOn,
  validityOn,
  watchMarks,
} from '../../daemon/kernel/persons/person-standing.js';

const stored = (terms: GivenTerms) => {
  const checked = checkProfile({ name: 'Ada', ...terms }, '2026-03-02');
  return 'profile' in checked ? checked.profile : checked.problems;
};

describe('the validity of a person', () => {
  test('includes both of its days', () => {
    const terms = { validFrom: '2026-03-01', validUntil: '2026-03-03' };
    assert.deepEqual(
      ['2026-02-28', '2026-03-01', '2026-03-03', '2026-03-04'].map((day) => validityOn(terms, day)),
      ['not-yet-valid', 'valid', 'valid', 'expired'],
    );
  });

  test('may be open on either side', () => {
    assert.equal(validityOn({ validFrom: '2026-03-01' }, '9999-12-31'), 'valid');
    assert.equal(validityOn({ validUntil: '2026-03-01' }, '0001-01-01'), 'valid');
    assert.equal(validityOn({}, '2026-03-01'), 'valid');
  });

  test('does not count for a barred person, and does for a watched one', () => {
    const terms = { validUntil: '2026-03-01', watch: { mark: 'barred', reason: 'order' } } as const;
    assert.equal(standingOn(terms, '2026-03-01'), 'barred');
    assert.equal(standingOn(terms, '2026-03-02'), 'barred');
    const watched = { ...terms, watch: { mark: 'watch', reason: 'parcel' } } as const;
    assert.equal(standingOn(watched, '2026-03-01'), 'valid');
    assert.equal(standingOn(watched, '2026-03-02'), 'expired');
  });
});

describe('the terms of a profile', () => {
  test('are stored sorted, once each and without what is empty', () => {
    const terms = { groups: [' visitors', 'team', '', 'team'], validFrom: ' ', validUntil: '2026-04-01' };
    assert.deepEqual(stored(terms), { name: 'Ada', groups: ['team', 'visitors'], validUntil: '2026-04-01' });
    assert.deepEqual(stored({ groups: [], validFrom: '' }), { name: 'Ada' });
  });

  test('are checked again without a change', () => {
    const group = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}[a-z0-9]$/);
    fc.assert(
      fc.property(
        fc.array(group, { maxLength: mostGroups }),
        fc.constantFrom(...watchMarks),
        (groups, mark) => {
          const once = stored({ groups, validFrom: '2026-01-01', watch: { mark, reason: 'a reason' } });
          assert.ok('name' in once);
          assert.deepEqual(stored(once), once);
        },
      ),
    );
  });

  test('tell all their problems at once', () => {
    const wrong = {
      groups: ['Team A', ...Array.from({ length: mostGroups }, (_, index) => `g${index}`)],
      validFrom: '2026-03-02',
      validUntil: '2026-03-01',
      watch: { mark: 'arrest', reason: '' },
    };
    const problems = stored(wrong);
    assert.ok(Array.isArray(problems));
    assert.equal(problems.length, 5);
    assert.deepEqual(stored({ validFrom: '2026-02-30' }), [
      'the first valid day must be a date such as 2026-03-01',
    ]);
  });

  test('end with a withdrawal of consent', () => {
    const terms = { groups: ['team'], validUntil: '2026-03-01', watch: { mark: 'barred', reason: 'order' } };
    const checked = checkProfile({ name: 'Ada', notes: 'night shift', ...terms }, '2026-03-02');
    assert.ok('profile' in checked);
    const { consent, ...kept } = withdrawn(checked.profile, '2026-03-02');
    assert.equal(consent?.withdrawnIso, '2026-03-02');
    assert.deepEqual(kept, { name: 'Ada', notes: 'night shift' });
  });
});

describe('terms on the command line', () => {
  // Half an hour after midnight at the site; in UTC it is still the previous day.
  const time = siteTimeOf('Europe/Paris', Date.parse('2026-03-02T00:30:00+01:00'));

  test('are days at the site, all groups, and a mark with its reason', async () => {
    const read = await readProfile(
      { group: ['team'], validFrom: 'today', watch: 'barred', watchReason: 'order' },
      time,
    );
    assert.deepEqual(read, {
      ...{ groups: ['team'], validFrom: '2026-03-02' },
      watch: { mark: 'barred', reason: 'order' },
    });
  });

  test('are removed by empty texts', async () => {
    const read = await readProfile({ group: [''], validFrom: '', validUntil: '', watch: 'none' }, time);
    assert.deepEqual(read, { groups: null, validFrom: null, validUntil: null, watch: null });
  });

  test('have custom fields beside them, which arguments set and remove', async () => {
    const read = await readProfile({ field: ['department=Sales = North', 'badge='] }, time);
    assert.deepEqual(read, { fields: { department: 'Sales = North', badge: null } });
    for (const field of [['department'], ['=x'], ['Department=x']])
      await assert.rejects(readProfile({ field }, time), { code: 'field-unreadable', kind: 'input' });
  });

  test('are refused with a mark without a reason, and with a reason alone', async () => {
    for (const given of [
      { watch: 'barred' },
      { watchReason: 'order' },
      { watch: 'none', watchReason: 'x' },
    ] as const)
      await assert.rejects(readProfile(given, time), { code: 'watch-incomplete', kind: 'input' });
  });
});
