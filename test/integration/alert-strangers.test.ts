import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rulesSchema } from '../../daemon/contract/settings/core-schema.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { Loitering } from '../../daemon/core/strangers/loitering.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { cameraId, passageId, strangerId, trackId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { AlertBox } from '../support/alert-box.js';
import { alerting, posted, subjects } from '../support/alert-hook.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { unknownFact } from '../support/facts.js';
import {
  galleryOptions,
  openTestGallery,
  type TestGallery,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { proofByBlink, sightingOf } from '../support/sightings.js';

const minuteMs = 60_000;
const rules = [
  '{ id: third-visit, on: unknown, threshold: { of: visits, count: 3 }, channels: [ops] }',
  '{ id: two-cameras, on: unknown, threshold: { of: cameras, count: 2, withinMinutes: 5 }, channels: [ops] }',
  '{ id: group, on: unknown, threshold: { of: strangers, count: 3, withinMinutes: 1 }, channels: [ops] }',
  '{ id: stays, on: loitering, channels: [ops] }',
];

interface Sight {
  readonly visit?: number;
  readonly camera?: string;
  /** Minutes since another camera saw the stranger, by its id. */
  readonly elsewhere?: Readonly<Record<string, number>>;
}

/** Records that a stranger was seen, as the box publishes it. */
function see(box: AlertBox, name: string, { visit = 1, camera = 'gate', elsewhere = {} }: Sight = {}): void {
  const nowMs = box.clock.wallMs();
  const cameras = [
    { cameraId: cameraId(camera), lastSeenMs: nowMs },
    ...Object.entries(elsewhere).map(([id, minutes]) => ({
      ...{ cameraId: cameraId(id), lastSeenMs: nowMs - minutes * minuteMs },
    })),
  ];
  const stranger = { id: strangerId(name), visit, firstSeenMs: nowMs - minuteMs, cameras };
  box.record(unknownFact({ cameraId: cameraId(camera), stranger }));
}

async function restart(box: AlertBox): Promise<void> {
  await box.pass(6_000);
  await box.stop();
  box.start();
}

describe('rules that count strangers, with default cooldowns', () => {
  test('report the third visit and each later one once, also after a restart', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rules[0] ?? ''));
    see(box, 's-1');
    see(box, 's-2', { visit: 2 });
    await restart(box);
    see(box, 's-1', { visit: 3 });
    await box.delivered(1);
    await restart(box);
    // The same visit goes on at another camera.
    see(box, 's-1', { visit: 3, camera: 'door' });
    await box.pass(20 * minuteMs);
    see(box, 's-1', { visit: 4, camera: 'door' });
    see(box, 's-2', { visit: 2 });
    await box.delivered(2);
    assert.deepEqual(subjects(web), [
      '[warning] Visit 3 of unknown person s-1 at Gate (office/box-1)',
      '[warning] Visit 4 of unknown person s-1 at Back door (office/box-1)',
    ]);
    assert.deepEqual(posted(web)[0]?.parts[0]?.strangers, ['s-1']);
  });

  test('report one stranger at two cameras within five minutes, and nobody else', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rules[1] ?? ''));
    see(box, 's-1', { camera: 'gate' });
    see(box, 's-2', { camera: 'door' });
    see(box, 's-3', { camera: 'door', elsewhere: { gate: 6 } });
    // The last passage at the gate was within a cooldown, so no event tells of it but this one.
    see(box, 's-4', { camera: 'door', elsewhere: { gate: 4 } });
    await box.delivered(1);
    await box.pass(6_000);
    assert.deepEqual(subjects(web), [
      '[warning] Unknown person s-4 at 2 cameras in 4 minutes: Back door, Gate (office/box-1)',
    ]);
    assert.deepEqual(posted(web)[0]?.parts[0]?.cameras, ['door', 'gate']);
    // Within the cooldown of this stranger, another one is reported immediately.
    see(box, 's-4', { camera: 'gate', elsewhere: { door: 1 } });
    see(box, 's-5', { camera: 'gate', elsewhere: { door: 1 } });
    await box.delivered(2);
    assert.match(subjects(web)[1] ?? '', /Unknown person s-5/);
    await restart(box);
    await box.pass(11 * minuteMs);
    await box.delivered(3);
    assert.match(subjects(web)[2] ?? '', /Unknown person s-4/);
  });

  test('report three different strangers within a minute at any camera, and not one stranger three times', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rules[2] ?? ''));
    for (const camera of ['gate', 'door', 'gate']) see(box, 's-1', { camera });
    await box.pass(2 * minuteMs);
    see(box, 's-2');
    await box.pass(61_000);
    see(box, 's-3');
    see(box, 's-4', { camera: 'door' });
    await restart(box);
    assert.equal(web.requests.length, 0);
    see(box, 's-5', { camera: 'door' });
    await box.delivered(1);
    const [alert] = posted(web);
    assert.match(alert?.subject ?? '', /3 different unknown people at Gate, Back door in a minute/);
    assert.deepEqual(alert?.parts[0]?.strangers, ['s-3', 's-4', 's-5']);
    assert.equal(alert?.parts[0]?.camera, null);
    const seenBy = (...cameras: readonly string[]): number =>
      box.alerts.list({ limit: 9 }, { cameras: new Set(cameras) }).items.length;
    assert.deepEqual([seenBy('gate'), seenBy('door'), seenBy('gate', 'door')], [0, 0, 1]);
  });

  test('report a stranger who stays', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rules[3] ?? ''));
    box.record({
      ...{ kind: 'loitering', occurredAtMs: 0, strangerId: strangerId('s-1'), cameraId: cameraId('gate') },
      ...{ passageId: passageId('passage-1'), cameraIds: [cameraId('gate')], sinceMs: 0 },
    });
    await box.delivered(1);
    assert.deepEqual(subjects(web), ['[warning] An unknown person who stays at Gate (s-1) (office/box-1)']);
  });

  test('ignore events that name no stranger', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, ...rules));
    for (const camera of ['gate', 'door', 'gate', 'door']) box.unknown(camera);
    see(box, 's-1', { visit: 3 });
    await box.delivered(1);
    await box.pass(6_000);
    assert.equal(web.requests.length, 1);
  });
});

