import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import {
  encodeMessage,
  MessageDecoder,
  type MessageLimits,
  mostUnreadBytes,
  openMessageChannel,
  type Received,
} from '../../daemon/contract/vision/vision-channel.js';
import { orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import {
  type CameraProgress,
  mostReportedCameras,
  type Report,
  reportSchema,
} from '../../daemon/contract/vision/vision-reports.js';
import {
  decodeEmbedding,
  decodeSighting,
  encodeEmbedding,
  encodeSighting,
} from '../../daemon/contract/vision/vision-sighting.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { largestBestShotBytes } from '../../daemon/kernel/faces/best-shot.js';
import { cameraId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { bytesPerSample, mostOpennessSamples } from '../../daemon/kernel/liveness/openness-curve.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { reportProgress } from '../../daemon/vision/vision-host.js';
import { tallyOf } from '../support/sightings.js';

const nothing = Buffer.alloc(0);
const limits: MessageLimits = { bodyBytes: 1000, attachmentBytes: () => 100 };
const violation = (error: unknown): boolean => isRollcallError(error, 'wire-violation');

function unitVector(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

describe('message framing', () => {
  test('messages survive any cutting of the byte stream', () => {
    const message = fc.record({
      json: fc.jsonValue({ maxDepth: 2 }),
      bytes: fc.uint8Array({ maxLength: 30 }),
    });
    const cutting = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), cutting, (sent, cuts) => {
        const wire = Buffer.concat(
          sent.flatMap(({ json, bytes }) => [encodeMessage(json, bytes.length), bytes]),
        );
        const decoder = new MessageDecoder(limits);
        const received: Received[] = [];
        for (let offset = 0, turn = 0; offset < wire.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          received.push(...decoder.push(wire.subarray(offset, offset + length)));
          offset += length;
        }
        const expected = sent.map(({ json, bytes }) => ({
          message: JSON.parse(JSON.stringify(json)),
          attachment: Buffer.from(bytes),
        }));
        assert.deepEqual(received, expected);
      }),
    );
  });

  test('a length over the limit is refused with its header, and what is allowed may change', () => {
    let allowed = 100;
    const headerOf = (bodyBytes: number, attachmentBytes: number): Buffer => {
      const header = Buffer.alloc(8);
      header.writeUInt32BE(bodyBytes);
      header.writeUInt32BE(attachmentBytes, 4);
      return header;
    };
    const push = (header: Buffer) => [
      ...new MessageDecoder({ bodyBytes: 1000, attachmentBytes: () => allowed }).push(header),
    ];
    assert.deepEqual(push(headerOf(1000, 0)), []);
    assert.throws(() => push(headerOf(1001, 0)), violation);
    assert.throws(() => push(headerOf(0xffff_ffff, 0xffff_ffff)), violation);
    assert.throws(() => push(headerOf(2, 101)), violation);
    allowed = 101;
    assert.deepEqual(push(headerOf(2, 101)), []);
  });

  test('a plan of many cameras arrives whose authorities are the list of a system', () => {
    const authorities = 'x'.repeat(220_000);
    const cameras = Array.from({ length: 64 }, (_, index) => ({ id: `camera-${index}`, authorities }));
    const order = { type: 'start', plan: { cameras } };
    const [received] = new MessageDecoder(orderLimits).push(encodeMessage(order));
    assert.deepEqual(received?.message, order);
  });

  test('a body that is not JSON is refused', () => {
    assert.throws(
      () => [...new MessageDecoder(limits).push(Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 0x7b, 0x7b]))],
      violation,
    );
  });

  test('an exception of the handler ends the channel', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const ended = new Promise((resolve) => {
      openMessageChannel(stream, limits, {
        onMessage() {
          throw new Error('not for me');
        },
        onEnd: resolve,
      });
    });
    stream.push(encodeMessage({ hello: 1 }));
    assert.match(String(await ended), /not for me/);
    assert.equal(stream.destroyed, true);
  });

  test('the end of a channel is told once, with the error of its stream', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const ends: unknown[] = [];
    const channel = openMessageChannel(stream, limits, {
      onMessage: () => undefined,
      onEnd: (error) => void ends.push(error),
    });
    const closed = once(stream, 'close');
    stream.destroy(new Error('the peer is gone'));
    await assert.rejects(closed, /the peer is gone/);
    await nextTurn();
    channel.end(undefined);
    assert.deepEqual(ends.map(String), ['Error: the peer is gone']);
  });
});

