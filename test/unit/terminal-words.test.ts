import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  describeCorrection,
  describeReport,
  describeToday,
  type ReadReport,
} from '../../daemon/cli/attendance/attendance-text.js';
import { describeTest } from '../../daemon/cli/camera.js';
import { cameraTable } from '../../daemon/cli/camera-table.js';
import { plain } from '../../daemon/cli/colour.js';
import { describeFinding } from '../../daemon/cli/finding-text.js';
import { describeEnrolment } from '../../daemon/cli/person-text.js';
import { describeStatus } from '../../daemon/cli/status.js';
import { alertOperations } from '../../daemon/contract/alerts.js';
import type { CameraTest } from '../../daemon/contract/cameras.js';
import type { ShownWith } from '../../daemon/contract/command-line.js';
import type { EnrolmentResult } from '../../daemon/contract/enrolment.js';
import { describePassages, describeWhy } from '../../daemon/contract/passage-text.js';
import type { PassageDetails, PassageItem } from '../../daemon/contract/passages.js';
import type { PersonDetail, PersonSummary } from '../../daemon/contract/person.js';
import { describePerson, describePersons } from '../../daemon/contract/persons-text.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { statusFindings } from '../../daemon/core/doctor/status-areas.js';
import { english as messages } from '../../daemon/words/english.js';
import { Language } from '../../daemon/words/language.js';
import { healthyStatus } from '../support/healthy-status.js';
import { namesIn } from '../support/messages.js';

/** A language without words: each of its messages is its values. What else is shown was said without a message. */
const wordless = new Language(
  'xx',
  new Map(
    [...messages].map(([code, text]) => [
      code,
      `§${namesIn(text)
        .map((name) => ` {${name}}`)
        .join('')}`,
    ]),
  ),
);
const { say } = wordless;
const reader: ShownWith = { show: (iso) => iso, say, input: {}, names: {}, isPictureGiven: false };

const wordsIn = (text: string): readonly string[] => text.match(/\p{L}{2,}/gu) ?? [];

/** The words of a text that are neither in the answer of the box nor among `known`. */
function ownWords(text: string, answer: unknown, known: readonly string[]): readonly string[] {
  const values = new Set([...wordsIn(JSON.stringify(answer)), ...known]);
  return [...new Set(wordsIn(text))].filter((word) => !values.has(word));
}

const at = '2026-03-02T11:00:00.000Z';
const fault = { code: 'x', message: 'Y', remedy: 'Z' };
const door = {
  ...healthyStatus.cameras[0],
  stream: { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25, decoder: 'vaapi' },
  load: { dueFps: 15, analysedFps: 12, decoderCores: 0.1, analysisThreads: 0.2 },
  ...{ damage: fault, isSwitchedByCentre: true, viewers: 2 },
  lostStream: { ...fault, which: 'main' },
};
const { certificates } = healthyStatus.broker;
const status = {
  ...healthyStatus,
  cameras: [door, { ...door, damage: undefined, lostStream: { ...fault, which: 'substream' } }],
  vision: [
    { ...healthyStatus.vision[0], restarts: 1, lastFailure: 'Y', refused: { time: 3 } },
    { index: 1, state: 'restarting', restarts: 2, restartCauses: {} },
  ],
  gallery: { ...healthyStatus.gallery, damagedRows: 1, expected: { fpir: 0.01, fnir: 0.02, alikePairs: 1 } },
  gate: { certificate: { ...certificates[0], whose: 'gate', isMadeByBox: true, fingerprint: 'AA' } },
  broker: { state: 'waiting', message: 'Y', remedy: 'Z', certificates },
  outbox: { waiting: 2, acknowledgement: 'centre' },
  intake: { ...healthyStatus.intake, problem: fault },
  retention: { lastRunAt: at, failures: 1 },
  alerts: { rules: 1, pending: 1, failed: 1 },
  analysis: { analysedFps: 12, dueFps: 15 },
  capacity: { cores: 4, busyCores: 1.4, coresPerCamera: 0.3, moreCameras: 3, limit: 'processor' },
} as unknown as BoxStatus;

