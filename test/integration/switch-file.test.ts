import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { switchGalleryFile } from '../../daemon/core/gallery/switch-file.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { noiseJpeg, temporaryDirectory } from '../support/gallery-fixture.js';
import { runAndKill } from '../support/killed-child.js';

const KILLS = 12;
const LATEST_KILL_MS = 150;

describe('replacing one gallery file with another', () => {
  test('leaves only the new file, without a log of the old one', (t) => {
    const to = join(temporaryDirectory(t), 'gallery.db');
    const from = `${to}.new`;
    writeFileSync(to, 'old');
    writeFileSync(`${to}-wal`, '');
    writeFileSync(`${to}-shm`, 'old');
    writeFileSync(from, 'new');
    switchGalleryFile({ from, to });
    assert.equal(readFileSync(to, 'utf8'), 'new');
    for (const left of [from, `${to}-wal`, `${to}-shm`]) assert.ok(!existsSync(left), left);
  });

  test('is refused while the old file has a log that is not empty, because SQLite would apply it to the new file', (t) => {
    const to = join(temporaryDirectory(t), 'gallery.db');
    writeFileSync(to, 'old');
    writeFileSync(`${to}-wal`, 'pages');
    writeFileSync(`${to}.new`, 'new');
    assert.throws(() => switchGalleryFile({ from: `${to}.new`, to }), { code: 'gallery-log-left' });
    assert.deepEqual([readFileSync(to, 'utf8'), readFileSync(`${to}-wal`, 'utf8')], ['old', 'pages']);
  });

  test('keeps a damaged old file with its log under another name', (t) => {
    const to = join(temporaryDirectory(t), 'gallery.db');
    writeFileSync(to, 'damaged');
    writeFileSync(`${to}-wal`, 'pages');
    writeFileSync(`${to}.new`, 'new');
    switchGalleryFile({ from: `${to}.new`, to, keepAs: `${to}.damaged` });
    const found = [to, `${to}.damaged`, `${to}.damaged-wal`].map((path) => readFileSync(path, 'utf8'));
    assert.deepEqual(found, ['new', 'damaged', 'pages']);
    assert.ok(!existsSync(`${to}-wal`));
  });

  test(`leaves one of them, whole, after a kill at any moment (${KILLS} kills)`, async (t) => {
    const random = seededRandom(20_260_303);
    const directory = temporaryDirectory(t);
    const to = join(directory, 'gallery.db');
    const files = [1, 2].map((seed) => {
      const path = join(directory, `file-${seed}`);
      writeFileSync(path, noiseJpeg(seed, 50_000));
      return path;
    });
    const contents = files.map((path) => readFileSync(path));
    writeFileSync(to, contents[0] ?? '');
    let switched = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const lines = await runAndKill('switch-child.ts', [to, ...files], random.unit() * LATEST_KILL_MS);
      switched += lines.filter((line) => line === 'switched').length;
      const found = readFileSync(to);
      assert.ok(
        contents.some((content) => content.equals(found)),
        `kill ${kill}`,
      );
    }
    // How many fit in before the kills is a matter of the machine.
    assert.ok(switched > 0, `${switched} were put in place`);
    t.diagnostic(`${KILLS} kills among ${switched} files that were put in place`);
  });
});
