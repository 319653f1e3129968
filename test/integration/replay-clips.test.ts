import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { rollcall } from '../support/box.js';
import { garbageFile, testClip } from '../support/clips.js';
import { sharedFile } from '../support/shared-media.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const blinkClip = sharedFile('media/blink/liveportrait/s18.mp4');

interface Line {
  readonly t: number;
  readonly type: string;
  readonly track: string;
  readonly durationS?: number;
  readonly verdict?: string;
  readonly blinks?: number;
  readonly observedS?: number;
  readonly looks?: number;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('rollcall replay', () => {
  test('reports what a clip shows, the same every time', {
    skip: blinkClip.skip,
  }, async () => {
    const first = await rollcall(['replay', blinkClip.path, '--json']);
    assert.equal(first.exitCode, 0, first.stderr);
    const lines = linesOf(first.stdout);
    const blinks = lines.filter(({ type }) => type === 'blink');
    assert.deepEqual(
      blinks.map(({ t }) => [0.3, 5.41].findIndex((trueS) => Math.abs(t - trueS) <= 0.25)),
      [0, 1],
    );
    assert.ok(blinks.every(({ durationS = 0 }) => durationS > 0.05 && durationS < 0.5));
    assert.equal(new Set(lines.map(({ track }) => track)).size, 1);
    assert.equal(lines[0]?.type, 'track.started');
    assert.equal(lines.at(-2)?.type, 'track.ended');
    const summary = lines.at(-1);
    assert.deepEqual([summary?.type, summary?.verdict, summary?.blinks], ['track.summary', 'live', 2]);
    assert.ok((summary?.observedS ?? 0) > 5 && (summary?.looks ?? 0) > 100);
    assert.ok(lines.some(({ type, verdict }) => type === 'liveness' && verdict === 'live'));
    assert.ok(lines.some(({ type }) => type === 'unknown'));
    await using directory = await temporaryDirectory();
    const pictures = join(directory.path, 'pictures');
    const second = await rollcall(['replay', blinkClip.path, '--json', '--pictures', pictures]);
    assert.equal(second.stdout, first.stdout, second.stderr);
    assert.deepEqual(await readdir(pictures), ['t1.jpg']);
    const strip = join(pictures, 't1.jpg');
    assert.deepEqual([(await stat(pictures)).mode & 0o777, (await stat(strip)).mode & 0o777], [0o700, 0o600]);
    const { width, height } = await sharp(strip).metadata();
    assert.ok(width > 900 && height > 600, `${width} x ${height}`);
    // A row of faces, and below it the curve: neither is an empty sheet.
    for (const part of [
      { left: 20, top: 100, width: 900, height: 120 },
      { left: 60, top: height - 200, width: 860, height: 120 },
    ]) {
      const { channels } = await sharp(await sharp(strip).extract(part).png().toBuffer()).stats();
      assert.ok((channels[0]?.stdev ?? 0) > 5, JSON.stringify(part));
    }
    const again = await rollcall(['replay', blinkClip.path, '--pictures', pictures]);
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /is not empty, and files are never overwritten/);
  });

  test('reports no face in a clip without one', async () => {
    const { exitCode, stdout } = await rollcall(['replay', await testClip(), '--json']);
    assert.deepEqual([exitCode, stdout], [0, '']);
  });

  test('explains unreadable files', async () => {
    const missing = await rollcall(['replay', '/nowhere/clip.mp4']);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /cannot be opened[\s\S]*what to do: Check the path/);
    const garbage = await rollcall(['replay', await garbageFile(), '--json']);
    assert.equal(garbage.exitCode, 2);
    assert.equal(JSON.parse(garbage.stdout).error.code, 'clip-unreadable');
  });

  test('refuses a gallery without its key, and a missing one', async () => {
    const clip = await testClip();
    const keyless = await rollcall(['replay', clip, '--gallery', '/nowhere/gallery.db', '--json']);
    assert.equal(keyless.exitCode, 2);
    assert.equal(JSON.parse(keyless.stdout).error.code, 'gallery-without-config');
    await using directory = await temporaryDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, 'site: { id: yard, timeZone: UTC }\n');
    const absent = await rollcall([
      'replay',
      clip,
      '--config',
      config,
      '--gallery',
      '/nowhere/gallery.db',
      '--json',
    ]);
    assert.equal(absent.exitCode, 2);
    assert.equal(JSON.parse(absent.stdout).error.code, 'gallery-missing');
  });
});
