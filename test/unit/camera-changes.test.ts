import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { PassageJournal } from '../../daemon/core/passages/passage-journal.js';
import { temporaryPassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { recordedBlindPeriods } from '../../daemon/core/passages/recorded-blind-periods.js';
import { eventTableOf } from '../../daemon/core/records/event-table.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { camerasToReview } from '../../daemon/core/review/cameras-to-review.js';
import type { ReviewReader } from '../../daemon/core/review/review-source.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { cameraId, eventId } from '../../daemon/kernel/ids.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { passageOf } from '../support/passage-fixture.js';
import { box } from '../support/published-box.js';

const [gate, yard] = [cameraId('gate'), cameraId('yard')];
const minuteMs = 60_000;
const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 1);
const failed = { kind: 'camera', state: 'failed', code: 'no-answer' } as const;
const streaming = { kind: 'camera', state: 'streaming' } as const;
const running = { kind: 'box', condition: 'running', details: {} } as const;

/** Events in memory, each recorded when it happened unless a test says otherwise. */
function start() {
  const database = openMemoryDatabase(recordsMigrations);
  const events = eventTableOf(database, {});
  let sequence = 0;
  const record = (happened: BoxEvent, recordedAtMs = happened.occurredAtMs): number => {
    sequence += 1;
    const event = { ...happened, id: eventId(`e-${sequence}`), sequence, recordedAtMs };
    events.insert(event, encodeEvent(event, box, {}));
    return sequence;
  };
  /** A camera that comes and goes, at the end of these times. */
  const flap = (changes: number, untilMs: number): void => {
    for (let change = changes; change > 0; change -= 1) {
      const occurredAtMs = untilMs - change * minuteMs;
      record({ ...(change % 2 === 0 ? failed : streaming), cameraId: yard, occurredAtMs });
    }
  };
  const passages = new PassageJournal(database, temporaryPassageSeal());
  const records = { ...events, passages };
  const blindOf = async (fromMs: number, untilMs: number) =>
    (await recordedBlindPeriods(records, { fromMs, untilMs })).filter(({ cameraId: id }) => id !== yard);
  return { database, events, passages, record, flap, blindOf };
}

describe('the changes of cameras', () => {
  test('tell of a camera that failed before thousands of changes of another one', async () => {
    const { events, record, flap, blindOf } = start();
    const failedAtMs = nowMs - 30 * dayMs;
    record({ ...failed, cameraId: gate, occurredAtMs: failedAtMs });
    flap(1200, nowMs - 2 * dayMs);
    flap(1200, nowMs);
    const day = { fromMs: nowMs - dayMs, untilMs: nowMs };
    const period = { ...day, cameraId: gate, cause: 'failed', code: 'no-answer' };
    assert.deepEqual(await blindOf(day.fromMs, day.untilMs), [period]);
    const source = camerasToReview({
      cameras: () => [
        { ...{ id: 'gate', name: 'Gate', isEnabled: true, direction: 'in' }, state: 'failed', counters: {} },
      ],
      records: events,
    });
    const reader = { cameraIds: undefined, aside: new Set() } as unknown as ReviewReader;
    assert.deepEqual(
      source.list(reader, 9, undefined).map(({ item }) => item?.id),
      [`camera.gate.${failedAtMs}`],
    );
  });

  test('count when they happened, however late they were recorded', async () => {
    const { record, flap, blindOf } = start();
    const [failedAtMs, backAtMs] = [nowMs - 3 * dayMs, nowMs - 2 * dayMs];
    flap(1200, nowMs - dayMs);
    record({ ...failed, cameraId: gate, occurredAtMs: failedAtMs }, nowMs - dayMs);
    record({ ...streaming, cameraId: gate, occurredAtMs: backAtMs }, nowMs - dayMs);
    flap(1200, nowMs);
    assert.deepEqual(await blindOf(failedAtMs - dayMs, failedAtMs), []);
    const [period, ...more] = await blindOf(failedAtMs - minuteMs, nowMs);
    assert.deepEqual([period?.fromMs, period?.untilMs, more.length], [failedAtMs, backAtMs, 0]);
  });

  test('tell of a box that stopped before the period, or was killed in it and started behind it', async () => {
    const { record, blindOf } = start();
    const dayOf = (days: number) => nowMs + days * dayMs;
    record({ ...running, isActive: false, occurredAtMs: dayOf(0) });
    record({ ...running, condition: 'disk-low', isActive: true, occurredAtMs: dayOf(0.5) });
    record({ ...running, isActive: true, occurredAtMs: dayOf(2) });
    record({ ...running, isActive: true, occurredAtMs: dayOf(6), details: { afterKill: true } });
    assert.deepEqual(await blindOf(dayOf(1), dayOf(1.5)), [
      { fromMs: dayOf(1), untilMs: dayOf(1.5), cause: 'box-stopped' },
    ]);
    assert.deepEqual(await blindOf(dayOf(3), dayOf(4)), [
      { fromMs: dayOf(3), untilMs: dayOf(4), cause: 'box-killed' },
    ]);
  });

  test('tell that a killed box ran until a face was last seen', async () => {
    const { passages, record, blindOf } = start();
    const [startedMs, againMs] = [nowMs, nowMs + dayMs];
    const lastSeenMs = againMs - minuteMs;
    record({ ...running, isActive: true, occurredAtMs: startedMs });
    passages.put(passageOf(1, { startedAtMs: lastSeenMs - 9000, lastSeenMs }));
    passages.put(passageOf(2, { startedAtMs: lastSeenMs - 8000, lastSeenMs: lastSeenMs - 5000 }));
    record({ ...running, isActive: true, occurredAtMs: againMs, details: { afterKill: true } });
    passages.put(passageOf(3, { startedAtMs: againMs + 1000, lastSeenMs: againMs + 2000 }));
    assert.deepEqual(await blindOf(startedMs, againMs + dayMs), [
      { fromMs: lastSeenMs, untilMs: againMs, cause: 'box-killed' },
    ]);
  });

  test('are found by their indices', () => {
    const { database, events } = start();
    const statements: string[] = [];
    const db = new Proxy(database.db, {
      get: (target, name) => (sql: string) => {
        statements.push(sql);
        return target[name as 'prepare'](sql);
      },
    });
    eventTableOf({ ...database, db }, {});
    assert.deepEqual(events.sightChanges({ fromMs: 0, untilMs: 1 }), []);
    const sql = statements.find((each) => each.includes('camera_change_by_time'));
    const plan = database.db
      .prepare<[object], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all({ fromMs: 0, untilMs: 1 })
      .map(({ detail }) => detail)
      .filter((detail) => /^(SEARCH|SCAN)/.test(detail));
    assert.equal(
      plan.filter((detail) => /^SEARCH .*camera_change_by_time \(camera_id=\?/.test(detail)).length,
      2,
    );
    assert.ok(
      plan.every((detail) => /INDEX|^SCAN camera$/.test(detail)),
      plan.join('\n'),
    );
  });
});
