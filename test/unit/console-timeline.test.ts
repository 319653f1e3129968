import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blindAt } from '../../daemon/console/pages/timeline/blind-spans.js';
import { passagesOf } from '../../daemon/console/pages/timeline/day-lines.js';
import { quartersOf, ticksOf } from '../../daemon/console/pages/timeline/day-ticks.js';
import {
  groupMs,
  groupsOf,
  nearestTo,
  outcomesOf,
  type TimedPassage,
} from '../../daemon/console/pages/timeline/mark-groups.js';
import { findMark, type Lane, stepped } from '../../daemon/console/pages/timeline/mark-order.js';
import {
  fitting,
  isDeepest,
  leastShownMs,
  lengthOf,
  moved,
  showing,
  type TimeSpan,
  viewOf,
  viewText,
  zoomed,
} from '../../daemon/console/pages/timeline/time-view.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { passageOutcomes } from '../../daemon/kernel/passage-outcome.js';
import { seededRandom } from '../../daemon/kernel/random.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const fromMs = Date.UTC(2026, 2, 2);
const day: TimeSpan = { fromMs, toMs: fromMs + 24 * hourMs };
const screen = { widthPx: 1000, leastPx: 20 };

const passageAt = (id: string, atMs: number, changes: Partial<TimedPassage> = {}): TimedPassage => ({
  ...{ id, atMs, camera: 'door', startedAt: new Date(atMs).toISOString(), inSightS: 2, outcome: 'attended' },
  ...changes,
});

/** A site day: crowds at the beginning and the end of work, and people in between. */
function busyDay(count: number): readonly TimedPassage[] {
  const random = seededRandom(7);
  const about = (hour: number, spread: number): number =>
    fromMs + (hour + spread * (random.unit() + random.unit() - 1)) * hourMs;
  return Array.from({ length: count }, (_, index) => {
    const atMs = Math.round(index % 3 === 0 ? about(8, 1) : index % 3 === 1 ? about(17, 1) : about(12.5, 6));
    const outcome = passageOutcomes[Math.floor(random.unit() ** 4 * passageOutcomes.length)] ?? 'attended';
    return passageAt(`p-${index}`, atMs, { outcome, camera: `camera-${index % 4}` });
  }).sort((one, other) => one.atMs - other.atMs);
}

function lanesOf(all: readonly TimedPassage[], view: TimeSpan): readonly Lane[] {
  return ['camera-0', 'camera-1', 'camera-2', 'camera-3'].map((id) => {
    const passages = all.filter(({ camera }) => camera === id);
    return { id, passages, groups: groupsOf(passages, day, groupMs(view, screen)) };
  });
}

describe('the passages of the day of today', () => {
  const known = { person: { id: 'p-ada', name: 'Ada Byron' } };
  const heard = (heardMs: number) => ({ passage: passageAt('one', fromMs, known), heardMs });
  const fetched = [passageAt('one', fromMs, { outcome: 'undecided' })];

  test('are those of the latest answer, without the names that the box told before it was asked', () => {
    const [shown, ...others] = passagesOf({ fetched, askedMs: 200, ended: [heard(100)] }, day);
    assert.equal(shown?.person, undefined);
    assert.deepEqual(others, []);
    assert.deepEqual(passagesOf({ fetched: [], askedMs: 200, ended: [heard(100)] }, day), []);
  });

  test('are as the box told them after it was asked, in the order of time', () => {
    const before = { passage: passageAt('two', fromMs - 1), heardMs: 300 };
    const later = { passage: passageAt('three', fromMs + hourMs), heardMs: 250 };
    const shown = passagesOf({ fetched, askedMs: 200, ended: [later, heard(300), before] }, day);
    assert.deepEqual(
      shown.map(({ id, outcome }) => [id, outcome]),
      [
        ['one', 'attended'],
        ['three', 'attended'],
      ],
    );
    assert.deepEqual(shown[0]?.person, known.person);
  });
});

