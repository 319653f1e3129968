import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { zipSync } from 'fflate';
import { unzip } from '../../daemon/console/pages/people/unzip.js';
import { zipOf } from '../../daemon/console/parts/zip-file.js';

const text = (words: string) => new TextEncoder().encode(words);
const picture = text('a picture '.repeat(1000));
const archive = () =>
  Buffer.from(
    zipSync({
      'staff/persons.csv': text('name\nAda\n'),
      'staff/17/ada.jpg': [picture, { level: 9 }],
      'staff/17/bea.jpg': [picture, { level: 0 }],
      'staff/17/cem.HEIC': [picture, { level: 0 }],
      'staff/notes.txt': text('not a picture'),
      '__MACOSX/staff/._ada.jpg': text('of another system'),
    }),
  );

const read = async (bytes: Uint8Array) => unzip(new Blob([new Uint8Array(bytes)]));
/** Where the entry of a file begins in the directory. */
function entryOf(zip: Buffer, path: string): number {
  const at = zip.lastIndexOf(path);
  assert.ok(at > 0);
  return at - 46;
}
function altered(change: (zip: Buffer) => void): Buffer {
  const zip = archive();
  change(zip);
  return zip;
}

describe('a zip archive of persons in the browser', () => {
  test('gives its tables and pictures with their paths, packed or not', async () => {
    const read = await unzip(new Blob([archive()]));
    assert.ok('files' in read);
    assert.deepEqual(
      read.files.map(({ path, file }) => [path, file.name, file.size]),
      [
        ['staff/persons.csv', 'persons.csv', 9],
        ['staff/17/ada.jpg', 'ada.jpg', picture.length],
        ['staff/17/bea.jpg', 'bea.jpg', picture.length],
        ['staff/17/cem.HEIC', 'cem.HEIC', picture.length],
      ],
    );
    assert.deepEqual(new Uint8Array((await read.files[1]?.file.arrayBuffer()) ?? []), picture);
  });

  test('is one that the console wrote itself', async () => {
    const read = await unzip(await zipOf(new Map([['Łódź.jpg', new Blob([picture])]])));
    assert.ok('files' in read);
    assert.deepEqual(
      read.files.map(({ path }) => path),
      ['Łódź.jpg'],
    );
  });

  test('lies on one disk and has no comment if the console wrote it', async () => {
    const zip = Buffer.from(await (await zipOf(new Map([['a.csv', new Blob(['name'])]]))).arrayBuffer());
    const directory = zip.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    // Extra field, comment, disk, attributes of the file, and where it begins.
    assert.deepEqual(zip.subarray(directory + 30, directory + 46), Buffer.alloc(16));
    const end = zip.subarray(-22);
    assert.deepEqual([end.readUInt16LE(4), end.readUInt16LE(6), end.readUInt16LE(20)], [0, 0, 0]);
    assert.equal(end.readUInt32LE(12), zip.length - 22 - directory);
  });

  test('is refused by its writer if it would need the fields of Zip64', async () => {
    const huge = { size: 2_000_000_001 } as Blob;
    const tiny = new Blob(['a']);
    for (const files of [
      new Map([
        ['a.jpg', huge],
        ['b.jpg', huge],
      ]),
      new Map(Array.from({ length: 65_536 }, (_, index) => [`${index}.jpg`, tiny])),
    ])
      await assert.rejects(zipOf(files), RangeError);
  });

  test('may have comments, also one that looks like its end', async () => {
    const zip = Buffer.from(
      zipSync({
        'a.csv': [text('name\nAda\n'), { comment: 'of the staff', extra: { 7: new Uint8Array(3) } }],
        'b.csv': [text('name\nBea\n'), {}],
      }),
    );
    const comment = Buffer.alloc(60);
    comment.writeUInt32LE(0x06054b50, 20);
    zip.writeUInt16LE(comment.length, zip.length - 2);
    const read = await unzip(new Blob([zip, comment]));
    assert.ok('files' in read);
    assert.deepEqual(
      read.files.map(({ path }) => path),
      ['a.csv', 'b.csv'],
    );
  });

  test('may have an entry without a name', async () => {
    const read = await unzip(
      new Blob([new Uint8Array(zipSync({ 'a.csv': text('name\n'), '': text('of another system') }))]),
    );
    assert.ok('files' in read, JSON.stringify(read));
    assert.deepEqual(
      read.files.map(({ path }) => path),
      ['a.csv'],
    );
  });

  const packed = 'staff/17/ada.jpg';
  for (const [what, zip, problem] of [
    ['is something else', Buffer.from('name\nAda\n'), 'not-zip'],
    ['is empty', Buffer.alloc(0), 'not-zip'],
    ['is cut short', archive().subarray(0, -30), 'not-zip'],
    ['lost its beginning', archive().subarray(40), 'damaged'],
    ['is encrypted', altered((made) => made.writeUInt16LE(1, entryOf(made, packed) + 8)), 'encrypted'],
    [
      'is packed in another way',
      altered((made) => made.writeUInt16LE(14, entryOf(made, packed) + 10)),
      'method',
    ],
    [
      'has a file of four gigabytes',
      altered((made) => made.writeUInt32LE(0xffff_ffff, entryOf(made, packed) + 24)),
      'damaged',
    ],
    [
      'counts more files than it has',
      altered((made) => made.fill(0xff, made.length - 14, made.length - 10)),
      'damaged',
    ],
    [
      'has a directory of four gigabytes',
      altered((made) => made.fill(0xff, made.length - 10, made.length - 6)),
      'damaged',
    ],
    [
      'has its directory behind four gigabytes',
      altered((made) => made.fill(0xff, made.length - 6, made.length - 2)),
      'damaged',
    ],
    [
      'has a file that is too large',
      altered((made) => made.writeUInt32LE(32 * 1024 * 1024 + 1, entryOf(made, packed) + 24)),
      'too-large',
    ],
    [
      'says of a file that it is just not too large',
      altered((made) => made.writeUInt32LE(32 * 1024 * 1024, entryOf(made, packed) + 24)),
      'damaged',
    ],
    [
      'unpacks to more than it says',
      altered((made) => made.writeUInt32LE(100, entryOf(made, packed) + 24)),
      'damaged',
    ],
    [
      'has other bytes than it says',
      altered((made) => made.writeUInt8(7, entryOf(made, packed) + 16)),
      'damaged',
    ],
    [
      'points behind its end',
      altered((made) => made.writeUInt32LE(0x7fff_ffff, entryOf(made, packed) + 42)),
      'damaged',
    ],
    [
      'has a name in another encoding',
      altered((made) => made.writeUInt8(0xeb, entryOf(made, packed) + 48)),
      'name',
    ],
  ] as const) {
    test(`is refused if it ${what}`, async () => {
      const refused = await read(zip);
      assert.equal('problem' in refused ? refused.problem : 'unpacked', problem);
    });
  }

  test('is refused if it marks a file as a folder', async () => {
    const zip = zipSync({ 'staff/ada.jpg': [picture, { os: 0, attrs: 0x10 }], 'staff/': new Uint8Array() });
    assert.deepEqual(await read(zip), { problem: 'damaged', what: 'staff/ada.jpg' });
  });

  test('keeps nothing of a file that unpacks to more than it says', async (t) => {
    const kept: number[] = [];
    const native = Response.prototype.blob;
    t.mock.method(Response.prototype, 'blob', async function (this: Response) {
      const blob = await native.call(this);
      kept.push(blob.size);
      return blob;
    });
    assert.ok('files' in (await read(archive())));
    assert.deepEqual(kept.splice(0), [9, picture.length, picture.length, picture.length]);
    const lying = altered((made) => {
      made.writeUInt32LE(100, entryOf(made, packed) + 24);
      // Its own header, before the file, tells the same.
      made.writeUInt32LE(100, made.indexOf(packed) - 30 + 22);
    });
    const refused = await read(lying);
    assert.equal('problem' in refused ? refused.problem : 'unpacked', 'damaged');
    assert.deepEqual(kept, [9]);
  });

  test('is refused if all together would be too much', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 70 }, (_, index) => [`picture-${index + 10}.jpg`, picture]),
    );
    const zip = Buffer.from(zipSync(files));
    for (const path of Object.keys(files)) zip.writeUInt32LE(31 * 1024 * 1024, entryOf(zip, path) + 24);
    const refused = await read(zip);
    assert.equal('problem' in refused ? refused.problem : 'unpacked', 'too-much');
  });
});
