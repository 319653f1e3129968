import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { trackId } from '../../daemon/kernel/ids.js';
import type { TrackRecord } from '../../daemon/lab/track-record.js';
import { TrackStrips } from '../../daemon/lab/track-strip.js';
import type { TrackedView } from '../../daemon/vision/stage-event.js';
import { expectedTexts } from '../support/expected-text.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const expected = expectedTexts('track-strips.txt');

const picture = {
  format: 'rgb24',
  widthPx: 400,
  heightPx: 300,
  data: new Uint8Array(3 * 400 * 300),
} as const;
const landmarks = {
  box: { x: 150, y: 100, width: 60, height: 80 },
  fivePoints: [
    { x: 160, y: 120 },
    { x: 190, y: 121.5 },
  ],
  leftEye: { openness: 0.3 },
  rightEye: { openness: 0.13 },
};

const view = (atMs: number, more: Partial<Record<keyof TrackedView, unknown>> = {}): TrackedView =>
  ({
    ...{ trackId: trackId('t1'), atMs, landmarks, picture, eyes: {}, quality: { reasons: [] } },
    ...more,
  }) as unknown as TrackedView;

const record: TrackRecord = {
  ...{ track: 't1', looks: [], blinks: [], decisions: [], quality: {}, eyeFaults: {}, identity: {} },
  ...{ events: [], lidsLowered: 0, final: undefined },
};