/** Everything from sightings to alerts, with the defaults of the configuration. */
class Site implements AsyncDisposable {
  readonly box: AlertBox;
  readonly #gallery: TestGallery;
  readonly #decider: Decider;
  readonly #loitering: Loitering;
  #count = 0;

  constructor(box: AlertBox, gallery: TestGallery) {
    const { clock, records } = box;
    const rules = rulesSchema.parse({});
    this.box = box;
    this.#gallery = gallery;
    this.#decider = new Decider({
      search: async () => [],
      policy: { threshold: 0.55, margin: 0.05, minimumProbes: 1 },
      ...{ rules, clock, random: systemRandom, facts: factStoreOf(records) },
      directionOf: () => 'both',
      proofAt: () => proofByBlink,
      strangers: () => gallery.gallery.strangers,
    });
    this.#loitering = new Loitering({
      strangers: () => gallery.gallery.strangers,
      openPassages: () => ['gate', 'door'].flatMap((id) => this.#decider.openPassages(cameraId(id))),
      published: [],
      record: (notice) => void records.record(notice),
      loiteringAfterS: () => rules.loiteringAfterS,
      ...{ clock, logger: silentLogger },
    }).start();
  }

  /** A face comes before a camera; it leaves at once, unless it stays. */
  async come(face: number, camera = 'gate', isStaying = false): Promise<void> {
    const { clock } = this.box;
    this.#count += 1;
    await this.#decider.onSighting(
      sightingOf({
        ...{
          trackId: trackId(`track-${this.#count}`),
          cameraId: cameraId(camera),
          recogniser: testRecogniser,
        },
        probes: [{ capturedAtMs: 0, embedding: unitVector(face), quality: 0.8 }],
        ...(isStaying ? { firstSeenMs: 0, lastSeenMs: 3_000 } : { isEnded: true }),
      }),
      (capturedAtMs) => clock.wallMs() + capturedAtMs,
    );
  }

  ignore(face: number): void {
    const { strangers } = this.#gallery.gallery;
    const [found] = strangers.nearest([unitVector(face)], { count: 1, recogniser: testRecogniser });
    assert.ok(found);
    strangers.setIgnored(found.strangerId, true, tester);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#loitering[Symbol.dispose]();
    this.#decider[Symbol.dispose]();
  }
}

describe('the way from a face to an alert about a stranger', () => {
  test('works at default settings, and an ignored stranger takes it never again', async (t) => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, ...rules));
    await using gallery = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    await using site = new Site(box, gallery);
    const alerted = () => posted(web).map(({ rule, subject }) => `${rule}: ${subject}`);

    // To and fro is one visit; three visits are three.
    for (const minutes of [1, 12, 12, 0]) {
      await site.come(1);
      await box.pass(minutes * minuteMs);
    }
    await box.delivered(1);
    assert.match(alerted()[0] ?? '', /^third-visit: .*Visit 3 of unknown person s-\w{26} at Gate/);

    await box.pass(20 * minuteMs);
    await site.come(2);
    await box.pass(2 * minuteMs);
    await site.come(2, 'door');
    await box.delivered(2);
    assert.match(alerted()[1] ?? '', /^two-cameras: .* at 2 cameras in 2 minutes: Back door, Gate/);

    await box.pass(20 * minuteMs);
    for (const face of [3, 3, 4, 5]) await site.come(face);
    await box.delivered(3);
    assert.match(alerted()[2] ?? '', /^group: .*3 different unknown people at Gate/);

    await box.pass(20 * minuteMs);
    await site.come(6, 'door', true);
    await box.pass(11 * minuteMs);
    await box.delivered(4);
    assert.match(alerted()[3] ?? '', /^stays: .*An unknown person who stays at Back door \(s-\w{26}\)/);

    site.ignore(1);
    const before = box.records.list({ kind: 'unknown', limit: 100 }).length;
    await box.pass(20 * minuteMs);
    await site.come(1);
    await site.come(1, 'door', true);
    await box.pass(12 * minuteMs);
    assert.equal(box.records.list({ kind: 'unknown', limit: 100 }).length, before);
    assert.equal(alerted().length, 4);
  });
});
