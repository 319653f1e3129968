import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { ImportReport } from '../../daemon/cli/import/import-report.js';
import type { ClipVerdict } from '../../daemon/contract/liveness.js';
import type { PersonSummary } from '../../daemon/contract/person.js';
import type { ErasureCertificate } from '../../daemon/contract/persons.js';
import { cast, writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { called, descendantsOf } from '../support/processes.js';
import { sharedFile } from '../support/shared-media.js';

/** Blinks at 1.41 and 1.96 s. */
const blinkingSpeaker = sharedFile('media/blink/grid/pwij3p.mpg');

const mebibyte = 1024 * 1024;

interface Photos {
  readonly ada: string;
  readonly bea: string;
  readonly noFace: string;
  readonly twoFaces: string;
  readonly smallFace: string;
  readonly blurred: string;
  readonly dark: string;
  readonly text: string;
  readonly cutShort: string;
  readonly empty: string;
  readonly folder: string;
  readonly large: string;
  readonly huge: string;
}

test('persons are enrolled from photographs', { skip: withoutBuild }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-photos-'));
  try {
    await using portraits = await writeEnrolmentPhotos();
    const photos = await makePhotos(folder, portraits.files);
    await using box = await makeBox();
    await box.start();
    await t.test('a process without cameras analyses photographs', () => apart(box, photos));
    await t.test('the box refuses unusable photographs', (inner) => refusals(box, photos, inner));
    await t.test('the command refuses unusable names and files', (inner) => badInput(box, photos, inner));
    await t.test('refused enrolments store nothing', () => nothingStored(box, photos.huge));
    await t.test('a person is enrolled, warned of, shown and removed', () => lifeOfAPerson(box, photos));
    await t.test('pictures are compared with enrolled persons and not stored', () => compared(box, photos));
    await t.test('clips and photographs are judged for liveness and not stored', () => liveness(box, photos));
    await t.test('a clip of a person who blinks twice is live', { skip: blinkingSpeaker.skip }, () =>
      liveClip(box),
    );
    await t.test('a table is imported, and one of its persons erased', () => importAndErase(box, photos));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function apart(box: TestBox, { ada }: Photos) {
  const before = (await box.client.call('status.show')).vision.map(({ pid }) => pid);
  const tried = await box.command('person', 'add', 'Ada', '-i', ada, '--dry-run');
  assert.equal(tried.exitCode, 0, tried.stderr);
  const { vision } = await box.client.call('status.show');
  assert.deepEqual(
    vision.map(({ pid }) => pid),
    before,
  );
  const processes = called('node', descendantsOf(box.daemon.pid ?? 0));
  assert.equal(processes.length, vision.length + 1, 'one additional process analyses photographs');
}

/** The output of `rollcall liveness` and its exit code. */
async function judge(box: TestBox, ...args: readonly string[]) {
  const { exitCode, stdout } = await box.command('liveness', ...args, '--json');
  return {
    exitCode,
    said: JSON.parse(stdout) as ClipVerdict & { readonly error?: { readonly code: string } },
  };
}

async function liveClip(box: TestBox) {
  const { exitCode, said } = await judge(box, blinkingSpeaker.path);
  assert.deepEqual([exitCode, said.verdict, said.reason, said.faceCount], [0, 'live', 'blinked', 1]);
  const times = said.evidence.blinks.map(({ atMs }) => Math.round(atMs / 100) / 10);
  assert.deepEqual(times, [1.4, 2]);
}

async function liveness(box: TestBox, { ada, text, folder }: Photos) {
  const judged = (...args: readonly string[]) => judge(box, ...args);
  const photographs = await judged(...Array<string>(8).fill(ada), '--challenge', 'nod,blink-twice');
  assert.equal(photographs.exitCode, 1);
  assert.deepEqual(
    [photographs.said.verdict, photographs.said.reason],
    ['undetermined', 'challenge-not-passed'],
  );
  assert.deepEqual(photographs.said.challenge, { doneCount: 0, isPassed: false });
  assert.equal(photographs.said.faceCount, 1);
  const clip = join(folder, 'clip.avi');
  const still = [
    '-loop',
    '1',
    '-framerate',
    '15',
    '-i',
    ada,
    '-t',
    '2',
    '-vf',
    'scale=480:-2',
    '-c:v',
    'mjpeg',
    '-q:v',
    '3',
  ];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...still, '-pix_fmt', 'yuvj420p', clip]);
  const seen = await judged(clip);
  assert.equal(seen.exitCode, 1);
  assert.deepEqual([seen.said.verdict, seen.said.evidence.blinks], ['undetermined', []]);
  assert.ok(seen.said.durationS > 1 && seen.said.evidence.frameCount > 10);
  assert.equal((await judged(text)).said.error?.code, 'clip-unreadable');
  assert.equal((await judged(ada, ada)).said.error?.code, 'too-few-photographs');
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith('rollcall-clip-'));
  assert.deepEqual(left, []);
}

