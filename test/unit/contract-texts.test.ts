import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alertOperations } from '../../daemon/contract/alerts.js';
import { eyeLines } from '../../daemon/contract/eye-text.js';
import { type HeldBack, heldBackLines } from '../../daemon/contract/held-back.js';
import {
  describeMark,
  describePassages,
  describeWhy,
  passageLine,
} from '../../daemon/contract/passage-text.js';
import type { PassageDetails } from '../../daemon/contract/passages.js';
import type { PersonDetail } from '../../daemon/contract/person.js';
import { describePerson, describePersons } from '../../daemon/contract/persons-text.js';
import { nearestWord } from '../../daemon/contract/settings/nearest-word.js';
import { english } from '../../daemon/words/language.js';

const { say } = english;
const show = (iso: string): string => iso.slice(11, 16);
const at = '2026-03-02T08:00:00.000Z';

const person: PersonDetail = {
  ...{ id: 'p-1', name: 'Ada', state: 'active', enrolledAt: at, templates: 2, photographs: 1 },
  ...{ consentState: 'none', photographIds: [], revision: 1 },
};

describe('persons as text', () => {
  const list = (persons: readonly PersonDetail[], input: Record<string, unknown> = {}) =>
    describePersons(persons, { show, say, input } as never);

  test('are none at all, or none like that', () => {
    assert.equal(list([]), 'No persons are enrolled.');
    assert.equal(list([], { removed: 'only' }), 'No persons are enrolled.');
    assert.equal(list([], { group: 'team', removed: 'only' }), 'No person is like that.');
  });

  test('have columns for marks, validity and groups only where somebody has one', () => {
    const heads = (changes: Partial<PersonDetail>) =>
      list([person, { ...person, ...changes }])
        .split('\n')[0]
        ?.trim()
        .split(/ {2,}/)
        .slice(7);
    assert.deepEqual(heads({}), []);
    assert.deepEqual(heads({ watch: { mark: 'watch', reason: 'parcel' } }), ['mark']);
    assert.deepEqual(heads({ validUntil: '2026-12-31' }), ['valid']);
    assert.deepEqual(heads({ groups: ['team'] }), ['groups']);
    const row = list([{ ...person, externalId: '17', groups: ['team', 'night'], validFrom: '2026-01-01' }]);
    assert.match(row, /p-1 +Ada +17 +active +08:00 +2 +1 +from 2026-01-01 +team, night/);
  });

  const lines = (changes: Partial<PersonDetail>): readonly string[] =>
    describePerson({ ...person, ...changes }, { show, say } as never).split('\n');

  test('have a line for each field of a profile', () => {
    assert.deepEqual(lines({}), [
      ...['id           p-1', 'name         Ada', 'external id  -', 'state        active'],
      ...['enrolled at  08:00', 'templates    2', 'photos       none', 'consent      none recorded'],
    ]);
    const consent = { basis: 'consent', dateIso: '2026-01-05', reference: 'form 7' } as const;
    const full = lines({
      ...{ externalId: '17', removedAt: '2026-03-02T09:30:00.000Z', state: 'removed' },
      ...{ photographIds: ['a', 'b'], groups: ['team', 'night'], notes: 'one\ntwo' },
      ...{ validFrom: '2026-01-01', validUntil: '2026-12-31', watch: { mark: 'watch', reason: 'parcel' } },
      consent: { ...consent, withdrawnIso: '2026-02-01' },
      threshold: { similarity: 0.6, recogniser: 'r1', reason: 'twins' },
    });
    for (const line of [
      ...[
        'external id  17',
        'state        removed at 09:30',
        'photos       a, b',
        'groups       team, night',
      ],
      ...['valid        2026-01-01 to 2026-12-31', 'mark         watch: parcel'],
      'consent      consent of 2026-01-05, reference form 7, withdrawn on 2026-02-01',
      'threshold    0.6 with r1, set by hand: twins',
      ...['notes        one', '             two'],
    ])
      assert.ok(full.includes(line), line);
    assert.ok(lines({ validUntil: '2026-12-31' }).includes('valid        until 2026-12-31'));
    assert.ok(lines({ consent }).includes('consent      consent of 2026-01-05, reference form 7'));
  });

  test('say why a person needs another threshold, and how to take back marks', () => {
    const needs = (changes: object) =>
      lines({
        thresholdInForce: { similarity: 0.6, general: 0.5, reason: 'marked', ...changes } as never,
      }).slice(8);
    assert.deepEqual(needs({ reason: 'manual' }), []);
    assert.deepEqual(needs({ reason: 'neighbour' }), [
      'needs        0.600 instead of 0.500: another enrolled person is that similar',
    ]);
    assert.deepEqual(needs({}), ['needs        0.600 instead of 0.500: passages were marked as wrong']);
    assert.deepEqual(needs({ markedPassages: ['a'] }), [
      'needs        0.600 instead of 0.500: 1 passage was marked as wrong; to undo:',
      '             rollcall passages unmark a',
    ]);
    assert.match(
      needs({ markedPassages: ['a', 'b'] })[0] ?? '',
      /2 passages were marked as wrong; to undo:$/,
    );
  });
});

