import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Command } from 'commander';
import sharp from 'sharp';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { registerEvaluate } from '../../daemon/lab/evaluate.js';
import { registerReplay } from '../../daemon/lab/replay.js';
import type { OpenEngines } from '../../daemon/lab/replay-setup.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { expectedTexts } from '../support/expected-text.js';
import {
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  providersOf,
  tester,
} from '../support/gallery-fixture.js';
import { PaintedAnalyser, painted, paintedPx } from '../support/painted-analyser.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const expected = expectedTexts('lab-commands.txt');

/** FFmpeg, and in place of the networks an analyser that sees what colours say. */
const engines: OpenEngines = async () => {
  const point = { scale: 'cosine', origin: 'made up' };
  const thresholds = [
    { name: 'threshold', value: 0.9, ...point },
    { name: 'margin', value: 0.02, ...point },
  ];
  const recogniser = { name: 'painted', id: 'painted', dimensions: 2, pack: { id: 'painted', thresholds } };
  const analyser = new PaintedAnalyser();
  return { analyser, ffmpeg: await detectFfmpeg(), recogniser } as unknown as ReturnType<OpenEngines>;
};

/** Runs a command in this process. Gives all that it wrote, and its exit code. */
async function run(t: TestContext, ...words: readonly string[]): Promise<string> {
  const said: string[] = [];
  // The runner of the tests says with it that one has failed.
  const { exitCode } = process;
  const keep = (text: string | Uint8Array): boolean => {
    said.push(String(text));
    return true;
  };
  const mocks = [process.stdout, process.stderr].map((stream) => t.mock.method(stream, 'write', keep));
  const program = new Command('rollcall').exitOverride().configureOutput({ writeErr: keep, writeOut: keep });
  registerEvaluate(program, engines);
  registerReplay(program, engines);
  try {
    await program.parseAsync(words, { from: 'user' });
    said.push(`exit code ${process.exitCode}`);
  } catch (error) {
    said.push(`usage: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    for (const { mock } of mocks) mock.restore();
    process.exitCode = exitCode;
  }
  return said.join('');
}

/** Compares what a command says with what it said before. */
async function says(t: TestContext, title: string, folder: string, ...words: readonly string[]) {
  expected(title, (await run(t, ...words)).replaceAll(folder, 'FOLDER').replaceAll(/[ \t]+$/gm, ''));
}

type Colour = ReturnType<typeof painted>;

async function paint(path: string, background: Colour): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await sharp({ create: { width: paintedPx, height: paintedPx, channels: 3, background } })
    .png()
    .toFile(path);
}

/**
 * A clip of one person, fifteen frames a second, who blinks at `blinksS` and speaks every other second. `sways`: the face moves to the
 * side as often.
 */
async function film(
  path: string,
  degrees: number,
  {
    seconds = 4,
    blinksS = [],
    speaks = true,
    sways = false,
  }: { seconds?: number; blinksS?: readonly number[]; speaks?: boolean; sways?: boolean },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const blinks = blinksS.map((atS) => `lt(abs(T-${atS}),0.08)`).join('+');
  // Within a fifth of a second, because a face does not leap.
  const mouth = speaks ? '16*clip((mod(T,2)-1)/0.2,0,1)*clip((2-mod(T,2))/0.2,0,1)' : '0';
  const luma = sways ? `'${degrees - 3}+6*gte(mod(T,2),1)'` : degrees;
  const colour = `geq=lum=${luma}:cb='50*(${blinks === '' ? '0' : blinks})':cr='${mouth}'`;
  const source = `color=black:size=16x16:rate=15:duration=${seconds},format=yuv420p,${colour}`;
  const scaled = `${source},scale=${paintedPx}:${paintedPx}:flags=neighbor`;
  const coding = ['-c:v', 'libx264', '-qp', '1', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', path];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', scaled, ...coding]);
}

test('evaluate identify says how persons were told apart, and what it left out', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const known = {
    ada: [painted(0), painted(8), painted(16), painted(0, 'small'), painted(24)],
    ben: [painted(80), painted(88), painted(96), painted(80, 'blurred')],
    cleo: [painted(168), painted(160), painted(176), painted(40)],
    dora: [painted(120), painted(120), painted(128)],
    eve: [painted(200), painted(200)],
  };
  for (const [name, photos] of Object.entries(known))
    for (const [index, colour] of photos.entries())
      await paint(join(path, 'known', name, `${name}${index}.png`), colour);
  const unknown = {
    'man-1': painted(48),
    'man-2': painted(56),
    woman: painted(96),
    wall: painted(0, 'none'),
  };
  for (const [name, colour] of Object.entries(unknown))
    await paint(join(path, 'unknown', `${name}.png`), colour);
  const folders = ['--known', join(path, 'known'), '--unknown', join(path, 'unknown')];
  await says(t, 'identify', path, 'evaluate', 'identify', ...folders);
  const groups = join(path, 'groups.json');
  await writeFile(groups, JSON.stringify({ some: ['ada', 'ben', 'man-1'], others: ['cleo', 'woman.png'] }));
  const all = ['--references', '2', '--views', '2', '--cross-validate', '2', '--groups', groups];
  const page = join(path, 'page.html');
  await says(
    t,
    'identify with everything',
    path,
    'evaluate',
    'identify',
    ...folders,
    ...all,
    '--report',
    page,
  );
  expected('page of identify', ((await readFile(page, 'utf8')).match(/<h\d>.*?<\/h\d>/g) ?? []).join('\n'));
  const config = join(path, 'rollcall.yaml');
  await writeFile(
    config,
    'site: { id: yard, timeZone: UTC }\nidentification: { targetFpir: off, threshold: 0.95 }\n',
  );
  await says(t, 'identify as configured', path, 'evaluate', 'identify', ...folders, '--config', config);
  for (const [title, ...more] of [
    ['too many parts', '--cross-validate', '4'],
    ['too few parts', '--cross-validate', '1'],
    ['too many references', '--references', '4'],
    ['no number', '--references', '0'],
    ['a page that exists', '--report', page],
  ] as const)
    await says(t, `identify with ${title}`, path, 'evaluate', 'identify', ...folders, ...more);
  await writeFile(groups, JSON.stringify({ some: ['nobody', 'eve'] }));
  await says(
    t,
    'identify with an unknown name',
    path,
    'evaluate',
    'identify',
    ...folders,
    '--groups',
    groups,
  );
  await writeFile(groups, JSON.stringify({ some: ['ada', 'eve'] }));
  await says(t, 'identify with one left out', path, 'evaluate', 'identify', ...folders, '--groups', groups);
  await writeFile(groups, '{"some": "ada"}');
  await says(t, 'identify with broken groups', path, 'evaluate', 'identify', ...folders, '--groups', groups);
});

test('evaluate grouping says how well unknown persons were told apart', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const people = join(path, 'people');
  for (const [person, degrees] of [0, 40, 80, 120, 160, 200].entries()) {
    for (const [photo, more] of [0, 8, 24].entries())
      await paint(join(people, `person${person}`, `${photo}.png`), painted(degrees + more));
  }
  await paint(join(people, 'person0', 'blurred.png'), painted(0, 'blurred'));
  await paint(join(people, 'person0', 'wall.png'), painted(0, 'none'));
  await says(t, 'grouping', path, 'evaluate', 'grouping', '--people', people);
  const clips = join(path, 'clips');
  await film(join(clips, 'ada_1.mp4'), 0, { seconds: 2 });
  await film(join(clips, 'ada_2.mp4'), 8, { seconds: 2 });
  await film(join(clips, 'ben', 'door.mp4'), 120, { seconds: 2 });
  await says(t, 'grouping of clips', path, 'evaluate', 'grouping', '--clips', clips, '--sequences', '2');
  await says(t, 'grouping of nothing', path, 'evaluate', 'grouping');
  await says(
    t,
    'grouping of no sequence',
    path,
    'evaluate',
    'grouping',
    '--people',
    people,
    '--sequences',
    '1000',
  );
});

test('evaluate blinks says which blinks were found', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  await film(join(path, 'one.mp4'), 80, { blinksS: [1, 2.6] });
  await film(join(path, 'still.mp4'), 80, { seconds: 2, speaks: false });
  const truth = join(path, 'truth.json');
  const words = ['evaluate', 'blinks', '--clips', path, '--truth', truth];
  await writeFile(
    truth,
    JSON.stringify({
      'one.mp4': { blinks: [1.25, 3.4], ambiguous: [0.2] },
      'still.mp4': { blinks: [] },
      'gone.mp4': { blinks: [] },
      'masked.mp4': null,
    }),
  );
  const page = join(path, 'page.html');
  await says(t, 'blinks', path, ...words, '--report', page);
  expected('page of blinks', ((await readFile(page, 'utf8')).match(/<(h2|p)>[^<]*/g) ?? []).join('\n'));
  await says(t, 'blinks at eight frames', path, ...words, '--fps', '8', '--json');
  await says(t, 'blinks at too many frames', path, ...words, '--fps', '61');
  await writeFile(truth, JSON.stringify({ 'gone.mp4': { blinks: [] } }));
  await says(t, 'blinks of no clip', path, ...words);
});

test('evaluate liveness says how passages of each length ended', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const [clips, known] = [join(path, 'clips'), join(path, 'known')];
  await film(join(clips, 'genuine', 'ada', 'door.mp4'), 80, { blinksS: [1] });
  await film(join(clips, 'genuine', 'ben', 'door.mp4'), 160, { blinksS: [1.5], seconds: 2 });
  await film(join(clips, 'print', 'held.mp4'), 80, { speaks: false, seconds: 2 });
  await film(join(clips, 'screen-still', 'waved.mp4'), 80, { speaks: false, seconds: 2, sways: true });
  await film(join(clips, 'other', 'door.mp4'), 80, { seconds: 3 });
  for (const [name, degrees] of [
    ['ada', 80],
    ['cleo', 160],
  ] as const)
    await paint(join(known, name, 'one.png'), painted(degrees));
  await paint(join(known, 'dora', 'one.png'), painted(0, 'blurred'));
  const words = ['evaluate', 'liveness', '--clips', clips];
  await says(t, 'liveness', path, ...words, '--known', known);
  await says(t, 'liveness of longer clips', path, ...words, '--loop', '9');
  const truth = join(path, 'truth.json');
  const shown = {
    'other/door.mp4': { shows: 'genuine', from: 0.2, until: 2.6 },
    'gone.mp4': { shows: 'print' },
  };
  await writeFile(truth, JSON.stringify({ ...shown, 'print/held.mp4': null }));
  await says(t, 'liveness of parts', path, ...words, '--truth', truth, '--fps', '5', '--anew', '--json');
  for (const seconds of ['0', '601', '1.5'])
    await says(t, `liveness for ${seconds}`, path, ...words, '--loop', seconds);
  await writeFile(truth, '{}');
  await says(t, 'liveness of nothing', path, ...words, '--truth', truth);
});

test('evaluate compare says which passages differ', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const [clips, known] = [join(path, 'clips'), join(path, 'known')];
  await film(join(clips, 'ada', 'door.mp4'), 80, { blinksS: [1] });
  await film(join(clips, 'dora', 'door.mp4'), 160, { blinksS: [1] });
  await film(join(clips, 'yard.mp4'), 200, { seconds: 3 });
  await paint(join(known, 'ada', 'one.png'), painted(72));
  await paint(join(known, 'ben', 'one.png'), painted(80));
  await paint(join(known, 'dora', 'one.png'), painted(160));
  await paint(join(known, 'cleo', 'one.png'), painted(0, 'none'));
  const [a, b] = [join(path, 'a.yaml'), join(path, 'b.yaml')];
  await writeFile(a, 'identification: { margin: 0 }\n');
  await writeFile(b, 'identification: { threshold: 0.999 }\nliveness: { minimumBlinks: 2 }\n');
  const words = ['evaluate', 'compare', '--clips', clips, '--known', known, '--a', a, '--b', b];
  const [csv, svg] = [join(path, 'matrix.csv'), join(path, 'matrix.svg')];
  await says(t, 'compare', path, ...words, '--csv', csv, '--svg', svg);
  expected('compare as CSV', (await readFile(csv, 'utf8')).replaceAll('\r', ''));
  expected('compare as SVG', (await readFile(svg, 'utf8')).slice(0, 4));
  const config = join(path, 'rollcall.yaml');
  const camera =
    '{ id: door, name: Door, url: "rtsp://127.0.0.1/", direction: out, rates: { trackingFps: 6 } }';
  await writeFile(
    config,
    `site: { id: yard, timeZone: UTC }\nidentification: { margin: 0.01 }\ncameras: [${camera}]\n`,
  );
  await writeFile(a, '');
  await says(t, 'compare as configured', path, ...words, '--config', config, '--camera', 'door', '--json');
  await writeFile(a, 'identification: { treshold: 1 }\n');
  await says(t, 'compare with a wrong setting', path, ...words);
  await writeFile(a, 'identification: [');
  await says(t, 'compare with no YAML', path, ...words);
  await writeFile(a, '');
  await paint(join(known, 'ada', 'one.png'), painted(72, 'blurred'));
  for (const name of ['ben', 'dora']) await paint(join(known, name, 'one.png'), painted(0, 'blurred'));
  await says(t, 'compare with nobody', path, ...words);
});

test('replay says what became of each track, and draws it', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const clip = join(path, 'clip.mp4');
  await film(clip, 80, { blinksS: [1] });
  const pictures = join(path, 'pictures');
  await says(t, 'replay', path, 'replay', clip, '--pictures', pictures);
  expected('files of replay', (await readdir(pictures)).join('\n'));
  await says(t, 'replay as JSON', path, 'replay', clip, '--fps', '6', '--json');
  const config = join(path, 'rollcall.yaml');
  const camera = '{ id: door, name: Door, url: "rtsp://127.0.0.1/", smallestFacePx: 200 }';
  const site = 'site: { id: yard, timeZone: UTC }\n';
  await writeFile(config, `${site}cameras: [${camera}]\ndataDir: ${path}\nsecretsDir: ${path}\n`);
  await says(t, 'replay for a camera', path, 'replay', clip, '--config', config, '--camera', 'door');
  await says(t, 'replay for no camera', path, 'replay', clip, '--config', config, '--camera', 'yard');
  await says(t, 'replay without a camera', path, 'replay', clip, '--camera', 'yard');
  await says(t, 'replay without its key', path, 'replay', clip, '--config', config, '--gallery', clip);
  await says(t, 'replay with a gallery alone', path, 'replay', clip, '--gallery');
  await says(
    t,
    'replay with a gallery that is missing',
    path,
    'replay',
    clip,
    '--config',
    config,
    '--gallery',
  );
  for (const fps of ['0.9', '61', 'x']) await says(t, `replay at ${fps}`, path, 'replay', clip, '--fps', fps);
  await writeFile(config, `${site}vision: { speed: 1 }\n`);
  await says(t, 'replay with a broken configuration', path, 'replay', clip, '--config', config);
});

test('replay recognises the persons of a gallery, with its key and while nobody else has it open', async (t) => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  const clip = join(path, 'clip.mp4');
  await film(clip, 80, { blinksS: [1] });
  const config = join(path, 'rollcall.yaml');
  const camera = '{ id: door, name: Door, url: "rtsp://127.0.0.1/", direction: out }';
  const site = 'site: { id: yard, timeZone: UTC }\n';
  await writeFile(config, `${site}cameras: [${camera}]\ndataDir: ${path}\nsecretsDir: ${path}\n`);
  for (const secret of ['gallery-key', 'audit-key'])
    await writeFile(join(path, secret), randomBytes(32), { mode: 0o600 });
  const places = { credentialsDirectory: '', secretsDirectory: path };
  const opened = await openTestGallery(
    galleryOptions(path, {
      auditKey: await readFile(join(path, 'audit-key')),
      providers: providersOf(new SecretKeyProvider('gallery-key', places)),
      ...{ recogniser: recogniserId('painted'), dimensions: 2 },
    }),
  );
  const embedding = Float32Array.of(Math.cos((84 * Math.PI) / 180), Math.sin((84 * Math.PI) / 180));
  const photographs = [{ jpeg: noiseJpeg(1), embedding, quality: 0.8 }];
  const person = await opened.gallery.addPerson({ profile: { name: 'Ada' }, photographs }, tester);
  const words = ['replay', clip, '--config', config, '--camera', 'door', '--gallery'];
  await says(t, 'replay with a gallery in use', path, ...words);
  await opened[Symbol.asyncDispose]();
  const recognised = await run(t, ...words, join(path, 'gallery.db'));
  expected('replay with a gallery', recognised.replaceAll(person, 'PERSON'));
  await rm(join(path, 'gallery-key'));
  expected('replay with a sealed gallery', (await run(t, ...words)).replace(/[\da-f]{16}$/m, 'KEY'));
});
