import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { seededRandom } from '../../daemon/base/random.js';
import { readRecogniser } from '../../daemon/gallery/keys/key-slots.js';
import {
  enrolmentOf,
  noiseJpeg,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { KillSpan } from '../support/kill-span.js';
import { runAndKill } from '../support/killed-child.js';
import {
  type MovingGallery,
  moveOrder,
  openMoving,
  templatesBy,
  untilMove,
} from '../support/re-embed-fixture.js';
import { otherEmbedding, otherRecogniser } from '../support/scripted-embedder.js';

const MOVE_KILLS = 8;
const SWITCH_KILLS = 8;
const PERSONS = 300;
/** Kills come within this time after the child said that it is open, milliseconds. */
const MOVE_SPAN_MS = 250;
const SWITCH_SPAN_MS = 120;

interface Known {
  readonly present: Set<string>;
  readonly gone: Set<string>;
}

function learn({ present, gone }: Known, lines: readonly string[]): void {
  for (const line of lines) {
    const [what, id = ''] = line.split(' ');
    if (what === 'enrolled') present.add(id);
    // From here on both are true: the kill came before the end of the erasure, or after.
    if (what === 'erasing') present.delete(id);
    if (what === 'erased') gone.add(id);
  }
}

/** Everybody enrolled is there and found by the recogniser in use, once; nobody erased came back. */
async function assertWhole(
  { gallery }: MovingGallery,
  probeOf: (seed: number) => Float32Array,
  { present, gone }: Known,
): Promise<void> {
  const persons = await gallery.listPersons();
  const ids = new Set<string>(persons.map(({ id }) => id));
  for (const id of present) assert.ok(ids.has(id), `${id} is lost`);
  for (const id of gone) assert.ok(!ids.has(id), `${id} came back`);
  assert.deepEqual(gallery.quarantined, []);
  assert.deepEqual([gallery.personCount, gallery.templateCount], [persons.length, persons.length]);
  for (const { id, profile } of persons) {
    const seed = Number(/^Person (\d+)$/.exec(profile?.name ?? '')?.[1]);
    const [best] = await gallery.nearest(probeOf(seed), { count: 1 });
    assert.equal(best?.personId, id);
  }
}

async function enrolMany(directory: string, count: number, known: Known): Promise<void> {
  await using opened = await openMoving(directory);
  for (let seed = 1; seed <= count; seed += 1) {
    known.present.add(await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester));
  }
}

const byOther = (seed: number): Float32Array => otherEmbedding(noiseJpeg(seed));

describe('a daemon that is killed on the way to another recogniser', { timeout: 500_000 }, () => {
  test(`while it embeds, ${MOVE_KILLS} times at random points`, async (t) => {
    const directory = temporaryDirectory(t);
    const known: Known = { present: new Set(), gone: new Set() };
    await enrolMany(directory, PERSONS, known);
    const span = new KillSpan(seededRandom(71), MOVE_SPAN_MS);
    let within = 0;
    for (let kill = 0; kill < MOVE_KILLS; kill += 1) {
      const args = [directory, 'old', String(10_000 * (kill + 1))];
      learn(known, await runAndKill('re-embed-child.ts', args, span.nextMs()));
      await using opened = await openMoving(directory);
      await opened.moves[Symbol.asyncDispose]();
      await assertWhole(opened, unitVector, known);
      const { [otherRecogniser]: made = 0, [testRecogniser]: all = 0 } = templatesBy(opened);
      assert.ok(made <= all);
      if (made > 0 && made < all) within += 1;
      else span.fell(made === 0 ? 'before' : 'after');
    }
    {
      await using opened = await openMoving(directory);
      if (opened.moves.progress === undefined) await opened.moves.start(moveOrder);
      await untilMove(opened, 'ready');
    }
    await using opened = await openMoving(directory, { recogniser: otherRecogniser });
    await assertWhole(opened, byOther, known);
    assert.ok(within > 0, 'some kills came while it embedded');
    t.diagnostic(`${MOVE_KILLS} kills, ${within} of them with the move half done, ${known.gone.size} erased`);
  });

  test(`while it switches over, ${SWITCH_KILLS} times at random points`, async (t) => {
    const ready = temporaryDirectory(t);
    const known: Known = { present: new Set(), gone: new Set() };
    await enrolMany(ready, PERSONS, known);
    {
      await using opened = await openMoving(ready);
      await opened.moves.start(moveOrder);
      await untilMove(opened, 'ready');
      await opened.moves[Symbol.asyncDispose]();
      for (let seed = 401; seed <= 420; seed += 1) {
        known.present.add(await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester));
      }
    }
    const span = new KillSpan(seededRandom(72), SWITCH_SPAN_MS);
    const found = { old: 0, moved: 0 };
    for (let kill = 0; kill < SWITCH_KILLS; kill += 1) {
      const directory = temporaryDirectory(t);
      cpSync(join(ready, 'gallery.db'), join(directory, 'gallery.db'));
      await runAndKill('re-embed-child.ts', [directory, 'new'], span.nextMs());
      const state = await stateOf(directory);
      span.fell(state === 'old' ? 'before' : 'after');
      found[state] += 1;
      await using opened = await openMoving(directory, { recogniser: otherRecogniser });
      await assertWhole(opened, byOther, known);
      assert.deepEqual(Object.keys(templatesBy(opened)), [otherRecogniser]);
      const moves = opened.file.audit.list({ action: 'gallery.reembedded' });
      assert.equal(moves.length, 1, 'it moved once');
      assert.equal(opened.file.audit.verify().outcome, 'whole');
    }
    assert.ok(found.old > 0 && found.moved > 0, JSON.stringify(found));
    t.diagnostic(`${SWITCH_KILLS} kills: ${found.old} before the switch was made, ${found.moved} after`);
  });

  /** Opens it with the old recogniser where it has not moved; it must be wholly of one or of the other. */
  async function stateOf(directory: string): Promise<'old' | 'moved'> {
    try {
      await using opened = await openMoving(directory);
      await opened.moves[Symbol.asyncDispose]();
      assert.equal(readRecogniser(opened.file.database), testRecogniser);
      assert.equal(opened.gallery.templateCount, PERSONS + 20);
      return 'old';
    } catch (error) {
      if (!isRollcallError(error, 'recogniser-mismatch')) throw error;
      return 'moved';
    }
  }
});
