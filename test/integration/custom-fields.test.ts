import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exportAll } from '../../daemon/cli/export/export-archive.js';
import { createExportFolder } from '../../daemon/cli/export/export-sink.js';
import { collectRecord } from '../../daemon/cli/export/person-record.js';
import { openImportFolder } from '../../daemon/cli/import/import-folder.js';
import { runImport } from '../../daemon/cli/import/import-run.js';
import { openImport } from '../../daemon/cli/import/open-import.js';
import { allPersons } from '../../daemon/cli/person/all-persons.js';
import { personId } from '../../daemon/kernel/ids.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { servePersons } from '../support/person-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const sales = 'Sales, “North”';
const row = (face: string, fields: Record<string, string>) => ({
  ...{ name: face, fields, photographs: [paintFace(face)] },
  ...{ isDuplicateAllowed: false, isDryRun: false },
});

describe('custom fields of persons', () => {
  test('are sealed, searched, changed one by one, and stay out of the audit log', async () => {
    await using gallery = await openGalleryPersons();
    await using box = await servePersons(gallery);
    const { client } = box;
    const added = await client.call('persons.enrol', row('ada', { department: 'Quality', badge: '17' }));
    assert.ok(added.outcome === 'enrolled');
    const { id } = added.person;
    await client.call('persons.enrol', row('bea', { department: 'Warehouse' }));
    assert.deepEqual(added.person.fields, { badge: '17', department: 'Quality' });

    const idsOf = async (filter: { text?: string; field?: string }): Promise<readonly string[]> =>
      (await client.call('persons.list', filter)).items.map(({ name }) => name);
    assert.deepEqual(await idsOf({ text: 'quali' }), ['ada']);
    assert.deepEqual(await idsOf({ field: 'department=house' }), ['bea']);
    await assert.rejects(idsOf({ field: 'department' }), { code: 'bad-request' });

    const changed = await client.call('persons.update', {
      ...{ id, fields: { badge: null, department: 'Research' } },
    });
    assert.ok(changed.outcome === 'updated');
    assert.deepEqual(changed.person.fields, { department: 'Research' });
    assert.deepEqual(await idsOf({ text: 'quali' }), []);
    await assert.rejects(client.call('persons.update', { id, fields: { team: 'A' } }), {
      code: 'profile-refused',
    });

    const many = await client.call('persons.change-many', {
      ...{ ids: [id], fields: { badge: '18' }, isPreview: false },
    });
    assert.deepEqual(
      many.persons.map(({ outcome, fields }) => [outcome, fields]),
      [['changed', ['fields']]],
    );
    const entries = await gallery.vault.audit.listInTurns({ subject: personId(id) }, { limit: 100 });
    for (const word of ['Quality', 'Research', 'badge', '"18"']) {
      assert.equal(JSON.stringify(entries).includes(word), false, word);
      for (const end of ['', '-wal'])
        assert.equal(readFileSync(gallery.path + end).includes(word), false, `${word} in the file`);
    }

    await client.call('persons.erase', { id });
    assert.deepEqual(await idsOf({ field: 'department=research' }), []);
  });

  test('stay with the persons when the box no longer defines them, until somebody removes them', async () => {
    let defined = new Set(['department', 'badge']);
    await using gallery = await openGalleryPersons({ definedFields: () => defined });
    const { persons } = gallery;
    const by = { actor: 'uid:1000', origin: 'test' };
    const added = await persons.add(row('ada', { department: 'Quality', badge: '17' }), by);
    assert.ok(added.outcome === 'enrolled');
    const { id } = added.person;
    defined = new Set(['badge']);
    await persons.update(id, { notes: 'night' }, by);
    assert.deepEqual(persons.show(id, by)?.fields, { badge: '17', department: 'Quality' });
    await assert.rejects(persons.add(row('bea', { department: 'Quality' }), by), { code: 'profile-refused' });
    await persons.update(id, { fields: { department: null } }, by);
    assert.deepEqual(persons.show(id, by)?.fields, { badge: '17' });
  });

  test('go with an export of all persons, and come with its import', async () => {
    await using one = await openGalleryPersons();
    await using from = await servePersons(one);
    await from.client.call('persons.enrol', row('ada', { department: sales, badge: '=17' }));
    await from.client.call('persons.enrol', row('bea', {}));
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, 'out');
    const sink = await createExportFolder(folder);
    await exportAll(
      await allPersons(from.client, 'excluded'),
      async (id) => collectRecord(await from.client.call('persons.export', { id, scope: 'enrolment' })),
      sink,
    );
    await sink.finish();
    const [heading = ''] = readFileSync(join(folder, 'persons.csv'), 'utf8').split('\r\n');
    assert.match(heading, /,photographs,field_badge,field_department$/);

    const importInto = async (definedFields: ReadonlySet<string>) => {
      await using two = await openGalleryPersons({ definedFields: () => definedFields });
      await using to = await servePersons(two);
      await using source = await openImportFolder(join(folder, 'persons.csv'), folder);
      const report = await runImport({
        ...{ source, openImport: () => openImport(to.client), todayIso: '2026-03-02' },
        ...{ isDryRun: false, isDuplicateAllowed: false, isRefusedSkipped: false },
      });
      return { report, persons: await allPersons(to.client, 'excluded') };
    };
    const { report, persons } = await importInto(new Set(['department', 'badge']));
    assert.equal(report.outcome, 'imported', JSON.stringify(report));
    assert.deepEqual(
      persons.map(({ fields }) => fields),
      [{ badge: '=17', department: sales }, undefined],
    );
    const refused = await importInto(new Set(['badge']));
    assert.equal(refused.report.outcome, 'refused', JSON.stringify(refused.report));
    assert.deepEqual(refused.persons, []);
  });
});
