import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRollcallError } from '../../daemon/base/errors.js';
import { seededRandom } from '../../daemon/base/random.js';
import { personId } from '../../daemon/domain/ids.js';
import { openGallery } from '../../daemon/gallery/open-gallery.js';
import { galleryOptions, temporaryDirectory } from '../support/gallery-fixture.js';

const childScript = fileURLToPath(new URL('../support/gallery-child.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

interface GalleryChild {
  readonly process: ChildProcess;
  /** Lines printed so far. */
  readonly lines: readonly string[];
  /** Resolves once `count` lines were printed. */
  printed(count: number): Promise<void>;
  kill(): Promise<void>;
}

function startChild(t: TestContext, ...args: readonly string[]): GalleryChild {
  const child = spawn(process.execPath, ['--import', 'tsx', childScript, ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const output = createInterface({ input: child.stdout });
  const closed = once(output, 'close');
  const lines: string[] = [];
  output.on('line', (line) => lines.push(line));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await Promise.all([exited, closed]);
  };
  t.after(kill);
  return {
    process: child,
    lines,
    kill,
    async printed(count) {
      while (lines.length < count) {
        const arrival = await Promise.race([once(output, 'line'), exited.then(() => 'exited' as const)]);
        assert.notEqual(arrival, 'exited', `the child ended early with ${child.exitCode}`);
      }
    },
  };
}

describe('one gallery, several processes', () => {
  test('the second is refused while the first lives, whatever end the first finds', async (t) => {
    const directory = temporaryDirectory(t);
    const first = startChild(t, directory, 'hold');
    await first.printed(1);
    await assert.rejects(openGallery(galleryOptions(directory)), (error) => {
      assert.ok(isRollcallError(error, 'gallery-in-use'));
      assert.match(error.remedy ?? '', /rollcalld/);
      return true;
    });
    await first.kill();
    await using gallery = await openGallery(galleryOptions(directory));
    assert.equal(gallery.personCount, 0);
  });

  test('a refused second opening in this process does not weaken the lock against others', async (t) => {
    const directory = temporaryDirectory(t);
    await using gallery = await openGallery(galleryOptions(directory));
    await assert.rejects(openGallery(galleryOptions(directory)));
    const other = spawn(process.execPath, ['--import', 'tsx', childScript, directory, 'hold'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => other.kill('SIGKILL'));
    let complaint = '';
    other.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const [code] = await once(other, 'close');
    assert.notEqual(code, 0);
    assert.match(complaint, /gallery-in-use/);
    assert.equal(gallery.personCount, 0);
  });
});

test('killed while enrolling, twenty times: everybody acknowledged is there, nobody by halves', async (t) => {
  const directory = temporaryDirectory(t);
  const random = seededRandom(20);
  const acknowledged = new Set<string>();
  for (let round = 0; round < 20; round += 1) {
    const child = startChild(t, directory, 'enrol', String(round * 1000 + 1));
    await child.printed(1 + Math.floor(random.unit() * 4));
    // Somewhere inside the next enrolment: a few turns of this event loop later.
    for (let turns = Math.floor(random.unit() * 200); turns > 0; turns -= 1) await nextTurn();
    await child.kill();
    for (const id of child.lines.slice(1)) acknowledged.add(id);

    await using gallery = await openGallery(galleryOptions(directory));
    assert.deepEqual(gallery.quarantined, []);
    const persons = await gallery.listPersons();
    for (const { id, name, templateCount, photographCount } of persons) {
      assert.deepEqual([typeof name, templateCount, photographCount], ['string', 3, 3], id);
    }
    for (const id of acknowledged) assert.ok(gallery.showPerson(personId(id)), `${id} was acknowledged`);
    assert.equal(gallery.templateCount, persons.length * 3);
  }
  assert.ok(acknowledged.size > 0, 'some enrolments were done before the kill');
  t.diagnostic(`${acknowledged.size} enrolments acknowledged over 20 kills`);
});
