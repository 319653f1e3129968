import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields, Logger } from '../../daemon/kernel/logger.js';
import {
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { filesIn, piecesIn, tamper } from '../support/gallery-tampering.js';

const name = 'Wilhelmina Featherstonehaugh';
const profile = { name, externalId: 'payroll-7731-zyx', notes: 'walks with a cane' };

test('no profile, template or photograph can be read from any file, before or after closing', async (t) => {
  const directory = temporaryDirectory(t);
  const person = enrolmentPhotograph(1);
  const template = Buffer.from(person.embedding.slice().buffer);
  const assertSealed = (files: ReadonlyMap<string, Buffer>): void => {
    for (const text of [name, ...name.split(' '), profile.externalId, profile.notes]) {
      for (const encoding of ['utf8', 'utf16le'] as const) {
        assert.equal(piecesIn(files, Buffer.from(text, encoding)), 0, text);
      }
    }
    for (const secret of [
      template,
      noiseJpeg(1),
      new Uint8Array(32).fill(7),
      new Uint8Array(32).fill(0xa0),
    ]) {
      assert.equal(piecesIn(files, secret), 0);
    }
  };
  {
    await using opened = await openTestGallery(galleryOptions(directory));
    const id = await opened.gallery.addPerson({ profile, photographs: [person] }, tester);
    await opened.gallery.listPersons();
    const open = filesIn(t, directory);
    assert.ok(piecesIn(open, Buffer.from(id)) > 0, 'the scan sees what is there: the id is not a secret');
    assertSealed(open);
  }
  assertSealed(filesIn(t, directory));
});

test('the log and the audit log name persons by id alone', async (t) => {
  const lines: string[] = [];
  const write = (message: string, fields: LogFields = {}): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const options = galleryOptions(temporaryDirectory(t), { logger });
  {
    await using opened = await openTestGallery(options);
    for (const seed of [1, 2]) {
      await opened.gallery.addPerson({ profile, photographs: [enrolmentPhotograph(seed)] }, tester);
    }
  }
  tamper(options, (db) => {
    db.exec(`UPDATE person SET profile = zeroblob(300) WHERE id = (SELECT min(id) FROM person);
             UPDATE template SET vector = zeroblob(600) WHERE person_id = (SELECT max(id) FROM person)`);
  });
  await using opened = await openTestGallery(options);
  const { gallery, file } = opened;
  const named = (await gallery.listPersons()).filter((person) => person.profile !== undefined);
  assert.equal(named.length, 1);
  assert.deepEqual(gallery.quarantined.map(({ table }) => table).toSorted(), ['person', 'template']);
  const log = lines.join('\n');
  assert.match(log, /quarantined.*does-not-open/);
  const audit = JSON.stringify(file.audit.list({ limit: 1000 }));
  assert.match(audit, /gallery\.row-quarantined/);
  for (const text of [log, audit]) {
    for (const secret of [
      ...name.split(' '),
      'payroll',
      'cane',
      String(enrolmentPhotograph(1).embedding[0]),
    ]) {
      assert.equal(text.includes(secret), false, secret);
    }
  }
});
