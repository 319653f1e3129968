import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readKeySlots } from '../../daemon/core/gallery/keys/key-slots.js';
import type { RotationDepth } from '../../daemon/core/gallery/rotation/rotation-job.js';
import { rotationJob } from '../../daemon/core/gallery/rotation/rotation-job.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { temporaryDirectory, unitVector } from '../support/gallery-fixture.js';
import { runAndKill } from '../support/killed-child.js';
import { enrol, openTestGallery, passphraseInput, type TestGallery } from '../support/rotation-fixture.js';

const KILLS = 8;
const PERSONS = 280;
/** About how long a rotation takes in the child, milliseconds. Kills come before, during and after it. */
const spanMs: Readonly<Record<RotationDepth, number>> = { wrap: 45, deep: 200 };

/** What the child has acknowledged. */
interface Known {
  readonly present: Set<string>;
  readonly gone: Set<string>;
  /** Kills that hit a running rotation. */
  under: number;
}

const passphraseOf = (generation: number): string => `passphrase number ${generation}`;

/** All enrolled persons are there, open and are found. No erased person came back. */
async function assertWhole({ gallery }: TestGallery, known: Known): Promise<void> {
  const persons = await gallery.listPersons();
  const ids = new Set<string>(persons.map(({ id }) => id));
  assert.deepEqual(
    [...known.present].filter((id) => !ids.has(id)),
    [],
    'no person is lost',
  );
  assert.deepEqual(
    [...known.gone].filter((id) => ids.has(id)),
    [],
    'no erased person came back',
  );
  assert.deepEqual(gallery.quarantined, []);
  for (const { id, profile, photographCount } of persons) {
    known.present.add(id);
    const seed = Number(/^Person (\d+)$/.exec(profile?.name ?? '')?.[1]);
    const [best] = await gallery.nearest(unitVector(seed * 10), { count: 1 });
    assert.equal(best?.personId, id);
    assert.equal(photographCount, 2);
    const [photograph] = gallery.showPerson(id)?.photographs ?? [];
    assert.equal(gallery.readPhotograph(id, photograph?.id ?? '')?.length, 1000);
  }
}

function learn(known: Known, lines: readonly string[]): void {
  for (const line of lines) {
    const [what, id = ''] = line.split(' ');
    if (what === 'enrolled') known.present.add(id);
    // The kill may come before or after the end of the erasure: both results are right.
    if (what === 'erasing') known.present.delete(id);
    if (what === 'erased') known.gone.add(id);
  }
}

/** Opens with passphrase `generation`, checks everything, does not continue the rotation. Undefined if the passphrase does not open it any more. */
async function inspect(
  directory: string,
  generation: number,
  known: Known,
): Promise<{ readonly isUnderWay: boolean; readonly isRetired: boolean } | undefined> {
  try {
    await using opened = await openTestGallery(directory, {
      input: passphraseInput(passphraseOf(generation)),
    });
    await opened.rotations[Symbol.asyncDispose]();
    await assertWhole(opened, known);
    const job = rotationJob.read(opened.file.database);
    return { isUnderWay: job !== undefined, isRetired: readKeySlots(opened.file.database).length === 1 };
  } catch (error) {
    if (error instanceof Error && error.message === 'sealed: wrong-passphrase') return undefined;
    throw error;
  }
}

/** Kills rotations from one passphrase to the next; returns the number of the passphrase in force. */
async function killLoop(
  directory: string,
  { depth, random }: { readonly depth: RotationDepth; readonly random: Random },
  known: Known,
): Promise<number> {
  let longestMs = spanMs[depth];
  let generation = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const texts = [passphraseOf(generation), passphraseOf(generation + 1)];
    const args = [directory, depth, ...texts, String(1000 * (kill + 1))];
    const lines = await runAndKill('rotation-child.ts', args, random.unit() * longestMs);
    learn(known, lines);
    const old = await inspect(directory, generation, known);
    const next = await inspect(directory, generation + 1, known);
    assert.ok(old !== undefined || next !== undefined, 'one of the two passphrases opens the gallery');
    const isUnderWay = (old ?? next)?.isUnderWay === true;
    if (isUnderWay) known.under += 1;
    // The machine decides how long a rotation takes: a kill that misses it moves the next ones.
    else longestMs *= lines.some((line) => line.startsWith('ended')) ? 2 / 3 : 3 / 2;
    if (isUnderWay && (old ?? next)?.isRetired === false) {
      assert.ok(old !== undefined && next !== undefined, 'both passphrases open it while the rotation runs');
    }
    if (old === undefined) generation += 1;
  }
  return generation;
}

// Kills of rotations with a secret, and of all other work on the gallery, are in gallery-fault-loop.test.ts.
describe('a rotation between passphrases that is killed', () => {
  for (const depth of ['wrap', 'deep'] as const) {
    test(`${depth}: loses no person after ${KILLS} kills at random points`, async (t) => {
      const directory = temporaryDirectory(t);
      const known: Known = { present: new Set(), gone: new Set(), under: 0 };
      {
        const input = passphraseInput(passphraseOf(0));
        await using opened = await openTestGallery(directory, { input, first: 'passphrase' });
        for (let seed = 1; seed <= PERSONS; seed += 1) known.present.add(await enrol(opened, seed, 1000));
      }
      const generation = await killLoop(directory, { depth, random: seededRandom(depth.length) }, known);
      await using last = await openTestGallery(directory, {
        input: passphraseInput(passphraseOf(generation)),
      });
      while (last.rotations.progress !== undefined && last.rotations.progress.state !== 'finished') {
        assert.equal(last.rotations.progress.state, 'running');
        await new Promise((resolve) => setImmediate(resolve));
      }
      await assertWhole(last, known);
      assert.equal(readKeySlots(last.file.database).length, 1);
      assert.ok(known.under > 0, 'some kills hit a running rotation');
      t.diagnostic(
        `${KILLS} kills, ${known.under} hit a running rotation, ${known.gone.size} persons erased`,
      );
    });
  }
});