describe('a peer that sends without a pause', () => {
  const manyMessages = (): Buffer =>
    Buffer.concat(Array.from({ length: 1000 }, () => encodeMessage({ a: 1 })));

  test('is not read any more after the channel has ended, even in the middle of its messages', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    let heard = 0;
    const reason = await new Promise((resolve) => {
      const channel = openMessageChannel(stream, limits, {
        onMessage() {
          heard += 1;
          if (heard === 3) channel.end(new Error('enough'));
        },
        onEnd: resolve,
      });
      stream.push(manyMessages());
    });
    assert.match(String(reason), /enough/);
    assert.equal(heard, 3);
  });

  test('leaves everything else a turn between a few messages', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    let heard = 0;
    openMessageChannel(stream, limits, {
      onMessage() {
        heard += 1;
      },
      onEnd: () => undefined,
    });
    for (let chunk = 0; chunk < 5; chunk += 1) stream.push(manyMessages());
    for (let before = 0; heard < 5000; before = heard) {
      await nextTurn();
      assert.ok(heard - before <= 16, `${heard - before} in a turn`);
    }
    stream.destroy();
  });

  test('gets no more messages if it reads none', async () => {
    const stream = new Duplex({ read: () => undefined, write: () => undefined });
    const reason = await new Promise((resolve) => {
      const channel = openMessageChannel(stream, limits, { onMessage: () => undefined, onEnd: resolve });
      const header = encodeMessage({ a: 1 });
      channel.send('x'.repeat(mostUnreadBytes - header.length));
      channel.send({ a: 2 });
      assert.equal(stream.destroyed, false, 'as much may wait');
      channel.send({ a: 3 });
      channel.send({ a: 4 });
    });
    assert.ok(violation(reason), String(reason));
  });

  test('gets messages behind one large photo, but not behind two', async () => {
    let read = (): void => undefined;
    const stream = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        read = done;
      },
    });
    const photo = Buffer.alloc(3 * mostUnreadBytes);
    const reason = await new Promise((resolve) => {
      const channel = openMessageChannel(stream, limits, { onMessage: () => undefined, onEnd: resolve });
      // A photo that was read leaves room for the next one.
      for (let time = 0; time < 2; time += 1) {
        channel.send({ a: time }, photo);
        channel.send({ works: true });
        channel.send({ works: true });
        assert.equal(stream.destroyed, false, 'the photo is on its way');
        while (stream.writableLength > 0) read();
      }
      channel.send({ a: 2 }, photo);
      channel.send({ a: 3 }, photo);
      channel.send({ works: true });
    });
    assert.ok(violation(reason), String(reason));
  });
});

