import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { type CommandResult, rollcall } from '../support/box.js';
import { sharedFile } from '../support/shared-media.js';

const faces = sharedFile('media/identities/lfw');

const evaluationSchema = z.object({
  people: z.number(),
  strangers: z.number(),
  splits: z.number(),
  rankOne: z.number(),
  matedSearches: z.number(),
  nonMatedSearches: z.number(),
  refused: z.array(z.object({ photograph: z.string(), reason: z.string() })),
  operating: z.object({
    fpir: z.number(),
    fnir: z.number(),
    fpirInterval: z.tuple([z.number(), z.number()]),
    fnirInterval: z.tuple([z.number(), z.number()]),
  }),
  crossValidation: z.object({
    folds: z.array(z.object({ people: z.number(), strangers: z.number() })),
    strangers: z.number(),
    targetFpir: z.number(),
  }),
  accepted: z.array(z.unknown()),
  groups: z.array(
    z.object({
      title: z.string(),
      people: z.number(),
      strangers: z.number(),
      nonMatedComparisons: z.number(),
    }),
  ),
  site: z.array(
    z.object({
      group: z.string().optional(),
      views: z.number(),
      sizes: z.array(z.object({ persons: z.number(), fpir: z.number(), fpirAtMost: z.number() })),
    }),
  ),
  comparisons: z.object({ points: z.array(z.object({ fmr: z.number(), fnmr: z.number() })) }),
});

let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-identify-'));
});
after(async () => {
  await rm(directory, { recursive: true });
});

function evaluate(...words: readonly string[]): Promise<CommandResult> {
  return rollcall(['evaluate', 'identify', ...words]);
}

/** A small collection: `people` persons with four photographs each, and as many strangers. */
async function smallCollection(
  people: number,
): Promise<{ readonly known: string; readonly unknown: string }> {
  const [known, unknown] = [join(directory, 'known'), join(directory, 'unknown')];
  const first = async (path: string, count: number) => (await readdir(path)).sort().slice(0, count);
  for (const name of await first(join(faces.path, 'known'), people)) {
    await mkdir(join(known, name), { recursive: true });
    const photographs = join(faces.path, 'known', name);
    for (const file of await first(photographs, 4))
      await symlink(join(photographs, file), join(known, name, file));
  }
  await mkdir(unknown);
  for (const file of await first(join(faces.path, 'unknown'), people)) {
    await symlink(join(faces.path, 'unknown', file), join(unknown, file));
  }
  return { known, unknown };
}

describe('rollcall evaluate identify', () => {
  test('measures a collection, prints it as JSON and writes a page that only its owner may read', {
    skip: faces.skip,
  }, async () => {
    const { known, unknown } = await smallCollection(5);
    const [first = '', second = ''] = await readdir(known);
    const [stranger = ''] = await readdir(unknown);
    const groups = join(directory, 'groups.json');
    const members = {
      some: [first, second, stranger.replace(/\.jpg$/, '')],
      same: [first, second, stranger],
    };
    await writeFile(groups, JSON.stringify(members));
    const folders = ['--known', known, '--unknown', unknown, '--groups', groups];
    const page = join(directory, 'report.html');
    const words = ['--references', '2', '--cross-validate', '2', '--views', '2', '--report', page, '--json'];
    const result = await evaluate(...folders, ...words);
    assert.equal(result.exitCode, 0, result.stderr);
    const report = evaluationSchema.parse(JSON.parse(result.stdout));
    assert.deepEqual([report.people, report.strangers, report.splits], [5, 5, 6]);
    assert.deepEqual([report.matedSearches, report.nonMatedSearches], [60, 30]);
    const [low, high] = report.operating.fpirInterval;
    assert.ok(low <= report.operating.fpir && report.operating.fpir < high && high > 0.4, `${low}, ${high}`);
    assert.deepEqual(
      report.groups,
      ['some', 'same'].map((title) => ({ title, people: 2, strangers: 1, nonMatedComparisons: 24 })),
    );
    const [single, tracks] = report.site;
    assert.deepEqual(
      [single?.views, tracks?.views, single?.group, tracks?.group],
      [1, 2, undefined, undefined],
    );
    assert.deepEqual(
      tracks?.sizes.map(({ persons }) => persons),
      [5, 100, 1000, 10_000],
    );
    assert.ok(tracks?.sizes.every(({ fpir, fpirAtMost }) => fpir <= fpirAtMost));
    assert.equal((await stat(page)).mode & 0o777, 0o600);
    assert.match(await readFile(page, 'utf8'), /10000 persons/);
    const { folds, strangers, targetFpir } = report.crossValidation;
    assert.deepEqual([strangers, targetFpir], [5, 0.01]);
    assert.deepEqual(
      folds.map((fold) => [fold.people, fold.strangers]),
      [
        [3, 3],
        [2, 2],
      ],
    );
    assert.ok(report.rankOne > 0.9 && report.operating.fnir < 0.3 && report.operating.fpir < 0.1);
  });

  test('refuses a folder that does not exist as bad input', async () => {
    const result = await evaluate('--known', join(directory, 'nowhere'), '--unknown', directory);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /cannot read the folder/);
    assert.match(result.stderr, /what to do/);
  });

  test('refuses unreadable groups as bad input, before it analyses the photographs', async () => {
    const groups = join(directory, 'broken.json');
    await writeFile(groups, '{"some": "one name, not a list"}');
    const result = await evaluate('--known', directory, '--unknown', directory, '--groups', groups);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /cannot read the groups .*broken\.json/);
    assert.match(result.stderr, /list of names for each group/);
  });

  test('refuses to overwrite an existing page, before it analyses the photographs', async () => {
    const page = join(directory, 'kept.html');
    await writeFile(page, 'kept');
    const words = ['--known', join(directory, 'nowhere'), '--unknown', directory, '--report', page];
    const result = await evaluate(...words);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /kept\.html exists already/);
    assert.equal(await readFile(page, 'utf8'), 'kept');
  });

  test('refuses a collection with too few photographs to enrol and to search', async () => {
    await mkdir(join(directory, 'thin', 'somebody'), { recursive: true });
    const result = await evaluate('--known', join(directory, 'thin'), '--unknown', directory);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /--references/);
  });
});
