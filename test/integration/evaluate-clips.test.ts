import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { rollcall } from '../support/box.js';
import { testClip } from '../support/clips.js';
import { sharedFile } from '../support/shared-media.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const media = sharedFile('media/blinks.json');
const mediaDirectory = sharedFile('media').path;

interface Report {
  readonly skipped: readonly { readonly clip: string; readonly reason: string }[];
  readonly f1: number;
  readonly mistaken: number;
  readonly clips: readonly { readonly clip: string; readonly verdict?: string; readonly hits: number }[];
}

const isFieldClip = (clip: string): boolean => clip.startsWith('blink/field/');
const isSpeaker = (clip: string): boolean => clip.startsWith('blink/grid/');

/** Evaluates the clips of the shared media for which `isWanted` is true. */
async function evaluate(
  isWanted: (clip: string) => boolean,
  fps: number,
  ...options: readonly string[]
): Promise<Report> {
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
    ...options,
  ]);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as Report;
}

describe('rollcall evaluate blinks', () => {
  for (const { fps, leastF1, isWanted, what } of [
    { fps: 15, leastF1: 0.97, isWanted: (clip: string) => !isFieldClip(clip), what: 'every clip' },
    // Only the short clips, because the program decodes every frame at this rate too.
    { fps: 10, leastF1: 0.94, isWanted: isSpeaker, what: 'speakers' },
    { fps: 25, leastF1: 0.97, isWanted: isSpeaker, what: 'speakers' },
  ]) {
    test(`reaches F1 ${leastF1} at ${fps} frames a second on ${what} without a false blink`, {
      skip: media.skip,
    }, async () => {
      const report = await evaluate(isWanted, fps);
      assert.ok(report.f1 >= leastF1, `F1 ${report.f1}`);
      assert.equal(report.mistaken, 0);
      for (const { clip, verdict, hits } of report.clips) {
        // An attack clip shows a hand-held picture for ten seconds.
        if (clip.startsWith('attack/')) assert.equal(verdict, 'attack', clip);
        else if (hits > 0 && !isSpeaker(clip)) assert.equal(verdict, 'live', clip);
        // Movement that is judged over seconds may need more than the 3 s of a speaker.
        else assert.notEqual(verdict, 'attack', clip);
      }
      const speakers = report.clips.filter(({ clip, hits }) => isSpeaker(clip) && hits > 0);
      const live = speakers.filter(({ verdict }) => verdict === 'live');
      if (fps >= 25) assert.ok(live.length >= 3, JSON.stringify(speakers));
    });
  }

  // The clips: light from one side, a face that fills the picture, a slow partial blink.
  test('finds blinks that light, distance or eyelids make difficult', {
    skip: media.skip,
  }, async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'blinks.html');
    const report = await evaluate(isFieldClip, 15, '--report', file);
    assert.ok(report.clips.length >= 3, 'the shared media have at least three such clips');
    assert.equal(report.mistaken, 0);
    assert.ok(report.f1 >= 0.94, `F1 ${report.f1}`);
    const live = report.clips.filter(({ verdict }) => verdict === 'live').map(({ clip }) => clip);
    assert.ok(
      live.includes('blink/field/side_light.mp4'),
      'a shadow on the face does not prevent the verdict live',
    );
    const page = await readFile(file, 'utf8');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    for (const { clip } of report.clips) assert.match(page, new RegExp(`<h2>${clip}</h2>`));
    assert.ok(
      (page.match(/<svg /g) ?? []).length >= report.clips.length,
      'the report has a curve for every clip',
    );
  });

  test('skips and names clips that are missing or have no countable blinks', async () => {
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
    assert.match(
      nothing.stderr,
      /contains none of the clips in .*[\s\S]*what to do: Give as --clips the folder/,
    );
  });

  test('names the fault of a truth file', async () => {
    await using directory = await temporaryDirectory();
    const truth = join(directory.path, 'truth.json');
    await writeFile(truth, '{ "a.mp4": { "blinks": ["soon"] } }');
    const { exitCode, stderr } = await rollcall(['evaluate', 'blinks', '--clips', '.', '--truth', truth]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /is not valid blink truth[\s\S]*blinks[\s\S]*what to do/);
  });
});

const speaker = sharedFile('media/blink/grid/brbk7n.mpg');

