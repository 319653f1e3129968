import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { markData } from '../../daemon/contract/events/notice-data.js';
import type { MarkOutcome, PassageDetails, PassageItem } from '../../daemon/contract/passages.js';
import type { RecognitionReport } from '../../daemon/contract/reports.js';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import { recordedMarks } from '../../daemon/core/passages/recorded-marks.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { cameraId, type PersonId, strangerId } from '../../daemon/kernel/ids.js';
import { packedCurve } from '../../daemon/kernel/liveness/openness-curve.js';
import { falseMatchesOf } from '../../daemon/kernel/passages/mark.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { present } from '../../daemon/kernel/present.js';
import { rollcall } from '../support/box.js';
import { attendanceFact } from '../support/facts.js';
import { noiseJpeg, testRecogniser } from '../support/gallery-fixture.js';
import { type PassageApi, withPassageApi } from '../support/passage-api.js';
import { passageEpochMs, passageIdOf, passageOf } from '../support/passage-fixture.js';

const stranger = { id: strangerId(`s-${'a'.repeat(26)}`), visit: 2 };

/** Four passages: Ada is attended, Grace leaves too soon, a stranger comes, and a face in the yard is too dark. */
function put({ records: { passages }, ada, grace }: PassageApi): void {
  const near = (id: PersonId, similarity: number) => [{ personId: id, similarity, threshold: 0.4 }];
  const { personId: _, ...nobody } = passageOf(3, { events: [] });
  const liveness = {
    ...passageOf(2).liveness,
    verdict: 'undetermined',
    reason: 'observed-too-briefly',
  } as const;
  const openness = packedCurve(
    Array.from({ length: 20 }, (_, index) => ({
      atMs: 100 + 66 * index,
      eyes: index === 12 ? 0.1 : index > 16 ? 'turned-away' : 0.3,
    })),
  );
  const all: readonly Passage[] = [
    passageOf(1, { personId: ada, nearest: near(ada, 0.91), lastSeenMs: passageEpochMs + 6_500 }),
    passageOf(2, {
      ...{ personId: grace, nearest: near(grace, 0.88), events: [], liveness },
      ...{ outcome: 'unproven', reason: 'seen-too-briefly', ...present({ openness }) },
    }),
    {
      ...{ ...nobody, outcome: 'stranger', reason: 'stranger-before', nearest: near(ada, 0.2), stranger },
      cooldown: { elapsedS: 20, cooldownS: 60, passageId: passageIdOf(2) },
    },
    {
      ...{ ...nobody, id: passageIdOf(4), cameraId: cameraId('yard'), nearest: [] },
      ...{ outcome: 'undecided', reason: 'dark' },
    },
  ];
  for (const passage of all) passages.put(passage);
}

const reader = (...more: readonly Scope[]) => ({
  ...{ actor: 'user:u-1', origin: 'https 192.0.2.7' },
  scopes: new Set<Scope>(['passages:read', ...more]),
  cameras: undefined,
});
const listInput = { limit: 100, order: 'newest-first' } as const;