describe('the part of a day that a timeline shows', () => {
  test('keeps the time below the cursor in its place, and stays between a minute and the day', () => {
    const atMs = fromMs + 8 * hourMs;
    const near = zoomed(day, day, 0.25, atMs);
    assert.equal(lengthOf(near), 6 * hourMs);
    assert.equal((atMs - near.fromMs) / lengthOf(near), 8 / 24);
    assert.equal(lengthOf(zoomed(near, day, 1e-9, atMs)), leastShownMs);
    assert.ok(isDeepest(zoomed(near, day, 1e-9, atMs)));
    assert.deepEqual(zoomed(near, day, Infinity, atMs), day);
    assert.equal(moved(near, day, -24 * hourMs).fromMs, day.fromMs);
    assert.equal(moved(near, day, 24 * hourMs).toMs, day.toMs);
  });

  test('moves only as far as it must to show a mark, and fits a crowd', () => {
    const view = { fromMs: fromMs + 8 * hourMs, toMs: fromMs + 9 * hourMs };
    assert.deepEqual(showing(view, day, fromMs + 8.5 * hourMs), view);
    const after = showing(view, day, fromMs + 10 * hourMs);
    assert.ok(after.fromMs < fromMs + 10 * hourMs && fromMs + 10 * hourMs < after.toMs);
    assert.equal(lengthOf(after), hourMs);
    const crowd = fitting(day, { fromMs: fromMs + hourMs, toMs: fromMs + 2 * hourMs });
    assert.ok(crowd.fromMs < fromMs + hourMs && crowd.toMs > fromMs + 2 * hourMs);
    assert.equal(lengthOf(fitting(day, { fromMs, toMs: fromMs })), leastShownMs);
  });

  test('comes back from an address, and is the whole day where the address says nonsense', () => {
    const view = { fromMs: fromMs + 8 * hourMs, toMs: fromMs + 9 * hourMs };
    assert.deepEqual(viewOf(viewText(view, day), day), view);
    assert.equal(viewText(view, day), '28800-32400');
    assert.equal(viewText(day, day), '');
    assert.equal(viewText({ ...day, fromMs: view.fromMs }, day), '28800-86400');
    assert.equal(viewText({ ...day, toMs: view.toMs }, day), '0-32400');
    for (const text of ['', '5', '9-3', 'a-b', '1e3-2e3', '-5-9'])
      assert.deepEqual(viewOf(text, day), day, text);
    assert.deepEqual(viewOf('0-999999', day), day);
  });
});

test('marks share times of round lengths, so that they are far enough apart', () => {
  const [stepS, ...longerS] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
  // A fiftieth of the view is 20 of 1000 pixels.
  const shareOf = (wantedMs: number): number =>
    groupMs({ fromMs, toMs: fromMs + 50 * wantedMs }, screen) / 1000;
  let shorterS = stepS ?? 0;
  for (const nextS of longerS) {
    assert.deepEqual([shareOf(shorterS * 1000), shareOf(shorterS * 1000 + 1)], [shorterS, nextS]);
    shorterS = nextS;
  }
});

describe('the hours of a timeline', () => {
  const clockIn = (timeZone: string) => {
    const local = localTimeOf(timeZone);
    const at = (ms: number): number => Math.floor(local.at(ms).secondOfDay / 60);
    const spanOf = (date: string, next: string): TimeSpan => ({
      fromMs: local.instantOf(date, 0),
      toMs: local.instantOf(next, 0),
    });
    return { at, spanOf };
  };
  const hoursAt = (span: TimeSpan, at: (ms: number) => number): readonly number[] =>
    ticksOf(span, quartersOf(span, at), { widthPx: 2400, leastPx: 72 }).map((ms) => at(ms) / 60);

  test('are those of the clock, on days of 23 and 25 hours too', () => {
    const { at, spanOf } = clockIn('Europe/Berlin');
    const short = spanOf('2026-03-29', '2026-03-30');
    assert.equal(lengthOf(short), 23 * hourMs);
    assert.deepEqual(hoursAt(short, at).slice(0, 4), [0, 1, 3, 4]);
    const long = spanOf('2026-10-25', '2026-10-26');
    assert.equal(lengthOf(long), 25 * hourMs);
    assert.deepEqual(hoursAt(long, at).slice(0, 5), [0, 1, 2, 2, 3]);
    const threeHours = ticksOf(short, quartersOf(short, at), { widthPx: 600, leastPx: 72 });
    assert.deepEqual(
      threeHours.map((ms) => at(ms) / 60),
      [0, 3, 6, 9, 12, 15, 18, 21],
    );
  });

  test('are whole where the zone is off by a part of an hour, and minutes where the view is near', () => {
    const { at, spanOf } = clockIn('Asia/Kathmandu');
    const span = spanOf('2026-03-02', '2026-03-03');
    assert.ok(hoursAt(span, at).every(Number.isInteger));
    const near = { fromMs: span.fromMs + 8 * hourMs + 7_000, toMs: span.fromMs + 8 * hourMs + 67_000 };
    const ticks = ticksOf(near, quartersOf(span, at), { widthPx: 1000, leastPx: 72 });
    assert.deepEqual(
      ticks.map((ms) => (ms - span.fromMs - 8 * hourMs) / 1000),
      [15, 30, 45, 60],
    );
  });
});

