import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionLines } from '../../daemon/cli/connection-lines.js';
import { describeStatus } from '../../daemon/cli/status.js';
import type { GateStatus } from '../../daemon/contract/certificate.js';
import { describeOutbox, type OutboxStatus } from '../../daemon/contract/events.js';
import type { HeldBack } from '../../daemon/contract/held-back.js';
import type { KeyRotation } from '../../daemon/contract/keys.js';
import { personTable } from '../../daemon/contract/persons-text.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import type { CameraTestOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { loginFindings } from '../../daemon/core/doctor/doctor.js';
import { statusFindings } from '../../daemon/core/doctor/status-areas.js';
import { boxTroubles } from '../../daemon/kernel/events/notice.js';
import { english } from '../../daemon/words/language.js';
import { healthyStatus as healthy } from '../support/healthy-status.js';

const asIs = (iso: string): string => iso;

const { gallery } = healthy;
const [vision] = healthy.vision;
const [camera] = healthy.cameras;
const [certificate] = healthy.broker.certificates;
const gateCertificate: GateStatus['certificate'] & object = {
  ...{ ...certificate, whose: 'gate', names: 'DNS:box.example' },
  ...{ fingerprint: 'AB:CD', isMadeByBox: false },
};
const trouble = { code: 'disk-full', message: 'the disk is full', remedy: 'make room' };
const rotation: KeyRotation = {
  depth: 'deep',
  fromKeyId: 'a',
  toKeyId: 'b',
  startedAt: '2026-03-01T00:00:00Z',
  state: 'waiting',
  total: 10,
  done: 4,
  damaged: 0,
  problem: trouble,
};
const at = '2026-03-02T08:00:00Z';
const heldBack: HeldBack = {
  cause: 'topic-refused',
  kind: 'unknown',
  sequence: 12,
  since: at,
  message: 'the broker refuses it',
  remedy: 'allow it',
};

const { recogniser } = healthy;
const notThere = { name: 'mobilefacenet', state: 'absent' } as const;
const dlibGallery = { name: 'dlib-resnet', reason: 'gallery', ownThreshold: 0.935 } as const;

/** What can be wrong, and the check that tells it. */
const troubles: readonly (readonly [check: string, changes: Partial<BoxStatus>])[] = [
  ['configuration', { lastReload: { at, outcome: 'refused', problems: ['rollcall.yaml:2:1: camras'] } }],
  [
    'configuration',
    { lastReload: { at, outcome: 'applied', changes: [], replaced: [], needRestart: ['box.id'] } },
  ],
  ['vision process 0', { vision: [{ ...vision, state: 'degraded', lastFailure: 'it was ended' }] }],
  [
    'vision process 0',
    { vision: [{ ...vision, provider: { requested: 'auto', actual: 'cpu', warning: 'no Vulkan driver' } }] },
  ],
  ['recogniser', { recogniser: { ...recogniser, name: 'dlib-resnet', preferred: notThere } }],
  ['recogniser', { recogniser: { ...recogniser, ...dlibGallery, preferred: notThere } }],
  ['threshold', { recogniser: { ...recogniser, configuredThreshold: 0.945 } }],
  ['gallery', { gallery: { ...gallery, state: 'sealed', ...trouble } }],
  ['gallery', { gallery: { ...gallery, damagedRows: 3 } }],
  ['key rotation', { gallery: { ...gallery, rotation } }],
  [
    'broker',
    { broker: { state: 'waiting', message: 'the broker refuses the password', remedy: 'correct it' } },
  ],
  ['broker', { broker: { state: 'connected', mqttVersion: '3.1.1' } }],
  ['topics', { broker: { state: 'connected', refusedTopics: ['rollcall/site/box/camera/+/state'] } }],
  ['commands', { broker: { state: 'connected', areCommandsRefused: true } }],
  [
    'certificate of the broker',
    {
      broker: { state: 'connected', certificates: [{ ...certificate, daysLeft: 12, state: 'expires soon' }] },
    },
  ],
  [
    'certificate of this box',
    { broker: { state: 'connected', certificates: [{ ...certificate, whose: 'client', state: 'expired' }] } },
  ],
  ['gate', { gate: { problem: trouble } }],
  ['certificate of the gate', { gate: { certificate: { ...gateCertificate, state: 'expired' } } }],
  ['clock', { clock: { isSynchronised: false } }],
  ['clock', { clock: { isSynchronised: true, lastJump: { at, byS: -3600 } } }],
  ['events', { outbox: { acknowledgement: 'broker', waiting: 1, heldBack: [heldBack] } }],
  ['events', { intake: { ...healthy.intake, waiting: 4, problem: trouble } }],
  ['prompts', { prompts: [{ camera: 'gate', at, message: 'no client subscribes', remedy: 'subscribe' }] }],
  ['retention', { retention: { failures: 0, clockDoubt: trouble } }],
  ['retention', { retention: { failures: 2 } }],
  ['alerts', { alerts: { rules: 1, pending: 0, failed: 3 } }],
  ['camera door', { cameras: [{ ...camera, state: 'failed', ...trouble }] }],
  ['camera door', { cameras: [{ ...camera, state: 'connecting' }] }],
  ['camera door', { cameras: [{ ...camera, damage: trouble }] }],
  ['camera door', { cameras: [{ ...camera, lostStream: { which: 'main', ...trouble } }] }],
  ['camera door', { cameras: [{ ...camera, lostStream: { which: 'substream', ...trouble } }] }],
  ...boxTroubles.map(
    (condition) =>
      [`condition ${condition}`, { conditions: [condition] }] satisfies [string, Partial<BoxStatus>],
  ),
];