const row = {
  ...{ person: 'p-1', name: 'Ada', date: '2026-03-02', shift: 'X', shiftFrom: null, shiftTo: null },
  ...{ firstIn: at, lastOut: null, statuses: ['late', 'present', 'unproven', 'seen-not-proven'] },
  ...{ workedMin: 0, workedSoFarMin: 60, breakMin: 0, awayMin: 0, earlyMin: 0, lateMin: 5 },
  ...{ leftEarlyMin: 5, overtimeMin: 5, isCorrected: true },
};
const correction = { number: 1, person: 'p-1', date: '2026-03-02', by: 'X', madeAt: at, reason: 'Y' };
const seen = { date: '2026-03-02', at, camera: 'X', direction: 'in', event: 7, isCorrected: false };
const report = {
  head: {
    ...{ site: 'X', timeZone: 'Y', madeAt: at, from: '2026-03-01', to: '2026-03-02', keptFrom: '2026-03-02' },
    ...{ areNamesKnown: false, areAbsencesKnown: false },
    corrections: ['in', 'out', 'absence-excused', 'as-recorded', 'seen', 'not-seen'].map((kind) => ({
      ...{ ...correction, kind, at: kind === 'in' ? at : null },
    })),
    ambiguous: [{ ...seen, candidates: [{ person: 'p-1', name: 'Ada' }, { person: 'p-2' }] }],
    seenNotProven: [{ ...seen, isCorrected: true, person: 'p-1', reason: 'Z' }],
  },
  rows: [row],
} as unknown as ReadReport;

const liveness = {
  ...{ require: 'blink', verdict: 'live', reason: 'blinked', blinkCount: 1, observedS: 3, frameCount: 31 },
  ...{ passiveScore: 0.9 },
  openness: {
    samples: [
      { afterS: 0, openness: 0.3 },
      { afterS: 1, fault: 'dark' },
    ],
    ...{ openEyes: 0.3, closedUnder: 0.1 },
  },
};
const why = {
  ...{ number: 7, id: '0123456789123', camera: 'door', startedAt: at, lastSeenAt: at, inSightS: 4 },
  ...{ end: 'box-stopped', outcome: 'attended', reason: 'recorded', sentence: 'X', remedy: 'Y' },
  ...{ events: ['e-1'], hasPicture: true, margin: 0.1, liveness, mark: { was: 'nobody', at } },
  person: { id: 'p-1', name: 'Ada' },
  nearest: [{ person: { id: 'p-1', name: 'Ada' }, similarity: 0.7, threshold: 0.5 }],
  views: {
    ...{ count: 4, embedded: 2, faults: { dark: 2 } },
    best: { score: 0.8, widthPx: 100, yawDeg: 1, pitchDeg: 2, meanLuma: 120, sharpness: 0.4 },
  },
  cooldown: { elapsedS: 1, cooldownS: 300, passage: '0123456789124' },
} as unknown as PassageDetails;
const others = [
  { ...why, person: undefined, stranger: { id: 's-1', visit: 3 }, end: undefined, mark: undefined },
  { ...why, events: [], hasPicture: false, nearest: [], mark: { was: 'stranger', at } },
  { ...why, mark: { was: 'person', at } },
] as unknown as readonly PassageDetails[];

const person = {
  ...{
    id: 'p-1',
    name: 'Ada',
    state: 'removed',
    enrolledAt: at,
    removedAt: at,
    templates: 1,
    photographs: 1,
  },
  ...{ photographIds: [], groups: ['X'], validFrom: '2026-01-01', notes: 'Y', fields: { department: 'Z' } },
  consent: { basis: 'consent', dateIso: '2026-01-01', reference: 'X', withdrawnIso: '2026-02-01' },
  ...{ watch: { mark: 'barred', reason: 'Y' }, revision: 1 },
  threshold: { similarity: 0.6, recogniser: 'X', reason: 'Y' },
  thresholdInForce: { similarity: 0.6, general: 0.5, reason: 'neighbour' },
} as unknown as PersonDetail & PersonSummary;
const bare = {
  ...{ ...person, removedAt: undefined, consent: undefined, validUntil: '2026-03-01' },
} as unknown as typeof person;

