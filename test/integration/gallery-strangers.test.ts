import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { GalleryStrangers } from '../../daemon/core/gallery/strangers/gallery-strangers.js';
import { verifyGallery } from '../../daemon/core/gallery/verify/verify-gallery.js';
import { ageingStrangers } from '../../daemon/core/retention/retention-strangers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import {
  cameraId,
  type PassageId,
  passageId,
  personId,
  recogniserId,
  strangerId,
} from '../../daemon/kernel/ids.js';
import type { StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import {
  galleryOptions,
  openTestGallery,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { filesIn, piecesIn, tamper } from '../support/gallery-tampering.js';
import { finished, openTestGallery as openRotating, writeSecret } from '../support/rotation-fixture.js';

const hourMs = 3_600_000;

/** A passage of the person whose face has this seed. */
function sightOf(passage: string, seed: number, atMs = 0, camera = 'door'): StrangerSight {
  return {
    passageId: passageId(passage),
    cameraId: cameraId(camera),
    recogniser: testRecogniser,
    firstSeenMs: atMs,
    lastSeenMs: atMs + 1000,
    views: [{ embedding: unitVector(seed), quality: 0.8 }],
    threshold: 0.55,
  };
}

function passed({ strangers }: Pick<Gallery, 'strangers'>, sight: StrangerSight, isRecorded = false) {
  const known = strangers.see(sight);
  if (isRecorded) strangers.noteRecorded(sight.passageId, sight.lastSeenMs);
  strangers.end(sight.passageId);
  assert.ok(known.stranger);
  return { ...known, id: known.stranger.id, visit: known.stranger.visit };
}

const passagesOf = (
  entry: { readonly appearances: readonly { readonly passageId: PassageId }[] } | undefined,
) => entry?.appearances.map((appearance) => appearance.passageId);

describe('strangers of a gallery', () => {
  test('keep id, visits and the last event at a camera over a restart, and lie sealed in the file', async (t) => {
    const directory = temporaryDirectory(t);
    const options = galleryOptions(directory);
    let first: ReturnType<typeof passed>;
    {
      await using opened = await openTestGallery(options);
      first = passed(opened.gallery, sightOf('p-1', 1), true);
      assert.match(first.id, /^s-[0-9a-hjkmnp-tv-z]{26}$/);
      assert.notEqual(passed(opened.gallery, sightOf('p-2', 2)).id, first.id);
      const files = filesIn(t, directory);
      assert.ok(piecesIn(files, Buffer.from(first.id)) > 0);
      assert.equal(piecesIn(files, Buffer.from(unitVector(1).buffer)), 0);
      assert.equal(piecesIn(files, Buffer.from('p-1')), 0, 'who passed where lies sealed, too');
    }
    await using opened = await openTestGallery(options);
    const { strangers } = opened.gallery;
    assert.equal(strangers.count, 2);
    const again = passed(opened.gallery, sightOf('p-3', 1, hourMs));
    assert.deepEqual([again.id, again.visit], [first.id, 2]);
    assert.equal(again.lastRecordedMs, 1000);
    assert.equal(passed(opened.gallery, sightOf('p-4', 1, hourMs, 'yard')).lastRecordedMs, undefined);
    const [latest, other] = strangers.list();
    assert.deepEqual(passagesOf(latest), ['p-1', 'p-3', 'p-4']);
    assert.deepEqual(
      [latest?.visits, latest?.firstSeenMs, latest?.lastSeenMs, other?.visits],
      [2, 0, hourMs + 1000, 1],
    );
    assert.equal(
      strangers.nearest([unitVector(2)], { count: 1, recogniser: testRecogniser })[0]?.strangerId,
      other?.id,
    );
  });

  test('are merged, split, ignored and forgotten, with an audit entry and for good', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const [ada, grace, eve, second] = await (async () => {
      await using opened = await openTestGallery(options);
      const { strangers } = opened.gallery;
      const [a, b, c] = [1, 2, 3].map((seed) =>
        passed(opened.gallery, sightOf(`p-${seed}`, seed, seed * hourMs)),
      );
      assert.ok(a && b && c);
      assert.equal(strangers.merge([a.id, strangerId('s-unknown')], tester), undefined);
      const one = strangers.merge([b.id, a.id], tester);
      assert.deepEqual([one?.id, passagesOf(one), one?.visits], [a.id, ['p-1', 'p-2'], 2]);
      const parted = strangers.split(a.id, [passageId('p-2')], tester);
      assert.ok(typeof parted === 'object');
      assert.equal(strangers.split(a.id, [passageId('p-1')], tester), 'nothing-left');
      assert.equal(strangers.setIgnored(a.id, true, tester), true);
      assert.equal(strangers.setAside(c.id, { change: 'discarded' }, tester), true);
      assert.equal(strangers.forget(c.id), true);
      assert.equal(strangers.forget(c.id), false);
      return [a, parted, c, b.id];
    })();
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    assert.equal(gallery.strangers.count, 2);
    assert.equal(passed(gallery, sightOf('p-5', 1)).isIgnored, true);
    assert.equal(passed(gallery, sightOf('p-6', 2)).id, grace.id);
    assert.notEqual(passed(gallery, sightOf('p-7', 3)).id, eve.id);
    assert.equal(
      gallery.strangers.setAside(ada.id, { change: 'assigned', personId: personId('p-x') }, tester),
      true,
    );
    const actions = file.audit
      .list({ limit: 100 })
      .filter(({ action }) => action.startsWith('stranger.'))
      .map(({ action, subject }) => [action, subject]);
    assert.deepEqual(actions, [
      ['stranger.merged', second],
      ['stranger.split', ada.id],
      ['stranger.ignored', ada.id],
      ['stranger.discarded', eve.id],
      ['stranger.assigned', ada.id],
    ]);
  });

  test('a passage that shows an enrolled person after all leaves no trace', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { strangers } = opened.gallery;
    const sight = sightOf('p-1', 1);
    strangers.see(sight);
    strangers.withdraw(sight.passageId);
    assert.equal(strangers.count, 0);
    const { id } = passed(opened.gallery, sightOf('p-2', 1));
    strangers.see({ ...sight, passageId: passageId('p-3') });
    strangers.withdraw(passageId('p-3'));
    assert.deepEqual(passagesOf(strangers.show(id)), ['p-2']);
    const count = (table: string) =>
      opened.file.database.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    assert.deepEqual([count('stranger'), count('data_key')], [1, 1], 'the key goes with the stranger');
  });

  test('who are deleted while they are in sight are gone from their passage, and do not begin anew', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { strangers } = opened.gallery;
    const [aged, discarded] = [sightOf('p-1', 1), sightOf('p-2', 2)].map((sight) => {
      const id = strangers.see(sight).stranger?.id;
      assert.ok(id);
      assert.deepEqual(strangers.ownerOf(sight.passageId), { strangerId: id });
      return { id, sight };
    });
    assert.ok(aged && discarded);
    strangers.unload([aged.id]);
    strangers.setAside(discarded.id, { change: 'discarded' }, tester);
    assert.deepEqual(strangers.ownerOf(discarded.sight.passageId), { strangerId: discarded.id });
    strangers.forget(discarded.id);
    for (const { sight } of [aged, discarded]) {
      assert.deepEqual(strangers.ownerOf(sight.passageId), {});
      assert.equal(strangers.see(sight).stranger, undefined);
    }
    assert.equal(strangers.count, 0);
  });

  test('of another recogniser are deleted, and a damaged one is quarantined while the others stay', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    let id: string;
    {
      await using opened = await openTestGallery(options);
      id = passed(opened.gallery, sightOf('p-1', 1)).id;
      passed(opened.gallery, sightOf('p-2', 2));
    }
    tamper(options, (db) => db.prepare("UPDATE stranger SET state = 'ignored' WHERE id = ?").run(id));
    {
      await using opened = await openTestGallery(options);
      assert.equal(opened.gallery.strangers.count, 1);
      assert.deepEqual(opened.gallery.quarantined, [
        { table: 'stranger', rowId: id, reason: 'does-not-open' },
      ]);
    }
    await using opened = await openTestGallery({
      ...options,
      recogniser: recogniserId('test-recogniser-2'),
    });
    assert.equal(opened.gallery.strangers.count, 0);
    assert.equal(opened.file.database.db.prepare('SELECT count(*) FROM stranger').pluck().get(), 0);
  });

  test('do not come back with old rows, and the oldest makes room for a new one', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    {
      await using opened = await openRotating(directory);
      const { database } = opened.file;
      const { id } = passed(opened.gallery, sightOf('p-1', 1));
      const { id: final } = passed(opened.gallery, sightOf('p-0', 9));
      passed(opened.gallery, sightOf('p-2', 2, hourMs));
      opened.gallery.strangers.setAside(final, { change: 'discarded' }, tester);
      database.db.exec(`CREATE TEMP TABLE old_rows AS SELECT * FROM stranger WHERE id IN ('${id}', '${final}');
        CREATE TEMP TABLE old_keys AS SELECT data_key.* FROM data_key JOIN old_rows ON data_key_id = data_key.id`);
      opened.gallery.strangers.setAside(id, { change: 'discarded' }, tester);
      opened.gallery.strangers.forget(id);
      // By an operator who does not want to wait: also the copy that could be restored.
      opened.gallery.strangers.forget(final, tester);
      database.db.exec(
        'INSERT INTO data_key SELECT * FROM old_keys; INSERT INTO stranger SELECT * FROM old_rows',
      );
    }
    await using opened = await openRotating(directory);
    const { gallery, file, ring } = opened;
    const [second] = gallery.strangers.list();
    assert.deepEqual([gallery.strangers.count, passagesOf(second)], [1, ['p-2']]);
    assert.equal(file.database.db.prepare('SELECT count(*) FROM stranger').pluck().get(), 1);

    assert.ok(second);
    gallery.strangers.setIgnored(second.id, true, tester);
    using small = await GalleryStrangers.load({
      ...{ database: file.database, ring, audit: file.audit, recogniser: testRecogniser, most: 2 },
      dimensions: unitVector(1).length,
      ...{ clock: systemClock, quarantine: () => assert.fail() },
    });
    for (const seed of [3, 4, 5]) passed({ strangers: small }, sightOf(`p-${seed}`, seed, seed * hourMs));
    assert.deepEqual(small.list().map(passagesOf), [['p-5'], ['p-2']]);
    assert.equal(file.database.db.prepare('SELECT count(*) FROM stranger').pluck().get(), 2);
  });

  test('who are set aside have an end of their own, unless a sealed gallery has held it up', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await using opened = await openTestGallery(options);
    const [aside, other] = [1, 2].map((seed) => passed(opened.gallery, sightOf(`p-${seed}`, seed)).id);
    assert.ok(aside && other);
    opened.gallery.strangers.setAside(aside, { change: 'discarded' }, tester);
    const deleted: string[] = [];
    const ageing = ageingStrangers(opened.file.database, 'active', (ids) => void deleted.push(...ids));
    ageing.begin(hourMs)(10);
    assert.deepEqual([deleted, ageing.countDue(hourMs)], [[other], 0]);
    assert.equal(ageing.countDue(options.clock.wallMs() + hourMs), 1);
  });

  test('survive a deep rotation of keys, and verification opens them', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    let id: string;
    {
      await using opened = await openRotating(directory);
      id = passed(opened.gallery, sightOf('p-1', 1)).id;
      const keys = () => opened.file.database.db.prepare('SELECT data_key_id FROM stranger').pluck().all();
      const before = keys();
      writeSecret(directory, '.next');
      await finished(await opened.rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester }));
      assert.notDeepEqual(keys(), before);
      assert.equal(passed(opened.gallery, sightOf('p-2', 1)).id, id);
      const { file, gallery, ring } = opened;
      const report = await verifyGallery({
        ...{ file, gallery, ring, clock: systemClock, by: tester },
        thresholds: new Map(),
        signal: new AbortController().signal,
      });
      assert.deepEqual([report.findings, report.checked.strangers], [[], 1]);
    }
  });
});
