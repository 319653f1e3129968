import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import type { PictureCheck } from '../../daemon/kernel/picture-damage.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { DamageSign } from '../../daemon/vision/ingest/ffmpeg-log.js';
import { briefPolicy, PictureHealth, steadyPolicy } from '../../daemon/vision/ingest/picture-health.js';
import { sampleCount, samplePicture, spreadOf } from '../../daemon/vision/ingest/picture-samples.kernel.js';

const widthPx = 320;
const heightPx = 180;
const lumaBytes = widthPx * heightPx;

/** One colour everywhere. */
function plain(luma: number, chroma = 128): Yuv420Picture {
  const data = new Uint8Array(lumaBytes * 1.5).fill(chroma);
  data.fill(luma, 0, lumaBytes);
  return { format: 'yuv420p', widthPx, heightPx, range: 'limited', data };
}

/** A slope from dark to light, with something in it that depends on `seed`. */
function scene(seed = 0): Yuv420Picture {
  const picture = plain(0);
  for (let at = 0; at < lumaBytes; at++) picture.data[at] = 16 + ((at % widthPx) >> 1) + ((at + seed) % 7);
  return picture;
}

/** Text as cameras put it into their pictures: a hundredth of them. */
function withText(picture: Yuv420Picture): Yuv420Picture {
  for (let row = 4; row < 12; row++) picture.data.fill(235, row * widthPx + 8, row * widthPx + 80);
  return picture;
}

class Camera {
  readonly clock = new VirtualClock();
  readonly health: PictureHealth;

  constructor(policy = steadyPolicy, checks?: readonly PictureCheck[]) {
    this.health = new PictureHealth(this.clock, policy, checks);
  }

  /** A picture five times a second. */
  shows(
    picture: (second: number) => Yuv420Picture,
    seconds: number,
    signs: readonly DamageSign[] = [],
  ): void {
    for (let second = 0; second < seconds; second++) {
      for (const sign of signs) this.health.sign(sign);
      for (let count = 0; count < 5; count++) {
        this.health.check(picture(second));
        this.clock.advanceBy(200);
      }
    }
  }

  get code(): string | undefined {
    return this.health.damage?.code;
  }
}

const lost: DamageSign = { sign: 'missed', count: 2 };
const error: DamageSign = { sign: 'error' };

describe('pictures that cannot be decoded whole', () => {
  test('one lost packet does not count as damage, however many lines it causes', () => {
    const camera = new Camera();
    camera.shows(scene, 1, [lost, ...Array.from({ length: 200 }, () => error)]);
    camera.shows(scene, 60);
    assert.equal(camera.code, undefined);
  });

  test('a packet lost every five seconds does not count as damage', () => {
    const camera = new Camera();
    for (let count = 0; count < 30; count++) {
      camera.shows(scene, 1, [lost]);
      camera.shows(scene, 4);
    }
    assert.equal(camera.code, undefined);
  });

  test('lasting damage is reported with figures and a remedy for lost packets', () => {
    const camera = new Camera();
    camera.shows(scene, 9, [lost, error]);
    assert.equal(camera.code, undefined);
    camera.shows(scene, 3, [lost, error]);
    assert.equal(camera.code, 'pictures-damaged');
    assert.match(
      camera.health.damage?.message ?? '',
      /20 packets lost and 10 decoding errors in 10 of the last 30 seconds/,
    );
    assert.match(camera.health.damage?.remedy ?? '', /transport tcp/);
  });

  test('damage without lost packets is blamed on the camera', () => {
    const camera = new Camera();
    camera.shows(scene, 12, [error, { sign: 'concealed' }]);
    assert.match(camera.health.damage?.message ?? '', /0 packets lost and 20 decoding errors/);
    assert.match(camera.health.damage?.remedy ?? '', /Restart the camera/);
  });

  test('damage ends after half a minute with almost none', () => {
    const camera = new Camera();
    camera.shows(scene, 12, [error]);
    camera.shows(scene, 15);
    assert.equal(camera.code, 'pictures-damaged');
    camera.shows(scene, 15);
    assert.equal(camera.code, undefined);
  });

  test('counts all damage and that of the last minute', () => {
    const camera = new Camera();
    camera.shows(scene, 3, [lost, error, { sign: 'concealed' }]);
    camera.shows(scene, 40);
    camera.shows(scene, 1, [error]);
    assert.deepEqual(camera.health.counters, {
      ...{ decoderErrors: 4, decoderErrorsPerMin: 4, concealed: 3, concealedPerMin: 3 },
      ...{ missedPackets: 6, missedPacketsPerMin: 6, damagedSecondsPerMin: 4 },
    });
    camera.shows(scene, 30);
    const { decoderErrors, decoderErrorsPerMin, damagedSecondsPerMin } = camera.health.counters;
    assert.deepEqual([decoderErrors, decoderErrorsPerMin, damagedSecondsPerMin], [4, 1, 1]);
  });
});

