import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plannedOf, sizingText } from '../../daemon/cli/sizing.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type PlannedCameras, sizeBox } from '../../daemon/kernel/sizing.js';

/** The machine on which the costs were measured, and the cameras of that measurement. */
const reference = { cores: 2, alone: 0.565, together: 0.565, otherCores: 0 };
const four: PlannedCameras = {
  ...{ cameras: 4, widthPx: 1920, heightPx: 1080, framesPerS: 25 },
  ...{ codec: 'h264', faceShare: 0.75 },
};
const options = { cameras: '4', size: '1920x1080', fps: '25', codec: 'h264', share: '75' };

describe('the estimate of a machine', () => {
  test('says what four cameras of the bench would have needed to lose nothing', () => {
    const { cores, usableCores, memoryMiB } = sizeBox(four, reference);
    assert.deepEqual([cores.least.toFixed(2), cores.most.toFixed(2)], ['0.94', '2.00']);
    assert.equal(usableCores, 1.6);
    // `scripts/bench cameras`: 709 MiB of vision, 143 of decoders.
    assert.ok(Math.abs(memoryMiB - (709 + 143)) < 10, String(memoryMiB));
  });

  test('holds for another machine, with many slow cores', () => {
    // `scripts/bench cameras --cameras 16 --provider cpu` on 16 cores: 10.0 of vision and FFmpeg, 5,777 MiB, 0.2 % lost.
    const { cores, usableCores, memoryMiB } = sizeBox(
      { ...four, cameras: 16 },
      { cores: 16, alone: 0.25, together: 0.25, otherCores: 0 },
    );
    assert.ok(cores.least < 10 && 10 < cores.most, `${cores.least} to ${cores.most}`);
    assert.ok(10 < usableCores);
    assert.ok(Math.abs(memoryMiB - 5777) < 0.05 * 5777, String(memoryMiB));
  });

  test('counts the memory of each vision process', () => {
    const memoryOf = (cameras: number): number =>
      sizeBox({ ...four, cameras }, { ...reference, cores: 8 }).memoryMiB;
    const another = memoryOf(4) - memoryOf(3);
    assert.ok(memoryOf(5) - memoryOf(4) > another + 100, 'the fifth camera starts a process');
  });

  test('gives a verdict only where the range leaves no doubt', () => {
    const verdict = (cameras: number): string => sizeBox({ ...four, cameras }, reference).verdict;
    assert.deepEqual([1, 3, 4, 6, 7].map(verdict), [
      'enough',
      'enough',
      'uncertain',
      'uncertain',
      'too-little',
    ]);
  });

  test('does not condemn empty scenes by what they cost before frames were delivered as asked', () => {
    // `scripts/bench pipeline --nobody`: 1.58 times 0.092 cores each.
    const empty = { ...four, cameras: 10, faceShare: 0 };
    assert.equal(sizeBox(empty, reference).verdict, 'uncertain');
  });

  test('does not condemn a machine that was busy with other work', () => {
    const busy = { ...reference, otherCores: 1 };
    assert.equal(sizeBox({ ...four, cameras: 7 }, busy).verdict, 'uncertain');
    assert.equal(sizeBox({ ...four, cameras: 1 }, busy).verdict, 'enough');
  });

  test('shrinks with the machine, the pixels and the people', () => {
    const slow = sizeBox(four, { ...reference, alone: 0.2825, together: 0.1 });
    const { cores } = sizeBox(four, reference);
    assert.equal(slow.cores.least.toFixed(3), (2 * cores.least).toFixed(3));
    assert.equal(slow.cores.most.toFixed(3), (5.65 * cores.most).toFixed(3));
    const empty = sizeBox({ ...four, faceShare: 0 }, reference).cores;
    const half = sizeBox({ ...four, faceShare: 0, widthPx: 960 }, reference).cores;
    assert.equal((2 * half.most).toFixed(3), empty.most.toFixed(3));
    assert.ok(empty.most < cores.most);
  });

  test('names the machine, the range, the memory and the verdict, and doubts a busy machine', () => {
    const machine = { ...reference, model: 'Example CPU', otherCores: 1.2 };
    const text = sizingText(four, machine, sizeBox(four, machine), 4000);
    assert.match(text, /^machine: Example CPU, 2 cores; fixed computation 0\.5[67] on one core/);
    assert.match(text, /^processor: 0\.9 to 2\.0 cores, of which 1\.6 may be busy$/m);
    assert.match(text, /^estimate: it is uncertain whether/m);
    assert.match(text, /other programs used 1\.2 cores/);
    assert.doesNotMatch(
      sizingText(four, { ...machine, otherCores: 0.1 }, sizeBox(four, machine), 1),
      /other/,
    );
  });
});

describe('the options of the estimate', () => {
  test('are read', () => {
    assert.deepEqual(plannedOf(options), four);
  });

  for (const [change, message] of [
    [{ cameras: '0' }, /--cameras is "0"/],
    [{ cameras: '' }, /--cameras is ""/],
    [{ size: '1920' }, /the width in --size is ""/],
    [{ size: '1920x10' }, /the height in --size is "10"/],
    [{ fps: '25.5' }, /--fps is "25\.5"/],
    [{ share: '101' }, /--share is "101"/],
    [{ codec: 'mjpeg' }, /--codec "mjpeg" was never measured/],
  ] as const) {
    test(`are refused for ${JSON.stringify(change)}, with what is possible`, () => {
      assert.throws(
        () => plannedOf({ ...options, ...change }),
        (error) =>
          isRollcallError(error, 'sizing-unusable') &&
          message.test(error.message) &&
          /^(Give|Use) /.test(error.remedy ?? ''),
      );
    });
  }
});
