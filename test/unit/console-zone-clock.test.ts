import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instantIn } from '../../daemon/console/time/zone-clock.js';
import { localTimeOf } from '../../daemon/host/local-time.js';

const dayMs = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

describe('the clock of the site in the console', () => {
  for (const [timeZone, day, begin] of [
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
    ['America/Havana', '2026-03-08', '2026-03-08T05:00:00.000Z'],
    ['Atlantic/Azores', '2026-03-29', '2026-03-29T01:00:00.000Z'],
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z'],
    ['Asia/Beirut', '2026-03-29', '2026-03-28T22:00:00.000Z'],
  ] as const) {
    test(`begins a day without a midnight when it goes forward: ${timeZone}`, () => {
      assert.equal(iso(instantIn(timeZone, day, '00:00')), begin);
    });
  }

  test('agrees with the clock of the core on each day of a year, also where a time is skipped or comes twice', () => {
    for (const timeZone of ['America/Santiago', 'America/Havana', 'Atlantic/Azores', 'Europe/Paris', 'UTC']) {
      const core = localTimeOf(timeZone);
      for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += dayMs) {
        const day = iso(ms).slice(0, 10);
        for (const hour of [0, 1, 2, 3]) {
          const time = `0${hour}:30`;
          const wanted = core.instantOf(day, hour * 3600 + 1800);
          assert.equal(iso(instantIn(timeZone, day, time)), iso(wanted), `${timeZone} ${day} ${time}`);
        }
      }
    }
  });
});
