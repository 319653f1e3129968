import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { forgetClips } from '../../daemon/core/backups/create-backup.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { checkClip, manifestName } from '../../daemon/core/passages/clip-archive.js';
import type { StoredClip } from '../../daemon/core/passages/clip-rows.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import { cameraId, type PassageId, personId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { failure } from '../../daemon/words/errors.js';
import { type ClipBox, framesBetween, openClipBox, plainJpeg } from '../support/clip-box.js';
import { attackFact, attendanceFact, unknownFact } from '../support/facts.js';
import { galleryOptions, openTestGallery, temporaryDirectory } from '../support/gallery-fixture.js';
import { filesIn } from '../support/gallery-tampering.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageIdOf,
  passageOf,
  SettableVault,
  sealOf,
} from '../support/passage-fixture.js';

const day = 86_400_000;
const all = { attendance: true, unknown: true, attack: true };

interface Opened extends ClipBox {
  readonly records: RecordStores;
  readonly vault: SettableVault;
  readonly directory: string;
  /** Records an event of the passage with this number, now. */
  record(number: number, fact?: Fact, camera?: string): PassageId;
  clipOf(number: number): StoredClip | undefined;
  /** The archive of the passage with this number. */
  archiveOf(number: number): Promise<Uint8Array>;
}

async function withClips(
  t: TestContext,
  settings: Partial<ClipBox['settings']>,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  const directory = temporaryDirectory(t);
  const clock = new VirtualClock(passageEpochMs);
  clock.advanceBy(60_000);
  await using gallery = await openTestGallery(galleryOptions(directory, { clock }));
  const vault = new SettableVault(gallery.gallery);
  const seal = sealOf(vault);
  await using records = openPassageRecords(directory, clock, seal);
  const box = await openClipBox({ directory, records, seal, clock, settings });
  await using _clips = box.clips;
  const opened: Opened = Object.assign(box, {
    ...{ records, vault, directory },
    record(number: number, fact: Fact = attendanceFact(), camera = 'gate'): PassageId {
      const [id, nowMs] = [passageIdOf(number), clock.wallMs()];
      const passage = passageOf(number, {
        cameraId: cameraId(camera),
        startedAtMs: nowMs,
        lastSeenMs: nowMs,
      });
      const about = { passageId: id, cameraId: cameraId(camera), occurredAtMs: nowMs };
      records.record({ ...fact, ...about }, () => records.passages.put(passage));
      return id;
    },
    clipOf: (number: number) => records.clips.find(passageIdOf(number)),
    async archiveOf(number: number) {
      const clip = box.clips.find(passageIdOf(number));
      const startedAtMs = records.passages.find(passageIdOf(number))?.passage?.startedAtMs ?? 0;
      const archive = clip && (await box.clips.read(clip, startedAtMs));
      assert.ok(archive !== undefined, `the clip of passage ${number} opens`);
      return archive;
    },
  });
  await work(opened);
}

