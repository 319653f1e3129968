import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { me } from '../../daemon/console/api/session.js';
import { endsOf } from '../../daemon/console/pages/timeline/timeline-clock.js';
import { laterDay, siteInstant, startOfDay } from '../../daemon/console/time/site-format.js';
import { localTimeOf } from '../../daemon/host/local-time.js';

function moveTo(timeZone: string): void {
  me.value = { scopes: [], box: { site: 'test', timeZone, version: '0' } };
}

describe('the clock of the site in the console', () => {
  after(() => {
    me.value = undefined;
  });

  for (const [timeZone, day, begin] of [
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
    ['America/Havana', '2026-03-08', '2026-03-08T05:00:00.000Z'],
    ['Atlantic/Azores', '2026-03-29', '2026-03-29T01:00:00.000Z'],
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z'],
    ['Asia/Beirut', '2026-03-29', '2026-03-28T22:00:00.000Z'],
  ] as const) {
    test(`begins the day on which it skips midnight when it goes forward: ${timeZone}`, () => {
      moveTo(timeZone);
      assert.equal(startOfDay(day), begin);
    });
  }

  test('agrees with the clock of the core on every day of a year, also where a time is skipped or comes twice', () => {
    for (const timeZone of ['America/Santiago', 'America/Havana', 'Atlantic/Azores', 'Europe/Paris', 'UTC']) {
      moveTo(timeZone);
      const core = localTimeOf(timeZone);
      for (let day = '2026-01-01'; day < '2027-01-01'; day = laterDay(day, 1)) {
        for (const hour of [0, 1, 2, 3, 23]) {
          const time = `${String(hour).padStart(2, '0')}:30`;
          const wanted = new Date(core.instantOf(day, hour * 3600 + 1800)).toISOString();
          assert.equal(siteInstant(day, time), wanted, `${timeZone} ${day} ${time}`);
        }
      }
    }
  });

  test('names its zone at both ends of a time on a day on which it changes', () => {
    moveTo('Europe/Paris');
    const span = (from: string, until: string) =>
      endsOf({ fromMs: Date.parse(from), toMs: Date.parse(until) });
    // An hour that comes twice, and the end of the day, which the next day begins with.
    assert.deepEqual(span('2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'), {
      from: '02:30 CEST',
      until: '02:30 CET',
    });
    assert.deepEqual(span('2026-10-25T22:00:00Z', '2026-10-25T23:00:00Z'), {
      from: '23:00 CET',
      until: '00:00 CET',
    });
    assert.deepEqual(span('2026-10-26T22:00:00Z', '2026-10-26T23:00:00Z'), { from: '23:00', until: '00:00' });
  });
});
