import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { galleryRecogniser } from '../../daemon/core/gallery/re-embedding/re-embed-switch.js';
import { KeyRotations } from '../../daemon/core/gallery/rotation/key-rotations.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import {
  enrolmentOf,
  fixedKey,
  noiseJpeg,
  providersOf,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import {
  type MovingGallery,
  moveOrder,
  openMoving,
  templatesBy,
  untilMove,
} from '../support/re-embed-fixture.js';
import { otherEmbedding, otherRecogniser, scriptedEmbedder } from '../support/scripted-embedder.js';

const moved = { recogniser: otherRecogniser } as const;

async function enrol({ gallery }: MovingGallery, seeds: readonly number[]): Promise<void> {
  for (const seed of seeds) await gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester);
}

async function nameOf({ gallery }: MovingGallery, probe: Float32Array): Promise<string | undefined> {
  const [best] = await gallery.nearest(probe, { count: 1 });
  if (best === undefined || best.similarity < 0.99) return undefined;
  return gallery.showPerson(best.personId)?.profile?.name;
}

describe('moving a gallery to another recogniser', () => {
  test('the old recogniser stays in use until the new one is configured, which then knows every person', async (t) => {
    const directory = temporaryDirectory(t);
    {
      let closed = 0;
      const openEmbedder = scriptedEmbedder({
        onClose: () => {
          closed += 1;
        },
      });
      await using opened = await openMoving(directory, { openEmbedder });
      await enrol(opened, [1, 2, 3]);
      assert.deepEqual(galleryRecogniser(opened.file.database), { made: testRecogniser });
      await opened.moves.start(moveOrder);
      assert.equal(await nameOf(opened, unitVector(2)), 'Person 2');
      const { made, total, refused, missing } = await untilMove(opened, 'ready');
      assert.deepEqual([made, total, refused, missing], [3, 3, 0, []]);
      assert.equal(closed, 1, 'the process of the new recogniser ends when nothing is due');
      assert.deepEqual(templatesBy(opened), { [testRecogniser]: 3, [otherRecogniser]: 3 });
      assert.equal(await nameOf(opened, unitVector(3)), 'Person 3');
      assert.equal(opened.gallery.templateCount, 3);
    }
    {
      await using still = await openMoving(directory);
      assert.equal(await nameOf(still, unitVector(1)), 'Person 1', 'until it is configured');
      assert.deepEqual(galleryRecogniser(still.file.database), {
        made: testRecogniser,
        readyFor: otherRecogniser,
      });
    }
    await using opened = await openMoving(directory, moved);
    assert.deepEqual(templatesBy(opened), { [otherRecogniser]: 3 });
    assert.equal(opened.gallery.recogniser, otherRecogniser);
    assert.deepEqual(galleryRecogniser(opened.file.database), { made: otherRecogniser });
    for (const seed of [1, 2, 3]) {
      assert.equal(await nameOf(opened, otherEmbedding(noiseJpeg(seed))), `Person ${seed}`);
    }
    assert.equal(opened.moves.progress, undefined);
    const actions = opened.file.audit.list({ action: 'gallery' }).map(({ action }) => action);
    assert.deepEqual(actions, ['gallery.reembed-started', 'gallery.reembedded']);
    await assert.rejects(
      (async () => {
        await opened[Symbol.asyncDispose]();
        await openMoving(directory);
      })(),
      (error) => isRollcallError(error, 'recogniser-mismatch'),
      'it does not go back by itself',
    );
  });

  test('an empty gallery accepts another recogniser immediately and is then bound to it', async (t) => {
    const directory = temporaryDirectory(t);
    {
      await using opened = await openMoving(directory);
      assert.equal(galleryRecogniser(opened.file.database), undefined);
    }
    {
      await using opened = await openMoving(directory, moved);
      assert.equal(opened.gallery.recogniser, otherRecogniser);
      const [entry] = opened.file.audit.list({ action: 'gallery.reembedded' });
      assert.deepEqual([entry?.details['from'], entry?.details['to']], [testRecogniser, otherRecogniser]);
    }
    {
      await using opened = await openMoving(directory);
      await enrol(opened, [1]);
    }
    await assert.rejects(openMoving(directory, moved), (error) =>
      isRollcallError(error, 'recogniser-mismatch'),
    );
    await using opened = await openMoving(directory);
    assert.equal(await nameOf(opened, unitVector(1)), 'Person 1');
  });

  test('a person enrolled when the move is ready is embedded, too: immediately, or at the next opening', async (t) => {
    const directory = temporaryDirectory(t);
    {
      await using opened = await openMoving(directory);
      await enrol(opened, [1]);
      await opened.moves.start(moveOrder);
      await untilMove(opened, 'ready');
      await enrol(opened, [2]);
      await untilMove(opened, 'ready', ({ made }) => made === 2);
      await opened.moves[Symbol.asyncDispose]();
      await enrol(opened, [3]);
      const notYet = galleryRecogniser(opened.file.database);
      assert.deepEqual(notYet, { made: testRecogniser }, 'a photograph is still to be embedded');
    }
    await assert.rejects(
      openMoving(directory, {
        ...moved,
        openEmbedder: () => Promise.reject(operational('vision-unavailable', 'no process')),
      }),
      (error) =>
        isRollcallError(error, 'recogniser-mismatch') &&
        /1 photo has not been embedded yet .*no process/.test(error.message),
    );
    await using opened = await openMoving(directory, moved);
    assert.equal(opened.gallery.personCount, 3);
    assert.equal(await nameOf(opened, otherEmbedding(noiseJpeg(3))), 'Person 3');
  });

  test('a person without a new template is named, and the gallery moves without them only on request', async (t) => {
    const directory = temporaryDirectory(t);
    const refused = Buffer.from(noiseJpeg(2));
    const openEmbedder = scriptedEmbedder({ refuses: (jpeg) => refused.equals(jpeg) });
    {
      await using opened = await openMoving(directory, { openEmbedder });
      await enrol(opened, [1, 2, 3]);
      const [, second, third] = await opened.gallery.listPersons();
      assert.ok(second && third);
      opened.file.database.db.prepare('DELETE FROM photograph WHERE person_id = ?').run(third.id);
      await opened.moves.start(moveOrder);
      const progress = await untilMove(opened, 'incomplete');
      assert.deepEqual([progress.made, progress.refused, progress.total], [1, 1, 2]);
      assert.deepEqual([...progress.missing].sort(), [second.id, third.id].sort());
      const notYet = galleryRecogniser(opened.file.database);
      assert.deepEqual(notYet, { made: testRecogniser }, 'persons would be lost');
    }
    await assert.rejects(openMoving(directory, { ...moved, openEmbedder }), (error) => {
      assert.ok(isRollcallError(error, 'recogniser-mismatch'));
      assert.match(error.message, /2 persons/);
      assert.match(error.remedy ?? '', /--accept-missing/);
      return true;
    });
    {
      await using opened = await openMoving(directory, { openEmbedder });
      await opened.moves.start({ ...moveOrder, acceptsMissing: true });
      assert.equal((await untilMove(opened, 'ready')).missing.length, 2);
      assert.equal(galleryRecogniser(opened.file.database)?.readyFor, otherRecogniser);
    }
    await using opened = await openMoving(directory, { ...moved, openEmbedder });
    assert.equal(opened.gallery.personCount, 1);
    assert.equal((await opened.gallery.listPersons()).length, 3, 'no person is lost');
    assert.deepEqual(opened.gallery.quarantined, []);
  });

  test('a cancelled move leaves nothing, and another one can begin', async (t) => {
    const directory = temporaryDirectory(t);
    await using opened = await openMoving(directory);
    await enrol(opened, [1, 2]);
    await assert.rejects(opened.moves.cancel(tester), (error) => isRollcallError(error, 'no-re-embedding'));
    await opened.moves.start(moveOrder);
    await untilMove(opened, 'ready');
    await opened.moves.cancel(tester);
    await untilMove(opened, 'cancelled');
    assert.deepEqual(templatesBy(opened), { [testRecogniser]: 2 });
    assert.deepEqual(opened.file.database.db.prepare('SELECT name FROM job').all(), []);
    assert.equal(await nameOf(opened, unitVector(1)), 'Person 1');
    await opened.moves.start(moveOrder);
    assert.equal((await untilMove(opened, 'ready')).made, 2);
  });

  test('a missing recogniser changes nothing', async (t) => {
    await using opened = await openMoving(temporaryDirectory(t));
    await enrol(opened, [1]);
    await assert.rejects(opened.moves.start({ ...moveOrder, recogniserName: 'absent' }), (error) =>
      isRollcallError(error, 'pack-absent'),
    );
    assert.equal(opened.moves.progress, undefined);
    assert.deepEqual(templatesBy(opened), { [testRecogniser]: 1 });
  });

  test('a person erased while their photograph is embedded does not come back', async (t) => {
    let erase = (): void => undefined;
    const openEmbedder = scriptedEmbedder({ before: () => erase() });
    await using opened = await openMoving(temporaryDirectory(t), { openEmbedder });
    await enrol(opened, [1]);
    const [person] = await opened.gallery.listPersons();
    assert.ok(person);
    erase = () => void opened.gallery.erasePerson(person.id, tester);
    await opened.moves.start(moveOrder);
    assert.equal((await untilMove(opened, 'ready')).total, 0);
    assert.deepEqual(templatesBy(opened), {});
  });

  test('a deep rotation at the same time seals the templates of both recognisers anew', async (t) => {
    const directory = temporaryDirectory(t);
    const both = providersOf(fixedKey(7));
    {
      await using opened = await openMoving(directory);
      await enrol(
        opened,
        Array.from({ length: 40 }, (_, index) => index + 1),
      );
      const { file, ring } = opened;
      const providers = { ...both, secret: fixedKey(8) };
      await using rotations = await KeyRotations.open({ file, ring, providers, clock, logger: silentLogger });
      const vectors = () => file.database.db.prepare<[], Buffer>('SELECT vector FROM template').pluck().all();
      await opened.moves.start(moveOrder);
      // Looked at in every turn: it may be at its end a moment later.
      while ((opened.moves.progress?.made ?? 0) <= 5) await nextTurn();
      const before = new Set(vectors().map((vector) => vector.toString('hex')));
      const rotation = await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester });
      const { state, damaged } = await rotation.ended;
      assert.deepEqual([state, damaged], ['finished', 0]);
      await untilMove(opened, 'ready');
      assert.deepEqual(templatesBy(opened), { [testRecogniser]: 40, [otherRecogniser]: 40 });
      assert.equal(vectors().filter((vector) => before.has(vector.toString('hex'))).length, 0);
    }
    await using opened = await openMoving(directory, { ...moved, key: 8 });
    assert.deepEqual([opened.gallery.personCount, opened.gallery.quarantined], [40, []]);
    assert.equal(await nameOf(opened, otherEmbedding(noiseJpeg(17))), 'Person 17');
  });
});
