import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Random, seededRandom } from '../../daemon/base/random.js';
import type { KeyProviderKind } from '../../daemon/gallery/keys/key-provider.js';
import { readKeySlots } from '../../daemon/gallery/keys/key-slots.js';
import { readRotationJob } from '../../daemon/gallery/rotation/rotation-job.js';
import type { RotationDepth } from '../../daemon/gallery/rotation/rotation-progress.js';
import { temporaryDirectory, unitVector } from '../support/gallery-fixture.js';
import { KillSpan } from '../support/kill-span.js';
import { runAndKill } from '../support/killed-child.js';
import {
  enrol,
  openTestGallery,
  passphraseInput,
  type TestGallery,
  writeSecret,
} from '../support/rotation-fixture.js';

const KILLS = 8;
const PERSONS = 280;
/** About how long the rotation takes in the child, milliseconds: kills come before, in and after it. */
const spanMs: Readonly<Record<RotationDepth, number>> = { wrap: 45, deep: 200 };

/** What must be true of persons, and what may be. */
interface Known {
  readonly present: Set<string>;
  readonly gone: Set<string>;
  /** Kills while a rotation was under way. */
  under: number;
}

const passphraseOf = (generation: number): string => `passphrase number ${generation}`;

/** Everybody who was enrolled is there, opens and is found; nobody erased came back. */
async function assertWhole({ gallery }: TestGallery, known: Known): Promise<void> {
  const persons = await gallery.listPersons();
  const ids = new Set<string>(persons.map(({ id }) => id));
  assert.deepEqual(
    [...known.present].filter((id) => !ids.has(id)),
    [],
    'nobody is lost',
  );
  assert.deepEqual(
    [...known.gone].filter((id) => ids.has(id)),
    [],
    'nobody erased came back',
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
    // From here on both are true: the kill came before the end of the erasure, or after.
    if (what === 'erasing') known.present.delete(id);
    if (what === 'erased') known.gone.add(id);
  }
}

/** Opens with the key of `generation`, looks at everything without going on with the rotation; undefined where it is no key any more. */
async function look(
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
    const job = readRotationJob(opened.file.database);
    return { isUnderWay: job !== undefined, isRetired: readKeySlots(opened.file.database).length === 1 };
  } catch (error) {
    if (error instanceof Error && error.message === 'sealed: wrong-passphrase') return undefined;
    throw error;
  }
}

async function killLoop(
  directory: string,
  options: { readonly kind: KeyProviderKind; readonly depth: RotationDepth; readonly random: Random },
  known: Known,
): Promise<number> {
  const { kind, depth, random } = options;
  const span = new KillSpan(random, spanMs[depth]);
  let generation = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    if (kind === 'secret' && !existsSync(join(directory, 'gallery-key.next')))
      writeSecret(directory, '.next');
    const texts = [passphraseOf(generation), passphraseOf(generation + 1)];
    const args = [directory, kind, depth, ...texts, String(1000 * (kill + 1))];
    const lines = await runAndKill('rotation-child.ts', args, span.nextMs());
    learn(known, lines);
    const old = await look(directory, generation, known);
    const next = kind === 'passphrase' ? await look(directory, generation + 1, known) : old;
    assert.ok(old !== undefined || next !== undefined, 'a key is left that opens the gallery');
    const isUnderWay = (old ?? next)?.isUnderWay === true;
    if (isUnderWay) known.under += 1;
    else span.fell(lines.some((line) => line.startsWith('ended')) ? 'after' : 'before');
    if (isUnderWay && (old ?? next)?.isRetired === false) {
      assert.ok(old !== undefined && next !== undefined, 'either key opens it while the rotation runs');
    }
    if (kind === 'passphrase' && old === undefined) generation += 1;
  }
  return generation;
}

describe('a daemon that is killed while it rotates the key', { timeout: 500_000 }, () => {
  for (const depth of ['wrap', 'deep'] as const) {
    for (const kind of ['secret', 'passphrase'] as const) {
      test(`${depth}, ${kind}: ${KILLS} times at random points`, async (t) => {
        const directory = temporaryDirectory(t);
        const known: Known = { present: new Set(), gone: new Set(), under: 0 };
        if (kind === 'secret') writeSecret(directory);
        {
          const input = passphraseInput(passphraseOf(0));
          await using opened = await openTestGallery(directory, { input, first: kind });
          for (let seed = 1; seed <= PERSONS; seed += 1) known.present.add(await enrol(opened, seed, 1000));
        }
        const random = seededRandom(depth.length * 100 + kind.length);
        const generation = await killLoop(directory, { kind, depth, random }, known);
        await using last = await openTestGallery(directory, {
          input: passphraseInput(passphraseOf(generation)),
        });
        while (last.rotations.progress !== undefined && last.rotations.progress.state !== 'finished') {
          assert.equal(last.rotations.progress.state, 'running');
          await new Promise((resolve) => setImmediate(resolve));
        }
        await assertWhole(last, known);
        assert.equal(readKeySlots(last.file.database).length, 1);
        assert.ok(known.under > 0, 'some kills came while the rotation was under way');
        t.diagnostic(
          `${KILLS} kills, ${known.under} of them within a rotation, ${known.gone.size} erased meanwhile`,
        );
      });
    }
  }
});