/** Lets what was recorded reach those who listen, which happens in a later turn. */
const heard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the clip of a passage', () => {
  test('is in no backup, nor is its key', async (t) => {
    await withClips(t, { attendance: true }, async (box) => {
      box.record(1);
      await heard();
      await box.finish();
      const copy = join(box.directory, 'copy.db');
      await box.records.database.db.backup(copy);
      const sealed = box.records.database.db.prepare('SELECT sealed_key FROM passage_clip').pluck().get();
      assert.ok(Buffer.isBuffer(sealed) && (await readFile(copy)).includes(sealed));
      forgetClips(copy);
      assert.ok(!(await readFile(copy)).includes(sealed));
      assert.equal(box.clipOf(1)?.state, 'kept');
    });
  });

  test('is kept around an event of a wanted kind, and around no other', async (t) => {
    await withClips(t, { attendance: true, beforeS: 4, afterS: 2 }, async (box) => {
      const eventMs = box.clock.wallMs();
      box.record(1);
      box.record(2, unknownFact());
      box.record(3, attackFact());
      await heard();
      assert.equal(box.clipOf(1)?.state, 'pending');
      await box.finish();
      const clip = box.clipOf(1);
      assert.deepEqual([clip?.state, clip?.frameCount, clip?.isShort], ['kept', 30, false]);
      assert.deepEqual([clip?.fromMs, clip?.untilMs], [eventMs - 3980, eventMs + 1820]);
      assert.deepEqual([box.clipOf(2), box.clipOf(3)], [undefined, undefined]);
      const checked = await checkClip(await box.archiveOf(1), box.keys);
      assert.ok(checked.outcome === 'valid', JSON.stringify(checked));
      const { frames, ...about } = checked.manifest;
      assert.deepEqual(about, {
        ...{ format: 'rollcall-clip-1', site: 'site', box: 'box', camera: 'gate', kind: 'attendance' },
        ...{ passage: passageIdOf(1), event: clip?.eventId, masks: 2 },
        eventAt: new Date(eventMs).toISOString(),
      });
      assert.equal(frames.length, 30);
    });
  });

  test('is one for all events of a passage, and lies on the disk only sealed', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1, unknownFact());
      await heard();
      const first = box.clipOf(1)?.eventId;
      box.record(1);
      await heard();
      await box.finish();
      assert.equal(box.clipOf(1)?.eventId, first);
      const files = await readdir(box.folder);
      assert.equal(files.length, 1);
      for (const [path, bytes] of filesIn(t, box.directory)) {
        assert.ok(!bytes.includes('JFIF') && !bytes.includes('rollcall-clip-1'), path);
      }
    });
  });

  const faults: readonly (readonly [what: string, reason: string, arrange: (box: Opened) => void])[] = [
    [
      'the camera delivered nothing',
      'no-frames',
      (box) => {
        box.takeClip = async () => ({ outcome: 'failed', code: 'c', message: 'm', remedy: 'r' });
      },
    ],
    [
      'the vision process ended',
      'vision-unavailable',
      (box) => {
        box.takeClip = () => Promise.reject(failure('vision-unavailable', { why: 'it ended' }));
      },
    ],
    [
      'the disk has room for events only',
      'disk-full',
      (box) => {
        box.hasRoom = false;
      },
    ],
    [
      'the disk became full',
      'disk-full',
      (box) => {
        box.takeClip = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
      },
    ],
    [
      'the gallery was sealed',
      'gallery-sealed',
      (box) => {
        box.vault.present = undefined;
      },
    ],
    [
      'something else failed',
      'not-stored',
      (box) => {
        box.takeClip = () => Promise.reject(new Error('something else'));
      },
    ],
  ];
  for (const [what, reason, arrange] of faults) {
    test(`says why there is none: ${what}`, async (t) => {
      await withClips(t, all, async (box) => {
        const id = box.record(1);
        await heard();
        arrange(box);
        await box.finish();
        assert.equal(box.records.clips.find(id)?.state, reason);
        assert.equal(box.records.list({ limit: 10 }).length, 1, 'the event is there');
        assert.deepEqual(await readdir(box.folder).catch(() => []), []);
      });
    });
  }

  test('says that the box stopped where it was not finished, and is not begun again', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1);
      await heard();
      await box.clips[Symbol.asyncDispose]();
      assert.equal(box.clipOf(1)?.state, 'box-stopped');
    });
  });

  test('is short where the camera delivered frames for a part of the time only', async (t) => {
    await withClips(t, { ...all, beforeS: 5, afterS: 3 }, async (box) => {
      box.record(1);
      await heard();
      box.takeClip = ({ fromMs, untilMs }) => framesBetween({ fromMs, untilMs: untilMs - 2500 });
      await box.finish();
      assert.deepEqual([box.clipOf(1)?.state, box.clipOf(1)?.isShort], ['kept', true]);
    });
  });

  test('is refused where the vision process hands over something else than was asked for', async (t) => {
    const lies: readonly ClipBox['takeClip'][] = [
      async (time) => ({ ...(await framesBetween(time)), picture: Buffer.alloc(10) }),
      ({ fromMs, untilMs }) => framesBetween({ fromMs: fromMs - 5000, untilMs }),
      ({ fromMs, untilMs }) => framesBetween({ fromMs, untilMs: untilMs + 5000 }),
      async ({ fromMs }) => ({
        ...{ outcome: 'ok', frames: [{ capturedAtMs: fromMs, bytes: 4 }] },
        picture: Buffer.from('text'),
      }),
    ];
    await withClips(t, all, async (box) => {
      for (const [index, lie] of lies.entries()) {
        box.record(index);
        await heard();
        box.takeClip = lie;
        await box.finish();
        assert.equal(box.clipOf(index)?.state, 'not-stored');
      }
    });
  });

  test('gives way to newer clips where all together would be too large', async (t) => {
    await withClips(t, all, async (box) => {
      for (const number of [1, 2, 3]) {
        box.record(number);
        await heard();
        await box.finish();
      }
      const bytes = box.clipOf(1)?.bytes ?? 0;
      assert.equal(box.records.clips.shrinkTo(2.5 * bytes), 1);
      assert.deepEqual(
        [1, 2, 3].map((number) => box.clipOf(number)?.state),
        ['no-room', 'kept', 'kept'],
      );
      assert.equal(box.clipOf(1)?.kept, undefined, 'nothing has its key');
    });
  });
});

