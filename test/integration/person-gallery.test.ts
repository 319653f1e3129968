import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exportAll } from '../../daemon/cli/export-all.js';
import { createExportFolder } from '../../daemon/cli/export-folder.js';
import { openImportFolder } from '../../daemon/cli/import-folder.js';
import { runImport } from '../../daemon/cli/import-run.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { personContract } from '../support/person-contract.js';
import { servePersons } from '../support/person-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

personContract('in a sealed gallery', openGalleryPersons);

const row = (face: string) => ({
  name: face,
  externalId: face,
  photographs: [paintFace(face)],
  isDuplicateAllowed: false,
  isDryRun: false,
});

describe('imports into a sealed gallery', () => {
  test('leave no row behind when their connection closes, also amid a row', async () => {
    await using gallery = await openGalleryPersons();
    await using server = await servePersons(gallery.persons);
    const session = await server.client.persons.openImport();
    for (const face of ['ada', 'bea']) await session.stage(row(face));
    assert.equal(gallery.rowCount(), 2);
    const amid = session.stage(row('cyd'));
    session[Symbol.dispose]();
    await Promise.allSettled([amid]);
    await until('what was staged is gone', () => gallery.rowCount() === 0);
  });

  test('take over what another box exported', async () => {
    await using one = await openGalleryPersons();
    await using from = await servePersons(one.persons);
    for (const face of ['ada', 'bea']) await from.client.persons.add(row(face));
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, 'everybody');
    const { persons } = from.client;
    const all = await persons.list({ isRemovedIncluded: false });
    await using sink = await createExportFolder(folder);
    await exportAll(all, (id) => persons.export(id, 'enrolment'), sink);
    await sink.finish();

    await using two = await openGalleryPersons();
    await using to = await servePersons(two.persons);
    await using source = await openImportFolder(join(folder, 'persons.csv'), folder);
    const report = await runImport({
      source,
      openImport: () => to.client.persons.openImport(),
      todayIso: '2026-03-02',
      isDryRun: false,
      isDuplicateAllowed: false,
      isRefusedSkipped: false,
    });
    assert.equal(report.outcome, 'imported', JSON.stringify(report));
    const [ada, bea] = await to.client.persons.list({ isRemovedIncluded: true });
    assert.deepEqual([ada?.name, bea?.externalId], ['ada', 'bea']);
    const again = await to.client.persons.add({ ...row('ada'), externalId: 'x' });
    assert.equal(again.outcome, 'similar', 'they are recognised from now on');
  });
});
