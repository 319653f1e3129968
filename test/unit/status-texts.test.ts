import { describe, test } from 'node:test';
import { registerLiveness } from '../../daemon/cli/liveness.js';
import { describeStatus, registerStatus } from '../../daemon/cli/status.js';
import { faceLine, OpennessTraces, sightLines } from '../../daemon/cli/watched-faces.js';
import type { FacesInSight } from '../../daemon/contract/live.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { statusFindings } from '../../daemon/core/doctor/status-areas.js';
import { filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';
import { healthyStatus } from '../support/healthy-status.js';

const expected = expectedTexts('status.txt');

const at = '2026-03-02T11:00:00.000Z';
const { recogniser, vision, gallery, broker, cameras } = healthyStatus;
const certificate = broker.certificates[0];
const problem = { message: 'it is full', remedy: 'Empty it.' };
const lesser = (reason: string, state: string) => ({
  recogniser: { ...recogniser, name: 'faceres', reason, preferred: { name: 'mobilefacenet', state } },
});
const seen = (more: object) => ({ vision: [{ ...vision[0], ...more }] });
const threshold = (configuredThreshold: number) => ({ recogniser: { ...recogniser, configuredThreshold } });
const errors = (more: object) => ({ gallery: { ...gallery, expected: { alikePairs: 0, ...more } } });
const rotation = {
  depth: 'deep',
  state: 'waiting',
  done: 1,
  total: 2,
  damaged: 0,
  fromKeyId: 'k-0',
  toKeyId: 'k-1',
};
const gate = { certificate: { ...certificate, isMadeByBox: true, fingerprint: 'AA:BB' } };

const capacity = { cores: 4, busyCores: 1.44, coresPerCamera: 0.356, moreCameras: 3, limit: 'processor' };
const stream = { codec: 'h264', widthPx: 1920, heightPx: 1080, fps: 25, decoder: 'vaapi' };
const load = { dueFps: 14.9, analysedFps: 12.2, decoderCores: 0.104, analysisThreads: 0.251 };
const loaded = { ...cameras[0], stream, load };

const states: readonly (readonly [when: string, more: object])[] = [
  ['all is well', {}],
  ['the configuration was refused', { lastReload: { outcome: 'refused', at, problems: ['a', 'b'] } }],
  ['changes wait for a restart', { lastReload: { outcome: 'applied', at, needRestart: ['a', 'b'] } }],
  ['a change was applied', { lastReload: { outcome: 'applied', at, needRestart: [] } }],
  ['no time server controls the clock', { clock: { isSynchronised: false } }],
  ['a time server controls the clock', { clock: { isSynchronised: true } }],
  ['the clock was set back', { clock: { isSynchronised: true, lastJump: { at, byS: -1 } } }],
  ['the clock was set ahead', { clock: { lastJump: { at, byS: 90 } } }],
  ['the daemon is of an older release', { recogniser: undefined, clock: undefined }],
  ['a lesser recogniser is there by default', lesser('default', 'ready')],
  ['a lesser recogniser is the only one', lesser('default', 'absent')],
  ['a lesser recogniser made the gallery', lesser('gallery', 'ready')],
  ['a lesser recogniser made the gallery, and is the only one', lesser('gallery', 'absent')],
  ['a lesser recogniser is configured', lesser('configured', 'absent')],
  [
    'a better recogniser is absent',
    { recogniser: { ...recogniser, preferred: { name: 'x', state: 'absent' } } },
  ],
  ['the other lesser recogniser is there', { recogniser: { ...recogniser, name: 'dlib-resnet' } }],
  ['the threshold is far above', threshold(0.7501)],
  ['the threshold is far below', threshold(0.3499)],
  ['the threshold is just plausible', threshold(0.74)],
  [
    'the threshold has nothing beside it',
    { recogniser: { ...recogniser, ownThreshold: undefined, configuredThreshold: 2 } },
  ],
  ['a vision process is loading', seen({ state: 'starting', provider: undefined })],
  ['a vision process has failed', seen({ state: 'failed', lastFailure: 'no memory', restarts: 1 })],
  [
    'a vision process runs without a GPU',
    seen({ provider: { requested: 'cuda', actual: 'cpu', warning: 'no driver' } }),
  ],
  ['a vision process tells nothing of itself', seen({ provider: undefined })],
  ['a vision process was refused reports', seen({ restarts: 2, refused: { time: 3, camera: 21 } })],
  [
    'the gallery is sealed',
    { gallery: { ...gallery, state: 'sealed', message: 'no key', remedy: 'Give it.' } },
  ],
  ['the gallery is opening', { gallery: { ...gallery, state: 'sealed' } }],
  [
    'the gallery has one damaged row',
    { gallery: { state: 'open', persons: 1, templates: 1, damagedRows: 1 } },
  ],
  [
    'the gallery is damaged',
    { gallery: { ...gallery, damagedRows: 2, expected: { fpir: 0.01, alikePairs: 0 } } },
  ],
  ['a rotation waits', { gallery: { ...gallery, rotation: { ...rotation, problem } } }],
  ['a rotation runs', { gallery: { ...gallery, rotation: { ...rotation, state: 'running' } } }],
  ['a rotation has failed', { gallery: { ...gallery, rotation: { ...rotation, state: 'failed', problem } } }],
  ['no errors are known', errors({})],
  ['no errors are known, and a target is set', errors({ targetFpir: 0.01 })],
  ['errors are known', errors({ fpir: 0.00567, fnir: 0.0234, alikePairs: 1 })],
  ['errors are known, and a target is set', errors({ fpir: 0.0123, targetFpir: 0.01, alikePairs: 2 })],
  ['the box has room for cameras', { capacity, cameras: [loaded] }],
  [
    'the box has no room, and a camera fell back to software',
    {
      capacity: { ...capacity, moreCameras: 0, limit: 'overloaded' },
      cameras: [
        { ...loaded, stream: { ...stream, decoder: 'software', fallback: { code: 'x', ...problem } } },
      ],
    },
  ],
  ['the broker is of an older version', { broker: { ...broker, mqttVersion: '3.1.1' } }],
  ['the broker is of this version', { broker: { ...broker, mqttVersion: '5' } }],
  [
    'the broker is away',
    { broker: { state: 'waiting', mqttVersion: '3.1.1', message: 'no answer', remedy: 'Start it.' } },
  ],
  [
    'the broker refuses topics',
    { broker: { ...broker, refusedTopics: ['a', 'b'], areCommandsRefused: true } },
  ],
  [
    'certificates end',
    {
      broker: {
        ...broker,
        certificates: [
          { ...certificate, state: 'ending', daysLeft: 1 },
          { ...certificate, state: 'expired', daysLeft: -1 },
        ],
      },
    },
  ],
  ['the gate has its own certificate', { gate }],
  [
    'the gate has a configured certificate',
    { gate: { certificate: { ...gate.certificate, isMadeByBox: false } } },
  ],
  ['the certificate of the gate is unusable', { gate: { ...gate, problem } }],
  [
    'the certificate of the gate became unusable',
    { gate: { certificate: { ...gate.certificate, isMadeByBox: false }, problem } },
  ],
  ['the gate has no certificate', { gate: { problem } }],
  [
    'the certificate of the gate has expired',
    { gate: { certificate: { ...gate.certificate, state: 'expired', daysLeft: -3 } } },
  ],
  [
    'there is no broker',
    { broker: { state: 'not configured' }, outbox: { waiting: 1, acknowledgement: 'broker' } },
  ],
  ['there is no broker, and nothing waits', { broker: { state: 'not configured' } }],
  ['one event waits for the broker', { outbox: { waiting: 1, acknowledgement: 'broker' } }],
  ['events wait for the centre', { outbox: { waiting: 2, acknowledgement: 'centre' } }],
  ['nobody passed', { passages: { count: 0, byOutcome: {} } }],
  [
    'nothing can be recorded',
    { intake: { taken: 9, facts: 8, suppressed: 7, givenUp: 1, waiting: 1, problem } },
  ],
  [
    'nothing could be recorded for long',
    { intake: { taken: 9, facts: 8, suppressed: 7, givenUp: 2, waiting: 3, problem } },
  ],
  ['a prompt was not shown', { prompts: [{ camera: 'door', at, ...problem }] }],
  ['retention ran', { retention: { lastRunAt: at, failures: 0 } }],
  ['retention failed', { retention: { lastRunAt: at, failures: 1, clockDoubt: problem } }],
  ['retention failed twice', { retention: { failures: 2 } }],
  ['there are no alerts', { alerts: { rules: 0, pending: 0, failed: 0 } }],
  ['alerts wait', { alerts: { rules: 0, pending: 1, failed: 0 } }],
  ['alerts have failed', { alerts: { rules: 0, pending: 2, failed: 1 } }],
  ['several alerts have failed', { alerts: { rules: 2, pending: 0, failed: 2 } }],
  [
    'cameras are in trouble',
    {
      cameras: [
        { ...cameras[0], damage: problem },
        { ...cameras[0], id: 'a', message: 'no answer', remedy: 'Switch it on.', state: 'waiting' },
        { ...cameras[0], id: 'b', message: 'no answer', state: 'waiting' },
        { ...cameras[0], id: 'c', state: 'connecting' },
      ],
    },
  ],
];

describe('rollcall status and rollcall doctor', () => {
  const show = (iso: string): string => `<${iso}>`;
  for (const [when, more] of states) {
    test(`say what they said ever when ${when}`, () => {
      const status = { ...healthyStatus, uptimeS: 60.4, ...more } as BoxStatus;
      const findings = statusFindings(status, show).map(({ title: _, says: __, ...finding }) =>
        JSON.stringify(finding),
      );
      expected(when, [describeStatus(status, show), ...findings].join('\n'));
    });
  }
  testCommands(registerStatus, expected, [
    ['status', 'the daemon answers', { 'status.show': healthyStatus }],
    ['status --json', 'a program asks', { 'status.show': { version: '1' } }],
  ]);
});

const faceOf = (more: object) => ({
  ...{ track: 't1', number: 1, openness: [0, 0.2, 0.41, null, 0.3], quality: { score: 0.876, reasons: [] } },
  measures: { widthPx: 101, sharpness: 0.456, yawDeg: -4, meanLuma: 120 },
  liveness: { verdict: 'undetermined', reason: 'observed-too-briefly', blinkCount: 1, observedS: 2.34 },
  ...more,
});
const decided = (outcome: string, more: object = {}) => ({
  decision: { outcome, reason: 'r', sentence: 'It is so.', ...more },
});
const faces = [
  faceOf({}),
  faceOf({ track: 't2', number: 2, quality: { score: 0.1, reasons: ['dark', 'small'] }, openness: [null] }),
  faceOf({ track: 't3', number: 3, quality: null, openness: [], ...decided('attack') }),
  faceOf({
    number: 4,
    measures: null,
    ...decided('attended', { nearest: { person: 'p-1', name: 'Ada', similarity: 0.71239, threshold: 0.5 } }),
  }),
  faceOf({
    number: 5,
    ...decided('unproven', { remedy: 'Wait.', nearest: { person: 'p-1', similarity: 0.7, threshold: 0.5 } }),
  }),
];

test('rollcall camera watch shows faces as ever', () => {
  const sight = { capturedAt: at, faces } as unknown as FacesInSight;
  const traces = new OpennessTraces();
  traces.add(sight);
  const screen = sightLines('door', sight, traces, '▁▂▃▄▅▆▇█');
  expected('faces on a screen', screen.map(({ text, outcome }) => `${text} [${outcome ?? ''}]`).join('\n'));
  expected('faces in lines', sight.faces.map((face) => faceLine('door', face)).join('\n'));
  const long = new OpennessTraces();
  const one = (openness: readonly number[]) =>
    ({ capturedAt: at, faces: [faceOf({ openness })] }) as unknown as FacesInSight;
  long.add(one(Array.from({ length: 39 }, () => 0.1)));
  long.add(one([0.2, 0.3]));
  expected(
    'the trace of a face',
    [long.of('t1').length, long.of('t1').at(0), long.of('t1').at(-1), long.of('t9').length].join(' '),
  );
  long.add({ capturedAt: at, faces: [] } as unknown as FacesInSight);
  expected('the trace of a face out of sight', `${long.of('t1').length}`);
});

const judged = {
  ...{ verdict: 'live', reason: 'blinked', durationS: 3.26, faceWidthPx: 101.6 },
  evidence: {
    observedS: 2.34,
    frameCount: 1,
    blinks: [{ atMs: 1234 }, { atMs: 2345 }],
    gestures: [{ kind: 'nod', startMs: 500 }],
  },
};
const still = {
  ...judged,
  verdict: 'attack',
  reason: 'still-face',
  evidence: { observedS: 2, frameCount: 30, blinks: [], gestures: [] },
};

describe('rollcall liveness', () => {
  testCommands(registerLiveness, expected, [
    [`liveness ${filePath}`, 'it is live', { 'liveness.judge-clip': judged }],
    [
      `liveness ${filePath} ${filePath} ${filePath} --fps 60`,
      'it is an attack',
      { 'liveness.judge-clip': still },
    ],
    [`liveness ${filePath} --fps 1 --json`, 'a program asks', { 'liveness.judge-clip': still }],
    [
      `liveness ${filePath} --challenge 'nod, blink-twice'`,
      'the challenge is done',
      { 'liveness.judge-clip': { ...judged, challenge: { doneCount: 2 } } },
    ],
    [
      `liveness ${filePath} --challenge nod`,
      'the challenge is not done',
      { 'liveness.judge-clip': { ...still, challenge: { doneCount: 0, wrong: 'turn-left' } } },
    ],
    [`liveness ${filePath} ${filePath}`, 'two photographs are too few'],
    [`liveness ${filePath} --fps 0.9`, 'the rate is too low'],
    [`liveness ${filePath} --fps 61`, 'the rate is too high'],
    [`liveness ${filePath} --challenge nod,wink`, 'there is no such action'],
    [`liveness ${filePath}-none`, 'the file is not there'],
  ]);
});