const passage = {
  ...{ id: '0198f3a46c007a418d07', camera: 'gate', startedAt: at, inSightS: 4.26, outcome: 'attendance' },
  ...{ reason: 'recorded', sentence: 'It was recorded.', events: [], nearest: [], margin: 0.05 },
  ...{ hasPicture: false, views: { count: 8, embedded: 2, faults: {} } },
  liveness: {
    ...{
      verdict: 'live',
      reason: 'blinked',
      blinkCount: 1,
      observedS: 3.2,
      frameCount: 48,
      require: 'blink',
    },
  },
} as unknown as PassageDetails;

describe('a passage as text', () => {
  const why = (changes: object, isPictureGiven = false): readonly string[] =>
    describeWhy({ ...passage, ...changes } as PassageDetails, { show, say, isPictureGiven }).split('\n');

  test('says who, when, where, why, and what was measured', () => {
    assert.deepEqual(why({}), [
      'passage 0198f3a46c007a418d07',
      '  who      -',
      '  when     08:00, still in sight',
      '  where    gate',
      '  outcome  attendance (recorded)',
      'why: It was recorded.',
      'what the box measured:',
      '  views: 8, of which 2 were compared',
      '  nearest: no comparison with an enrolled person',
      '  life: live (blinked), 1 blink, 3.2 s in which a blink would show, eyes measured in 48 frames, the camera demands blink',
      '  events: none',
      'picture: none kept (evidence and retention in the configuration decide)',
    ]);
  });

  test('has a line for what it has beyond that', () => {
    const best = {
      widthPx: 99.6,
      yawDeg: 2.6,
      pitchDeg: -1.2,
      meanLuma: 110.4,
      sharpness: 0.876,
      score: 0.8,
    };
    const full = why({
      ...{ end: 'another-face', remedy: 'Wait.', events: ['e-1', 'e-2'], hasPicture: true },
      ...{ person: { id: 'p-1' }, mark: { was: 'stranger', at } },
      views: { count: 8, embedded: 2, faults: { dark: 1, blurred: 3, occluded: 0 }, best },
      nearest: [{ person: { id: 'p-1', name: 'Ada' }, similarity: 0.61, threshold: 0.5 }],
      liveness: { ...passage.liveness, blinkCount: 2, passiveScore: 0.9 },
      cooldown: { elapsedS: 59.6, cooldownS: 300, passage: '0198f3a46c007b' },
    });
    for (const line of [
      ...['  who      p-1', '  when     08:00, in sight for 4.3 s', '  end      another face took its place'],
      ...['what to do: Wait.', 'marked: 08:00, it was an unknown person', '  events: e-1, e-2'],
      '  views: 8, of which 2 were compared; faults: blurred in 3, dark in 1',
      '  best view: quality 0.80, face 100 px wide, turned 3°, tilted -1°, brightness 110 of 255, sharpness 0.88',
      '  nearest: Ada 0.610 of 0.500; margin 0.050',
      '  cooldown: 60 s of 300 s; earlier passage 0198f3a46c007',
      'picture: rollcall passages why 0198f3a46c007 --picture FILE',
    ])
      assert.ok(full.includes(line), `${line}\n${full.join('\n')}`);
    assert.match(full.join('\n'), /life: .*2 blinks.*, model 0\.90, the camera demands blink/);
    assert.doesNotMatch(why({ hasPicture: true }, true).join('\n'), /picture/);
    assert.match(why({}, true).join('\n'), /picture: none kept/);
    assert.ok(!why({ end: 'left' }).some((line) => line.startsWith('  end')));
    const marked = (mark: object) => why({ mark: { at, ...mark } })[6];
    assert.equal(marked({ was: 'person', person: { id: 'p-1', name: 'Ada' } }), 'marked: 08:00, it was Ada');
    assert.equal(marked({ was: 'person', person: { id: 'p-1' } }), 'marked: 08:00, it was p-1');
    assert.equal(marked({ was: 'person' }), 'marked: 08:00, it was a person');
    assert.equal(marked({ was: 'nobody' }), 'marked: 08:00, it was no living face');
  });

  test('in a list has its time, or why it cannot be opened', () => {
    const stranger = { ...passage, stranger: { id: 's-1', visit: 2 }, end: 'left' } as PassageDetails;
    const unreadable = { id: '0198f3a46c007b418d07', unreadable: true } as never;
    assert.equal(describePassages([], { show, say } as never), 'no passages found');
    const [, ...rows] = describePassages([passage, stranger, unreadable], { show, say } as never).split('\n');
    assert.match(rows.join('\n'), /08:00 +gate +- +attendance +recorded +in sight +0198f3a46c007/);
    assert.match(rows.join('\n'), /gate +s-1, visit 2 +attendance +recorded +4\.3 s +0198f3a46c007/);
    assert.match(rows.join('\n'), /- +- +- +- +cannot be opened: .* +- +0198f3a46c007$/m);
    assert.match(passageLine(unreadable, { show, say }), /^0198f3a46c007 {2}cannot be opened/);
    assert.equal(
      passageLine(stranger, { show, say }),
      '08:00  gate  s-1, visit 2  attendance  recorded  4.3 s  0198f3a46c007\n  It was recorded.',
    );
  });

  test('that was marked says how many attendances were corrected', () => {
    const told = [0, 1, 2].map((corrections) => describeMark({ corrections } as never));
    assert.deepEqual(told, [
      'marked; no attendance had to be corrected',
      'marked; 1 attendance was corrected',
      'marked; 2 attendances were corrected',
    ]);
  });
});