async function makePhotos(
  folder: string,
  { ada, bea }: { readonly ada: string; readonly bea: string },
): Promise<Photos> {
  const at = (name: string): string => join(folder, name);
  const background = { width: 640, height: 480, channels: 3, background: '#8899aa' } as const;
  await sharp({ create: background }).jpeg().toFile(at('wall.jpg'));
  await sharp(cast.ada.photo).toFile(at('two.jpg'));
  await sharp(ada).resize({ width: 60 }).toFile(at('small.jpg'));
  await sharp(ada).blur(6).toFile(at('blurred.jpg'));
  await sharp(ada).linear(0.08, 0).toFile(at('dark.jpg'));
  await writeFile(at('letter.jpg'), 'Dear Sir or Madam,\n');
  const whole = await sharp(ada).toBuffer();
  await writeFile(at('cut.jpg'), whole.subarray(0, whole.length / 3));
  await writeFile(at('empty.jpg'), '');
  await writeFile(at('large.jpg'), randomBytes(30 * mebibyte));
  await writeFile(at('huge.jpg'), randomBytes(40 * mebibyte));
  return {
    ada,
    bea,
    noFace: at('wall.jpg'),
    twoFaces: at('two.jpg'),
    smallFace: at('small.jpg'),
    blurred: at('blurred.jpg'),
    dark: at('dark.jpg'),
    text: at('letter.jpg'),
    cutShort: at('cut.jpg'),
    empty: at('empty.jpg'),
    folder,
    large: at('large.jpg'),
    huge: at('huge.jpg'),
  };
}

const add = (box: TestBox, name: string, ...args: readonly string[]) =>
  box.command('person', 'add', name, ...args);

