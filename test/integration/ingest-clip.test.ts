import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { ClipLimits, ClipOptions } from '../../daemon/vision/ingest/clip-options.js';
import { type Clip, openClip } from '../../daemon/vision/ingest/clip-source.js';
import { firstLineOf } from '../../scripts/child-end.js';
import { builtChild } from '../support/built.js';
import { corruptClip, garbageFile, resolutionChangeClip, testClip } from '../support/clips.js';
import { called, descendantsOf, isRunning } from '../support/processes.js';
import { until } from '../support/until.js';
import { installedFfmpeg } from '../support/watched-camera.js';

async function open(path: string, options: Partial<ClipOptions> = {}): Promise<Clip> {
  const ffmpeg = await installedFfmpeg();
  const cameraIdOf = { cameraId: cameraId('replay'), clock: systemClock };
  return openClip({ path, ffmpeg, ...cameraIdOf, maxAnalysisWidthPx: 1920, ...options });
}

interface Read {
  readonly timesMs: readonly number[];
  readonly sizes: readonly string[];
  readonly digest: string;
}

async function readAll(path: string, options: Partial<ClipOptions> = {}): Promise<Read> {
  await using clip = await open(path, options);
  const timesMs: number[] = [];
  const sizes: string[] = [];
  const hash = createHash('sha256');
  for await (const { capturedAtMs, picture, release } of clip) {
    timesMs.push(capturedAtMs);
    sizes.push(`${picture.widthPx}x${picture.heightPx}`);
    hash.update(picture.data);
    release();
  }
  return { timesMs, sizes, digest: hash.digest('hex') };
}

const near = (actual: readonly number[], expected: readonly number[]): void => {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of expected.entries()) assert.ok(Math.abs((actual[index] ?? 0) - value) < 0.01);
};

