import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { cameraId, passageId, personId, recogniserId, strangerId, trackId } from '../../daemon/kernel/ids.js';
import { isoTime } from '../../daemon/kernel/iso-time.js';
import { exampleTimeMs } from './example-box.js';

/** An event of the example box, and the name of its file. */
export interface ExampleEvent {
  /** Name of the message in the contract, with a suffix where there are several examples of it. */
  readonly name: string;
  readonly recordedAtMs: number;
  readonly event: BoxEvent;
}

const person = personId('p-2m4x0q7v9hbk3ndz5rcw8ty1ge');
const other = personId('p-7c1s9z0d4wjx6kq2mbn8r5vtf3');
const stranger = strangerId('s-6v0n8k2dq4c1wz9xj7tbm3rhfp');
const otherStranger = strangerId('s-3h9w5yf0tz8k1mq6ncr2xd4vbj');
const gate = cameraId('gate');

/** The time of an event that happened this long before it is sent. */
const ago = (seconds: number): number => exampleTimeMs - 1000 * seconds;

const seen = {
  cameraId: gate,
  trackId: trackId('5b8f6c2e-9a41-4d07-8f36-1c2ad7e04b17'),
  passageId: passageId('0198f3a4-6c00-7a41-8d07-3f2c9be57d10'),
  recogniser: recogniserId('mobilefacenet-v1'),
  quality: 0.874,
} as const;

const blinked = (blinkMs: number) =>
  ({
    verdict: 'live',
    reason: 'blinked',
    blinks: [{ time: isoTime(blinkMs), durationS: 0.2 }],
    observedS: 2.667,
    frameCount: 40,
  }) as const;

const attendance = (occurredAtMs: number): BoxEvent => ({
  ...{ kind: 'attendance', occurredAtMs, ...seen, personId: person, direction: 'in' },
  ...{ similarity: 0.7623, threshold: 0.55, margin: 0.4341 },
  liveness: blinked(occurredAtMs - 550),
});

const aboutPeople: readonly BoxEvent[] = [
  attendance(ago(50)),
  {
    ...{
      kind: 'unknown',
      occurredAtMs: ago(47),
      ...seen,
      trackId: trackId('8d03e7f1-2c5a-4b69-93e8-70bf1a4c6d25'),
      passageId: passageId('0198f3a4-77b8-7d52-a1e6-5b80c4f1e923'),
    },
    ...{ bestSimilarity: 0.2612, threshold: 0.55, liveness: blinked(ago(48)) },
    stranger: {
      ...{ id: stranger, visit: 2, firstSeenMs: ago(5_400) },
      cameras: [
        { cameraId: gate, lastSeenMs: ago(47) },
        { cameraId: cameraId('yard'), lastSeenMs: ago(180) },
      ],
    },
  },
  {
    ...{
      kind: 'attack',
      occurredAtMs: ago(44),
      ...seen,
      trackId: trackId('e2a97b40-6d1f-4c83-a5b2-9f08c3d17e64'),
      passageId: passageId('0198f3a4-8370-7c18-b7d9-0a6e2f84c5b1'),
    },
    ...{ personId: other, similarity: 0.7487 },
    liveness: {
      ...{ verdict: 'attack', reason: 'still-picture', blinks: [] },
      ...{ observedS: 12.04, frameCount: 181 },
    },
  },
  { kind: 'person', occurredAtMs: ago(40), change: 'enrolled', personId: person },
  { kind: 'person', occurredAtMs: ago(39), change: 'removed', personId: other },
  { kind: 'person', occurredAtMs: ago(38), change: 'restored', personId: other },
  { kind: 'person', occurredAtMs: ago(37), change: 'erased', personId: other },
];

const eitherOfTwo: BoxEvent = {
  ...{ kind: 'recognised-ambiguous', occurredAtMs: ago(16), ...seen, direction: 'in' },
  trackId: trackId('c4f1a8d2-7b3e-4c56-8d90-3e5fa1b27c08'),
  candidates: [
    { personId: person, similarity: 0.7618 },
    { personId: other, similarity: 0.7394 },
  ],
  ...{ reason: 'within-margin', threshold: 0.55, liveness: blinked(ago(17)) },
};

const withoutProof: BoxEvent = {
  ...{ kind: 'recognised-unproven', occurredAtMs: ago(14), ...seen, personId: person, direction: 'in' },
  trackId: trackId('1e6d9b37-40c2-4f8a-b5e1-d29a7c6038f4'),
  ...{ similarity: 0.7581, threshold: 0.55, margin: 0.4207 },
  liveness: {
    ...{ verdict: 'undetermined', reason: 'observed-too-briefly', blinks: [] },
    ...{ observedS: 1.933, frameCount: 29 },
  },
};

