import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scope } from '../../daemon/contract/scopes.js';
import { recordedBlindPeriods } from '../../daemon/core/passages/recorded-blind-periods.js';
import { cameraId, strangerId } from '../../daemon/kernel/ids.js';
import { isoTime } from '../../daemon/kernel/iso-time.js';
import { type PassageApi, withPassageApi } from '../support/passage-api.js';
import { passageEpochMs, passageIdOf, passageOf } from '../support/passage-fixture.js';

const hourMs = 3_600_000;
const yard = cameraId('yard');
const stranger = { id: strangerId(`s-${'a'.repeat(26)}`), visit: 2 };
const period = { since: isoTime(passageEpochMs), until: isoTime(passageEpochMs + 24 * hourMs) };
const open = new AbortController().signal;

const reader = (cameras?: readonly string[], ...more: readonly Scope[]) => ({
  ...{ actor: 'user:u-1', origin: 'https 192.0.2.7' },
  scopes: new Set<Scope>(['passages:read', ...more]),
  cameras: cameras && new Set(cameras),
});

/** Ada at the gate, a stranger in the yard, and Ada again a day later. */
function put({ records: { passages }, ada }: PassageApi, sinceMs = passageEpochMs): void {
  const seenAt = (afterMs: number) => ({
    startedAtMs: sinceMs + afterMs,
    lastSeenMs: sinceMs + afterMs + 800,
  });
  const { personId: _, ...nobody } = passageOf(2, seenAt(2000));
  passages.put(passageOf(1, { ...seenAt(1000), personId: ada, nearest: [] }));
  passages.put({
    ...{ ...nobody, cameraId: yard, outcome: 'stranger', reason: 'stranger', nearest: [], stranger },
    lastSeenMs: nobody.startedAtMs + 4_500,
  });
  passages.put(passageOf(3, { personId: ada, nearest: [], ...seenAt(24 * hourMs) }));
}

describe('the timeline of passages', () => {
  test('has each passage of the period as a mark, with names only for those who may know them', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { passages, ada, audited } = api;
      const seen = await passages.timeline(period, reader(undefined, 'names:read'), open);
      assert.deepEqual(seen, {
        passages: [
          {
            ...{ id: passageIdOf(1), camera: 'gate', startedAt: isoTime(passageEpochMs + 1000) },
            ...{ inSightS: 0.8, outcome: 'attended', person: { id: ada, name: 'Ada Lovelace' } },
          },
          {
            ...{ id: passageIdOf(2), camera: 'yard', startedAt: isoTime(passageEpochMs + 2000) },
            ...{ inSightS: 4.5, outcome: 'stranger', stranger: stranger.id },
          },
        ],
        ...{ blind: [], unreadable: 0, isCut: false },
      });
      assert.deepEqual(
        audited.map(({ action, details }) => [action, details?.['camera'], details?.['passages']]),
        [
          ['passage.listed', 'gate', 1],
          ['passage.listed', 'yard', 1],
        ],
      );
      const nameless = await passages.timeline({ ...period, person: ada }, reader(), open);
      assert.deepEqual(
        nameless.passages.map(({ person }) => person),
        [{ id: ada }],
      );
      assert.equal(audited.at(-1)?.subject, ada);
    });
  });

  test('has nothing of cameras that the caller may not use, neither passages nor failures', async (t) => {
    await withPassageApi(t, async (api) => {
      const { passages, records } = api;
      const sinceMs = Date.now() - 4 * hourMs;
      const day = { since: isoTime(sinceMs), until: isoTime(sinceMs + 3 * hourMs) };
      put(api, sinceMs);
      const failed = { kind: 'camera', state: 'failed', code: 'no-answer' } as const;
      const running = { kind: 'box', condition: 'running' } as const;
      records.record({ ...failed, cameraId: yard, occurredAtMs: sinceMs + hourMs / 2 });
      records.record({ ...running, isActive: false, occurredAtMs: sinceMs + hourMs });
      records.record({ ...running, isActive: true, occurredAtMs: sinceMs + 2 * hourMs });
      const untilNow = { ...day, until: isoTime(sinceMs + 5 * hourMs) };
      const limited = await passages.timeline(untilNow, reader(['gate']), open);
      assert.deepEqual(
        limited.passages.map(({ camera }) => camera),
        ['gate'],
      );
      const stopped = {
        ...{ from: isoTime(sinceMs + hourMs), until: isoTime(sinceMs + 2 * hourMs) },
        cause: 'box-stopped',
      };
      assert.deepEqual(limited.blind, [stopped]);
      await assert.rejects(passages.timeline({ ...day, camera: 'yard' }, reader(['gate']), open), {
        code: 'forbidden',
      });
      const [ofYard, ofBox] = (await passages.timeline(untilNow, reader(), open)).blind;
      assert.deepEqual([ofYard?.camera, ofYard?.code], ['yard', 'no-answer']);
      assert.ok((ofYard?.until ?? '') < untilNow.until, 'what lasts ends now, and not in the future');
      assert.deepEqual(ofBox, stopped);
      // What was recorded late counts when it happened.
      const [earlier] = (await passages.timeline(day, reader(), open)).blind;
      assert.deepEqual([earlier?.camera, earlier?.until], ['yard', day.until]);
    });
  });

  test('knows from the events since when the box may have been down after it was killed', async (t) => {
    await withPassageApi(t, async ({ records }) => {
      const running = { kind: 'box', condition: 'running', isActive: true } as const;
      const { recordedAtMs } = records.record({ ...running, occurredAtMs: Date.now() });
      const startedMs = recordedAtMs + hourMs;
      records.record({ ...running, occurredAtMs: startedMs, details: { afterKill: true } });
      assert.deepEqual(
        await recordedBlindPeriods(records, { fromMs: recordedAtMs - hourMs, untilMs: startedMs + hourMs }),
        [{ fromMs: recordedAtMs, untilMs: startedMs, cause: 'box-killed' }],
      );
    });
  });

  test('counts what cannot be opened, and refuses more than a day and a sealed gallery', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { passages, records, seal } = api;
      records.database.db.exec("UPDATE passage SET content = zeroblob(80) WHERE camera_id = 'yard'");
      const { unreadable, passages: marks } = await passages.timeline(period, reader(), open);
      assert.deepEqual([unreadable, marks.length], [1, 1]);
      for (const until of [isoTime(passageEpochMs + 27 * hourMs), period.since])
        await assert.rejects(passages.timeline({ ...period, until }, reader(), open), {
          code: 'period-refused',
        });
      seal();
      await assert.rejects(passages.timeline(period, reader(), open), { code: 'gallery-sealed' });
    });
  });
});