describe('a clip that must go', () => {
  test('goes with the erased person, with everyone who may be in it', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1);
      const other = passageOf(2, { personId: personId('p-grace'), nearest: [] });
      const nowMs = box.clock.wallMs();
      for (const [number, atMs] of [
        [2, nowMs + 2000],
        [3, nowMs + 60_000],
      ] as const) {
        const id = passageIdOf(number);
        const passage = { ...other, id, startedAtMs: atMs, lastSeenMs: atMs };
        const fact = { ...attendanceFact(), passageId: id, occurredAtMs: atMs };
        box.records.record(fact, () => box.records.passages.put(passage));
      }
      await heard();
      box.clock.advanceBy(60_000);
      await box.finish();
      assert.deepEqual(
        [1, 2, 3].map((number) => box.clipOf(number)?.state),
        ['kept', 'kept', 'kept'],
      );
      assert.equal(box.records.passages.forgetPerson(personId('p-ada')), 1);
      assert.deepEqual(
        [1, 2, 3].map((number) => box.clipOf(number)?.state),
        [undefined, undefined, 'kept'],
      );
      assert.ok(box.records.passages.find(passageIdOf(2)), 'the passage of the other person stays');
    });
  });

  test('is not kept where its person was erased while it was being made', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1);
      await heard();
      box.takeClip = async (time) => {
        const taken = await framesBetween(time);
        box.records.passages.forgetPerson(personId('p-ada'));
        return taken;
      };
      await box.finish();
      assert.equal(box.clipOf(1), undefined);
      assert.deepEqual(await readdir(box.folder), []);
    });
  });

  test('ages by a rule of its own, and with its passage', async (t) => {
    await withClips(t, all, async (box) => {
      for (const number of [1, 2]) {
        box.record(number);
        await heard();
        await box.finish();
        box.clock.advanceBy(day);
      }
      const ageing = box.records.retention.clips();
      const beforeMs = passageEpochMs + day;
      assert.equal(ageing.countDue(beforeMs), 1);
      assert.equal(ageing.begin(beforeMs)(10).count, 1);
      assert.deepEqual([box.clipOf(1), box.clipOf(2)?.state], [undefined, 'kept']);
      assert.ok(box.records.passages.find(passageIdOf(1)), 'the passage stays');
      box.records.retention.passages().begin(passageEpochMs + 10 * day)(10);
      assert.equal(box.clipOf(2), undefined);
    });
  });

  test('leaves a file that nothing can open, and that the next sweep deletes', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1);
      await heard();
      await box.finish();
      box.records.passages.forgetPerson(personId('p-ada'));
      assert.equal((await readdir(box.folder)).length, 1);
      box.clock.advanceBy(11 * 60_000);
      while ((await readdir(box.folder)).length > 0) await heard();
    });
  });

  test('does not open where its file, its row, or its place was altered', async (t) => {
    await withClips(t, all, async (box) => {
      for (const number of [1, 2]) {
        box.record(number);
        await heard();
        await box.finish();
      }
      const { db } = box.records.database;
      const opens = async (number: number): Promise<boolean> => {
        const clip = box.clips.find(passageIdOf(number));
        const startedAtMs = box.records.passages.find(passageIdOf(number))?.passage?.startedAtMs ?? 0;
        return clip !== undefined && (await box.clips.read(clip, startedAtMs)) !== undefined;
      };
      assert.deepEqual([await opens(1), await opens(2)], [true, true]);
      for (const change of [
        'from_ms = from_ms + 1',
        'until_ms = until_ms + 1',
        "event_id = 'another'",
        "camera_id = 'another'",
        'file = (SELECT file FROM passage_clip WHERE passage = 2)',
        'sealed_key = (SELECT sealed_key FROM passage_clip WHERE passage = 2)',
      ]) {
        db.exec('SAVEPOINT before');
        db.exec(`UPDATE passage_clip SET ${change} WHERE passage = 1`);
        assert.equal(await opens(1), false, change);
        db.exec('ROLLBACK TO before; RELEASE before');
      }
      const path = join(box.folder, box.clipOf(1)?.kept?.file ?? '');
      const bytes = await readFile(path);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      await writeFile(path, bytes);
      assert.deepEqual([await opens(1), await opens(2)], [false, true]);
    });
  });
});

