import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { siteTimeOf } from '../../daemon/cli/site-time.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { readTime, shownTime, type TimeReading } from '../../daemon/kernel/attendance/time-text.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const zones = [
  'Europe/Paris',
  'America/St_Johns',
  'America/Havana',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'UTC',
].map(localTimeOf);
const anyZone = fc.constantFrom(...zones);
/** From 2000 to 2060. */
const anyMs = fc.integer({ min: 946_684_800_000, max: 2_840_140_800_000 });
const hourMs = 3_600_000;

const paris = localTimeOf('Europe/Paris');
const noon: TimeReading = { nowMs: Date.parse('2026-11-22T11:00:00Z'), localTime: paris, edge: 'begin' };

function read(text: string, where: Partial<TimeReading> = {}): string {
  const given = readTime(text, { ...noon, ...where });
  if (given.outcome === 'time') return new Date(given.atMs).toISOString();
  return given.outcome === 'ambiguous' ? `ambiguous ${given.instantsMs.length}` : given.outcome;
}

describe('a time that a person writes', () => {
  const forms: readonly (readonly [text: string, utc: string])[] = [
    ['now', '2026-11-22T11:00:00.000Z'],
    ['1h', '2026-11-22T10:00:00.000Z'],
    ['1h30m', '2026-11-22T09:30:00.000Z'],
    ['90min', '2026-11-22T09:30:00.000Z'],
    ['2d', '2026-11-20T11:00:00.000Z'],
    ['1w', '2026-11-15T11:00:00.000Z'],
    ['+30d', '2026-12-22T11:00:00.000Z'],
    ['today', '2026-11-21T23:00:00.000Z'],
    ['Yesterday', '2026-11-20T23:00:00.000Z'],
    ['8:05', '2026-11-22T07:05:00.000Z'],
    ['08:05:30', '2026-11-22T07:05:30.000Z'],
    ['yesterday 8:05', '2026-11-21T07:05:00.000Z'],
    ['2026-11-22', '2026-11-21T23:00:00.000Z'],
    ['2026-11-22 08:05', '2026-11-22T07:05:00.000Z'],
    ['2026-07-22T08:05', '2026-07-22T06:05:00.000Z'],
    ['2026-11-22 08:05:30.5', '2026-11-22T07:05:30.500Z'],
    ['2026-11-22T08:05Z', '2026-11-22T08:05:00.000Z'],
    ['2026-11-22 08:05-03:30', '2026-11-22T11:35:00.000Z'],
    ['2026-10-25 02:30+01:00', '2026-10-25T01:30:00.000Z'],
    // What the clock of the site never shows, and what it shows twice.
    ['2026-03-29 02:30', 'no-such-time'],
    ['2026-10-25 02:30', 'ambiguous 2'],
  ];
  for (const [text, utc] of forms) {
    test(`${text} is ${utc}`, () => assert.equal(read(text), utc));
  }

  test('is refused in any other form', () => {
    for (const text of [
      ...['', ' ', '+', 'h', '1', '1x', '-1h', '1m1h', '24:00', '08:60', '8', 'noon', 'tomorrow'],
      ...['2026-02-30', '2026-11-22 ', '2026-11-22T', '2026-11-2208:05', 'today08:05', '08:05+01:00'],
      ...['2026-11-22 08:05+24:00', '22.11.2026', '11/22/2026', '999999999w'],
    ]) {
      assert.equal(read(text), 'unreadable', text);
    }
  });

  test('belongs to a period as a whole if it is a day', () => {
    assert.equal(read('2026-11-22', { edge: 'end' }), '2026-11-22T23:00:00.000Z');
    assert.equal(read('yesterday', { edge: 'end' }), read('today'));
    assert.equal(read('2026-03-29', { edge: 'end' }), '2026-03-29T22:00:00.000Z', 'a day of 23 hours');
    assert.equal(read('08:05', { edge: 'end' }), read('08:05'));
  });
});

describe('a time that is shown', () => {
  test('is read as the same second again, in every zone and at every change of clocks', () => {
    fc.assert(
      fc.property(anyZone, anyMs, anyMs, (localTime, wallMs, nowMs) => {
        const shown = shownTime(wallMs, localTime);
        const given = readTime(shown, { nowMs, localTime, edge: 'begin' });
        assert.deepEqual(given, { outcome: 'time', atMs: Math.floor(wallMs / 1000) * 1000 }, shown);
      }),
      { numRuns: 60 },
    );
  });

  test('has its difference to UTC only if the clock shows it twice', () => {
    assert.equal(shownTime(Date.parse('2026-10-25T00:29:59.999Z'), paris), '2026-10-25 02:29:59+02:00');
    assert.equal(shownTime(Date.parse('2026-10-25T01:30Z'), paris), '2026-10-25 02:30:00+01:00');
    assert.equal(shownTime(Date.parse('2026-10-25T02:00Z'), paris), '2026-10-25 03:00:00');
  });
});

test('today contains now, and ends where tomorrow begins', () => {
  fc.assert(
    fc.property(anyZone, anyMs, (localTime, nowMs) => {
      const at = (edge: 'begin' | 'end'): number => {
        const given = readTime('today', { nowMs, localTime, edge });
        return given.outcome === 'time' ? given.atMs : Number.NaN;
      };
      assert.ok(at('begin') <= nowMs && nowMs < at('end'));
      const hours = (at('end') - at('begin')) / hourMs;
      assert.ok(hours >= 23 && hours <= 25, `${hours}`);
    }),
    { numRuns: 60 },
  );
});

describe('times on the command line', () => {
  const time = siteTimeOf('Europe/Paris', noon.nowMs);

  test('are those of the site, and a day is in a period as a whole', () => {
    assert.equal(time.readFrom('2026-03-29'), Date.parse('2026-03-28T23:00Z'));
    assert.equal(time.readTo('2026-03-29'), Date.parse('2026-03-29T22:00Z'));
    assert.equal(time.readDay('yesterday'), '2026-11-21');
    assert.equal(time.show('2026-11-22T07:05:09.123Z'), '2026-11-22 08:05:09');
    assert.equal(time.show('no time'), 'no time');
  });

  test('are refused with what can be written instead', () => {
    const refused = (text: string, code: string, said: RegExp): void => {
      assert.throws(
        () => time.readFrom(text),
        (error: unknown) => {
          assert.ok(isRollcallError(error, code) && error.kind === 'input');
          assert.match(`${error.message}. ${error.remedy ?? ''}`, said);
          return true;
        },
      );
    };
    refused('noon', 'time-unreadable', /^cannot read the time "noon"\. Write it as 8:05, 2026-11-22, /);
    refused('2026-03-29 02:30', 'no-such-time', /never shows .* an earlier or a later time/);
    refused(
      '2026-10-25 02:30',
      'ambiguous-time',
      /"2026-10-25 02:30:00\+02:00" or "2026-10-25 02:30:00\+01:00"/,
    );
    refused('1969-12-31', 'time-unusable', /before the year 1970/);
    assert.throws(() => time.readDay('8:05'), /cannot read the day "8:05"/);
  });
});