describe('the openness of eyes as text', () => {
  const opened = (...values: readonly (number | string)[]) => ({
    samples: values.map((value, index) =>
      typeof value === 'number'
        ? { afterS: index / 2, openness: value }
        : { afterS: index / 2, fault: value },
    ),
  });
  const lines = (openness: object) => eyeLines(openness as Parameters<typeof eyeLines>[0], say);

  test('has the figures, and a curve in which a blink is the lowest', () => {
    assert.deepEqual(eyeLines(undefined, say), []);
    assert.deepEqual(lines(opened()), []);
    assert.deepEqual(lines({ ...opened(1, 1, 0, 1, 'dark', 'dark', 0.5), openEyes: 1, closedUnder: 0.456 }), [
      'eyes: 7 views from 0.0 s to 3.0 s, open 1.00, closed under 0.46, dark in 2',
      '  ██▁█  ▅',
    ]);
    assert.deepEqual(lines(opened('dark')), ['eyes: 1 view from 0.0 s to 0.0 s, dark in 1']);
  });

  test('has 60 columns at most, and none loses a blink', () => {
    const curveOf = (count: number, blinkAt: number) =>
      lines(opened(...Array.from({ length: count }, (_, index) => (index === blinkAt ? 0 : 1))))[1]?.trim() ??
      '';
    assert.deepEqual([curveOf(60, 5).length, curveOf(61, 5).length, curveOf(450, 5).length], [60, 60, 60]);
    for (const blinkAt of [0, 100, 224, 449]) assert.match(curveOf(450, blinkAt), /▁/);
  });
});