describe('pictures that show nothing', () => {
  const cases: readonly (readonly [string, () => Yuv420Picture, string, number])[] = [
    ['all green', () => plain(75, 90), 'pictures-uniform', 11],
    ['all grey, with text of the camera in them', () => withText(plain(128)), 'pictures-uniform', 11],
    ['overexposed', () => plain(235), 'pictures-uniform', 11],
    ['black', () => plain(16), 'pictures-black', 61],
    ['black, with text of the camera in them', () => withText(plain(17)), 'pictures-black', 61],
  ];
  for (const [name, picture, code, afterS] of cases) {
    test(`${name}: reported after some time, and over at once`, () => {
      const camera = new Camera();
      camera.shows(picture, afterS - 2);
      assert.equal(camera.code, undefined);
      camera.shows(picture, 2);
      assert.equal(camera.code, code);
      camera.shows(scene, 1);
      assert.equal(camera.code, undefined);
    });
  }

  test('a dim scene with sensor noise is not reported', () => {
    const camera = new Camera();
    const dim = (second: number): Yuv420Picture => {
      const picture = plain(20);
      for (let at = 0; at < lumaBytes; at++) picture.data[at] = 16 + ((at * 7919 + second * 31) % 13);
      return picture;
    };
    camera.shows(dim, 200);
    assert.equal(camera.code, undefined);
  });

  test('black that is normal at a camera is not reported', () => {
    const camera = new Camera(steadyPolicy, ['damaged', 'uniform']);
    camera.shows(() => plain(16), 300);
    assert.equal(camera.code, undefined);
  });

  test('an interruption starts the time again', () => {
    const camera = new Camera();
    camera.shows(() => plain(128), 9);
    camera.health.streamEnded();
    camera.shows(() => plain(128), 9);
    assert.equal(camera.code, undefined);
  });

  test('five seconds without a picture are no interruption, and more are one', () => {
    const codeAfter = (gapMs: number): string | undefined => {
      const camera = new Camera();
      camera.shows(() => plain(128), 8);
      // The last check was 1 s before.
      camera.clock.advanceBy(gapMs - 1000);
      camera.shows(() => plain(128), 4);
      return camera.code;
    };
    assert.equal(codeAfter(5000), 'pictures-uniform');
    assert.equal(codeAfter(5200), undefined);
  });
});

describe('the same picture again and again', () => {
  test('is frozen after two minutes', () => {
    const camera = new Camera();
    camera.shows(() => scene(), 119);
    assert.equal(camera.code, undefined);
    camera.shows(() => scene(), 3);
    assert.equal(camera.code, 'pictures-frozen');
    camera.shows(() => scene(1), 1);
    assert.equal(camera.code, undefined);
  });

  test('does not count as frozen if one pixel changes, even one between the samples', () => {
    const camera = new Camera();
    const still = (second: number): Yuv420Picture => {
      const picture = scene();
      picture.data[1] = 100 + (Math.floor(second / 100) % 2);
      return picture;
    };
    camera.shows(still, 400);
    assert.equal(camera.code, undefined);
  });

  test('is not reported in a short look', () => {
    const camera = new Camera(briefPolicy);
    camera.shows(() => scene(), 4);
    assert.equal(camera.code, undefined);
  });
});

test('a short look reports damage and one colour within three seconds', () => {
  const damaged = new Camera(briefPolicy);
  damaged.shows(scene, 4, [lost]);
  assert.equal(damaged.code, 'pictures-damaged');
  const green = new Camera(briefPolicy);
  green.shows(() => plain(75, 90), 4);
  assert.equal(green.code, 'pictures-uniform');
});

describe('the samples of a picture', () => {
  const lumaSamples = 64 * 36;
  const chromaSamples = 32 * 18;

  function samplesOf(
    widthPx: number,
    heightPx: number,
  ): { readonly data: Buffer; readonly into: Uint8Array } {
    const chromaBytes = Math.ceil(widthPx / 2) * Math.ceil(heightPx / 2);
    const data = Buffer.from(
      Uint8Array.from({ length: widthPx * heightPx + 2 * chromaBytes }, (_, at) => (at * 7919) >> 5),
    );
    const into = new Uint8Array(sampleCount);
    samplePicture({ format: 'yuv420p', widthPx, heightPx, range: 'limited', data }, into);
    return { data, into };
  }

  test('are all of a picture that is as small as the grid', () => {
    const { data, into } = samplesOf(64, 36);
    assert.deepEqual(Buffer.from(into), data);
  });

  test('lie in the middle of the cells of the grid', () => {
    const { data, into } = samplesOf(3 * 64, 3 * 36);
    assert.equal(into[0], data[3 * 64 + 1]);
    assert.equal(into[lumaSamples - 1], data[3 * 64 * 3 * 36 - 3 * 64 - 2]);
    assert.equal(into[sampleCount - 1], data[data.length - 3 * 32 - 2]);
  });

  test('have the whole colour planes of a picture with odd sides', () => {
    const { data, into } = samplesOf(63, 35);
    assert.deepEqual(Buffer.from(into.subarray(lumaSamples)), data.subarray(63 * 35));
  });

  test('spread as widely as the plane that varies most, without two percent at either end', () => {
    const planes = [
      { name: 'luma', start: 0, count: lumaSamples },
      { name: 'u', start: lumaSamples, count: chromaSamples },
      { name: 'v', start: lumaSamples + chromaSamples, count: chromaSamples },
    ];
    for (const { name, start, count } of planes) {
      const ignored = Math.floor(count * 0.02);
      const spreadWith = (dark: number, bright: number): number => {
        const samples = new Uint8Array(sampleCount).fill(100);
        samples.fill(20, start, start + dark);
        samples.fill(250, start + count - bright, start + count);
        return spreadOf(samples).spread;
      };
      assert.equal(spreadWith(ignored, ignored), 0, name);
      assert.equal(spreadWith(ignored + 1, ignored), 80, name);
      assert.equal(spreadWith(ignored, ignored + 1), 150, name);
    }
  });

  test('are as bright as their luma', () => {
    const samples = new Uint8Array(sampleCount).fill(200).fill(30, 0, lumaSamples);
    assert.deepEqual(spreadOf(samples), { spread: 0, brightest: 30 });
  });
});