describe('replaying a clip', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollcall-clip-test-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('gives every frame at its own time, and the same bytes every time', async () => {
    const path = await testClip({ seconds: 2 });
    const first = await readAll(path);
    near(
      first.timesMs,
      Array.from({ length: 50 }, (_, n) => n * 40),
    );
    assert.deepEqual(await readAll(path), first);
  });

  test('gives the same frames as another way of decoding', async () => {
    const path = await testClip({ seconds: 2 });
    const { stdout } = await promisify(execFile)(
      'ffmpeg',
      ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'],
      { encoding: 'buffer', maxBuffer: 2 ** 26 },
    );
    assert.equal((await readAll(path)).digest, createHash('sha256').update(stdout).digest('hex'));
  });

  test('samples at a given rate, with times that are multiples of it', async () => {
    const { timesMs } = await readAll(await testClip({ seconds: 2 }), { fps: 10 });
    near(
      timesMs,
      Array.from({ length: 20 }, (_, n) => n * 100),
    );
  });

  test('counts time from the first frame if a clip begins later', async () => {
    const { timesMs } = await readAll(await testClip({ seconds: 2, container: 'ts' }));
    near(timesMs.slice(0, 2), [0, 40]);
  });

  test('waits for a slow consumer and loses nothing', async () => {
    const path = await testClip({ seconds: 2 });
    await using clip = await open(path);
    const held: Frame[] = [];
    for await (const frame of clip) {
      held.push(frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const hash = createHash('sha256');
    for (const { picture } of held) hash.update(picture.data);
    assert.equal(hash.digest('hex'), (await readAll(path)).digest);
    for (const frame of held) frame.release();
  });

  test('leaves no process when the consumer stops early', async () => {
    const clip = await open(await testClip({ seconds: 6 }));
    for await (const frame of clip) {
      frame.release();
      if (frame.sequence === 3) break;
    }
    assert.deepEqual(called('ffmpeg', descendantsOf(process.pid)), []);
  });

  test('leaves no process when it was never read', async () => {
    const clip = await open(await testClip({ seconds: 6 }));
    await clip[Symbol.asyncDispose]();
    assert.deepEqual(called('ffmpeg', descendantsOf(process.pid)), []);
  });

  test('shows one frame for a picture, with and without a rate', async () => {
    const path = join(folder, 'still.jpg');
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=99x51', '-frames:v', '1'];
    await promisify(execFile)('ffmpeg', ['-v', 'error', ...source, path]);
    for (const options of [{}, { fps: 5 }]) {
      const { timesMs, sizes } = await readAll(path, options);
      assert.deepEqual([timesMs, sizes], [[0], ['99x51']]);
    }
  });

  test('distinguishes full range from limited range', async () => {
    const white = ['-f', 'lavfi', '-i', 'color=white:size=64x48', '-frames:v', '1'];
    const seen: unknown[] = [];
    for (const [name, format] of [
      ['white.png', 'rgb24'],
      ['white-420.jpg', 'yuvj420p'],
      ['white-444.jpg', 'yuvj444p'],
    ] as const) {
      const path = join(folder, name);
      await promisify(execFile)('ffmpeg', ['-v', 'error', ...white, '-pix_fmt', format, path]);
      for await (const { picture, release } of await open(path)) {
        seen.push([picture.format === 'yuv420p' && picture.range, picture.data[0]]);
        release();
      }
    }
    assert.deepEqual(seen, [
      ['limited', 235],
      ['full', 255],
      ['full', 255],
    ]);
  });

  test('reads a file whatever its name', async () => {
    const clip = await testClip({ seconds: 2 });
    for (const name of ['-i.mp4', 'a %03d b.mp4', "it's; $(x).bin", 'concat:x.txt']) {
      const path = join(folder, name);
      await copyFile(clip, path);
      assert.equal((await readAll(path, { fps: 2 })).timesMs.length, 4);
    }
  });

  test('continues after a change of resolution', async () => {
    const { sizes } = await readAll(await resolutionChangeClip({ seconds: 2 }));
    assert.deepEqual([sizes[0], sizes.at(-1)], ['640x360', '1280x720']);
  });

  test('scales a clip that is wider than the analysis down, to one size throughout', async () => {
    const { sizes } = await readAll(await resolutionChangeClip({ seconds: 2 }), { maxAnalysisWidthPx: 320 });
    assert.deepEqual([...new Set(sizes)], ['320x180']);
  });

  test('shows faces as wide as they are when pixels are not square, and believes no impossible pixels', async () => {
    const cases = [
      ['4/5', 960, 576, 1920, '768x576'],
      ['16/11', 704, 576, 800, '800x450'],
      ['64/63', 322, 240, 1920, '322x240'],
      ['9/1', 640, 360, 1920, '640x360'],
    ] as const;
    for (const [pixelShape, widthPx, heightPx, maxAnalysisWidthPx, expected] of cases) {
      const clip = await testClip({ pixelShape, widthPx, heightPx, seconds: 0.2 });
      const { sizes } = await readAll(clip, { maxAnalysisWidthPx });
      assert.deepEqual([...new Set(sizes)], [expected], pixelShape);
    }
  });

  test('gives the same frames of a damaged clip every time', async () => {
    const path = await corruptClip({ seconds: 4, damagedShare: 0.5 });
    const first = await readAll(path);
    assert.ok(first.timesMs.length > 50);
    assert.deepEqual(await readAll(path), first);
  });

  test('refuses a file that is not a clip, and a missing file', async () => {
    await assert.rejects(readAll(await garbageFile()), (error) => isRollcallError(error, 'clip-unreadable'));
    await assert.rejects(readAll(join(folder, 'nothing.mp4')), (error) =>
      isRollcallError(error, 'clip-not-found'),
    );
  });

  test('opens no other file when a clip is a playlist or a script that names one', async () => {
    const secret = join(folder, 'secret.ts');
    await copyFile(await testClip({ seconds: 2, container: 'ts' }), secret);
    const playlist = ['#EXTM3U', '#EXT-X-TARGETDURATION:2', '#EXTINF:2,', secret, '#EXT-X-ENDLIST', ''];
    const segments = `<SegmentList><SegmentURL media="${secret}"/></SegmentList>`;
    const hostile = {
      'HLS playlist': playlist.join('\n'),
      'endless HLS playlist': playlist.slice(0, -2).join('\n'),
      'concat script': `ffconcat version 1.0\nfile '${secret}'\n`,
      'DASH manifest': `<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet>${segments}</AdaptationSet></Period></MPD>`,
      'session description':
        'v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n',
      'subtitles with an image': `[Script Info]\n; ${secret}\n`,
    };
    for (const [name, content] of Object.entries(hostile)) {
      const path = join(folder, 'clip.mp4');
      await writeFile(path, content);
      await assert.rejects(readAll(path), { code: 'clip-unreadable' }, name);
    }
  });

  test('refuses pictures with more pixels than it decodes', async () => {
    const path = join(folder, 'huge.mp4');
    const source = ['-f', 'lavfi', '-i', 'color=size=4352x4352:rate=1:duration=1'];
    await promisify(execFile)('ffmpeg', ['-v', 'error', ...source, '-c:v', 'mpeg4', path]);
    await assert.rejects(readAll(path), { code: 'clip-unreadable' });
  });

  test('reads an uploaded clip up to its limits, and no further', async () => {
    const path = await testClip({ seconds: 6 });
    const limits = { longestS: 60, mostFrames: 3600, longestReadingMs: 60_000, memoryBytes: 2 ** 31 };
    const framesWith = async (change: Partial<ClipLimits>): Promise<number> =>
      (await readAll(path, { limits: { ...limits, ...change } })).timesMs.length;
    assert.equal(await framesWith({}), 150);
    assert.equal(await framesWith({ mostFrames: 7 }), 7);
    assert.equal(await framesWith({ longestS: 1 }), 25);
    await assert.rejects(framesWith({ memoryBytes: 2 ** 24 }), { code: 'clip-unreadable' });
  });

  test('ends the reading of an uploaded clip when its time is over', async () => {
    const clock = new VirtualClock();
    const limits = { longestS: 60, mostFrames: 3600, longestReadingMs: 30_000, memoryBytes: 2 ** 31 };
    const path = await testClip({ seconds: 6 });
    let count = 0;
    await using clip = await open(path, { clock, limits });
    for await (const frame of clip) {
      frame.release();
      count += 1;
      if (count === 3) clock.advanceBy(limits.longestReadingMs);
    }
    assert.ok(count >= 3 && count < 150, `${count} frames`);
    assert.deepEqual(called('ffmpeg', descendantsOf(process.pid)), []);
  });

  test('leaves no process when its own process is killed while the decoder hangs', async () => {
    const path = await testClip({ seconds: 6 });
    const child = spawn(process.execPath, [builtChild('test/support/clip-child.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await firstLineOf(child);
      const decoders = called('ffmpeg', descendantsOf(child.pid ?? 0));
      assert.equal(decoders.length, 1);
      for (const pid of decoders) process.kill(pid, 'SIGSTOP');
      child.kill('SIGKILL');
      await until('the decoder to end', () => !decoders.some(isRunning));
    } finally {
      child.kill('SIGKILL');
    }
  });
});
