import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GalleryStatus, GalleryVerification } from '../../daemon/control/gallery-control.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';

const cpu = { provider: 'cpu' } as const;
const withOld = { vision: { ...cpu, recogniser: 'dlib-resnet' } };
const withNew = { vision: { ...cpu, recogniser: 'faceres' } };

async function statusOf(box: TestBox): Promise<GalleryStatus> {
  const { exitCode, stdout, stderr } = await box.command('gallery', 'status', '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as GalleryStatus;
}

/** How similar a new photograph is taken to be to somebody enrolled; undefined where nobody is found. */
async function enrolledAs(box: TestBox, photo: string): Promise<string> {
  const { stderr, stdout, exitCode } = await box.command('person', 'add', 'Again', '--image', photo);
  assert.notEqual(exitCode, 0, 'a second enrolment is warned of');
  return stderr + stdout;
}

test('a gallery is shown, verified and moved to another recogniser', {
  skip: withoutBuild,
  timeout: 300_000,
}, async (t) => {
  await using portraits = await writeEnrolmentPhotos();
  const { ada, bea } = portraits.files;
  await using box = await makeBox({ config: withOld });
  await box.start();
  for (const [name, photo] of [
    ['Ada', ada],
    ['Bea', bea],
  ] as const) {
    const added = await box.command('person', 'add', name, '--image', photo);
    assert.equal(added.exitCode, 0, added.stderr);
  }

  await t.test('its status and its verification say that it is whole', async () => {
    const { state, contents, quarantined, lastVerification } = await statusOf(box);
    assert.deepEqual([state, contents?.recogniser, contents?.persons.active], ['open', 'dlib-resnet-v1', 2]);
    assert.deepEqual([quarantined, lastVerification], [[], undefined]);
    const verified = await box.command('gallery', 'verify', '--json');
    assert.equal(verified.exitCode, 0, verified.stdout);
    const { checked, isWhole } = JSON.parse(verified.stdout) as GalleryVerification;
    assert.deepEqual([checked.persons, isWhole], [2, true]);
    assert.equal((await statusOf(box)).lastVerification?.damaged, 0);
  });

  await t.test('it cannot move to what is not there', async () => {
    for (const [to, code] of [
      ['nobody', /no recogniser called/],
      ['dlib-resnet', /made with dlib-resnet already/],
    ] as const) {
      const refused = await box.command('gallery', 're-embed', '--to', to);
      assert.equal(refused.exitCode, 2, refused.stderr);
      assert.match(refused.stderr, code);
    }
  });

  await t.test('configured too early, it stays sealed and says what to do', async () => {
    await box.stop();
    await box.configure(withNew);
    await box.start();
    const { state, reason, contents } = await statusOf(box);
    assert.deepEqual([state, reason?.code, contents?.persons.active], ['sealed', 'recogniser-mismatch', 2]);
    assert.match(reason?.remedy ?? '', /Configure the recogniser dlib-resnet-v1 again/);
    await box.stop();
    await box.configure(withOld);
    await box.start();
  });

  await t.test('it moves, and knows everybody by the new recogniser', async () => {
    const moved = await box.command('gallery', 're-embed', '--to', 'faceres', '--wait');
    assert.equal(moved.exitCode, 0, moved.stderr);
    assert.match(moved.stdout, /ready, 2 of 2 photographs embedded/);
    assert.match(moved.stdout, /set vision.recogniser to faceres and restart/);
    assert.match(await enrolledAs(box, ada), /resembles Ada/, 'the old one goes on');
    await box.stop();
    await box.configure(withNew);
    await box.start();
    const { state, contents, reEmbedding } = await statusOf(box);
    assert.deepEqual([state, contents?.recogniser, reEmbedding], ['open', 'faceres-v1', undefined]);
    assert.deepEqual(contents?.templates, [{ recogniser: 'faceres-v1', count: 2 }]);
    assert.match(await enrolledAs(box, bea), /resembles Bea/);
    const verified = await box.command('gallery', 'verify');
    assert.equal(verified.exitCode, 0, verified.stdout + verified.stderr);
  });
});
