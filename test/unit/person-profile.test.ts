import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readProfile } from '../../daemon/cli/person/profile-options.js';
import { siteTimeOf } from '../../daemon/cli/site-time.js';
import { isCalendarDate } from '../../daemon/kernel/calendar-date.js';
import { isoTime } from '../../daemon/kernel/iso-time.js';
import { checkConsent, consentBases, liftsBiometricBan } from '../../daemon/kernel/persons/consent.js';
import { checkProfile, longestExternalId, longestNotes } from '../../daemon/kernel/persons/person-profile.js';

const today = '2026-03-02';
const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' };

function problemsOf(given: Parameters<typeof checkProfile>[0]): readonly string[] {
  const checked = checkProfile(given, today);
  return 'problems' in checked ? checked.problems : [];
}

describe('a calendar date', () => {
  test('is every existing day', () => {
    const day = fc.integer({ min: -62_000_000_000_000, max: 253_000_000_000_000 });
    fc.assert(fc.property(day, (wallMs) => isCalendarDate(isoTime(wallMs).slice(0, 10))));
  });

  test('is the last day of each month, and none after it', () => {
    for (const year of [2023, 2024]) {
      for (let month = 1; month <= 12; month += 1) {
        const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
        assert.ok(isCalendarDate(last), last);
        const after = `${last.slice(0, 8)}${Number(last.slice(8)) + 1}`;
        assert.equal(isCalendarDate(after), false, after);
      }
    }
  });

  for (const text of ['2026-02-29', '1900-02-29', '2026-04-31', '2026-00-01', '2026-13-01', '2026-01-00']) {
    test(`is not ${text}, which never existed`, () => assert.equal(isCalendarDate(text), false));
  }

  for (const text of ['', '2026-1-5', '15.01.2026', '2026-01-15T00:00', ' 2026-01-15', '20260115']) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(isCalendarDate(text), false));
  }
});

describe('the day of a consent on the command line', () => {
  // Half an hour after midnight at the site; in UTC it is still the previous day.
  const time = siteTimeOf('Europe/Paris', Date.parse('2026-03-02T00:30:00+01:00'));
  const dayOf = async (consentDate: string): Promise<string | undefined> => {
    const options = { consentBasis: 'consent', consentDate, consentReference: 'form 7' };
    return (await readProfile(options, time)).consent?.dateIso;
  };

  test('is a date, today or yesterday at the site', async () => {
    assert.deepEqual(await Promise.all(['2026-01-15', 'today', 'Yesterday'].map(dayOf)), [
      '2026-01-15',
      '2026-03-02',
      '2026-03-01',
    ]);
  });

  test('is refused in any other form', async () => {
    await assert.rejects(dayOf('15.1.2026'), { code: 'day-unreadable', kind: 'input' });
  });
});

test('a profile in a file that cannot be read is refused in plain words', async () => {
  const time = siteTimeOf('UTC', 0);
  for (const [profile, said] of [
    ['/nowhere/ada.json', /^cannot use the profile in \/nowhere\/ada\.json: the file does not exist$/],
    ['/', /^cannot use the profile in \/: it is a folder$/],
  ] as const) {
    await assert.rejects(readProfile({ profile }, time), { code: 'profile-unreadable', message: said });
  }
});

describe('a profile', () => {
  test('is stored trimmed and normalised, without empty fields', () => {
    const given = {
      name: ' Zoe\u0308 ',
      externalId: ' ',
      notes: 'a\r\nb ',
      consent: { ...consent, reference: ' x ' },
    };
    assert.deepEqual(checkProfile(given, today), {
      profile: { name: 'Zo\u00eb', notes: 'a\nb', consent: { ...consent, reference: 'x' } },
    });
  });

  test('is refused with all its problems together, without quoting it', () => {
    const problems = problemsOf({
      name: 'Ada\u202eevil',
      externalId: 'x'.repeat(longestExternalId + 1),
      notes: `bell\u0007`,
      consent: { basis: 'because', dateIso: '2026-03-03', reference: '' },
    });
    assert.deepEqual(problems, [
      'the name contains control characters',
      'the external id is longer than 100 characters',
      'the note contains control characters',
      `the basis of the consent must be one of ${consentBases.join(', ')}`,
      'the date of the consent is in the future',
      'the reference of the consent is empty',
    ]);
  });

  test('counts characters, not code units', () => {
    assert.deepEqual(problemsOf({ name: 'Ada', notes: '😀'.repeat(longestNotes) }), []);
    assert.equal(problemsOf({ name: 'Ada', notes: '😀'.repeat(longestNotes + 1) }).length, 1);
  });

  test('may have lines in its notes, and nowhere else', () => {
    assert.deepEqual(problemsOf({ name: 'Ada', notes: 'a\nb\tc' }), []);
    assert.equal(problemsOf({ name: 'Ada\nBea' }).length, 1);
    assert.equal(problemsOf({ name: 'Ada', externalId: '1\t7' }).length, 1);
  });

  test('is accepted unchanged after it was stored', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(text, text, text, (name, externalId, notes) => {
        const checked = checkProfile({ name, externalId, notes, consent }, today);
        if ('profile' in checked) assert.deepEqual(checkProfile(checked.profile, today), checked);
      }),
    );
  });
});

describe('a consent', () => {
  test('may be of today', () => {
    assert.ok('consent' in checkConsent({ ...consent, dateIso: today }, today));
  });

  test('lifts the ban on biometric data only on a ground of GDPR Art. 9(2)', () => {
    assert.deepEqual(
      consentBases.filter((basis) => !liftsBiometricBan(basis)),
      ['contract', 'legal-obligation', 'legitimate-interests'],
    );
  });
});
