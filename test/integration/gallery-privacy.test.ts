import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isRollcallError } from '../../daemon/base/errors.js';
import type { LogFields, Logger } from '../../daemon/base/logger.js';
import { openGallery } from '../../daemon/gallery/open-gallery.js';
import {
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  temporaryDirectory,
} from '../support/gallery-fixture.js';

const name = 'Wilhelmina Featherstonehaugh';

/**
 * All bytes that lie in the gallery's directory. Another process reads them: closing a file here would give up the
 * locks that SQLite holds on it.
 */
function bytesOnDisk(t: TestContext, directory: string): Buffer {
  const copy = temporaryDirectory(t);
  execFileSync('cp', ['-r', `${directory}/.`, copy]);
  const files = readdirSync(copy);
  return Buffer.concat(files.map((file) => readFileSync(join(copy, file))));
}

/** How many of the 16-byte pieces of `secret` lie anywhere in `bytes`. */
function piecesIn(bytes: Buffer, secretBytes: Uint8Array): number {
  const secret = Buffer.from(secretBytes);
  let found = 0;
  for (let offset = 0; offset + 16 <= secret.length; offset += 16) {
    if (bytes.includes(secret.subarray(offset, offset + 16))) found += 1;
  }
  return found;
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

test('no name, template or photograph can be read from any file, before or after closing', async (t) => {
  const directory = temporaryDirectory(t);
  const options = galleryOptions(directory);
  const person = enrolmentPhotograph(1);
  const template = Buffer.from(person.embedding.slice().buffer);
  const assertSealed = (bytes: Buffer): void => {
    for (const word of [name, ...name.split(' ')]) {
      assert.equal(bytes.includes(word), false, word);
      assert.equal(bytes.includes(utf16(word)), false, word);
    }
    assert.equal(piecesIn(bytes, template), 0);
    assert.equal(piecesIn(bytes, noiseJpeg(1)), 0);
  };
  {
    await using gallery = await openGallery(options);
    const id = await gallery.addPerson({ name, photographs: [person] });
    await gallery.listPersons();
    const open = bytesOnDisk(t, directory);
    assert.ok(open.includes(id), 'the scan sees what is there: the id is not a secret');
    assertSealed(open);
  }
  assertSealed(bytesOnDisk(t, directory));
});

test('after a removal not even the sealed bytes are left in any file', async (t) => {
  const directory = temporaryDirectory(t);
  const options = galleryOptions(directory);
  await using gallery = await openGallery(options);
  const photographs = [{ ...enrolmentPhotograph(1), jpeg: noiseJpeg(1, 30_000) }];
  const leaver = await gallery.addPerson({ name, photographs });
  const stayer = await gallery.addPerson({ name: 'Stays', photographs: [enrolmentPhotograph(2)] });

  const database = new Sqlite(options.path, { readonly: true });
  const sealed = database
    .prepare<[string], { name: Buffer; vector: Buffer; jpeg: Buffer }>(
      `SELECT name, vector, jpeg FROM person
       JOIN template ON template.person_id = person.id JOIN photograph ON photograph.person_id = person.id
       WHERE person.id = ?`,
    )
    .get(leaver);
  database.close();
  assert.ok(sealed);
  const traces = (bytes: Buffer): number[] => [
    piecesIn(bytes, sealed.name),
    piecesIn(bytes, sealed.vector),
    piecesIn(bytes, sealed.jpeg),
  ];
  const before = traces(bytesOnDisk(t, directory));
  assert.ok(
    before.every((pieces) => pieces > 0),
    `the scan finds the sealed bytes while they are there: ${before}`,
  );

  assert.equal(gallery.removePerson(leaver), true);
  const after = bytesOnDisk(t, directory);
  assert.deepEqual(traces(after), [0, 0, 0]);
  assert.equal(after.includes(leaver), false, 'the id is gone, too');
  assert.ok(after.includes(stayer));
});

test('a removal that another reader keeps from being complete says so, and completes at closing', async (t) => {
  const directory = temporaryDirectory(t);
  const options = galleryOptions(directory);
  const gallery = await openGallery(options);
  const leaver = await gallery.addPerson({ name, photographs: [enrolmentPhotograph(1)] });
  const reader = new Sqlite(options.path, { readonly: true });
  reader.exec('BEGIN');
  assert.equal(reader.prepare('SELECT id FROM person').pluck().get(), leaver);
  assert.throws(
    () => gallery.removePerson(leaver),
    (error) => isRollcallError(error, 'erasure-incomplete') && error.details['rowId'] === leaver,
  );
  assert.deepEqual([gallery.personCount, gallery.showPerson(leaver)], [0, undefined]);
  reader.close();
  await gallery[Symbol.asyncDispose]();
  assert.equal(bytesOnDisk(t, directory).includes(leaver), false);
});

test('the log says nothing about anybody but ids', async (t) => {
  const directory = temporaryDirectory(t);
  const lines: string[] = [];
  const write = (message: string, fields: LogFields = {}): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const options = galleryOptions(directory, { logger });
  {
    await using gallery = await openGallery(options);
    await gallery.addPerson({ name, photographs: [enrolmentPhotograph(1)] });
  }
  const database = new Sqlite(options.path);
  database.exec(
    'UPDATE person SET name = zeroblob(length(name)); UPDATE template SET vector = zeroblob(600)',
  );
  database.close();
  await using gallery = await openGallery(options);
  const [person] = await gallery.listPersons();
  assert.ok(person && person.name === undefined);
  assert.equal(gallery.quarantined.length, 2);
  const log = lines.join('\n');
  assert.match(log, /put aside.*does-not-open/);
  for (const secret of [...name.split(' '), String(enrolmentPhotograph(1).embedding[0])]) {
    assert.equal(log.includes(secret), false);
  }
});
