import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { enrolmentOf, tester, testRecogniser, unitVector } from '../support/gallery-fixture.js';
import { moveOrder, openMoving, templatesBy, untilMove } from '../support/re-embed-fixture.js';
import { otherRecogniser, scriptedEmbedder } from '../support/scripted-embedder.js';
import { mountSmallDisk } from '../support/small-disk.js';

const PERSONS = 60;

test('a full disk makes the move wait, and it goes on when there is space again', {}, async (t) => {
  const mounted = mountSmallDisk(8);
  if ('skip' in mounted) {
    t.skip(mounted.skip);
    return;
  }
  using disk = mounted;
  let embedded = 0;
  let fillUp = (): void => undefined;
  const openEmbedder = scriptedEmbedder({
    before() {
      embedded += 1;
      if (embedded === 10) fillUp();
    },
  });
  {
    await using opened = await openMoving(disk.path, { openEmbedder });
    for (let seed = 1; seed <= PERSONS; seed += 1) {
      await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester);
    }
    fillUp = () => {
      // The log would otherwise be written over from its beginning, which takes no space.
      opened.file.database.db.pragma('wal_checkpoint(TRUNCATE)');
      disk.fill();
    };
    await opened.moves.start(moveOrder);
    const { problem } = await untilMove(opened, 'waiting');
    assert.equal(problem?.code, 'disk-full');
    const [best] = await opened.gallery.nearest(unitVector(7), { count: 1 });
    assert.ok(best !== undefined && best.similarity > 0.99, 'recognition goes on');
    disk.free();
    const { made, missing } = await untilMove(opened, 'ready');
    assert.deepEqual([made, missing], [PERSONS, []]);
    disk.fill();
  }
  // The switch deletes half of the templates, for which the log needs space.
  await assert.rejects(openMoving(disk.path, { recogniser: otherRecogniser, openEmbedder }), (error) =>
    isRollcallError(error, 'disk-full'),
  );
  disk.free();
  {
    await using opened = await openMoving(disk.path, { openEmbedder });
    assert.deepEqual(templatesBy(opened), { [testRecogniser]: PERSONS, [otherRecogniser]: PERSONS });
  }
  await using opened = await openMoving(disk.path, { recogniser: otherRecogniser, openEmbedder });
  assert.deepEqual([opened.gallery.personCount, opened.gallery.quarantined], [PERSONS, []]);
});