async function refusals(box: TestBox, photos: Photos, t: TestContext) {
  const cases: readonly (readonly [what: string, photo: string, reason: RegExp, remedy: RegExp])[] = [
    ['a photograph without a face', photos.noFace, /no face was found/, /shows one face from the front/],
    [
      'a photograph with several faces',
      photos.twoFaces,
      /shows [2-9] faces.* 1 \(left, \d+ x \d+ pixels at /,
      /one person, .*--face/,
    ],
    ['a photograph of a face that is too small', photos.smallFace, /too small/, /36 pixels wide/],
    ['a photograph of a blurred face', photos.blurred, /blurred/, /Hold still/],
    ['a photograph of a face in the dark', photos.dark, /dark|no face/, /light/],
    ['a text file', photos.text, /cannot be read: the file is a text file/, /JPEG, PNG/],
    ['a large file of noise', photos.large, /cannot be read: the file is not a picture/, /JPEG, PNG/],
    [
      'an incomplete picture file',
      photos.cutShort,
      /JPEG picture, but it is damaged or incomplete/,
      /whole file/,
    ],
  ];
  for (const [what, photo, reason, remedy] of cases) {
    await t.test(`refuses ${what}`, async () => {
      const { exitCode, stdout, stderr } = await add(box, 'Ada', '--image', photo);
      assert.equal(exitCode, 1, stdout + stderr);
      const [refusal = '', advice = '', verdict] = stdout.trim().split('\n');
      assert.ok(refusal.startsWith(`${photo}: refused, `), stdout + stderr);
      assert.match(refusal, reason);
      assert.match(advice, /^ +what to do: /);
      assert.match(advice, remedy);
      assert.match(verdict ?? '', /nothing was stored/);
    });
  }
  await t.test('--face chooses one of several faces', async () => {
    const picked = await add(box, 'Bea', '--image', photos.twoFaces, '--face', '4', '--dry-run');
    assert.equal(picked.exitCode, 0, picked.stdout);
    assert.match(picked.stdout, /used face 4 \(right, \d+ x \d+ pixels at \d+, \d+\) of 4$/m);
    const ofTwo = await add(box, 'Bea', '--image', photos.twoFaces, photos.bea, '--face', '4');
    assert.equal(ofTwo.exitCode, 2, ofTwo.stdout);
    assert.match(
      ofTwo.stderr,
      /in a single photo only, but 2 were sent\n +what to do: send this photo alone/i,
    );
  });
  await t.test('refuses photographs of two people', async () => {
    const { exitCode, stdout } = await add(
      box,
      'Ada',
      '--image',
      photos.ada,
      photos.bea,
      '--allow-duplicate',
    );
    assert.equal(exitCode, 1, stdout);
    const [ada = '', remedy = '', bea = ''] = stdout.split('\n');
    assert.ok(
      ada.startsWith(`${photos.ada}: refused, it does not seem to show the same person as photo 2: `),
      stdout,
    );
    assert.match(ada, /similarity 0\.\d{3}, below the threshold 0\.\d{3} \(different-person\)$/);
    assert.match(remedy, /what to do: .*cannot tell which/);
    assert.ok(
      bea.startsWith(`${photos.bea}: refused, it does not seem to show the same person as photo 1: `),
      stdout,
    );
    assert.match(stdout, /nothing was stored/);
  });
  await t.test('refuses a person if one of two photographs is unusable', async () => {
    const { exitCode, stdout } = await add(box, 'Ada', '-i', photos.ada, photos.noFace, '--json');
    assert.equal(exitCode, 1);
    const result = JSON.parse(stdout) as { outcome: string; photographs: { outcome: string }[] };
    assert.equal(result.outcome, 'refused');
    assert.deepEqual(
      result.photographs.map(({ outcome }) => outcome),
      ['enrolled', 'refused'],
    );
  });
}

async function badInput(box: TestBox, photos: Photos, t: TestContext) {
  const cases: readonly (readonly [what: string, args: readonly string[], reason: RegExp])[] = [
    ['an empty name', ['  ', '-i', photos.ada], /the name is empty\n +what to do: /],
    [
      'a name that is too long',
      ['x'.repeat(201), '-i', photos.ada],
      /longer than 200 characters\n +what to do: /,
    ],
    ['a name with a line break', ['Ada\nBea', '-i', photos.ada], /control characters\n +what to do: /],
    [
      'a file that does not exist',
      ['Ada', '-i', join(photos.folder, 'no')],
      /cannot read .*no: the file does not exist\n +what to do: Check the path/,
    ],
    [
      'a folder instead of a file',
      ['Ada', '-i', photos.folder],
      /cannot read .*: it is a folder\n +what to do: Give the path of a file/,
    ],
    [
      'an empty file',
      ['Ada', '-i', photos.empty],
      /empty\.jpg is empty \(0 bytes\)\n +what to do: Copy the photo/,
    ],
    [
      'a file that is too large for a photograph',
      ['Ada', '-i', photos.huge],
      /larger than 32 MiB\n +what to do: /,
    ],
    [
      'photographs that are too large together',
      ['A', '-i', ...Array(3).fill(photos.large)],
      /64 MiB\n +what to do: Send f/,
    ],
    ['a command without a photograph', ['Ada'], /--image/],
    ['more than 20 photographs', ['Ada', '-i', ...Array(21).fill(photos.ada)], /20 photos/],
  ];
  for (const [what, args, reason] of cases) {
    await t.test(`refuses ${what}`, async () => {
      const { exitCode, stderr } = await box.command('person', 'add', ...args);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /\n +at /, 'the message contains a stack');
    });
  }
}

async function nothingStored(box: TestBox, huge: string) {
  // Another client of the API may not check the size first.
  const photographs = [await readFile(huge)];
  await assert.rejects(box.client.call('persons.enrol', { name: 'Ada', photographs }), {
    code: 'request-too-large',
  });

  const { stdout } = await box.command('person', 'list', '--json');
  assert.deepEqual(JSON.parse(stdout), []);
  const { gallery, vision } = await box.client.call('status.show');
  const { state, persons, templates, damagedRows } = gallery;
  assert.deepEqual([state, persons, templates, damagedRows], ['open', 0, 0, 0]);
  assert.equal(vision[0]?.restarts, 0);
}