describe('sightings on the wire', () => {
  const sighting: Sighting = {
    cameraId: cameraId('door'),
    trackId: trackId('track'),
    sequence: 3,
    isEnded: true,
    firstSeenMs: 10.5,
    lastSeenMs: 99.25,
    box: { x: -1, y: 2, width: 100.5, height: 120 },
    quality: { score: 0.7, reasons: ['dark'] },
    views: tallyOf({ faults: { dark: 3 } }),
    endedBy: 'another-face',
    liveness: {
      verdict: 'live',
      reason: 'blinked',
      evidence: {
        blinks: [{ atMs: 50, durationMs: 120 }],
        unboundBlinks: [{ atMs: 90, durationMs: 80 }],
        gestures: [{ kind: 'turn-left', startMs: 60, endMs: 95.5 }],
        sameFaceMs: 42,
        observedS: 3.5,
        frameCount: 40,
      },
    },
    recogniser: recogniserId('r1'),
    probes: [{ capturedAtMs: 42, embedding: unitVector([1, 2, 3, 4]), quality: 0.6 }],
    openness: { fromMs: 12.5, packed: Uint8Array.of(0, 150, 3, 255) },
  };

  test('arrive unchanged, through the schema', () => {
    const report = JSON.parse(JSON.stringify({ type: 'sighting', sighting: encodeSighting(sighting) }));
    const parsed = reportSchema.parse(report);
    assert.equal(parsed.type, 'sighting');
    if (parsed.type === 'sighting') assert.deepEqual(decodeSighting(parsed.sighting, nothing), sighting);
  });

  test('a picture arrives as it was sent; a sighting without one has no such field on the wire', () => {
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    const shown: Sighting = { ...sighting, bestShot: { capturedAtMs: 40, jpeg } };
    const parsed = reportSchema.parse(
      JSON.parse(JSON.stringify({ type: 'sighting', sighting: encodeSighting(shown) })),
    );
    assert.ok(parsed.type === 'sighting');
    assert.deepEqual(decodeSighting(parsed.sighting, jpeg), {
      ...shown,
      bestShot: { capturedAtMs: 40, jpeg: Uint8Array.from(jpeg) },
    });
    assert.ok(!JSON.stringify(encodeSighting(sighting)).includes('bestShot'));
  });

  test('a picture that is too large or not a JPEG is refused', () => {
    const wire = { ...encodeSighting(sighting), bestShot: { capturedAtMs: 0 } };
    const large = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(largestBestShotBytes)]);
    assert.ok(decodeSighting(wire, large.subarray(0, largestBestShotBytes)).bestShot);
    assert.throws(() => decodeSighting(wire, large.subarray(0, largestBestShotBytes + 1)), violation);
    assert.throws(() => decodeSighting(wire, Buffer.from('GIF89a')), violation);
    for (const start of [
      [0xff, 0xd8],
      [0xff, 0xd8, 0],
      [0xff, 0, 0xff],
      [0, 0xd8, 0xff],
    ])
      assert.throws(() => decodeSighting(wire, Buffer.from(start)), violation);
    assert.throws(() => decodeSighting(wire, nothing), violation);
  });

  test('a report with an unknown field or a wrong type is refused', () => {
    const wire = encodeSighting(sighting);
    assert.equal(
      reportSchema.safeParse({ type: 'sighting', sighting: { ...wire, frame: 'pixels' } }).success,
      false,
    );
    assert.equal(
      reportSchema.safeParse({ type: 'sighting', sighting: { ...wire, sequence: -1 } }).success,
      false,
    );
    assert.equal(reportSchema.safeParse({ type: 'shutdown' }).success, false);
  });

  test('a tally that cannot be true, or an end without its reason, is refused', () => {
    const wire = encodeSighting(sighting);
    const isTaken = (changes: Record<string, unknown>): boolean =>
      reportSchema.safeParse({ type: 'sighting', sighting: { ...wire, ...changes } }).success;
    const views = wire.views;
    const best = { ...views.best, meanLuma: 256 };
    assert.equal(isTaken({}), true);
    const all = { ...views, embedded: views.count, faults: { dark: views.count } };
    assert.equal(isTaken({ views: all }), true);
    assert.equal(isTaken({ views: { count: 0, embedded: 0, faults: {} } }), true);
    for (const impossible of [
      { ...views, embedded: views.count + 1 },
      { ...views, faults: { dark: views.count + 1 } },
      { ...views, faults: { handsome: 1 } },
      { ...views, faults: { dark: -1 } },
      { ...views, count: 0, faults: {} },
      { ...views, count: 2e9 },
      { ...views, best },
      { ...views, best: { ...views.best, name: 'x' } },
    ])
      assert.equal(isTaken({ views: impossible }), false, JSON.stringify(impossible));
    assert.equal(isTaken({ endedBy: undefined }), false);
    assert.equal(isTaken({ isEnded: false }), false);
    assert.equal(isTaken({ endedBy: 'box-stopped' }), false, 'only the core knows that');
  });

  test('a sighting has 4 probes at most', () => {
    const wire = encodeSighting(sighting);
    const probe = { capturedAtMs: 1, embeddingBase64: encodeEmbedding(unitVector([1, 2])), quality: 1 };
    const withProbes = (count: number) =>
      reportSchema.safeParse({
        ...{ type: 'sighting', sighting: { ...wire, probes: Array.from({ length: count }, () => probe) } },
      }).success;
    assert.deepEqual([withProbes(4), withProbes(5)], [true, false]);
  });

  test('a sighting has no longer lists and no greater numbers than a face can cause', () => {
    const wire = encodeSighting(sighting);
    const { liveness, views, quality, box } = wire;
    const { best } = views;
    const times = <T>(count: number, each: T): readonly T[] => Array.from({ length: count }, () => each);
    const knowing = (evidence: Record<string, unknown>) => ({
      liveness: { ...liveness, evidence: { ...liveness.evidence, ...evidence } },
    });
    const looking = (changes: Record<string, unknown>) => ({
      views: { ...views, best: { ...best, ...changes } },
    });
    const blink = { atMs: 50, durationMs: 120 };
    const nod = { kind: 'nod', startMs: 60, endMs: 95 };
    for (const [what, most, tooMuch, changed] of [
      ['blinks', 100, 101, (count: number) => knowing({ blinks: times(count, blink) })],
      ['unbound blinks', 100, 101, (count: number) => knowing({ unboundBlinks: times(count, blink) })],
      ['gestures', 32, 33, (count: number) => knowing({ gestures: times(count, nod) })],
      [
        'the length of a blink',
        10_000,
        10_001,
        (ms: number) => knowing({ blinks: [{ ...blink, durationMs: ms }] }),
      ],
      [
        'a length that is negative',
        0,
        -1,
        (ms: number) => knowing({ blinks: [{ ...blink, durationMs: ms }] }),
      ],
      ['the time observed', 1e9, 1e9 + 1, (observedS: number) => knowing({ observedS })],
      ['a time observed that is negative', 0, -1, (observedS: number) => knowing({ observedS })],
      ['a passive score', 1, 1.01, (passiveScore: number) => knowing({ passiveScore })],
      ['a passive score that is negative', 0, -0.01, (passiveScore: number) => knowing({ passiveScore })],
      ['a quality', 1, 1.01, (score: number) => ({ quality: { ...quality, score } })],
      ['a quality that is negative', 0, -0.01, (score: number) => ({ quality: { ...quality, score } })],
      ['the letters of an id', 128, 129, (length: number) => ({ trackId: 't'.repeat(length) })],
      ['the place of a box', -1e6, -1e6 - 1, (x: number) => ({ box: { ...box, x } })],
      ['the side of a box', 1e6, 1e6 + 1, (width: number) => ({ box: { ...box, width } })],
      ['views', 1e9, 1e9 + 1, (count: number) => ({ views: { ...views, count } })],
      ['a brightness', 255, 256, (meanLuma: number) => looking({ meanLuma })],
      ['a brightness that is negative', 0, -1, (meanLuma: number) => looking({ meanLuma })],
      ['a sharpness', 1e6, 1e6 + 1, (sharpness: number) => looking({ sharpness })],
      ['a sharpness that is negative', 0, -1, (sharpness: number) => looking({ sharpness })],
      ['a width that is negative', 0, -1, (widthPx: number) => looking({ widthPx })],
      ['an angle', 180, 181, (yawDeg: number) => looking({ yawDeg })],
      ['an angle to the other side', -180, -181, (pitchDeg: number) => looking({ pitchDeg })],
    ] as const) {
      const isTaken = (value: number): boolean =>
        reportSchema.safeParse({ type: 'sighting', sighting: { ...wire, ...changed(value) } }).success;
      assert.deepEqual([isTaken(most), isTaken(tooMuch)], [true, false], what);
    }
  });

  test('a curve of the eyes has whole samples, and no more than a vision process keeps', () => {
    const wire = encodeSighting(sighting);
    const isTaken = (packed: Uint8Array): boolean => {
      const openness = { fromMs: 0, packedBase64: Buffer.from(packed).toString('base64') };
      return reportSchema.safeParse({ type: 'sighting', sighting: { ...wire, openness } }).success;
    };
    const most = mostOpennessSamples * bytesPerSample;
    assert.deepEqual(
      [0, 1, 2, 3, most, most + 2].map((length) => isTaken(new Uint8Array(length))),
      [false, false, true, false, true, false],
    );
  });

  test('embeddings round-trip exactly and anything but a unit vector is refused', () => {
    const component = fc.float({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(component, { minLength: 2, maxLength: 128 }), (values) => {
        fc.pre(Math.hypot(...values) > 0.01);
        const embedding = unitVector(values);
        assert.deepEqual(decodeEmbedding(encodeEmbedding(embedding)), embedding);
      }),
    );
    assert.ok(decodeEmbedding(encodeEmbedding(Float32Array.of(Math.sqrt(1.0009), 0))));
    assert.throws(() => decodeEmbedding(encodeEmbedding(Float32Array.of(Math.sqrt(1.0011), 0))), violation);
    assert.throws(() => decodeEmbedding(encodeEmbedding(Float32Array.of(2, 0))), violation);
    assert.throws(() => decodeEmbedding(encodeEmbedding(Float32Array.of(Number.NaN, 0))), violation);
    assert.throws(() => decodeEmbedding(''), violation);
    assert.throws(() => decodeEmbedding('AAA='), violation);
  });
});

