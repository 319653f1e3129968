import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { rollcall } from '../support/box.js';
import { garbageFile, testClip } from '../support/clips.js';
import { sharedFile } from '../support/shared-media.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const media = sharedFile('media/blinks.json');
const mediaDirectory = sharedFile('media').path;
const blinkClip = sharedFile('media/blink/liveportrait/s18.mp4');

interface Line {
  readonly t: number;
  readonly type: string;
  readonly track: string;
  readonly durationS?: number;
  readonly verdict?: string;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('rollcall replay', () => {
  test('tells of a clip what a person saw in it, and the same every time', {
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
    assert.equal(lines.at(-1)?.type, 'track.ended');
    assert.ok(lines.some(({ type, verdict }) => type === 'liveness' && verdict === 'live'));
    assert.ok(lines.some(({ type }) => type === 'unknown'));
    const second = await rollcall(['replay', blinkClip.path, '--json']);
    assert.equal(second.stdout, first.stdout);
  });

  test('has nothing to say about a clip without a face', async () => {
    const { exitCode, stdout } = await rollcall(['replay', await testClip(), '--json']);
    assert.deepEqual([exitCode, stdout], [0, '']);
  });

  test('explains what it cannot read', async () => {
    const missing = await rollcall(['replay', '/nowhere/clip.mp4']);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /cannot be opened[\s\S]*what to do: check the path/);
    const garbage = await rollcall(['replay', await garbageFile(), '--json']);
    assert.equal(garbage.exitCode, 2);
    assert.equal(JSON.parse(garbage.stdout).error.code, 'clip-unreadable');
  });

  test('refuses a gallery it has no key for, and one that is not there', async () => {
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

interface Report {
  readonly skipped: readonly { readonly clip: string; readonly reason: string }[];
  readonly f1: number;
  readonly mistaken: number;
  readonly clips: readonly { readonly clip: string; readonly verdict?: string; readonly hits: number }[];
}

const isFieldClip = (clip: string): boolean => clip.startsWith('blink/field/');

/** Evaluates the clips of the shared media that are wanted. */
async function evaluate(isWanted: (clip: string) => boolean, fps: number): Promise<Report> {
  const truths = JSON.parse(await readFile(media.path, 'utf8')) as Readonly<Record<string, unknown>>;
  await using directory = await temporaryDirectory();
  const truth = join(directory.path, 'truth.json');
  const wanted = Object.entries(truths).filter(([clip]) => isWanted(clip));
  await writeFile(truth, JSON.stringify(Object.fromEntries(wanted)));
  const places = ['--clips', mediaDirectory, '--truth', truth];
  const { exitCode, stdout, stderr } = await rollcall([
    'evaluate',
    'blinks',
    ...places,
    ...['--fps', String(fps), '--json'],
  ]);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as Report;
}

describe('rollcall evaluate blinks', () => {
  for (const { fps, leastF1 } of [
    { fps: 15, leastF1: 0.97 },
    { fps: 10, leastF1: 0.94 },
  ]) {
    test(`reaches F1 ${leastF1} at ${fps} frames a second without a false blink`, {
      skip: media.skip,
    }, async () => {
      const report = await evaluate((clip) => !isFieldClip(clip), fps);
      assert.ok(report.f1 >= leastF1, `F1 ${report.f1}`);
      assert.equal(report.mistaken, 0);
      for (const { clip, verdict, hits } of report.clips) {
        if (clip.startsWith('attack/')) assert.notEqual(verdict, 'live', clip);
        else if (hits > 0) assert.equal(verdict, 'live', clip);
      }
    });
  }

  // Light from one side, a face that fills the picture, a slow partial blink.
  test('sees the blinks where light, distance or lids make them hard to see', {
    skip: media.skip,
  }, async () => {
    const report = await evaluate(isFieldClip, 15);
    assert.ok(report.clips.length >= 3, 'the clips are there');
    assert.equal(report.mistaken, 0);
    assert.ok(report.f1 >= 0.94, `F1 ${report.f1}`);
    const live = report.clips.filter(({ verdict }) => verdict === 'live').map(({ clip }) => clip);
    assert.ok(live.includes('blink/field/side_light.mp4'), 'shade is no cover');
  });

  test('leaves out and names clips that are not there or whose blinks cannot be counted', async () => {
    await using directory = await temporaryDirectory();
    const truth = join(directory.path, 'truth.json');
    const clip = await testClip();
    const evaluateHere = (truths: unknown, ...options: readonly string[]) =>
      writeFile(truth, JSON.stringify(truths)).then(() =>
        rollcall(['evaluate', 'blinks', '--clips', dirname(clip), '--truth', truth, ...options]),
      );
    const truths = {
      [basename(clip)]: { blinks: [] },
      'gone.mp4': { blinks: [1] },
      'masked.mp4': null,
      'turned.mp4': { blinks: null },
    };
    const { exitCode, stdout, stderr } = await evaluateHere(truths, '--json');
    assert.equal(exitCode, 0, stderr);
    const report = JSON.parse(stdout) as Report;
    assert.deepEqual(
      report.clips.map((each) => each.clip),
      [basename(clip)],
    );
    assert.deepEqual(report.skipped, [
      { clip: 'gone.mp4', reason: 'not-found' },
      { clip: 'masked.mp4', reason: 'no-truth' },
      { clip: 'turned.mp4', reason: 'no-truth' },
    ]);
    const nothing = await evaluateHere({ 'gone.mp4': { blinks: [1] } });
    assert.equal(nothing.exitCode, 2);
    assert.match(nothing.stderr, /none of the clips .* names is in .*[\s\S]*what to do: give the folder/);
  });

  test('names what is wrong with a truth file', async () => {
    await using directory = await temporaryDirectory();
    const truth = join(directory.path, 'truth.json');
    await writeFile(truth, '{ "a.mp4": { "blinks": ["soon"] } }');
    const { exitCode, stderr } = await rollcall(['evaluate', 'blinks', '--clips', '.', '--truth', truth]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /is no blink truth[\s\S]*blinks[\s\S]*what to do/);
  });
});

const speaker = sharedFile('media/blink/grid/brbk7n.mpg');

describe('rollcall evaluate compare', () => {
  test('tells who differs under two sets of settings, and writes matrices that only their owner may read', {
    skip: speaker.skip,
  }, async () => {
    await using directory = await temporaryDirectory();
    const [clips, known] = [join(directory.path, 'clips'), join(directory.path, 'known')];
    await mkdir(join(clips, 'ada'), { recursive: true });
    await mkdir(join(known, 'ada'), { recursive: true });
    await symlink(speaker.path, join(clips, 'ada', 'door.mpg'));
    const photograph = ['-frames:v', '1', join(known, 'ada', 'one.png')];
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', speaker.path, ...photograph]);
    const [a, b] = [join(directory.path, 'a.yaml'), join(directory.path, 'b.yaml')];
    await writeFile(a, 'liveness: { minimumBlinks: 1 }\n');
    await writeFile(b, 'identification: { threshold: 0.9999 }\n');
    const [csv, svg] = [join(directory.path, 'matrix.csv'), join(directory.path, 'matrix.svg')];
    const places = ['--clips', clips, '--known', known, '--a', a, '--b', b, '--csv', csv, '--svg', svg];
    const { exitCode, stdout, stderr } = await rollcall(['evaluate', 'compare', ...places]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /1 person enrolled, 1 clip, 1 passage/);
    assert.match(stdout, /^threshold +0\.\d+ +0\.9999$/m);
    assert.match(stdout, /passages that differ: 1 of 1/);
    assert.match(stdout, /ada\/door\.mpg +t1 .*ada, event attendance at .*\(no match\), event/);
    assert.match(await readFile(csv, 'utf8'), /^A against B,ada,\(no match\),1\r$/m);
    assert.match(await readFile(svg, 'utf8'), /^<svg /);
    assert.deepEqual([(await stat(csv)).mode & 0o777, (await stat(svg)).mode & 0o777], [0o600, 0o600]);
  });

  test('refuses settings that it does not know, before it opens a clip', async () => {
    await using directory = await temporaryDirectory();
    const settings = join(directory.path, 'a.yaml');
    await writeFile(settings, 'identification: { treshold: 0.5 }\n');
    const places = ['--clips', directory.path, '--known', directory.path, '--a', settings, '--b', settings];
    const { exitCode, stderr } = await rollcall(['evaluate', 'compare', ...places]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /cannot read the settings in .*a\.yaml[\s\S]*treshold/);
  });
});
