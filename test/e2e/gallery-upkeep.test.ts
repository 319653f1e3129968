import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GalleryStatus, GalleryVerification } from '../../daemon/contract/gallery.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

const cpu = { provider: 'cpu' } as const;
/** The low threshold makes all faces count as one person, so the test can enrol photographs of two people as one. */
const careless = { vision: { ...cpu, recogniser: 'dlib-resnet' }, identification: { threshold: 0.1 } };
const withOld = { vision: { ...cpu, recogniser: 'dlib-resnet' } };
const withNew = { vision: { ...cpu, recogniser: 'faceres' } };

async function statusOf(box: TestBox): Promise<GalleryStatus> {
  const { exitCode, stdout, stderr } = await box.command('gallery', 'status', '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as GalleryStatus;
}

/** The refusal of a new photograph, which names the enrolled person that it resembles. */
async function enrolledAs(box: TestBox, photo: string): Promise<string> {
  const { stderr, stdout, exitCode } = await box.command('person', 'add', 'Again', '--image', photo);
  assert.notEqual(exitCode, 0, 'a second enrolment is refused as similar');
  return stderr + stdout;
}

test('a gallery is shown, verified and moved to another recogniser', {
  skip: withoutBuild,
}, async (t) => {
  await using portraits = await writeEnrolmentPhotos();
  const { ada, bea, stranger } = portraits.files;
  await using box = await makeBox({ config: careless });
  await box.start();
  for (const [name, ...photos] of [
    ['Ada', ada],
    ['Bea', bea],
    ['Two', ada, stranger],
  ] as const) {
    const added = await box.command('person', 'add', name, '--allow-duplicate', '--image', ...photos);
    assert.equal(added.exitCode, 0, added.stdout + added.stderr);
  }

  await t.test('its status and its verification report that it is whole', async () => {
    const { state, contents, quarantined, lastVerification } = await statusOf(box);
    assert.deepEqual([state, contents?.recogniser, contents?.persons.active], ['open', 'dlib-resnet-v1', 3]);
    assert.deepEqual([quarantined, lastVerification], [{ count: 0, rows: [] }, undefined]);
    const verified = await box.command('gallery', 'verify', '--json');
    assert.equal(verified.exitCode, 0, verified.stdout);
    const { checked, disagreeing, isWhole } = JSON.parse(verified.stdout) as GalleryVerification;
    assert.deepEqual([checked.persons, disagreeing, isWhole], [3, [], true]);
    assert.equal((await statusOf(box)).lastVerification?.damaged, 0);
  });

  await t.test('the box reports that its recogniser does not fit these people', async () => {
    const pattern = /cannot tell some persons of this site apart.* \(p-\w{26}(, p-\w{26})+\)/;
    await until('the condition', async () => pattern.test((await box.command('status')).stdout));
  });

  await t.test('it cannot move to an unknown recogniser', async () => {
    for (const [to, code] of [
      ['nobody', /no recogniser called/],
      ['dlib-resnet', /already uses the recogniser dlib-resnet/],
    ] as const) {
      const refused = await box.command('gallery', 're-embed', '--to', to);
      assert.equal(refused.exitCode, 2, refused.stderr);
      assert.match(refused.stderr, code);
    }
  });

  await t.test('a recogniser configured too early keeps it sealed, with a remedy', async () => {
    await box.stop();
    await box.configure(withNew);
    await box.start();
    const { state, reason, contents } = await statusOf(box);
    assert.deepEqual([state, reason?.code, contents?.persons.active], ['sealed', 'recogniser-mismatch', 3]);
    assert.match(reason?.remedy ?? '', /Configure the recogniser dlib-resnet-v1 again/);
    await box.stop();
    await box.configure(withOld);
    await box.start();
  });

  await t.test(
    'its verification names a person who was enrolled from photographs of two people',
    async () => {
      const verified = await box.command('gallery', 'verify');
      assert.equal(verified.exitCode, 1, verified.stdout);
      assert.match(verified.stdout, /^the gallery is whole$/m);
      assert.match(verified.stdout, /^templates of 1 person disagree: /m);
      assert.equal(
        verified.stdout.match(/^p-\S+ +dlib-resnet-v1 +t-\S+ +f-\S+ +0\.\d{3} +0\.935$/gm)?.length,
        2,
      );
      const { stdout } = await box.command('gallery', 'status');
      assert.match(stdout, /last verification: .*, 1 person whose templates disagree/);
    },
  );

  await t.test('after the move the new recogniser knows all persons', async () => {
    const moved = await box.command('gallery', 're-embed', '--to', 'faceres', '--wait');
    assert.equal(moved.exitCode, 0, moved.stderr);
    assert.match(moved.stdout, /ready, 4 of 4 photos embedded/);
    assert.match(moved.stdout, /set vision\.recogniser to faceres; then restart rollcalld/);
    assert.match(await enrolledAs(box, ada), /resembles (Ada|Two)/, 'the former recogniser is still in use');
    await box.stop();
    await box.configure(withNew);
    await box.start();
    const { state, contents, reEmbedding } = await statusOf(box);
    assert.deepEqual([state, contents?.recogniser, reEmbedding], ['open', 'faceres-v1', undefined]);
    assert.deepEqual(contents?.templates, [{ recogniser: 'faceres-v1', count: 4 }]);
    assert.match(await enrolledAs(box, bea), /resembles Bea/);
    const verified = await box.command('gallery', 'verify', '--json');
    assert.equal(verified.exitCode, 1, verified.stdout + verified.stderr);
    const { disagreeing, isWhole } = JSON.parse(verified.stdout) as GalleryVerification;
    assert.equal(isWhole, true);
    assert.deepEqual(
      disagreeing.map(({ recogniser, threshold }) => [recogniser, threshold]),
      [['faceres-v1', 0.66]],
    );
  });
});