/** Strips whose files hold the drawing itself. */
async function strips(): Promise<AsyncDisposable & { readonly made: TrackStrips; readonly path: string }> {
  const directory = await temporaryDirectory();
  const made = await TrackStrips.open(directory.path, (svg) => Promise.resolve(Buffer.from(svg)));
  return { made, path: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** The seconds in the captions of the pictures, with a star at each that shows a blink. */
async function shown(made: TrackStrips, track = 't1'): Promise<readonly string[]> {
  const svg = await readFile(await made.write({ ...record, track }, []), 'utf8');
  return svg
    .split('<image')
    .slice(1)
    .map((tile) => `${/>([\d.]+) s /.exec(tile)?.[1]}${tile.includes('>blink<') ? '*' : ''}`);
}

const seconds = (atMs: readonly number[]): readonly string[] => atMs.map((ms) => (ms / 1000).toFixed(2));
const every = (stepMs: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index * stepMs);

describe('the strip of a track', () => {
  test('shows the summary, each picture with its captions, and the curve of the eyes', async () => {
    await using opened = await strips();
    const { made } = opened;
    for (let at = 0; at < 9; at += 1) made.onView(view(at * 100));
    made.onView(view(900, { eyes: { fault: 'turned-away' }, quality: { reasons: ['dark', 'blurred'] } }));
    made.markBlink('t1', 400);
    const looks = [
      { atS: 0, left: 0.3, right: 0.2, fault: undefined },
      { atS: 0.9, left: undefined, right: undefined, fault: 'turned-away' as const },
    ];
    const blinks = [{ atS: 0.4, durationS: 0.1 }];
    const decisions = [{ atS: 0.5, text: 'live <blinked>' }];
    const path = await made.write({ ...record, looks, blinks, decisions }, [
      'verdict live & so on',
      'looks 10',
    ]);
    assert.equal(path, join(opened.path, 't1.jpg'));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const svg = await readFile(path, 'utf8');
    const [, first = ''] = /base64,([^"]+)"/.exec(svg) ?? [];
    const { width, height } = await sharp(Buffer.from(first, 'base64')).metadata();
    assert.deepEqual([width, height], [112, 140]);
    expected('a strip of ten pictures', svg.replaceAll(/base64,[^"]+/g, 'base64,…').replaceAll('><', '>\n<'));
  });

  test('takes a picture every tenth of a second', async () => {
    await using opened = await strips();
    for (const at of [0, 60, 99, 100, 180, 199, 200]) opened.made.onView(view(at));
    assert.deepEqual(await shown(opened.made), ['0.00', '0.10', '0.20']);
  });

  test('takes fewer when there would be more than 32', async () => {
    await using full = await strips();
    for (const at of every(100, 32)) full.made.onView(view(at));
    assert.deepEqual(await shown(full.made), seconds(every(100, 32)));
    await using long = await strips();
    for (const at of every(100, 36)) long.made.onView(view(at));
    assert.deepEqual(await shown(long.made), seconds(every(200, 18)));
  });

  test('shows the picture nearest to a blink, of the last one and a half seconds, and at most eight', async () => {
    await using opened = await strips();
    const { made } = opened;
    for (const at of every(50, 41)) made.onView(view(at));
    made.markBlink('t1', 100);
    made.markBlink('t1', 1060);
    made.markBlink('t1', 1840);
    const blinks = (await shown(made)).filter((each) => each.endsWith('*'));
    assert.deepEqual(blinks, ['0.50*', '1.05*', '1.85*']);
    await using many = await strips();
    for (const at of every(100, 10)) {
      many.made.onView(view(at));
      many.made.markBlink('t1', at);
    }
    assert.deepEqual(await shown(many.made), [
      ...seconds(every(100, 8)).map((each) => `${each}*`),
      '0.80',
      '0.90',
    ]);
  });

  test('begins anew with a track of the same name, and forgets a track that has not been seen for ten seconds', async () => {
    await using opened = await strips();
    const { made } = opened;
    made.onView(view(0, { trackId: trackId('t2') }));
    made.onView(view(10_000));
    assert.deepEqual(await shown(made), ['10.00']);
    assert.deepEqual(await shown(made, 't2'), ['0.00']);
    await using gone = await strips();
    gone.made.onView(view(0, { trackId: trackId('t2') }));
    gone.made.onView(view(10_001));
    assert.deepEqual(await shown(gone.made, 't2'), []);
    assert.deepEqual(await shown(gone.made), ['10.00']);
    gone.made.onView(view(12_000));
    gone.made.onView(view(12_000, { trackId: trackId('t3') }));
    assert.deepEqual(await shown(gone.made, 't3'), ['12.00']);
  });

  test('leaves out a picture that cannot be encoded, and marks no blink without pictures', async () => {
    await using opened = await strips();
    opened.made.markBlink('t1', 0);
    opened.made.onView(view(0, { picture: { ...picture, widthPx: 0, heightPx: 0 } }));
    opened.made.onView(view(100));
    assert.deepEqual(await shown(opened.made), ['0.10']);
  });

  test('is a JPEG that is as large as its drawing', async () => {
    await using directory = await temporaryDirectory();
    const made = await TrackStrips.open(join(directory.path, 'deep', 'er'));
    assert.equal((await stat(join(directory.path, 'deep', 'er'))).mode & 0o777, 0o700);
    made.onView(view(0));
    const { format, width, height } = await sharp(await made.write(record, ['one line'])).metadata();
    assert.deepEqual([format, width, height], ['jpeg', 968, 462]);
  });

  test('goes to an empty folder, which then only its owner can read, and to no other', async () => {
    await using directory = await temporaryDirectory();
    const [empty, full] = [join(directory.path, 'empty'), join(directory.path, 'full')];
    await mkdir(empty, { mode: 0o755 });
    await TrackStrips.open(empty);
    assert.equal((await stat(empty)).mode & 0o777, 0o700);
    await mkdir(full, { mode: 0o755 });
    await writeFile(join(full, 'a'), '');
    await assert.rejects(TrackStrips.open(full), {
      kind: 'input',
      code: 'output-exists',
      message: `the folder ${full} is not empty, and files are never overwritten`,
      remedy: 'Give an empty folder, or one that does not exist yet.',
    });
    assert.equal((await stat(full)).mode & 0o777, 0o755);
    assert.deepEqual(await readdir(full), ['a']);
    await assert.rejects(TrackStrips.open(join(full, 'a')), { code: 'output-exists' });
    await assert.rejects(TrackStrips.open(join(full, 'a', 'b')), { code: 'output-unwritable' });
  });
});