const notValid: BoxEvent = {
  ...{ kind: 'recognised-refused', occurredAtMs: ago(10), ...seen, personId: other, direction: 'in' },
  trackId: trackId('7a0c52e8-93bd-4b16-a4f7-0d6e81c25f39'),
  ...{ reason: 'expired', similarity: 0.7712, threshold: 0.55, margin: 0.4012, liveness: blinked(ago(11)) },
};

const onWatchlist: BoxEvent = {
  ...{ kind: 'watchlist', occurredAtMs: ago(9), ...seen, personId: person, direction: 'in' },
  trackId: trackId('2b95e1f4-6d38-47ca-9e02-c81a5f70d64b'),
  ...{ similarity: 0.7433, threshold: 0.55, margin: 0.3921 },
  liveness: {
    ...{ verdict: 'undetermined', reason: 'observed-too-briefly', blinks: [] },
    ...{ observedS: 0.667, frameCount: 10 },
  },
};

const aboutStrangers: readonly BoxEvent[] = [
  {
    ...{ kind: 'loitering', occurredAtMs: ago(12), strangerId: stranger, cameraId: gate },
    ...{ passageId: passageId('0195550e-4b10-7c62-8a05-d1f7e93b6c28'), sinceMs: ago(613) },
    cameraIds: [cameraId('yard'), gate],
  },
  {
    ...{ kind: 'stranger', occurredAtMs: ago(11), change: 'merged' },
    ...{ strangerId: otherStranger, otherId: stranger },
  },
];

const mark: BoxEvent = {
  ...{ kind: 'mark', occurredAtMs: ago(9), cameraId: gate, seenAtMs: ago(50) },
  ...{ was: 'person', personId: other },
  decided: {
    ...{ passageId: seen.passageId, outcome: 'attended', personId: person, similarity: 0.7623 },
    recogniser: seen.recogniser,
  },
};

const summary: BoxEvent = {
  ...{ kind: 'summary', occurredAtMs: ago(30), date: '2026-03-01', part: 1, parts: 1 },
  counts: { 'on-time': 1, absent: 1 },
  persons: [
    {
      ...{ personId: person, shift: 'day', statuses: ['on-time'], workedMin: 492 },
      ...{ firstIn: '2026-03-01T07:01:12.480Z', lastOut: '2026-03-01T15:43:07.120Z' },
    },
    {
      ...{ personId: other, shift: 'day', statuses: ['absent'], workedMin: null },
      ...{ firstIn: null, lastOut: null },
    },
  ],
};

const answered = {
  kind: 'reply',
  commandId: '0195550e-8c00-7a31-9d6e-2f6f0c7b1a44',
  command: 'set-camera',
} as const;

function aboutTheBox(keys: { readonly current: string; readonly former: string }): readonly BoxEvent[] {
  return [
    { kind: 'camera', occurredAtMs: ago(34), cameraId: gate, state: 'failed', code: 'no-answer' },
    { kind: 'gallery', occurredAtMs: ago(33), change: 'sealed', code: 'key-missing' },
    {
      ...{ kind: 'box', occurredAtMs: ago(32), condition: 'disk-low', isActive: true },
      about: ['gallery', 'records'],
      details: { gallery: 412, records: 412, lowMiB: 512 },
    },
    { kind: 'audit', occurredAtMs: ago(31), entry: 1208, hash: '5c'.repeat(32), keyId: 'a1d0c3f2' },
    summary,
    {
      ...{ kind: 'gap', occurredAtMs: ago(28), firstSequence: 9, lastSequence: 14 },
      ...{ counts: { camera: 4, box: 2 }, reason: 'too-old' },
    },
    {
      ...{ kind: 'identity', occurredAtMs: ago(26), keyId: keys.current, formerKeyId: keys.former },
      formerUntilMs: exampleTimeMs + 13 * 86_400_000,
    },
    {
      ...{ ...answered, occurredAtMs: ago(20), outcome: 'done' },
      result: { camera: 'gate', enabled: false },
    },
    {
      ...{ ...answered, occurredAtMs: ago(18), commandId: '0195550e-8c00-7a31-9d6e-2f6f0c7b1a45' },
      ...{ outcome: 'refused', code: 'expired', message: 'the command has expired' },
    },
  ];
}

/** The events that the example box records, in order. `nameOf` returns the message name of an event. */
export function exampleEvents(
  keys: Parameters<typeof aboutTheBox>[0],
  nameOf: (event: BoxEvent) => string,
): readonly ExampleEvent[] {
  const late = attendance(ago(7200));
  const events = [
    ...aboutPeople,
    ...aboutTheBox(keys),
    eitherOfTwo,
    withoutProof,
    ...aboutStrangers,
    notValid,
    onWatchlist,
    mark,
  ].map((event) => {
    const variant = event.kind === 'reply' && event.outcome !== 'done' ? `.${event.outcome}` : '';
    return { name: `${nameOf(event)}${variant}`, recordedAtMs: event.occurredAtMs + 17, event };
  });
  return [{ name: `${nameOf(late)}.late`, recordedAtMs: ago(7200) + 17, event: late }, ...events];
}
