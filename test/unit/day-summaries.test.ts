import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import type { AttendanceHead } from '../../daemon/contract/attendance.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { dailySummary } from '../../daemon/core/attendance/daily-summary.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { instant, paris } from '../support/attendance-plan.js';

const config = configSchema.parse({
  ...{ site: { id: 'site', timeZone: 'Europe/Paris' }, cameras: [] },
  attendance: { shifts: [{ id: 'day', from: '08:00', to: '16:00' }] },
});

/** A box that remembers only how far its summaries have come. Days before `keptFrom` have no records any more. */
function openBox({ keptFrom }: { readonly keptFrom?: string } = {}) {
  let nowMs = 0;
  const known = new Map<string, string>();
  const corrections: { readonly date: string; readonly atMs: number }[] = [];
  const told: string[] = [];
  const clock = Object.assign(new VirtualClock(0), { wallMs: () => nowMs });
  const states = {
    of: (source: string) => known.get(source),
    set: (source: string, state: string) => void known.set(source, state),
    forget: (source: string) => void known.delete(source),
  };
  const options = {
    attendance: {
      report: async ({ from, to }: { readonly from: string; readonly to: string }) => ({
        head: {
          ...{ from, to, areAbsencesKnown: true },
          ...(keptFrom !== undefined && from < keptFrom && { keptFrom }),
        } as AttendanceHead,
        rows: Readable.from([]),
      }),
    },
    records: {
      recordAll(notices: readonly { readonly date: string }[], alongside: () => void) {
        told.push(...notices.map(({ date }) => date));
        alongside();
      },
      sources: { states },
      attendance: {
        corrections: {
          since: (sequence: number) => ({
            dates: [...new Set(corrections.slice(sequence).map(({ date }) => date))].sort(),
            newest: Math.max(sequence, corrections.length),
            newestAtMs: corrections.slice(sequence).at(-1)?.atMs ?? 0,
          }),
        },
      },
    },
    ...{ current: () => config, localTime: paris, isReady: () => true, clock, logger: silentLogger },
  } as unknown as Parameters<typeof dailySummary>[0];
  return {
    correct: (date: string, at: string) => void corrections.push({ date, atMs: instant(at, paris) }),
    /** Starts the box at a local time, and gives the days that its first look summarises. */
    async look(at: string): Promise<readonly string[]> {
      nowMs = instant(at, paris);
      await using summary = dailySummary(options).start();
      await summary.settled();
      return told.splice(0);
    },
  };
}

describe('the summaries of days', () => {
  test('begin with the day of the first look, and each day has one', async () => {
    const box = openBox();
    assert.deepEqual(await box.look('2026-03-02T07:00'), []);
    assert.deepEqual(await box.look('2026-03-05T12:00'), ['2026-03-02', '2026-03-03', '2026-03-04']);
    assert.deepEqual(await box.look('2026-03-05T13:00'), []);
    assert.deepEqual(await box.look('2026-03-06T12:00'), ['2026-03-05']);
  });

  test('are made again for days that had not come when the clock was ahead', async () => {
    const box = openBox();
    await box.look('2026-03-02T07:00');
    assert.deepEqual(await box.look('2026-03-05T12:00'), ['2026-03-02', '2026-03-03', '2026-03-04']);
    assert.deepEqual(await box.look('2026-03-03T12:00'), [], 'set right');
    assert.deepEqual(await box.look('2026-03-05T12:00'), ['2026-03-03', '2026-03-04']);
  });

  test('wait for the last of several corrections', async () => {
    const box = openBox();
    await box.look('2026-03-02T07:00');
    await box.look('2026-03-03T08:00');
    box.correct('2026-03-02', '2026-03-03T12:00');
    box.correct('2026-03-02', '2026-03-03T12:04');
    assert.deepEqual(await box.look('2026-03-03T12:05'), []);
    assert.deepEqual(await box.look('2026-03-03T13:00'), ['2026-03-02']);
    assert.deepEqual(await box.look('2026-03-03T14:00'), []);
  });

  test('leave out days whose records were deleted, and go on after them', async () => {
    const box = openBox({ keptFrom: '2026-03-04' });
    await box.look('2026-03-02T07:00');
    assert.deepEqual(await box.look('2026-03-06T12:00'), ['2026-03-04', '2026-03-05']);
    assert.deepEqual(await box.look('2026-03-06T13:00'), []);
  });
});