describe('the findings that status and doctor share', () => {
  test('are all ok on a healthy box, and status requests nothing', () => {
    assert.deepEqual(
      statusFindings(healthy, asIs).filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    assert.doesNotMatch(describeStatus(healthy, asIs), /ATTENTION|what to do/);
  });

  test('doubt a threshold that is more than 0.2 from the operating point', () => {
    for (const [configuredThreshold, isDoubted] of [
      [recogniser.ownThreshold - 0.21, true],
      [recogniser.ownThreshold - 0.19, false],
      [recogniser.ownThreshold + 0.19, false],
      [recogniser.ownThreshold + 0.21, true],
    ] as const) {
      const found = statusFindings({ ...healthy, recogniser: { ...recogniser, configuredThreshold } }, asIs);
      assert.equal(
        found.some(({ check }) => check === 'threshold'),
        isDoubted,
        String(configuredThreshold),
      );
    }
    const exact = { ...recogniser, configuredThreshold: 0.25, ownThreshold: 0.45 };
    assert.equal(exact.ownThreshold - exact.configuredThreshold, 0.2);
    assert.ok(
      statusFindings({ ...healthy, recogniser: exact }, asIs).every(({ check }) => check !== 'threshold'),
    );
  });

  test('have no line about alerts where there are neither rules nor open deliveries', () => {
    const none = { rules: 0, pending: 0, failed: 0 };
    for (const [changes, isShown] of [
      [{}, false],
      [{ rules: 1 }, true],
      [{ pending: 1 }, true],
      [{ failed: 1 }, true],
    ] as const) {
      const text = describeStatus({ ...healthy, alerts: { ...none, ...changes } }, asIs);
      assert.equal(/alerts: \d+ rule/.test(text), isShown, JSON.stringify(changes));
    }
  });

  test('say which certificate the gate shows, until when, and why it is not the configured one', () => {
    const text = describeStatus({ ...healthy, gate: { certificate: gateCertificate } }, asIs);
    assert.match(
      text,
      /the gate \(DNS:box\.example\): 90 days left, until 2026-03-01, as configured, SHA-256 AB:CD/,
    );
    const gate = { certificate: { ...gateCertificate, isMadeByBox: true }, problem: trouble };
    const broken = describeStatus({ ...healthy, gate }, asIs);
    assert.match(
      broken,
      /made by the box, SHA-256 AB:CD\nATTENTION: gate: .*the one that the box made is: the disk/,
    );
  });

  for (const [check, changes] of troubles) {
    test(`report ${check}: ${JSON.stringify(changes).slice(0, 60)}`, () => {
      const status = { ...healthy, ...changes };
      const found = statusFindings(status, asIs).filter(({ outcome }) => outcome !== 'ok');
      assert.deepEqual(
        found.map((finding) => finding.check),
        [check],
      );
      const [{ message, remedy = '' } = { message: '' }] = found;
      assert.notEqual(remedy, '', 'there is something to do');
      assert.ok(
        describeStatus(status, asIs).includes(`ATTENTION: ${check}: ${message}\n  what to do: ${remedy}`),
      );
    });
  }

  test('recommend the better recogniser in one line, and change nothing themselves', () => {
    const advice =
      "dlib-resnet, with which this gallery was made; mobilefacenet makes far fewer errors: 'rollcall gallery re-embed --to mobilefacenet' moves the gallery to it";
    const made = { ...healthy, recogniser: { ...recogniser, ...dlibGallery } };
    assert.match(describeStatus(made, asIs), new RegExp(`^recogniser: ${advice}$`, 'm'));
    const found = statusFindings(made, asIs).find(({ check }) => check === 'recogniser');
    assert.deepEqual([found?.outcome, found?.message], ['ok', advice]);
    const chosen = { ...made, recogniser: { ...made.recogniser, reason: 'configured' } } as const;
    assert.match(describeStatus(chosen, asIs), /^recogniser: dlib-resnet, as configured$/m);
  });

  test('of a gallery leave none out, whatever else is wrong with it', () => {
    const checksOf = (changes: Partial<BoxStatus['gallery']>): readonly string[] =>
      statusFindings({ ...healthy, gallery: { ...gallery, rotation, ...changes } }, asIs)
        .map(({ check, outcome }) => `${check} ${outcome}`)
        .filter((line) => /^(gallery|key rotation) /.test(line));
    assert.deepEqual(checksOf({}), ['gallery ok', 'key rotation warning']);
    assert.deepEqual(checksOf({ damagedRows: 2 }), ['gallery warning', 'key rotation warning']);
    assert.deepEqual(checksOf({ state: 'sealed' }), ['gallery failed', 'key rotation warning']);
  });

  test('name the version of MQTT', () => {
    const text = describeStatus({ ...healthy, broker: { state: 'connected', mqttVersion: '5' } }, asIs);
    assert.match(text, /^broker: connected, MQTT 5$/m);
  });

  test('are the only way in which status asks for attention', () => {
    const all: BoxStatus = Object.assign({}, healthy, ...troubles.map(([, changes]) => changes));
    const found = statusFindings(all, asIs).filter(({ outcome }) => outcome !== 'ok');
    const text = describeStatus(all, asIs);
    assert.equal(text.match(/ATTENTION/g)?.length, found.length);
    assert.equal(text.match(/what to do/g)?.length, found.filter(({ remedy }) => remedy).length);
  });
});

function outboxOf(changes: Partial<OutboxStatus> = {}): OutboxStatus {
  return {
    acknowledgement: 'broker',
    count: 3,
    sizeBytes: 3000,
    limitMiB: 500,
    keptForCentre: 0,
    newestSequence: 70,
    centreHasUpTo: 0,
    inFlight: 0,
    connection: { state: 'connected' },
    heldBack: [],
    kinds: [],
    ...changes,
  };
}

const lineOf = (text: string, beginning: string): string =>
  text.split('\n').find((line) => line.startsWith(beginning)) ?? `no line begins with ${beginning}`;

describe('events in the status', () => {
  test('counts all events, and those about people separately', () => {
    assert.equal(
      lineOf(describeStatus(healthy, asIs), 'events:'),
      'events: 70 recorded since the start, 4 of them about people at cameras; 12 more suppressed by cooldowns; 0 sightings lost',
    );
  });

  const states: readonly (readonly [Pick<Partial<BoxStatus>, 'broker' | 'outbox'>, string])[] = [
    [{}, 'outbox: empty'],
    [{ outbox: { waiting: 1, acknowledgement: 'broker' } }, 'outbox: 1 event waits for the broker'],
    [
      { broker: { state: 'waiting' }, outbox: { waiting: 3, acknowledgement: 'broker' } },
      'outbox: 3 events wait for the broker',
    ],
    [
      { outbox: { waiting: 3, acknowledgement: 'centre' } },
      'outbox: 3 events wait for confirmation by the centre',
    ],
    [
      { broker: { state: 'not configured' }, outbox: { waiting: 3, acknowledgement: 'broker' } },
      'outbox: 3 events stay on this box because no broker is configured',
    ],
    [
      { broker: { state: 'not configured' }, outbox: { waiting: 0, acknowledgement: 'broker' } },
      'outbox: 0 events stay on this box because no broker is configured',
    ],
  ];
  for (const [changes, expected] of states) {
    test(`says ${expected}`, () => {
      const text = describeStatus({ ...healthy, ...changes }, asIs);
      assert.equal(lineOf(text, 'outbox:'), expected);
      if (changes.broker?.state === 'not configured') assert.doesNotMatch(text, /waits? for the broker/);
    });
  }
});

describe('the outbox status', () => {
  const states: readonly (readonly [string, Partial<OutboxStatus>, RegExp, RegExp])[] = [
    [
      'a broker',
      {},
      /broker: connected, 0 events in transit\nan event leaves the outbox when/,
      /stay on this box/,
    ],
    [
      'a broker and a centre that confirms',
      { acknowledgement: 'centre', keptForCentre: 1, centreHasUpTo: 67 },
      /centre: has confirmed up to 67; 1 event is at the broker and kept until the centre confirms/,
      /an event leaves the outbox/,
    ],
    [
      'no broker',
      { connection: { state: 'not configured' } },
      /3 events, .*\nbroker: not configured\. Events stay on this box until "mqtt" /,
      /in transit|leaves the outbox|wait/,
    ],
  ];
  for (const [what, changes, said, unsaid] of states) {
    test(`is correct with ${what}`, () => {
      const text = describeOutbox(outboxOf(changes), { show: asIs });
      assert.match(text, said);
      assert.doesNotMatch(text, unsaid);
    });
  }
});

test('empty lists are described in words, and a process that loads its models has not failed', () => {
  const starting = { index: 0, state: 'starting', restarts: 0, restartCauses: {} } as const;
  const status: BoxStatus = { ...healthy, cameras: [], vision: [starting] };
  const text = describeStatus(status, asIs);
  assert.match(text, /^No cameras are configured\.$/m);
  assert.match(
    text,
    /ATTENTION: vision process 0: is loading its models\n {2}what to do: Wait a minute; if this stays/,
  );
  const found = statusFindings(status, asIs).find(({ check }) => check === 'vision process 0');
  assert.equal(found?.outcome, 'warning');
  assert.equal(personTable([], { show: asIs, say: english.say }), 'No persons are enrolled.');
});

describe('the connection to a camera', () => {
  const camera = (id: string, settings: object) => ({ id, name: id, credential: 'login', ...settings });
  const config = configSchema.parse({
    site: { id: 'test', timeZone: 'UTC' },
    cameras: [
      camera('strict', { url: 'rtsp://h/' }),
      camera('open', { url: 'rtsp://h/', allowBasicLogin: true }),
      camera('inside-tls', { url: 'rtsps://h/', allowBasicLogin: true }),
      { id: 'nameless', name: 'x', url: 'rtsp://h/', allowBasicLogin: true },
    ],
  });

  test('gets a warning from doctor if a password may travel unencrypted', () => {
    const found = loginFindings(config);
    assert.deepEqual(
      found.map(({ check, outcome }) => [check, outcome]),
      [['login of camera open', 'warning']],
    );
    assert.match(found[0]?.remedy ?? '', /digest.*rtsps/);
  });

  test('is shown by camera test, with remedies', () => {
    const certificate = {
      ...{ subject: 'CN=door', issuer: 'CN=maker', names: 'IP Address:192.0.2.1' },
      ...{ validFrom: at, validUntil: at, fingerprint: 'sha256:AB' },
    };
    const lines = (connection: NonNullable<CameraTestOutcome['connection']>): string =>
      connectionLines({ connection }, english).join('\n');
    const safe = lines({ isEncrypted: true, certificate, login: 'basic' });
    assert.match(
      safe,
      /^connection: TLS, login by Basic\ncertificate: CN=door, for IP Address:192\.0\.2\.1\n/,
    );
    assert.match(safe, /signed by CN=maker, valid from .*\n {2}fingerprint: sha256:AB$/);
    const open = lines({ isEncrypted: false, certificate: null, login: 'basic' });
    assert.match(open, /^connection: not encrypted, login by Basic\nWARNING: .*readable form/);
    assert.equal(
      lines({ isEncrypted: false, certificate: null, login: null }),
      'connection: not encrypted, no login',
    );
    assert.deepEqual(connectionLines({}, english), []);
  });
});