describe('alerts as text', () => {
  const textOf = (id: 'alerts.list' | 'alerts.test', answer: unknown): string => {
    const lines: readonly { readonly text?: unknown }[] = alertOperations[id].commandLines;
    const text = lines[0]?.text as (answer: unknown, shown: unknown) => string;
    return text(answer, { show, say, input: {} });
  };
  const alert = { id: 'a-1', time: at, rule: 'night', phase: 'began', subject: 'gate', deliveries: [] };
  const sent = { channel: 'chat', state: 'delivered', attempts: 1 };

  test('have a row for each channel, and below it why a delivery failed', () => {
    assert.equal(textOf('alerts.list', []), 'There are no alerts.');
    const muted = textOf('alerts.list', [alert]).split('\n');
    assert.equal(muted.length, textOf('alerts.list', [{ ...alert, deliveries: [sent] }]).split('\n').length);
    assert.match(muted.at(-1) ?? '', /08:00 +night +began +- +muted +0 +no +a-1 +gate/);
    const failed = { ...sent, channel: 'mail', state: 'failed', attempts: 3, reason: 'no answer' };
    const deliveries = [sent, failed, { ...failed, channel: 'door', code: 'refused' }];
    const lines = textOf('alerts.list', [{ ...alert, acknowledgement: {}, deliveries }]).split('\n');
    assert.match(lines.at(-6) ?? '', /chat +delivered +1 +yes +a-1/);
    assert.deepEqual(lines.slice(-3), [
      ...['', 'a-1 to mail, failed: no answer', 'a-1 to door, failed (refused): no answer'],
    ]);
  });

  test('that were tests say how each channel took them', () => {
    const channel = { channel: 'chat', kind: 'webhook' };
    const failed = { ...channel, outcome: 'failed', code: 'refused', message: 'no' };
    assert.deepEqual(
      textOf('alerts.test', [
        { ...channel, outcome: 'delivered' },
        { ...channel, outcome: 'delivered', note: 'late' },
        failed,
        { ...failed, remedy: 'Ask.' },
      ]).split('\n'),
      [
        ...['webhook chat: delivered', 'webhook chat: delivered, late', 'webhook chat: FAILED: no (refused)'],
        ...['webhook chat: FAILED: no (refused)', '  what to do: Ask.'],
      ],
    );
  });
});

test('an event that the broker does not accept is named with its reason, size and next attempt', () => {
  const held = {
    cause: 'too-large',
    kind: 'unknown',
    sequence: 12,
    since: at,
    message: 'too large',
    remedy: 'Raise it.',
  };
  const line = (changes: object) => heldBackLines([{ ...held, ...changes } as HeldBack], show)[0];
  assert.equal(
    line({ sizeBytes: 900, reason: 'no', until: '2026-03-02T09:00:00.000Z' }),
    'HELD BACK: event 12 (unknown); other events are sent: too large (900 bytes): no; since 08:00, next attempt at 09:00\n  what to do: Raise it.',
  );
  assert.match(
    line({ cause: 'topic-refused' }) ?? '',
    /^HELD BACK: events of the kind unknown, from 12 on; .*: too large; since 08:00, next attempt at the next connection\n/,
  );
});

test('the nearest word is one edit away in three letters, in any case and with any separators', () => {
  for (const [word, known, nearest] of [
    ['stall_after_s', ['stallAfterS'], 'stallAfterS'],
    ['CAMRAS', ['cameras', 'camera'], 'cameras'],
    ['iamge', ['image'], 'image'],
    ['ab', ['xy'], undefined],
    ['ab', ['ax'], 'ax'],
    ['cmrs', ['cameras'], undefined],
    ['cmeas', ['cameras'], 'cameras'],
    ['x'.repeat(64), ['x'.repeat(63)], 'x'.repeat(63)],
    ['x'.repeat(65), ['x'.repeat(65)], undefined],
    ['a', [], undefined],
  ] as const)
    assert.equal(nearestWord(word, known), nearest, word);
});
