import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { GroupingEvaluation } from '../../daemon/lab/evaluate-grouping.js';
import { rollcall } from '../support/box.js';
import { sharedFile } from '../support/shared-media.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const lfw = sharedFile('media/identities/lfw/known');

/** Evaluates two photographs each of `count` people, and a file of the first person that is no picture. */
async function evaluate(count: number): Promise<GroupingEvaluation> {
  await using directory = await temporaryDirectory();
  const people = join(directory.path, 'people');
  const names = (await readdir(lfw.path)).sort().slice(0, count);
  for (const name of names) {
    await mkdir(join(people, name), { recursive: true });
    for (const file of (await readdir(join(lfw.path, name))).sort().slice(0, 2))
      await symlink(join(lfw.path, name, file), join(people, name, file));
  }
  await writeFile(join(people, names[0] ?? '', 'zz.jpg'), 'no picture');
  // The light detector finds the large faces of these photographs in a tenth of the time.
  const config = join(directory.path, 'rollcall.yaml');
  await writeFile(
    config,
    'site: { id: site, timeZone: UTC }\nvision: { provider: cpu, detector: blazeface }\n',
  );
  const places = ['--people', people, '--config', config];
  const { exitCode, stdout, stderr } = await rollcall([
    ...['evaluate', 'grouping', ...places, '--sequences', '2', '--json'],
  ]);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as GroupingEvaluation;
}

describe('rollcall evaluate grouping', () => {
  test('groups photos by person, around the threshold in force, and judges each half of the people five times', {
    skip: lfw.skip,
  }, async () => {
    const { people, tracks, unusable, threshold, rates, validated, sequences } = await evaluate(6);
    assert.deepEqual([people, tracks, sequences], [6, 12, 2]);
    assert.deepEqual(
      unusable.map(({ photograph }) => photograph),
      ['zz.jpg'],
    );
    assert.equal(rates.length, 9);
    assert.equal(rates[5]?.threshold, threshold);
    assert.ok(rates.every((each, index) => each.threshold > (rates[index - 1]?.threshold ?? -1)));
    assert.equal(rates[5]?.rates.matedPairs, 6);
    assert.equal(rates[5]?.rates.precision, 1);
    assert.equal(validated.length, 10);
    assert.ok(validated.every((half) => half.people === 3 && half.tracks === 6));
  });

  test('does not cross-validate with fewer than six people', { skip: lfw.skip }, async () => {
    const { people, rates, validated } = await evaluate(5);
    assert.deepEqual([people, rates.length, validated.length], [5, 9, 0]);
  });

  test('refuses a call without photos and clips, and a count that is none', async () => {
    const nothing = await rollcall(['evaluate', 'grouping']);
    assert.equal(nothing.exitCode, 2);
    assert.match(
      nothing.stderr,
      /neither photos nor clips are given[\s\S]*Give --people DIR, --clips DIR or both/,
    );
    const none = await rollcall(['evaluate', 'grouping', '--people', '.', '--sequences', '0']);
    assert.equal(none.exitCode, 2);
    assert.match(none.stderr, /must be a whole number from 1 to 999/);
  });
});