const box = { x: 1, y: 2, width: 3, height: 4 };
const photographs = [
  { outcome: 'refused', message: 'X', code: 'y', remedy: 'Z' },
  { outcome: 'enrolled', qualityScore: 0.8, warnings: [fault] },
  {
    outcome: 'enrolled',
    qualityScore: 0.8,
    taken: { face: { number: 1, place: 'middle', box }, faceCount: 2 },
  },
];
const like = { personId: 'p-2', name: 'Bea', similarity: 0.7 };
const enrolments = [
  { outcome: 'similar', ...like },
  { outcome: 'external-id-taken', personId: 'p-2' },
  { outcome: 'enrolled', person, photographs, resembles: [like] },
  { outcome: 'enrollable', photographs },
  { outcome: 'refused', photographs },
] as unknown as readonly EnrolmentResult[];

const alerts = [
  {
    ...{ id: 'a-1', time: at, rule: 'X', phase: 'begin', subject: 'Y' },
    deliveries: [{ channel: 'mail', state: 'failed', attempts: 2, code: 'refused', reason: 'Z' }],
  },
  {
    ...{ id: 'a-2', time: at, rule: 'X', phase: 'begin', subject: 'Y', deliveries: [] },
    acknowledgement: {},
  },
];

const certificate = {
  subject: 'X',
  issuer: 'Y',
  names: 'Z',
  validFrom: at,
  validUntil: at,
  fingerprint: 'AA',
};
const faces = [
  { widthPx: 100, score: 0.9, quality: null },
  { widthPx: 100, score: 0.9, quality: { score: 0.8, reasons: [] } },
  { widthPx: 100, score: 0.9, quality: { score: 0.1, reasons: ['dark', 'too-small'] } },
];
const tests = [
  {
    ...{ outcome: 'ok', firstFrameMs: 300, measuredFps: 24, decodingCores: 0.1, framesAnalysed: 5, faces },
    ...{ stream: door.stream, problems: [fault] },
    connection: { isEncrypted: false, certificate: null, login: 'basic' },
  },
  { outcome: 'failed', ...fault, connection: { isEncrypted: true, certificate, login: 'digest' } },
] as unknown as readonly CameraTest[];

/** What each daily command prints, with the answer that it shows, and words that it takes from neither an answer nor a message. */
const views: readonly (readonly [
  command: string,
  text: string,
  answer: unknown,
  known?: readonly string[],
])[] = [
  ['status', describeStatus(status, reader.show, plain, wordless), status],
  [
    'doctor',
    statusFindings(status, reader.show)
      .map((each) => describeFinding(each, plain, wordless))
      .join('\n'),
    status,
  ],
  ['camera list', cameraTable(status.cameras, plain, wordless), status.cameras],
  ['camera list', cameraTable([], plain, wordless), []],
  [
    'camera test',
    tests.map((each) => describeTest('door', each, wordless)).join('\n'),
    tests,
    ['door', 'TLS'],
  ],
  ['attendance today', describeToday(report, reader), report],
  ['attendance report', describeReport(report, reader), report],
  ['attendance report', describeReport({ ...report, rows: [] }, reader), report],
  [
    'attendance correct',
    describeCorrection({ correction: { ...correction, kind: 'in', at }, rows: report.rows }, reader),
    report,
  ],
  [
    'passages list',
    describePassages([why, ...others, { id: 'x', unreadable: true } as unknown as PassageItem], reader),
    [why, others],
  ],
  ['passages list', describePassages([], reader), []],
  ['passages why', [why, ...others].map((each) => describeWhy(each, reader)).join('\n'), [why, others]],
  ['person list', describePersons([person, bare], reader), person],
  [
    'person list',
    [describePersons([], reader), describePersons([], { ...reader, input: { name: 'X' } })].join(),
    [],
  ],
  ['person show', [person, bare].map((each) => describePerson(each, reader)).join('\n'), person],
  [
    'person add',
    enrolments.map((each) => describeEnrolment(each, ['a.jpg', 'b.jpg', 'c.jpg'], wordless)).join('\n'),
    enrolments,
    ['jpg'],
  ],
  [
    'alerts list',
    alertOperations['alerts.list'].commandLines[0].text(alerts as never, reader),
    alerts,
    ['muted'],
  ],
  ['alerts list', alertOperations['alerts.list'].commandLines[0].text([], reader), []],
];

describe('the daily commands of rollcall', () => {
  for (const [index, [command, text, answer, known = []]] of views.entries())
    test(`${command} says all that it prints by messages, in case ${index + 1}`, () => {
      assert.deepEqual(ownWords(text, answer, known), [], text);
      assert.match(text, /§/);
    });
});