describe('the marks of a day with 5000 passages', () => {
  const all = busyDay(5000);

  test('are few from far, stand apart, and lose no passage', () => {
    for (const lane of lanesOf(all, day)) {
      assert.ok(lane.groups.length <= screen.widthPx / screen.leastPx + 1, `${lane.groups.length} marks`);
      assert.equal(
        lane.groups.reduce((sum, { passages }) => sum + passages.length, 0),
        lane.passages.length,
      );
      for (const { span, passages } of lane.groups)
        for (const { atMs } of passages) assert.ok(span.fromMs <= atMs && atMs < span.toMs);
    }
  });

  test('stay in place while the view moves, and open when it comes nearer', () => {
    const hour = { fromMs: fromMs + 8 * hourMs, toMs: fromMs + 9 * hourMs };
    const [here] = lanesOf(all, hour);
    const [there] = lanesOf(all, moved(hour, day, 7 * minuteMs));
    assert.deepEqual(here?.groups, there?.groups);
    const [far] = lanesOf(all, day);
    assert.ok((here?.groups.length ?? 0) > 2 * (far?.groups.length ?? 0));
  });

  test('show what matters most, whatever is more frequent', () => {
    const passages = [
      ...Array.from({ length: 9 }, (_, index) => passageAt(`p-${index}`, fromMs + index)),
      passageAt('attack', fromMs + 20, { outcome: 'attack' }),
      passageAt('brief', fromMs + 30, { outcome: 'undecided' }),
    ];
    assert.deepEqual(outcomesOf({ passages }), [
      ['attack', 1],
      ['attended', 9],
      ['undecided', 1],
    ]);
    const ofEach = passageOutcomes.map((outcome) => passageAt(outcome, fromMs, { outcome }));
    assert.deepEqual(
      outcomesOf({ passages: ofEach }).map(([outcome]) => outcome),
      ['attack', 'refused', 'ambiguous', 'unproven', 'stranger', 'attended', 'undecided'],
    );
  });

  test('are gone through by keys in the order of time, each once', () => {
    const lanes = lanesOf(all, day);
    const step = (from: ReturnType<typeof stepped>, to: 'next' | 'previous' | 'first' | 'last') =>
      stepped(lanes, from, { to }, false);
    let mark = step(undefined, 'next');
    const seen: number[] = [];
    for (let before: typeof mark; mark !== undefined && mark !== before; ) {
      seen.push(mark.group.span.fromMs);
      before = mark;
      const next = step(mark, 'next');
      if (next?.group === mark.group) break;
      mark = next;
    }
    assert.deepEqual(
      seen,
      lanes[0]?.groups.map(({ span }) => span.fromMs),
    );
    assert.equal(step(mark, 'first')?.passage, lanes[0]?.passages[0]);
    assert.equal(step(mark, 'last')?.passage, lanes[0]?.passages.at(-1));
    assert.equal(step(undefined, 'last')?.passage, lanes[0]?.passages.at(-1));
    const second = step(step(undefined, 'next'), 'next');
    assert.equal(step(second, 'previous')?.group, lanes[0]?.groups[0]);
    assert.equal(step(step(undefined, 'first'), 'previous')?.group, lanes[0]?.groups[0]);
  });

  test('are gone through passage by passage where nothing can come nearer', () => {
    const minute = { fromMs: fromMs + 8 * hourMs, toMs: fromMs + 8 * hourMs + leastShownMs };
    const lanes = lanesOf(all, minute);
    const lane = lanes[1];
    assert.ok(lane);
    const start = findMark(lanes, { lane: lane.id, passage: lane.passages[100]?.id ?? '' });
    const next = stepped(lanes, start, { to: 'next' }, isDeepest(minute));
    assert.equal(next?.passage, lane.passages[101]);
  });

  test('lead to the nearest mark of another lane, over lanes without one', () => {
    const lanes = lanesOf(all, day).map((lane) =>
      lane.id === 'camera-1' ? { ...lane, passages: [], groups: [] } : lane,
    );
    const start = stepped(lanes, undefined, { to: 'time', atMs: fromMs + 12 * hourMs }, false);
    const below = stepped(lanes, start, { to: 'lane-below' }, false);
    assert.equal(below?.lane.id, 'camera-2');
    assert.equal(below.passage, nearestTo(lanes[2]?.passages ?? [], start?.passage.atMs ?? 0));
    assert.equal(stepped(lanes, start, { to: 'lane-above' }, false), start);
  });

  test('keep the focus on a passage when the groups change, and lose it with a filter', () => {
    const passage = all[777]?.id ?? '';
    for (const view of [day, { fromMs: fromMs + 8 * hourMs, toMs: fromMs + 9 * hourMs }])
      assert.equal(findMark(lanesOf(all, view), { lane: '', passage })?.passage.id, passage);
    assert.equal(findMark(lanesOf([], day), { lane: 'camera-1', passage }), undefined);
  });
});

describe('the times without pictures', () => {
  const spanOf = (from: number, to: number, camera?: string) => ({
    ...{ fromMs: from, toMs: to },
    period: { ...(camera !== undefined && { camera }), from: '', until: '', cause: 'failed' as const },
  });

  test('of a site are those of every camera at once', () => {
    const all = [spanOf(10, 30, 'door'), spanOf(20, 40, 'yard'), spanOf(60, 70)];
    assert.deepEqual(blindAt(all, ['door', 'yard']), [
      { fromMs: 20, toMs: 30 },
      { fromMs: 60, toMs: 70 },
    ]);
    assert.deepEqual(blindAt(all, ['door']).at(-1), { fromMs: 60, toMs: 70 });
    assert.deepEqual(blindAt([], ['door']), []);
  });
});
