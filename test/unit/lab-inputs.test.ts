import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { personId, recogniserId } from '../../daemon/kernel/ids.js';
import { attackSpecies } from '../../daemon/kernel/liveness/presentation-rates.js';
import { readClips, readPeople, readPhotographs, searchIn } from '../../daemon/lab/labelled-collection.js';
import { parseFps } from '../../daemon/lab/replay.js';
import {
  fileExists,
  presentationByFolder,
  readBlinkTruth,
  readPresentationTruth,
} from '../../daemon/lab/truth-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A folder with these empty files. */
async function folderOf(files: readonly string[]) {
  const directory = await temporaryDirectory();
  for (const file of files) {
    await mkdir(join(directory.path, file, '..'), { recursive: true });
    await writeFile(join(directory.path, file), '');
  }
  return directory;
}

describe('a labelled collection', () => {
  test('has the clips of all folders by name, and the person by the outermost folder', async () => {
    const kinds = ['mp4', 'mkv', 'mov', 'm4v', 'avi', 'webm', 'mpg', 'mpeg', 'ts', 'gif'];
    await using directory = await folderOf([
      ...['ben/day/two.MP4', 'ada/one.mkv', 'zero.mp4', 'ada/notes.txt', 'ada/mp4', 'c.mp4/d.txt'],
      ...kinds.map((kind) => `kinds/a.${kind}`),
    ]);
    const clips = await readClips(directory.path);
    assert.deepEqual(
      clips.filter(({ truth }) => truth !== 'kinds'),
      [
        { name: 'ada/one.mkv', truth: 'ada' },
        { name: 'ben/day/two.MP4', truth: 'ben' },
        { name: 'zero.mp4', truth: undefined },
      ],
    );
    assert.equal(clips.length, 3 + kinds.length);
  });

  test('has a folder with photos for each person, which may be a link', async () => {
    await using directory = await folderOf([
      ...['ben/b.png', 'ben/a.JPG', 'ben/notes.txt', 'ben/more/c.jpg', 'ada/a.heic', 'readme.jpg'],
    ]);
    await symlink(join(directory.path, 'ben'), join(directory.path, 'cleo'));
    const people = await readPeople(directory.path);
    assert.deepEqual(
      people.map(({ name, paths }) => [name, paths.map((path) => path.slice(directory.path.length + 1))]),
      [
        ['ada', ['ada/a.heic']],
        ['ben', ['ben/a.JPG', 'ben/b.png']],
        ['cleo', ['cleo/a.JPG', 'cleo/b.png']],
      ],
    );
    assert.deepEqual(await readPhotographs(join(directory.path, 'ben', 'more')), [
      join(directory.path, 'ben', 'more', 'c.jpg'),
    ]);
  });

  test('is refused where it is empty, or cannot be read', async () => {
    await using directory = await folderOf(['a.txt']);
    await assert.rejects(readClips(directory.path), { code: 'folder-empty' });
    await assert.rejects(readPeople(directory.path), { code: 'folder-empty' });
    const missing = join(directory.path, 'none');
    for (const read of [readClips, readPeople, readPhotographs])
      await assert.rejects(read(missing), { code: 'folder-unreadable' });
  });

  test('is searched for the most similar persons, as many as asked for', async () => {
    const of = (name: string, x: number) => ({
      personId: personId(name),
      references: [Float32Array.of(x, Math.sqrt(1 - x * x))],
    });
    const search = searchIn([of('p-1', 0.1), of('p-2', 0.9), of('p-3', 0.5)]);
    const found = await search(Float32Array.of(1, 0), { count: 2, recogniser: recogniserId('r') });
    assert.deepEqual(
      found.map(({ personId: id }) => id),
      ['p-2', 'p-3'],
    );
  });
});

test('a rate of analysis is a number from 1 to 60, which need not be whole', () => {
  assert.deepEqual(['1', '12.5', '60'].map(parseFps), [1, 12.5, 60]);
  for (const wrong of ['0.99', '60.01', 'NaN', 'Infinity', 'fast', '']) {
    assert.throws(() => parseFps(wrong), /from 1 to 60/, wrong);
  }
});

describe('what clips show', () => {
  async function withFile<T>(content: unknown, read: (path: string) => Promise<T>): Promise<T> {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'truth.json');
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    assert.deepEqual([await fileExists(path), await fileExists(`${path}.none`)], [true, false]);
    return await read(path);
  }

  test('is given by clip: blinks, or that they cannot be counted', async () => {
    const truth = await withFile(
      {
        a: { blinks: [0, 1.5], more: 'ignored' },
        b: { blinks: [], ambiguous: [2] },
        c: { blinks: null },
        d: null,
      },
      readBlinkTruth,
    );
    assert.deepEqual(
      [...truth],
      [
        ['a', { blinks: [0, 1.5], ambiguous: [] }],
        ['b', { blinks: [], ambiguous: [2] }],
        ['c', undefined],
        ['d', undefined],
      ],
    );
    for (const wrong of [{ a: { blinks: [-0.1] } }, { a: {} }, { a: { blinks: [1], ambiguous: [-1] } }])
      await assert.rejects(withFile(wrong, readBlinkTruth), { code: 'truth-invalid' });
    await assert.rejects(withFile('{', readBlinkTruth), { code: 'truth-unreadable' });
  });

  test('is given by clip: genuine people or an attack, and of which part', async () => {
    const [species] = attackSpecies;
    const truth = await withFile(
      { a: { shows: 'genuine', people: ['ada'], from: 0, until: 2 }, b: { shows: species }, c: null },
      readPresentationTruth,
    );
    assert.deepEqual(
      [...truth],
      [
        ['a', { species: undefined, people: ['ada'], fromS: 0, untilS: 2 }],
        ['b', { species, people: ['b'], fromS: undefined, untilS: undefined }],
        ['c', undefined],
      ],
    );
    for (const wrong of [
      ...[{ shows: 'genuine', people: [] }, { shows: 'genuine', people: [''] }, { shows: 'nothing' }],
      ...[
        { shows: 'genuine', from: -1 },
        { shows: 'genuine', more: 1 },
      ],
    ])
      await assert.rejects(withFile({ a: wrong }, readPresentationTruth), { code: 'truth-invalid' });
  });

  test('is told by its folders where there is no file', () => {
    const [species] = attackSpecies;
    const of = (clip: string) => presentationByFolder(clip);
    const whole = { fromS: undefined, untilS: undefined };
    assert.deepEqual(of('genuine/ada/door.mp4'), { species: undefined, people: ['ada'], ...whole });
    assert.deepEqual(of(`${species}/door.mp4`), { species, people: [`${species}/door.mp4`], ...whole });
    assert.equal(of('other/ada/door.mp4'), undefined);
    assert.equal(of('genuine'), undefined, 'a clip of this name');
  });
});