test('progress is reported every second, also without cameras, and in parts that the core accepts', async () => {
  const clock = new VirtualClock();
  const lifetime = new Lifetime(clock);
  const told: string[][] = [];
  let count = 0;
  const progress = (): CameraProgress[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `c-${index}`,
      counters: { analysed: 1 },
      stageTimes: {},
    }));
  const report = (message: Report): void => {
    const read = reportSchema.parse(message);
    assert.ok(read.type === 'progress');
    told.push(read.cameras.map(({ id }) => id));
  };
  reportProgress({ cameras: { progress }, clock, lifetime, report });
  clock.advanceBy(999);
  assert.deepEqual(told, []);
  clock.advanceBy(1);
  assert.deepEqual(told.splice(0), [[]], 'the process is alive');
  for (const [cameras, parts] of [
    [1, [1]],
    [mostReportedCameras, [mostReportedCameras]],
    [2 * mostReportedCameras + 1, [mostReportedCameras, mostReportedCameras, 1]],
  ] as const) {
    count = cameras;
    clock.advanceBy(1_000);
    assert.deepEqual(
      told.map(({ length }) => length),
      parts,
    );
    assert.equal(new Set(told.splice(0).flat()).size, cameras, 'each camera once');
  }
  await lifetime[Symbol.asyncDispose]();
  clock.advanceBy(5_000);
  assert.deepEqual(told, []);
});