describe('rollcall passages', () => {
  test('list, why and show tell whom each camera saw, to those who may know', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { run, passages, audited, ada, directory, gallery, records } = api;
      const listed = await run('passages', 'list');
      assert.equal(listed.exitCode, 0, listed.stderr);
      const rows = listed.stdout.trim().split('\n');
      assert.equal(rows.length, 5);
      assert.match(rows[1] ?? '', /^2026-03-02 07:00:01 +gate +Ada Lovelace +attended +attended +5\.5 s /);
      assert.match(rows[3] ?? '', /s-a{26}, visit 2 +stranger +stranger-before/);
      const ids = async (...options: readonly string[]): Promise<readonly number[]> => {
        const { stdout } = await run('passages', 'list', '--json', ...options);
        return (JSON.parse(stdout) as readonly PassageItem[]).map(({ number }) => number);
      };
      assert.deepEqual(await ids('--person', ada), [1]);
      assert.deepEqual(await ids('--stranger', stranger.id), [3]);
      assert.deepEqual(await ids('--outcome', 'undecided', '--reason', 'dark'), [4]);
      assert.deepEqual(await ids('-n', '2'), [3, 4]);
      assert.deepEqual(await ids('--since', '2026-03-02 07:00:03'), [3, 4]);
      assert.deepEqual(await ids('--until', '2026-03-02 07:00:03'), [1, 2]);
      audited.length = 0;
      const why = await run('passages', 'why', passageIdOf(2));
      assert.match(
        why.stdout,
        /who +Grace Hopper\n +when +2026-03-02 07:00:02, in sight for 0\.8 s\n +where +gate/,
      );
      assert.match(why.stdout, /outcome +unproven \(seen-too-briefly\)/);
      assert.match(why.stdout, /nearest: Grace Hopper 0\.880 of 0\.400; margin 0\.050/);
      assert.match(why.stdout, /life: undetermined \(observed-too-briefly\)/);
      assert.match(
        why.stdout,
        /eyes: 20 views from 0\.1 s to 1\.4 s, open 0\.30, closed under 0\.\d\d, turned-away in 3\n +█{12}▃█{4} {3}\n/,
      );
      assert.match(why.stdout, /why: recognised as Grace Hopper, 0\.880; life not proven: 0\.8 s in sight/);
      assert.match(why.stdout, /what to do: /);
      assert.match(why.stdout, /events: none/);
      assert.deepEqual(
        audited.map(({ action, subject, details }) => [action, subject, details]),
        [['passage.read', api.grace, { passage: passageIdOf(2), camera: 'gate' }]],
      );
      const held = await run('passages', 'why', passageIdOf(3));
      assert.match(held.stdout, /cooldown: 20 s of 60 s; earlier passage 0195f000-0000/);

      const jpeg = noiseJpeg(3, 4_000);
      const fact = attendanceFact({ personId: ada });
      const { id: eventId } = records.record(fact);
      records.passages.put(passageOf(5, { personId: ada, nearest: [], events: [eventId] }));
      const about = { kind: 'attendance', eventId, personId: ada, cameraId: 'gate' } as const;
      assert.ok(gallery.addEvidence({ ...about, takenAtMs: fact.occurredAtMs, jpeg }));
      const path = join(directory, 'ada.jpg');
      const shown = await run('passages', 'show', passageIdOf(5), '--json', '--picture', path);
      assert.equal((JSON.parse(shown.stdout) as PassageDetails).hasPicture, true);
      assert.deepEqual(await readFile(path), Buffer.from(jpeg));
      const picture = audited.filter(({ action }) => action === 'passage.picture-read');
      assert.deepEqual(
        picture.map(({ subject, details }) => [subject, details]),
        [[ada, { passage: passageIdOf(5), camera: 'gate' }]],
      );
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      const none = await run('passages', 'why', passageIdOf(2), '--picture', join(directory, 'none.jpg'));
      assert.match(none.stderr, /the box keeps no picture of the passage/);
      const several = await run('passages', 'why', '0195f000');
      assert.equal(several.exitCode, 2);
      assert.match(several.stderr, /the ids of several passages begin with "0195f000"/);

      const nameless = passages.list(listInput, reader());
      assert.doesNotMatch(JSON.stringify(nameless), /Ada|Grace/);
      assert.match(JSON.stringify(passages.list(listInput, reader('names:read'))), /Ada.*|Grace.*/);
      assert.doesNotMatch(JSON.stringify(passages.show(passageIdOf(1), reader())), /Ada|Grace/);
      api.seal();
      assert.equal((await run('passages', 'list')).exitCode, 1);
      assert.throws(() => passages.list(listInput, reader()), { code: 'gallery-sealed' });
    });
  });

  test('list by camera has the passages of this camera, also for callers who are limited to cameras', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const numbersAt = (camera?: string, cameras?: ReadonlySet<string>): readonly number[] =>
        api.passages
          .list({ ...listInput, ...present({ camera }) }, { ...reader(...allScopes), cameras })
          .items.map(({ number }) => number);
      assert.deepEqual(numbersAt('gate'), [3, 2, 1]);
      assert.deepEqual(numbersAt('yard'), [4]);
      assert.deepEqual(numbersAt('yard', new Set(['yard'])), [4]);
      assert.deepEqual(numbersAt('attic'), []);
      assert.deepEqual(numbersAt(undefined, new Set(['gate', 'yard'])), [4, 3, 2, 1]);
      assert.deepEqual(numbersAt(undefined, new Set()), []);
    });
  });

  test('a caller who is limited to cameras learns nothing about others', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { passages, audited, reports, directory } = api;
      const guard = { ...reader(...allScopes), cameras: new Set(['yard']) };
      const { items } = passages.list(listInput, guard);
      assert.deepEqual(
        items.map(({ number }) => number),
        [4],
      );
      assert.deepEqual(
        audited.map(({ details }) => details),
        [{ camera: 'yard', passages: 1, persons: 0 }],
      );
      assert.throws(() => passages.list({ ...listInput, camera: 'gate' }, guard), { code: 'forbidden' });
      for (const which of [passageIdOf(1), '0195f000-0000-7000-8000-000000000001'.slice(0, -1)]) {
        if (which === passageIdOf(1)) {
          assert.throws(() => passages.show(which, guard), { code: 'no-such-passage' });
          assert.throws(() => passages.picture(which, guard), { code: 'no-such-passage' });
        } else assert.equal(passages.show(which, guard).number, 4, 'the only one of theirs');
      }
      const db = new Sqlite(join(directory, 'records.db'));
      db.exec('UPDATE passage SET last_seen_ms = last_seen_ms + 1 WHERE number = 1');
      db.close();
      assert.throws(() => passages.show(passageIdOf(1), guard), { code: 'no-such-passage' });
      const which = passageIdOf(1).slice(0, -1);
      assert.equal(
        passages.show(which, guard).number,
        4,
        'one that cannot be read is no other one of theirs',
      );
      const mark = { was: 'person', person: api.grace } as const;
      passages.mark(passageIdOf(3), mark, reader('passages:write'));
      const caller = { ...guard, userId: 'u-1', provedAtMs: 'always' as const, isLimited: true };
      const { signal } = new AbortController();
      const day = { from: '2026-03-02', to: '2026-03-02' };
      const report = (cameras?: ReadonlySet<string>) =>
        reports['reports.recognition'](day, { caller: { ...caller, cameras }, signal, requestId: 'r' });
      const counts = ({ marked, marks }: RecognitionReport) => [marked, marks.length];
      assert.deepEqual(counts(await report(guard.cameras)), [0, 0]);
      assert.deepEqual(counts(await report()), [1, 1]);
    });
  });

  test('follow gives each passage when it ends, and continues without a gap', async (t) => {
    await withPassageApi(t, async ({ records, passages }) => {
      const abort = new AbortController();
      const { end: _, ...inSight } = passageOf(1);
      records.passages.put(inSight);
      records.passages.put(passageOf(2));
      const follow = (after?: number) =>
        passages.follow({ after }, reader(), abort.signal)[Symbol.asyncIterator]();
      const next = async (from: ReturnType<typeof follow>) => {
        const { value: item } = await from.next();
        if (item === undefined) return assert.fail('the stream ended');
        return [item.kind === 'passage' ? item.passage.number : item.kind, item.position];
      };
      const stream = follow(0);
      assert.deepEqual(await next(stream), [2, 0], 'the first is still in sight');
      assert.deepEqual(await next(stream), ['up-to-date', 0]);
      records.passages.put(passageOf(3));
      assert.deepEqual(await next(stream), [3, 0]);
      records.passages.put(passageOf(1));
      assert.deepEqual(await next(stream), [1, 3]);
      const again = follow(3);
      assert.deepEqual(await next(again), ['up-to-date', 3]);
      // A face that stays in sight while many others pass is not missed by who continues later.
      records.passages.put({ ...inSight, id: passageIdOf(4) });
      for (let number = 5; number < 300; number += 1) records.passages.put(passageOf(number));
      await Promise.resolve();
      const { number = 0 } = records.passages.find(passageIdOf(4)) ?? {};
      assert.deepEqual(await next(follow()), ['up-to-date', number - 1]);
      abort.abort();
    });
  });

  test('follow gives a passage once that ends while the reader catches up', async (t) => {
    await withPassageApi(t, async ({ records, passages }) => {
      const abort = new AbortController();
      // More than are read at a time.
      for (let number = 1; number <= 120; number += 1) records.passages.put(passageOf(number));
      const stream = passages.follow({ after: 0 }, reader(), abort.signal);
      const numbers: number[] = [];
      for await (const item of stream) {
        if (item.kind === 'up-to-date') break;
        numbers.push(item.passage.number);
        if (numbers.length === 1) records.passages.put(passageOf(121));
      }
      abort.abort();
      assert.deepEqual(
        numbers,
        Array.from({ length: 121 }, (_, index) => index + 1),
      );
    });
  });

  test('follow by person gives the passage of a stranger who was assigned to that person', async (t) => {
    await withPassageApi(t, async ({ records, passages, ada, grace }) => {
      const abort = new AbortController();
      const follow = passages.follow({ after: 0, person: ada }, reader(), abort.signal);
      const stream = follow[Symbol.asyncIterator]();
      assert.equal((await stream.next()).value?.kind, 'up-to-date');
      const { personId: _, ...seen } = passageOf(1, { outcome: 'stranger', reason: 'stranger', nearest: [] });
      records.passages.put(seen);
      records.passages.put({ ...seen, id: passageIdOf(2), assignedTo: grace });
      records.passages.put({ ...seen, id: passageIdOf(3), assignedTo: ada });
      const { value: item } = await stream.next();
      assert.equal(item?.kind === 'passage' && item.passage.id, passageIdOf(3));
      abort.abort();
    });
  });

  test('a mark corrects attendance, goes to the centre, and counts as an error until it is taken back', async (t) => {
    await withPassageApi(t, async (api) => {
      const { run, records, attendance, trail, ada, grace } = api;
      const fact = attendanceFact({ personId: ada, occurredAtMs: passageEpochMs });
      const { id } = records.record(fact);
      const near = [{ personId: ada, similarity: 0.61, threshold: 0.4 }];
      records.passages.put(passageOf(1, { personId: ada, nearest: near, events: [id] }));
      const day = '2026-03-02';
      const seen = async (person: PersonId) => {
        const { rows } = await attendance.report({ from: day, to: day, person });
        const found: unknown[] = [];
        for await (const { firstIn, isCorrected } of rows) found.push([firstIn, isCorrected]);
        return found;
      };
      const at7 = '2026-03-02T07:00:00+00:00';
      assert.deepEqual(await seen(ada), [[at7, false]]);
      const asked = await run('passages', 'mark', passageIdOf(1), '--was', grace);
      assert.match(asked.stderr, /The threshold of Ada Lovelace changes from 0\.500 to 0\.610\. 1 of 4/);
      assert.deepEqual(await seen(ada), [[at7, false]], 'nothing is saved before the answer');
      const marked = await run(
        ...['passages', 'mark', passageIdOf(1), '--was', grace, '--yes'],
        '--note',
        'twins',
      );
      assert.equal(marked.stdout, 'marked; 2 attendances were corrected\n', marked.stderr);
      assert.deepEqual(await seen(ada), []);
      assert.deepEqual(await seen(grace), [[at7, true]]);
      const [published = assert.fail()] = records.list({ kind: 'mark', limit: 2 });
      const { data } = JSON.parse(Buffer.from(published.payload).toString()) as { readonly data: unknown };
      assert.deepEqual(markData.parse(data), {
        ...{ camera: 'gate', seenAt: '2026-03-02T07:00:00.000Z', was: 'person', person: grace },
        passage: passageIdOf(1),
        decided: { outcome: 'attended', person: ada, similarity: 0.61, recogniser: 'test-recogniser-1' },
      });
      const entries = trail
        .list({ limit: 3 })
        .map(({ action, subject, details }) => [action, subject, details['kind']]);
      const expected = [
        ['attendance.corrected', ada, 'not-seen'],
        ['attendance.corrected', grace, 'seen'],
        ['passage.marked', grace, undefined],
      ];
      assert.deepEqual(entries.toSorted(), expected.toSorted());
      assert.deepEqual([...falseMatchesOf(recordedMarks(records), testRecogniser)], [[ada, 0.61]]);
      const errors = async () => {
        const { stdout } = await run('report', 'recognition', '--from', day, '--to', day, '--json');
        const { marks, marked: count } = JSON.parse(stdout) as RecognitionReport;
        return [
          count,
          ...marks.map(({ person, falseMatches, misses }) => [person.name, falseMatches, misses]),
        ];
      };
      assert.deepEqual((await errors()).sort(), [1, ['Ada Lovelace', 1, 0], ['Grace Hopper', 0, 1]]);
      // The same mark again changes nothing.
      const again = await run('passages', 'mark', passageIdOf(1), '--was', grace, '--yes', '--json');
      assert.equal((JSON.parse(again.stdout) as MarkOutcome).corrections, 0);
      await run('passages', 'mark', passageIdOf(1), '--was', ada, '--yes');
      assert.deepEqual([await seen(ada), await seen(grace)], [[[at7, true]], []]);
      assert.deepEqual(await errors(), [1]);
      const missed = await run('passages', 'mark', passageIdOf(1), '--was', 'nobody', '--yes');
      assert.match(missed.stdout, /1 attendance was corrected/);
      // A mark that corrects nothing hides no earlier one.
      const { passages } = api;
      const full = reader('passages:write', 'attendance:write');
      passages.mark(passageIdOf(1), { was: 'person', person: grace }, full);
      passages.mark(passageIdOf(1), { was: 'nobody' }, reader('passages:write'));
      assert.deepEqual([await seen(ada), await seen(grace)], [[], [[at7, true]]]);
      passages.mark(passageIdOf(1), { was: 'person', person: ada }, full);
      assert.deepEqual([await seen(ada), await seen(grace)], [[[at7, true]], []]);
      const undone = await run('passages', 'unmark', passageIdOf(1));
      assert.match(undone.stdout, /^mark taken back; /);
      assert.deepEqual(await errors(), [0]);
    });
  });

  test('a mark that is taken back leaves attendance and thresholds as the box had them', async (t) => {
    await withPassageApi(t, async ({ records, passages, trail, ada, grace }) => {
      const { id } = records.record(attendanceFact({ personId: ada, occurredAtMs: passageEpochMs }));
      const nearest = [{ personId: ada, similarity: 0.61, threshold: 0.4 }];
      records.passages.put(passageOf(1, { personId: ada, nearest, events: [id] }));
      const passage = passageIdOf(1);
      const full = reader('passages:write', 'attendance:write');
      assert.throws(() => passages.unmark(passage, full), { code: 'mark-refused' }, 'nothing was said yet');
      const said = { was: 'person', person: grace } as const;
      const { thresholds } = await passages.markEffect(passage, said, full);
      assert.deepEqual(
        thresholds.map(({ person, before, after }) => [person.id, before, after]),
        [[ada, 0.5, 0.61]],
      );
      assert.deepEqual(recordedMarks(records), [], 'asking for the effect stores nothing');
      const { event } = passages.mark(passage, said, full);
      assert.equal(passages.show(passage, full).mark?.was, 'person');
      assert.throws(() => passages.unmark(passage, full, 'another'), { code: 'changed-meanwhile' });
      assert.equal(passages.unmark(passage, full, event).corrections, 2);
      assert.throws(() => passages.unmark(passage, full, event), { code: 'changed-meanwhile' });
      assert.equal(passages.show(passage, full).mark, undefined);
      assert.deepEqual([...falseMatchesOf(recordedMarks(records), testRecogniser)], []);
      const seen = (person: PersonId) =>
        records.attendance.corrections.of(person, '2026-03-02', '2026-03-02').map(({ kind }) => kind);
      assert.deepEqual(
        [seen(ada), seen(grace)],
        [
          ['not-seen', 'seen'],
          ['seen', 'not-seen'],
        ],
      );
      const entries = trail.list({ limit: 20 }).filter(({ action }) => action === 'passage.marked');
      assert.deepEqual(entries.map(({ details }) => details['was']).toSorted(), ['person', 'taken-back']);
    });
  });

  test('a mark without the right to correct attendance corrects none; a missed person is added', async (t) => {
    await withPassageApi(t, async ({ records, passages, attendance, ada }) => {
      records.passages.put(passageOf(1, { personId: ada, nearest: [], events: [] }));
      const { end: _, ...inSight } = passageOf(2);
      records.passages.put(inSight);
      const marker = reader('passages:write');
      const mark = { was: 'person', person: ada } as const;
      assert.equal(passages.mark(passageIdOf(1), mark, marker).corrections, 0);
      for (const wrong of [{ was: 'person' }, { was: 'nobody', person: ada }] as const) {
        assert.throws(() => passages.mark(passageIdOf(1), wrong, marker), { code: 'mark-refused' });
      }
      assert.throws(
        () => passages.mark(passageIdOf(2), mark, marker),
        { code: 'mark-refused' },
        'still in sight',
      );
      const stranger = { was: 'person', person: 'p-nobody' } as const;
      assert.throws(() => passages.mark(passageIdOf(1), stranger, marker), { code: 'no-such-person' });
      const full = reader('passages:write', 'attendance:write');
      const request = { camera: 'gate', person: ada, at: '2026-03-02T09:00:00.000Z' };
      assert.equal(passages.missed(request, full).corrections, 1);
      const { rows } = await attendance.report({ from: '2026-03-02', to: '2026-03-02', person: ada });
      for await (const row of rows) assert.equal(row.firstIn, '2026-03-02T09:00:00+00:00');
      assert.throws(() => passages.missed({ ...request, camera: 'attic' }, full), { code: 'no-such-camera' });
      const future = { ...request, at: '2999-01-01T00:00:00.000Z' };
      assert.throws(() => passages.missed(future, full), { code: 'mark-refused' });
    });
  });

  test('a missed person of a night shift is added once, also after midnight', async (t) => {
    const night = [{ id: 'night', from: '22:00', to: '06:00' }];
    const work = async ({ passages, ada }: PassageApi): Promise<void> => {
      const full = reader('passages:write', 'attendance:write');
      const request = { camera: 'gate', person: ada, at: '2026-03-03T00:30:00.000Z' };
      assert.equal(passages.missed(request, full).corrections, 1);
      assert.equal(passages.missed(request, full).corrections, 0, 'the correction is of the day before');
    };
    await withPassageApi(t, work, 'UTC', night);
  });

  test('report recognition counts what each camera answered and lost, by the clock of the site', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { run, records } = api;
      // Half past midnight in summer time at the site is the day before in UTC.
      const startedAtMs = Date.UTC(2026, 5, 30, 23, 30);
      records.passages.put(passageOf(9, { startedAtMs, lastSeenMs: startedAtMs + 20_000 }));
      const report = async (from: string, to: string) => {
        const { stdout } = await run('report', 'recognition', '--from', from, '--to', to, '--json');
        return JSON.parse(stdout) as RecognitionReport;
      };
      const { cameras, passages } = await report('2026-03-02', '2026-03-02');
      assert.equal(passages, 4);
      assert.deepEqual(
        cameras.map(({ camera }) => camera),
        ['gate', 'yard'],
      );
      const [gate = assert.fail()] = cameras;
      assert.deepEqual(gate.byOutcome, { attended: 1, unproven: 1, stranger: 1 });
      assert.deepEqual(
        gate.byHour.map(({ hour }) => hour),
        [7],
      );
      const [brief = assert.fail(), , , longer = assert.fail()] = gate.byDwell;
      const counts = ({ passages: all, answered, heldBack, unanswered }: typeof brief) => [
        all,
        answered,
        heldBack,
        unanswered,
      ];
      assert.deepEqual([brief.toS, counts(brief)], [1, [2, 0, 1, 1]]);
      assert.deepEqual([longer.fromS, counts(longer)], [4, [1, 1, 0, 0]]);
      const summer = await report('2026-07-01', '2026-07-01');
      assert.deepEqual(
        summer.cameras[0]?.byDay.map(({ date }) => date),
        ['2026-07-01'],
      );
      assert.deepEqual(
        summer.cameras[0]?.byHour.map(({ hour }) => hour),
        [0],
      );
      const text = await run('report', 'recognition', '--from', '2026-03-02', '--to', '2026-03-02');
      assert.match(text.stdout, /gate: 3 passages/);
      assert.match(text.stdout, /what to do about seen-too-briefly: /);
      assert.match(text.stdout, /0 to 1 +2 +0 +1 +1 +100\.0 %/);
      const preview = await run('report', 'preview', '--threshold', '0.999', '-n', '10');
      assert.match(preview.stdout, /5 passages judged again/);
      assert.match((await run('report', 'preview')).stderr, /no setting is given that would differ/);
      const long = await run('report', 'recognition', '--from', '2026-01-01', '--to', '2026-03-02');
      assert.match(long.stderr, /a report covers 1 to 31 days/);
    });
  });

  test('clip saves what the box signed, says why there is none, and verify-clip needs no box', async (t) => {
    await withPassageApi(t, async (api) => {
      put(api);
      const { records, clipBox, passages, audited, directory, ada, run } = api;
      for (const number of [1, 2]) {
        const fact = attendanceFact({ passageId: passageIdOf(number), occurredAtMs: clipBox.clock.wallMs() });
        records.record({ ...fact, personId: ada });
        await new Promise((resolve) => setImmediate(resolve));
        if (number === 2) clipBox.hasRoom = false;
        await clipBox.finish();
      }
      const path = join(directory, 'gate.zip');
      const saved = await run('passages', 'clip', passageIdOf(1), '--out', path);
      assert.match(saved.stdout, /^clip: .*gate\.zip, \d+ bytes/, saved.stderr);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.deepEqual(audited.at(-1), {
        ...{ by: { actor: 'uid:0', origin: audited.at(-1)?.by.origin }, action: 'passage.clip-read' },
        ...{ subject: ada, details: { passage: passageIdOf(1), camera: 'gate' } },
      });
      const keys = join(directory, 'keys.json');
      await writeFile(keys, JSON.stringify({ keys: [...clipBox.keys.values()].map(({ key }) => key) }));
      const verified = await rollcall(['passages', 'verify-clip', path, '--keys', keys]);
      assert.match(
        verified.stdout,
        /: valid; key \S+ \S+\n {2}box +\/site\/box\n {2}camera +gate, 2 masked areas/,
      );
      assert.equal(verified.exitCode, 0);
      const bytes = await readFile(path);
      // Within the first JPEG.
      const at = bytes.indexOf(Buffer.from([0xff, 0xd8, 0xff])) + 40;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const refused = await rollcall(['passages', 'verify-clip', path, '--keys', keys]);
      assert.match(refused.stdout, /NOT VALID: frames\/0001\.jpg is damaged or was altered/);
      assert.equal(refused.exitCode, 1);

      assert.match((await run('passages', 'why', passageIdOf(1))).stdout, /clip: 40 frames from /);
      const why = await run('passages', 'why', passageIdOf(2));
      assert.match(why.stdout, /clip: none: the disk has too little room: what is left is for events/);
      const missing = await run('passages', 'clip', passageIdOf(2), '--out', join(directory, 'none.zip'));
      assert.match(missing.stderr, /the box keeps no clip of the passage/);
      assert.ok(!existsSync(join(directory, 'none.zip')), 'no file is left');
      const guard = { ...reader(...allScopes), cameras: new Set(['yard']) };
      await assert.rejects(passages.clip(passageIdOf(1), guard), { code: 'no-such-passage' });
      const exported = clipBox.clips.find(passageIdOf(1))?.kept?.file ?? '';
      await rm(join(clipBox.folder, exported));
      await assert.rejects(passages.clip(passageIdOf(1), reader(...allScopes)), { code: 'clip-damaged' });
      api.seal();
      await assert.rejects(passages.clip(passageIdOf(1), reader(...allScopes)), { code: 'gallery-sealed' });
    });
  });

  test('report recognition counts a passage on its own day where the clock is half an hour off', async (t) => {
    const work = async ({ run, records }: PassageApi): Promise<void> => {
      // Ten past midnight at the site.
      const startedAtMs = Date.UTC(2026, 2, 1, 18, 40);
      records.passages.put(passageOf(1, { startedAtMs, lastSeenMs: startedAtMs + 1_000 }));
      const day = '2026-03-02';
      const { stdout } = await run('report', 'recognition', '--from', day, '--to', day, '--json');
      const [gate = assert.fail()] = (JSON.parse(stdout) as RecognitionReport).cameras;
      assert.deepEqual([gate.byDay[0]?.date, gate.byHour[0]?.hour], [day, 0]);
    };
    await withPassageApi(t, work, 'Asia/Kolkata');
  });
});
