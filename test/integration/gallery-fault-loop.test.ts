import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { fillDuring } from '../../scripts/fault-loop/disk-loop.js';
import { Expectation } from '../../scripts/fault-loop/expectation.js';
import type { Entry, FoundPerson, GalleryState } from '../../scripts/fault-loop/journal.js';
import { KillLoop } from '../../scripts/fault-loop/kill-loop.js';
import { operations } from '../../scripts/fault-loop/operations.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';

const KILLS = 24;

const found = (seed: number, fate: FoundPerson['fate'] = 'active'): FoundPerson => ({
  seed,
  id: `p-${seed}`,
  fate,
  pieces: [`aa${seed}`],
});

function stateOf(persons: readonly FoundPerson[], tombstones: readonly string[] = []): GalleryState {
  return { persons, tombstones, isRotating: false, isMoving: false, problems: [] };
}

const intent = (changes: Extract<Entry, { is: 'intent' }>['changes']): Entry => ({
  is: 'intent',
  operation: 'work',
  changes,
  isAtomic: true,
});
const done: Entry = { is: 'done', operation: 'work', tookMs: 1 };

/** Two persons, 1 and 2, of whom the gallery was seen to hold both. */
function twoPersons(): Expectation {
  const expectation = new Expectation();
  expectation.read(intent({ 1: 'active', 2: 'active' }));
  expectation.read(done);
  assert.deepEqual(expectation.compare(stateOf([found(1), found(2)])).violations, []);
  return expectation;
}

const kindsOf = (expectation: Expectation, state: GalleryState): readonly string[] =>
  expectation.compare(state).violations.map(({ kind }) => kind);

describe('what the fault loop counts as damage', () => {
  test('a missing person whose enrolment was acknowledged is lost', () => {
    assert.deepEqual(kindsOf(twoPersons(), stateOf([found(1)])), ['lost']);
  });

  test('an erased person who is present came back; no file may contain their data', () => {
    const expectation = twoPersons();
    expectation.read(intent({ 1: 'erased' }));
    expectation.read(done);
    assert.deepEqual(expectation.gone, ['aa1']);
    assert.deepEqual(kindsOf(expectation, stateOf([found(1), found(2)], ['p-1'])), ['came back']);
  });

  test('an erased person without a tombstone, and a face after a withdrawal of consent', () => {
    const expectation = twoPersons();
    expectation.read(intent({ 1: 'erased', 2: 'withdrawn' }));
    expectation.read(done);
    assert.deepEqual(kindsOf(expectation, stateOf([found(2)])), ['torn', 'came back']);
  });

  test('an unacknowledged change may be complete or absent, but not partial', () => {
    for (const [present, outcome, kinds] of [
      [[1, 2], 'not done', []],
      [[1, 2, 3, 4], 'done', []],
      [[1, 2, 3], 'partly done', ['torn']],
    ] as const) {
      const expectation = twoPersons();
      expectation.read(intent({ 3: 'active', 4: 'active' }));
      assert.equal(expectation.underWay, 'work');
      const compared = expectation.compare(stateOf(present.map((seed) => found(seed))));
      assert.equal(compared.found, outcome);
      assert.deepEqual(
        compared.violations.map(({ kind }) => kind),
        kinds,
        present.join(),
      );
    }
  });

  test('a person who was never enrolled is damage', () => {
    assert.deepEqual(kindsOf(twoPersons(), stateOf([found(1), found(2), found(9)])), ['torn']);
  });
});

test(`${KILLS} kills at random points of every operation: no person is lost, and none comes back`, async (t) => {
  const told: string[] = [];
  const loop = new KillLoop({
    kills: KILLS,
    operations: [...Object.keys(operations), 'open'],
    random: seededRandom(20_260_303),
    tell: (line) => told.push(line),
  });
  const { rows, kills } = await loop.run();
  assert.deepEqual(told, []);
  assert.equal(kills, KILLS);
  const within = rows.reduce((sum, row) => sum + row.within, 0);
  const recovered = rows.reduce((sum, row) => sum + row.recovered, 0);
  assert.equal(recovered, within);
  assert.ok(within >= KILLS / 3, `only ${within} kills came within an operation`);
  t.diagnostic(`${kills} kills, ${within} within an operation, all recovered`);
});

/** Where none can be mounted, the test is skipped and says why. */
function diskOf(t: TestContext): SmallDisk | undefined {
  const disk = mountSmallDisk(32);
  if (!('skip' in disk)) return disk;
  t.skip(disk.skip);
  return undefined;
}

for (const operation of ['import', 'deep-rotate', 'restore', 're-embed', 'retention']) {
  test(`no damage with a disk that is full from the beginning of ${operation}`, async (t) => {
    using disk = diskOf(t);
    if (disk === undefined) return;
    const row = await fillDuring(operation, disk);
    assert.deepEqual(row.violations, []);
    assert.ok(row.refused + row.waited > 0, 'it ran out of room');
    assert.ok(row.codes.has('disk-full'), [...row.codes].join());
    assert.equal(row.doneWithRoom, row.attempts, 'it works again with room');
  });
}
