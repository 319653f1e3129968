import { describe, test } from 'node:test';
import { registerAudit } from '../../daemon/cli/audit/audit.js';
import { passageLine } from '../../daemon/contract/passage-text.js';
import type { PassageItem } from '../../daemon/contract/passages.js';
import { english } from '../../daemon/words/language.js';
import { commandNamed, filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('record-commands.txt');

const noon = '2026-03-02T11:00:00.000Z';
const evening = '2026-03-02T18:30:00.000Z';
const id = `p-${'a'.repeat(26)}`;
const cameras = { 'cameras.list': [{ id: 'door', name: 'Front door', state: 'streaming' }] };
const picture = Buffer.from('a picture');

const passage = {
  ...{
    number: 7,
    id: '0123456789abcdefgh',
    camera: 'door',
    startedAt: noon,
    lastSeenAt: evening,
    inSightS: 4.26,
  },
  ...{ end: 'left', outcome: 'recognised', reason: 'recognised', sentence: 'It was Ada.', events: [] },
  person: { id, name: 'Ada' },
};
const passages = [
  passage,
  { ...passage, person: { id }, end: undefined },
  { ...passage, person: undefined, stranger: { id: 's-1', visit: 3 } },
  { ...passage, person: undefined },
  { number: 6, id: 'fedcba9876543210', unreadable: true },
];
const liveness = {
  ...{ require: 'blink', verdict: 'live', reason: 'blinked', blinkCount: 1, observedS: 3.26, frameCount: 31 },
};
const details = {
  ...{
    ...passage,
    recogniser: 'made-up',
    threshold: 0.5,
    margin: 0.02,
    hasPicture: true,
    liveness,
    nearest: [],
  },
  views: { count: 40, embedded: 5, faults: {} },
};
const sample = (afterS: number, openness?: number, fault?: string) => ({ afterS, openness, fault });
const full = {
  ...details,
  ...{ end: 'another-face', remedy: 'Ask them to wait.', events: ['e-1', 'e-2'], hasPicture: false },
  mark: { was: 'person', person: { id, name: 'Ada' }, at: evening },
  views: {
    ...{ count: 40, embedded: 5, faults: { dark: 2, blurred: 9, small: 0, turned: 1 } },
    best: { score: 0.876, widthPx: 101.6, yawDeg: -4.6, pitchDeg: 3.4, meanLuma: 120.5, sharpness: 0.456 },
  },
  nearest: [
    { person: { id, name: 'Ada' }, similarity: 0.71239, threshold: 0.5 },
    { person: { id: 'p-2' }, similarity: 0.4, threshold: 0.6 },
  ],
  liveness: {
    ...liveness,
    ...{ blinkCount: 2, frameCount: 1, passiveScore: 0.876 },
    openness: {
      samples: [
        ...[sample(0, 0.3), sample(0.5, 0.02), sample(1, 0.3), sample(1.5, undefined, 'dark')],
        ...[sample(2, 0.15), sample(2.5, undefined, 'dark'), sample(3, undefined, 'turned')],
      ],
      ...{ openEyes: 0.304, closedUnder: 0.126 },
    },
  },
  cooldown: { elapsedS: 12.6, cooldownS: 300.4, passage: 'abcdefghijklmnopq' },
};
const ended = (end: string) => ({ 'passages.show': { ...details, end } });
const manySamples = Array.from({ length: 200 }, (_, at) => sample(at / 10, at === 77 ? 0.01 : 0.3));

describe('rollcall passages list, why and show', async () => {
  const list = { 'passages.list': { items: passages } };
  testCommands(await commandNamed('passages'), expected, [
    ['passages list', 'there are some', list],
    ['passages list', 'there are none', { 'passages.list': { items: [] } }],
    [
      `passages list --camera doo --person ${id} --stranger s-1 --outcome stranger --reason gallery-empty --since 2026-03-01 --until 2026-03-02 -n 5 --json`,
      'a program asks',
      { ...list, ...cameras },
    ],
    ["passages list --camera 'Front door'", 'it is a name', { ...list, ...cameras }],
    ['passages list --camera cellar', 'it is unknown', { 'passages.list': { items: [] }, ...cameras }],
    ['passages list --since 2026-13-01', 'there is no such day'],
    ['passages list -n 10001', 'too many are wanted'],
    ['passages why 0123', 'little is known', { 'passages.show': details }],
    ['passages why 0123', 'everything is known', { 'passages.show': full }],
    ...['camera-lost', 'vision-stopped', 'box-stopped'].map(
      (end) => ['passages why 0123', `it ended as ${end}`, ended(end)] as const,
    ),
    ['passages why 0123', 'the face is in sight', { 'passages.show': { ...details, end: undefined } }],
    [
      'passages why 0123',
      'it was a stranger',
      {
        'passages.show': {
          ...details,
          mark: { was: 'stranger', at: evening },
          cooldown: { elapsedS: 1, cooldownS: 2 },
        },
      },
    ],
    [
      'passages why 0123',
      'it was nobody',
      { 'passages.show': { ...details, mark: { was: 'nobody', at: evening } } },
    ],
    [
      'passages why 0123',
      'it was a person without a name',
      { 'passages.show': { ...details, mark: { was: 'person', person: { id }, at: evening } } },
    ],
    [
      'passages why 0123',
      'it was an erased person',
      { 'passages.show': { ...details, mark: { was: 'person', at: evening } } },
    ],
    [
      'passages why 0123',
      'there are more views than columns',
      { 'passages.show': { ...details, liveness: { ...liveness, openness: { samples: manySamples } } } },
    ],
    [
      'passages why 0123',
      'the eyes were never judged',
      {
        'passages.show': {
          ...details,
          liveness: { ...liveness, openness: { samples: [sample(0, undefined, 'dark')] } },
        },
      },
    ],
    [
      'passages why 0123',
      'there is one view of the eyes',
      { 'passages.show': { ...details, liveness: { ...liveness, openness: { samples: [sample(1, 0.3)] } } } },
    ],
    [
      'passages why 0123',
      'there is no view of the eyes',
      { 'passages.show': { ...details, liveness: { ...liveness, openness: { samples: [] } } } },
    ],
    ['passages why 0123 --json', 'a program asks', { 'passages.show': passage }],
    ['passages why 0123 --json --picture', 'a picture needs a file'],
    [`passages why 0123 --picture ${filePath}`, 'the file exists', { 'passages.show': details }],
    [
      `passages why 0123 --picture ${filePath}-1`,
      'there is a picture',
      { 'passages.show': details, 'passages.picture': picture },
    ],
    [
      `passages why 0123 --picture ${filePath}-2 --json`,
      'a program asks for a picture',
      { 'passages.show': passage, 'passages.picture': picture },
    ],
    ['passages show 0123', 'it exists', { 'passages.show': passage }],
  ]);
});

test('rollcall passages tail has two lines for each passage', () => {
  const lines = passages.map((each) =>
    passageLine(each as PassageItem, { show: (at) => String(at), say: english.say }),
  );
  expected('passages of a stream', lines.join('\n'));
});

const change = { person: { id, name: 'Ada' }, before: 0.5, after: 0.61239, comparisons: 20, lost: 3 };
const effect = {
  thresholds: [change, { ...change, person: { id }, lost: 0 }, { ...change, after: 0.5 }],
};
const noEffect = { 'passages.mark-effect': { thresholds: [{ ...change, after: 0.5 }] } };
const marked = (corrections: number) => ({ 'passages.mark': { corrections } });

describe('rollcall passages mark, unmark and missed', async () => {
  testCommands(await commandNamed('passages'), expected, [
    ['passages mark 0123 --was stranger', 'nothing has to be corrected', { ...noEffect, ...marked(0) }],
    ["passages mark 0123 --was nobody --note 'a poster'", 'one is corrected', { ...noEffect, ...marked(1) }],
    [
      `passages mark 0123 --was ${id} --yes`,
      'a threshold changes',
      { 'passages.mark-effect': effect, ...marked(2) },
    ],
    [`passages mark 0123 --was ${id} --yes --json`, 'a program asks', { ...noEffect, ...marked(2) }],
    [`passages mark 0123 --was ${id}`, 'nobody can confirm it', { 'passages.mark-effect': effect }],
    ['passages mark 0123', 'nobody is named'],
    ['passages unmark 0123', 'it was marked', { 'passages.unmark': { corrections: 0 } }],
    ['passages unmark 0123 --json', 'a program asks', { 'passages.unmark': { corrections: 3 } }],
    [
      'passages add-reference 0123',
      'there is room',
      { 'passages.add-reference': { person: 'Ada', photograph: 'f-1' } },
    ],
    [
      'passages add-reference 0123',
      'another goes',
      { 'passages.add-reference': { person: 'Ada', photograph: 'f-1', retired: 'f-0' } },
    ],
    ['passages add-reference 0123 --json', 'a program asks', { 'passages.add-reference': { person: 'Ada' } }],
    [
      'passages remove-reference 0123',
      'it exists',
      { 'passages.remove-reference': { person: 'Ada', photograph: 'f-1' } },
    ],
    [
      'passages remove-reference 0123 --json',
      'a program asks',
      { 'passages.remove-reference': { person: 'Ada' } },
    ],
    [
      `passages missed --camera doo --person ${id} --at '2026-03-02 08:05' --note n`,
      'somebody was there',
      { ...cameras, 'passages.missed': { corrections: 1 } },
    ],
    [
      `passages missed --camera x --person ${id} --at 2026-03-02 --json`,
      'a program asks',
      { ...cameras, 'passages.missed': { corrections: 1 } },
    ],
  ]);
});

const counts = { passages: 10, byOutcome: { recognised: 7, stranger: 3 } };
const byDwell = [
  { fromS: 0, toS: 2, passages: 4, answered: 1, heldBack: 1, unanswered: 2 },
  { fromS: 2, toS: null, passages: 1, answered: 0, heldBack: 1, unanswered: 0 },
];
const reason = (name: string, count: number, remedy?: string) => ({
  outcome: 'stranger',
  reason: name,
  count,
  remedy,
});
const report = {
  ...{ from: '2026-03-01', to: '2026-03-02', passages: 10, unreadable: 0, marked: 0, marks: [] },
  cameras: [
    {
      ...{ camera: 'door', ...counts, byDwell },
      reasons: [
        ...[reason('a', 4, 'do a'), reason('b', 3), reason('c', 2, 'do c'), reason('d', 1, 'do d')],
        reason('e', 0, 'do e'),
      ],
      byDay: [
        { date: '2026-03-01', passages: 4, byOutcome: { recognised: 4 } },
        { date: '2026-03-02', passages: 6, byOutcome: { recognised: 3, stranger: 3 } },
      ],
      byHour: [{ hour: '08', ...counts }],
    },
    {
      camera: 'gate',
      passages: 0,
      byOutcome: {},
      byDwell: [],
      reasons: [reason('a', 0)],
      byDay: [],
      byHour: [],
    },
  ],
};
const wrong = { date: '2026-03-01', camera: 'door', person: { id }, falseMatches: 1, misses: 2 };
const accuracy = {
  ...{
    recogniser: 'made-up',
    threshold: 0.5,
    margin: 0.02,
    persons: 3,
    ownThresholdCount: 0,
    ownThresholds: [],
  },
  det: { genuine: 12, impostor: 34 },
};
const preview = {
  ...{ passages: 5, unreadable: 0, recorded: { recognised: 3, stranger: 2 } },
  policies: [{ byOutcome: { recognised: 4, attack: 1 }, changed: [], unknown: [] }],
};
const changed = {
  ...{ id: 'g-1', camera: 'door', startedAt: noon, recorded: { outcome: 'stranger', reason: 'r1' } },
  wouldBe: { outcome: 'recognised', reason: 'r2' },
};

describe('rollcall report', async () => {
  testCommands(await commandNamed('report'), expected, [
    [
      'report recognition --from 2026-03-01 --to 2026-03-02',
      'there are passages',
      { 'reports.recognition': report },
    ],
    [
      'report recognition --from 2026-03-01 --to 2026-03-02 --camera doo',
      'some are marked',
      {
        ...cameras,
        'reports.recognition': {
          ...report,
          cameras: [],
          unreadable: 2,
          marked: 3,
          marks: [wrong, { ...wrong, person: { id, name: 'Ada' } }],
        },
      },
    ],
    [
      'report recognition --from 2026-03-01 --to 2026-03-02',
      'none is wrong',
      { 'reports.recognition': { ...report, cameras: [], unreadable: 1, marked: 1 } },
    ],
    [
      'report recognition --from 2026-03-01 --to 2026-03-02 --json',
      'a program asks',
      { 'reports.recognition': { passages: 0 } },
    ],
    ['report recognition --from 1.3.2026', 'it is no day'],
    ['report accuracy', 'there are few', { 'reports.accuracy': accuracy }],
    [
      'report accuracy',
      'everything is known',
      {
        'reports.accuracy': {
          ...{ ...accuracy, targetFpir: 0.01, expectedFpir: 0.0123456, expectedFnir: 0.2 },
          det: {
            ...accuracy.det,
            inForce: { fmr: 0.001, fmrInterval: [0, 0.01], fnmr: 0.05, fnmrInterval: [0.01, 0.2] },
          },
          ownThresholdCount: 22,
          ownThresholds: Array.from({ length: 22 }, (_, at) => ({
            ...{
              person: at === 0 ? { id } : { id, name: `P${at}` },
              threshold: 0.61239,
              reason: 'neighbour',
            },
            ...(at === 1 ? {} : { fmr: 0.0001, fnmr: 0.03 }),
          })),
        },
      },
    ],
    ['report accuracy', 'one rate is known', { 'reports.accuracy': { ...accuracy, expectedFnir: 0.2 } }],
    [
      'report accuracy',
      'the other rate is known',
      { 'reports.accuracy': { ...accuracy, expectedFpir: 0.2 } },
    ],
    ['report accuracy --json', 'a program asks', { 'reports.accuracy': { persons: 0 } }],
    ['report preview', 'nothing would differ'],
    ['report preview --threshold 0.6', 'nothing changes', { 'reports.preview': preview }],
    [
      'report preview --threshold .6 --margin 0.01 --minimum-probes 2 --require blink --minimum-blinks 2 --attack-after-s 8 --smallest-face-px 60 --proving-fps 20 --camera doo --last 30',
      'much changes',
      {
        ...cameras,
        'reports.preview': {
          ...{ ...preview, unreadable: 1 },
          policies: [{ byOutcome: {}, unknown: ['g-9'], changed: Array.from({ length: 21 }, () => changed) }],
        },
      },
    ],
    [
      'report preview --margin 1',
      'twenty change',
      {
        'reports.preview': {
          ...{ ...preview, passages: 1 },
          policies: [{ byOutcome: {}, unknown: [], changed: Array.from({ length: 20 }, () => changed) }],
        },
      },
    ],
    [
      'report preview --threshold 0.6',
      'there are no passages',
      { 'reports.preview': { ...preview, passages: 0 } },
    ],
    ['report preview --threshold 0.6 --json', 'a program asks', { 'reports.preview': { passages: 0 } }],
    ['report preview --threshold high', 'it is no number'],
  ]);
});

const event = (sequence: string, more = {}) => ({
  ...{
    sequence,
    id: `e-${sequence}`,
    time: noon,
    recordedtime: noon,
    type: 'rollcall.attendance.recorded.v1',
  },
  data: {
    camera: 'door',
    person: id,
    similarity: 0.71239,
    liveness: { verdict: 'live', reason: 'blinked', blinks: [1] },
  },
  ...more,
});
const shownEvent = (delivery: string) => ({
  'events.show': { id: 'e-1', sequence: 1, kind: 'attendance', recordedAt: noon, delivery, event: { a: 1 } },
});

describe('rollcall events', async () => {
  const list = {
    'events.list': {
      items: [
        event('0000000000000003', { damaged: true, kind: 'attendance' }),
        event('0000000000000002', { data: { condition: 'disk', active: true }, time: undefined }),
        event('0000000000000001'),
      ],
    },
  };
  testCommands(await commandNamed('events'), expected, [
    ['events list', 'there are some', list],
    ['events list', 'there are none', { 'events.list': { items: [] } }],
    [
      `events list --kind attendance --from 0003 --to 9 --since 2026-03-01 --person ${id} --limit 2 --json`,
      'a program asks',
      { 'events.list': { items: [event('1')] } },
    ],
    ['events list --from 0', 'it is no sequence'],
    ['events list --from 99999999999999999', 'it is too large'],
    ['events list --from 9007199254740992', 'it is not exact'],
    ['events list --from 9007199254740991 --to 1', 'it is just exact', { 'events.list': { items: [] } }],
    ['events list --limit 0', 'none is wanted', {}],
    ...['waiting', 'kept-for-centre', 'given-up', 'delivered'].map(
      (delivery) => ['events show 1', `it is ${delivery}`, shownEvent(delivery)] as const,
    ),
    ['events show 1 --json', 'a program asks', shownEvent('waiting')],
    ['events show 1 --json --picture', 'a picture needs a file'],
    [
      `events show 1 --picture ${filePath}-3`,
      'there is a picture',
      { ...shownEvent('waiting'), 'events.picture': picture },
    ],
    [
      'events resend --from 3 --to 9 --yes',
      'some are gone',
      {
        'events.resend': {
          ...{ first: 3, last: 9, count: 5 },
          missing: { count: 2, ranges: [{ first: 4, last: 5 }] },
        },
      },
    ],
    [
      'events resend --from 3 --yes',
      'one is gone',
      {
        'events.resend': {
          first: 3,
          last: 9,
          count: 1,
          missing: { count: 1, ranges: [{ first: 4, last: 4 }] },
        },
      },
    ],
    [
      'events resend --from 3 --yes --json',
      'a program asks',
      { 'events.resend': { first: 3, missing: { count: 0 } } },
    ],
    [
      'events resend --from 3 --yes',
      'none is gone',
      { 'events.resend': { first: 3, last: 9, count: 7, missing: { count: 0, ranges: [] } } },
    ],
    ['events resend --from 3', 'nobody can confirm it'],
    ['events resend --from 3 --to 9', 'nobody can confirm it'],
    ['events tail --no-follow', 'there are some', list],
    ['events tail --no-follow --last 2 --json', 'a program asks', list],
  ]);
});

const kinds = [
  {
    kind: 'attendance',
    count: 2,
    oldestSince: noon,
    limit: { events: 100, days: 30 },
    givenUp: 1,
    isHeld: true,
  },
  { kind: 'unknown', count: 0, limit: { events: 50, days: 7 }, givenUp: 0, isHeld: false },
];
const outbox = {
  ...{
    count: 1,
    sizeBytes: 1_500_000,
    limitMiB: 64,
    newestSequence: 9,
    heldBack: [],
    kinds,
    acknowledgement: 'broker',
  },
  ...{ keptForCentre: 1, inFlight: 1, centreHasUpTo: 7, connection: { state: 'connected' } },
};

describe('rollcall outbox status', async () => {
  testCommands(await commandNamed('outbox'), expected, [
    ['outbox status', 'the broker decides', { 'outbox.show': outbox }],
    [
      'outbox status',
      'the centre decides, and the broker is away',
      {
        'outbox.show': {
          ...{ ...outbox, acknowledgement: 'centre', count: 2, inFlight: 0, keptForCentre: 3 },
          connection: { state: 'waiting', message: 'no answer', remedy: 'Start it.' },
        },
      },
    ],
    [
      'outbox status',
      'the broker is away without a remedy',
      {
        'outbox.show': {
          ...outbox,
          acknowledgement: 'centre',
          connection: { state: 'waiting', message: 'no answer' },
        },
      },
    ],
    [
      'outbox status',
      'there is no broker',
      { 'outbox.show': { ...outbox, connection: { state: 'not configured' } } },
    ],
    ['outbox status --json', 'a program asks', { 'outbox.show': { count: 1 } }],
  ]);
});

const hash = 'ab'.repeat(32);
const entry = {
  sequence: 3,
  at: noon,
  actor: 'uid:0',
  origin: 'cli',
  action: 'person.erased',
  details: { a: 1, b: 'x' },
  hash,
};
const whole = { outcome: 'whole', entryCount: 1, segments: [], newest: { sequence: 3, hash } };
const strange = { first: 1, last: 2, keyId: 'k-old', isProven: false };
const unproven = { outcome: 'unproven', entryCount: 2, segments: [strange, { ...strange, isProven: true }] };
const broken = {
  ...{ outcome: 'broken', entryCount: 1, segments: [strange], newest: { sequence: 3, hash } },
  breakage: { sequence: 2, reason: 'altered', message: 'the hash differs' },
};
const compliance = {
  ...{
    site: 'here',
    box: 'box',
    version: '1',
    madeAt: evening,
    period: { from: noon, to: evening },
    entryCount: 1,
  },
  persons: { enrolled: 1, changed: 2, removed: 3, restored: 4, erased: 5, consentWithdrawn: 6 },
  ...{ keys: [], accesses: [], refusals: [], actions: {}, erasures: [], integrity: whole },
};

describe('rollcall audit', () => {
  testCommands(registerAudit, expected, [
    [
      'audit list',
      'there are some',
      { 'audit.list': { items: [{ ...entry, sequence: 4, subject: id, details: {} }, entry] } },
    ],
    [
      `audit list --from 2026-03-01 --to 2026-03-02 --action person --actor uid:0 --person ${id} --limit 1500 --json`,
      'a program asks',
      {
        'audit.list': ({ cursor }: { cursor?: string }) => ({
          items: [entry],
          nextCursor: cursor === undefined ? 'c' : undefined,
        }),
      },
    ],
    ['audit list --subject k-1', 'there is nothing', { 'audit.list': { items: [] } }],
    ['audit list --limit 1', 'there are more', { 'audit.list': { items: [entry], nextCursor: 'more' } }],
    ['audit list --limit 100000', 'many are wanted', { 'audit.list': { items: [] } }],
    ['audit list --limit 100001', 'too many are wanted'],
    ['audit list --limit 0', 'none is wanted'],
    [`audit list --subject k-1 --person ${id}`, 'both are given'],
    ['audit verify', 'it is whole', { 'audit.verify': whole }],
    ['audit verify', 'it is empty', { 'audit.verify': { ...whole, entryCount: 0, newest: undefined } }],
    [`audit verify --noted 3:${hash.toUpperCase()}`, 'it is not proven', { 'audit.verify': unproven }],
    ['audit verify --noted 3:ab', 'it is no entry'],
    ['audit verify', 'it is broken', { 'audit.verify': broken }],
    ['audit verify', 'much of it is broken', { 'audit.verify': { ...broken, entryCount: 2, segments: [] } }],
    ['audit verify --json', 'a program asks', { 'audit.verify': unproven }],
    ['audit report --from 2026-03-01 --to 2026-03-02', 'little happened', { 'audit.report': compliance }],
    [
      'audit report --from 2026-03-01 --to 2026-03-02',
      'much happened',
      {
        'audit.report': {
          ...{
            ...compliance,
            oldestEntryAt: noon,
            entryCount: 2,
            integrity: unproven,
            actions: { 'person.erased': 5, 'key.used': 1 },
          },
          keys: [{ keyId: 'k-1', provider: 'secret', madeAt: noon, ageDays: 1 }],
          accesses: [{ action: 'person.shown', actor: 'uid:0', count: 7 }],
          refusals: [{ action: 'login.refused', actor: 'grace', count: 8 }],
          erasures: [entry, { ...entry, subject: id }],
        },
      },
    ],
    [
      'audit report --from 2026-03-01 --to 2026-03-02 --json',
      'a program asks',
      { 'audit.report': { integrity: broken } },
    ],
    ["audit report --from '2026-03-02 08:00' --to '2026-03-02 08:00'", 'the period is empty'],
  ]);
});