describe('an exported clip', () => {
  test('is refused where a frame was altered, removed, added, or moved, or the manifest was', async (t) => {
    await withClips(t, all, async (box) => {
      box.record(1);
      await heard();
      await box.finish();
      const archive = await box.archiveOf(1);
      assert.equal((await checkClip(archive, box.keys)).outcome, 'valid');
      const files = unzipSync(archive);
      const { [manifestName]: manifest = new Uint8Array(), ...frames } = files;
      const names = Object.keys(frames);
      const [first = '', second = ''] = names;
      const last = names.at(-1) ?? '';
      const packed = (changed: Record<string, Uint8Array>) => zipSync(changed, { level: 0 });
      const { [last]: _, ...cut } = files;
      const text = Buffer.from(manifest).toString('utf8');
      const swapped = { ...files, [first]: frames[second] ?? manifest, [second]: frames[first] ?? manifest };
      const moved = Object.fromEntries([
        [manifestName, manifest],
        ...[...names].reverse().map((name) => [name, frames[name] ?? manifest] as const),
      ]);
      const outcomes: [string, Uint8Array, string, RegExp][] = [
        ['altered frame', packed({ ...files, [first]: await plainJpeg(77) }), 'altered', /0001\.jpg is not/],
        ['removed frame', packed(cut), 'altered', /is missing/],
        ['exchanged frames', packed(swapped), 'altered', /0001\.jpg is not/],
        ['moved frames', packed(moved), 'altered', /is in the place of/],
        ['added file', packed({ ...files, 'more.txt': manifest }), 'altered', /more\.txt does not belong/],
        ['manifest behind', packed({ ...frames, [manifestName]: manifest }), 'malformed', /does not begin/],
        [
          'altered manifest',
          packed({ ...files, [manifestName]: Buffer.from(text.replace('gate', 'yard')) }),
          'bad-signature',
          /^$/,
        ],
        [
          'unsigned manifest',
          packed({ ...files, [manifestName]: Buffer.from('{"format":"rollcall-clip-1"}') }),
          'unsigned',
          /^$/,
        ],
        ['compressed files', zipSync(files, { level: 6 }), 'malformed', /not a whole zip/],
        ['cut file', archive.subarray(0, archive.length - 40), 'malformed', /not a whole zip/],
        ['other file', Buffer.from('hello'), 'malformed', /not a whole zip/],
      ];
      for (const [what, changed, outcome, reason] of outcomes) {
        const checked = await checkClip(changed, box.keys);
        assert.equal(checked.outcome, outcome, `${what}: ${JSON.stringify(checked)}`);
        assert.match('reason' in checked ? checked.reason : '', reason, what);
      }
      assert.equal((await checkClip(archive, new Map())).outcome, 'unknown-key');
      const [[keyId, { key }] = ['', { key: { kty: 'OKP', crv: 'Ed25519', x: '' } as const }]] = [
        ...box.keys,
      ];
      const ended = new Map([[keyId, { key, notAfterS: 1 }]]);
      assert.equal((await checkClip(archive, ended)).outcome, 'key-expired');
    });
  });
});