async function lifeOfAPerson(box: TestBox, photos: Photos) {
  const added = await add(box, ' Ada Łovelace ', '--image', photos.ada);
  assert.equal(added.exitCode, 0, added.stderr);
  const [, id = ''] = /enrolled Ada Łovelace as (\S+)/.exec(added.stdout) ?? [];
  assert.notEqual(id, '', added.stdout);

  const twice = await add(box, 'Impostor', '-i', photos.ada);
  assert.equal(twice.exitCode, 1);
  assert.match(
    twice.stdout,
    new RegExp(`resembles Ada Łovelace \\(${id}\\), similarity (1\\.000|0\\.9\\d\\d)`),
  );
  assert.match(twice.stdout, /what to do: .*--allow-duplicate/);
  assert.equal((await box.client.call('status.show')).gallery.persons, 1);
  const allowed = await add(box, 'Twin of Ada', '-i', photos.ada, '--allow-duplicate', '--json');
  assert.equal(allowed.exitCode, 0, allowed.stdout);
  const twin = (JSON.parse(allowed.stdout) as { person: PersonSummary }).person;
  assert.equal(
    (await add(box, 'Bea', '-i', photos.bea)).exitCode,
    0,
    'another person is not refused as a duplicate',
  );

  const shown = await box.command('person', 'show', id, '--json');
  const person = JSON.parse(shown.stdout) as PersonSummary;
  assert.deepEqual(
    [person.id, person.name, person.templates, person.photographs],
    [id, 'Ada Łovelace', 1, 1],
  );
  const list = await box.command('person', 'list');
  for (const name of ['Ada Łovelace', 'Twin of Ada', 'Bea']) assert.match(list.stdout, new RegExp(name));

  for (const gone of [id, twin.id]) {
    assert.equal((await box.command('person', 'remove', gone, '--yes')).exitCode, 0);
  }
  const again = await box.command('person', 'remove', id, '--yes');
  assert.equal(again.exitCode, 2);
  assert.match(again.stderr, /was removed on \S+ already\n +what to do: Nothing is needed/);
  assert.equal(
    (await add(box, 'Ada once more', '-i', photos.ada)).exitCode,
    0,
    'the face of a removed person is not a duplicate',
  );
}

/** Expects that Ada and Bea are enrolled. */
async function compared(box: TestBox, { ada, bea, text }: Photos) {
  const { client } = box;
  const before = (await client.call('status.show')).gallery;
  const { items } = await client.call('persons.list', { text: 'Bea' });
  const [{ id: personId } = { id: '' }] = items;
  const picture = [await readFile(ada)];
  const { faceCount, faces } = await client.call('recognition.recognise', { picture });
  assert.equal(faceCount, 1);
  assert.equal(faces[0]?.outcome, 'match', JSON.stringify(faces));
  assert.equal(faces[0]?.candidates[0]?.name, 'Ada once more');
  const clip = Array.from({ length: 12 }, () => picture[0] ?? Buffer.alloc(0));
  const watched = await client.call('recognition.recognise-clip', { clip, fps: 15 });
  assert.deepEqual([watched.outcome, watched.candidates[0]?.name], ['match', 'Ada once more']);
  assert.equal(watched.verdict, 'undetermined', 'a photograph proves no life');
  const detected = await client.call('recognition.detect', { picture });
  assert.deepEqual(detected.faces[0]?.box, faces[0]?.box);
  const other = await client.call('recognition.verify', { personId, picture });
  assert.equal(other.outcome, 'no-match');
  const same = await client.call('recognition.verify', { personId, picture: [await readFile(bea)] });
  assert.equal(same.outcome, 'match');
  const unreadable = client.call('recognition.detect', { picture: [await readFile(text)] });
  await assert.rejects(unreadable, { code: 'not-a-picture' });
  const after = (await client.call('status.show')).gallery;
  assert.deepEqual([after.persons, after.templates], [before.persons, before.templates]);
}

/** Expects that Ada and Bea are enrolled. */
async function importAndErase(box: TestBox, photos: Photos) {
  const table = join(photos.folder, 'persons.csv');
  const rows = [
    'name,external_id,photographs',
    `Ada of the table,1,${basename(photos.ada)}`,
    `Bea of the table,2,${basename(photos.bea)}`,
  ];
  await writeFile(table, rows.join('\n'));
  const importTable = async (...more: readonly string[]) => {
    const folder = dirname(photos.ada);
    const result = await box.command('person', 'import', table, '--photographs', folder, '--json', ...more);
    return { ...result, report: JSON.parse(result.stdout) as ImportReport };
  };
  const before = (await box.client.call('status.show')).gallery.persons;
  const refused = await importTable();
  assert.equal(refused.exitCode, 1, refused.stderr);
  assert.deepEqual([refused.report.outcome, refused.report.refused], ['refused', 2]);
  assert.match(refused.report.rows[0]?.reasons[0] ?? '', /the face resembles Ada once more/);
  assert.equal((await box.client.call('status.show')).gallery.persons, before);

  const imported = await importTable('--allow-duplicates');
  assert.equal(imported.exitCode, 0, imported.stderr);
  assert.equal(
    (await box.client.call('status.show')).gallery.persons,
    before + 2,
    'imported persons count as enrolled at once',
  );

  const [id = ''] = imported.report.personIds;
  const erased = await box.command('person', 'erase', id, '--yes', '--json');
  assert.equal(erased.exitCode, 0, erased.stderr);
  assert.equal((JSON.parse(erased.stdout) as ErasureCertificate).personId, id);
  assert.equal((await box.client.call('status.show')).gallery.persons, before + 1);
}