describe('rollcall evaluate liveness', () => {
  test('reports the verdicts on passages of each length, of a person and of a photograph of that person', {
    skip: speaker.skip,
  }, async () => {
    await using directory = await temporaryDirectory();
    const [clips, known] = [join(directory.path, 'clips'), join(directory.path, 'known')];
    await mkdir(clips);
    await mkdir(join(known, 'ada'), { recursive: true });
    await symlink(speaker.path, join(clips, 'door.mpg'));
    const photograph = join(known, 'ada', 'one.png');
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', speaker.path, '-frames:v', '1', photograph]);
    // In a hand: it moves as a whole.
    const held = "scale=540:-2,crop=360:288:x='90+40*sin(2*t)':y='72+20*sin(3*t)'";
    const loop = ['-loop', '1', '-t', '10', '-framerate', '15', '-i', photograph, '-vf', held];
    const coding = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', join(clips, 'held-up.mp4')];
    await promisify(execFile)('ffmpeg', ['-v', 'error', ...loop, ...coding]);
    const truth = join(directory.path, 'truth.json');
    const shown = {
      'door.mpg': { shows: 'genuine', people: ['ada'] },
      'held-up.mp4': { shows: 'print' },
      'gone.mp4': { shows: 'genuine' },
      'unclear.mp4': null,
    };
    await writeFile(truth, JSON.stringify(shown));
    const places = ['--clips', clips, '--truth', truth, '--known', known, '--loop', '25', '--json'];
    const { exitCode, stdout, stderr } = await rollcall(['evaluate', 'liveness', ...places]);
    assert.equal(exitCode, 0, stderr);
    const report = JSON.parse(stdout) as LivenessReport;
    assert.deepEqual(
      report.rates.map(({ lengthS }) => lengthS),
      [1, 2, 3, 5, 8, 10, 15, 'whole'],
    );
    const ofClip = report.rates.find(({ lengthS }) => lengthS === 3);
    assert.deepEqual(
      [ofClip?.genuine.live.count, ofClip?.genuine.recognised.count],
      [1, 1],
      'the person is live and recognised within 3 s',
    );
    assert.ok(
      report.rates.every(({ genuine, attacks }) => genuine.attack.count + attacks.print.live.count === 0),
    );
    assert.equal(report.rates.at(-1)?.attacks.print.attack.count, 1);
    const [still] = report.stillPictures;
    assert.ok(still?.call && still.call.observedS > 2 && still.call.observedS <= 20.1, JSON.stringify(still));
    assert.deepEqual(report.skipped, [
      { clip: 'gone.mp4', reason: 'not-found' },
      { clip: 'unclear.mp4', reason: 'no-truth' },
    ]);
  });

  test('names the fault of a truth file, and folders without clips', async () => {
    await using directory = await temporaryDirectory();
    const truth = join(directory.path, 'truth.json');
    await writeFile(truth, '{ "a.mp4": { "shows": "photo" } }');
    const wrong = await rollcall(['evaluate', 'liveness', '--clips', '.', '--truth', truth]);
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /is not a valid description of clips[\s\S]*KIND is one of genuine, print/);
    const empty = await rollcall(['evaluate', 'liveness', '--clips', directory.path]);
    assert.equal(empty.exitCode, 2);
    assert.match(empty.stderr, /contains no clips/);
  });
});

interface LivenessReport {
  readonly rates: readonly {
    readonly lengthS: number | 'whole';
    readonly genuine: Readonly<Record<'live' | 'attack' | 'recognised', { readonly count: number }>>;
    readonly attacks: {
      readonly print: Readonly<Record<'live' | 'attack', { readonly count: number }>>;
    };
  }[];
  readonly stillPictures: readonly { readonly call?: { readonly observedS: number } }[];
  readonly skipped: readonly { readonly clip: string; readonly reason: string }[];
}

describe('rollcall evaluate compare', () => {
  test('lists passages that differ under two sets of settings, and writes matrices that only their owner may read', {
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

  test('refuses unknown settings before it opens a clip', async () => {
    await using directory = await temporaryDirectory();
    const settings = join(directory.path, 'a.yaml');
    await writeFile(settings, 'identification: { treshold: 0.5 }\n');
    const places = ['--clips', directory.path, '--known', directory.path, '--a', settings, '--b', settings];
    const { exitCode, stderr } = await rollcall(['evaluate', 'compare', ...places]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /cannot read the settings in .*a\.yaml[\s\S]*treshold/);
  });
});
