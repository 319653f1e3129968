import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { passageOperations } from '../../daemon/contract/passage-operations.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import {
  type StrangerDetails,
  type StrangerSummary,
  strangerOperations,
} from '../../daemon/contract/strangers.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { shownEvent } from '../../daemon/core/events/shown-event.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { pictureOfPassage } from '../../daemon/core/passages/passage-picture.js';
import { passageHandlers, RecordedPassages } from '../../daemon/core/passages/recorded-passages.js';
import { EnrolledPersons } from '../../daemon/core/persons/enrolled-persons.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import { SetAside } from '../../daemon/core/strangers/set-aside.js';
import { settleMoves } from '../../daemon/core/strangers/settle-moves.js';
import { StrangerEnrolment } from '../../daemon/core/strangers/stranger-enrolment.js';
import { Strangers, strangerHandlers } from '../../daemon/core/strangers/stranger-handlers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, eventId, type PersonId, type StrangerId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { rollcall } from '../support/box.js';
import { followLog } from '../support/followed-log.js';
import {
  enrolmentOf,
  galleryOptions,
  openTestGallery,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { readPainted } from '../support/gallery-persons.js';
import { paintFace, paintWall } from '../support/painted-faces.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageIdOf,
  passageOf,
  SettableVault,
  sealOf,
} from '../support/passage-fixture.js';

const minuteMs = 60_000;
const consent = [
  '--consent-basis',
  'consent',
  '--consent-date',
  '2026-03-01',
  '--consent-reference',
  'form 7',
];

/** The operations on strangers over a real gallery and real records, and the commands that speak to them. */
interface StrangerApi {
  readonly gallery: Gallery;
  readonly records: RecordStores;
  readonly strangers: Strangers;
  readonly setAside: SetAside;
  /** What the box does when the gallery opens. */
  settle(): void;
  /** When it is, for those who are set aside. */
  readonly clock: VirtualClock;
  /** Sets the wall clock of those who are set aside back. */
  setBack(byMs: number): void;
  readonly readings: NewAuditEntry[];
  /** Actions and subjects of the audit log, oldest first. */
  audited(): readonly string[];
  /** The data of the recorded events about strangers. */
  events(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Runs `rollcall strangers`. Fails the test on another exit code. */
  run(args: readonly string[], exitCode?: number): Promise<string>;
  json<T>(...args: readonly string[]): Promise<T>;
  /** A passage of the stranger with this face; returns the id of the stranger. */
  pass(
    number: number,
    face: number,
    options?: { readonly camera?: string; readonly jpeg?: Buffer },
  ): StrangerId;
}

async function withStrangers(t: TestContext, work: (api: StrangerApi) => Promise<void>): Promise<void> {
  const directory = temporaryDirectory(t);
  const clock = new VirtualClock(passageEpochMs);
  let setBackMs = 0;
  await using opened = await openTestGallery({ ...galleryOptions(directory), clock });
  const { gallery, file } = opened;
  const settable = new SettableVault(gallery);
  await using records = openPassageRecords(directory, systemClock, sealOf(settable));
  const open: Partial<GalleryVault> = { gallery: () => settable.gallery(), audit: file.audit };
  // The operations of this test use nothing else of the vault.
  const vault = open as GalleryVault;
  const read: NewAuditEntry[] = [];
  const readings = { note: (entry: NewAuditEntry) => void read.push(entry) };
  const persons = new EnrolledPersons({
    ownThresholdOf: () => undefined,
    falseMatches: () => [],
    ...{ vault, records, readings, logger: silentLogger },
    policy: () => ({ threshold: 0.5, margin: 0.05, minimumProbes: 2 }),
    todayIso: () => '2026-03-02',
    definedFields: () => new Set(),
    analysePhoto: async (image) => readPainted(image),
    forgetPerson: () => undefined,
    forgetCopies: () => undefined,
  });
  const journal = records.passages;
  const pictureOf = pictureOfPassage(records, () => settable.present);
  const setAside = new SetAside({
    ...{ gallery: () => settable.gallery(), journal, persons },
    clock: { wallMs: () => clock.wallMs() - setBackMs },
  });
  const strangers = new Strangers({
    ...{ journal, pictureOf, readings, setAside },
    gallery: () => settable.gallery(),
    enrolment: new StrangerEnrolment({ persons, journal, pictureOf }),
    threshold: () => 0.5,
  });
  const unused = () => assert.fail('not used');
  const passages = new RecordedPassages({
    references: { shown: () => undefined, add: unused, remove: unused },
    ...{ journal, vault, readings, pictureOf, clock: systemClock },
    nameOf: () => undefined,
    clips: { find: () => undefined, read: async () => undefined },
    blindPeriods: async () => [],
    marks: {
      mark: () => assert.fail(),
      isNews: () => assert.fail(),
      unmark: () => assert.fail(),
      effect: () => assert.fail(),
      missed: () => assert.fail(),
      lastOf: () => undefined,
      marked: () => [],
    },
  });
  const socketPath = join(directory, 'control.sock');
  await using _server = await startControlServer({
    socketPath,
    operations: { ...strangerOperations, ...passageOperations, ...personOperations },
    handlers: { ...strangerHandlers(strangers), ...passageHandlers(passages), ...personHandlers(persons) },
    logger: silentLogger,
  });
  const followed = { audit: file.audit, records, clock: systemClock };
  await followLog(followed);
  const config = join(directory, 'rollcall.yaml');
  await writeFile(config, stringify({ site: { id: 'site', timeZone: 'UTC' }, control: { socketPath } }));
  const run: StrangerApi['run'] = async (args, exitCode = 0) => {
    const result = await rollcall(['strangers', ...args, '--config', config]);
    assert.equal(result.exitCode, exitCode, `${result.stdout}${result.stderr}`);
    return `${result.stdout}${result.stderr}`;
  };
  await work({
    ...{ gallery, records, strangers, setAside, clock, run },
    readings: read,
    setBack: (byMs) => {
      setBackMs += byMs;
    },
    settle: () => settleMoves({ strangers: gallery.strangers, journal, audit: file.audit }),
    audited: () =>
      file.audit
        .list({ limit: 100 })
        .filter(({ action }) => action.startsWith('stranger.'))
        .map(({ action, subject = '' }) => `${action} ${subject}`),
    async events() {
      await followLog(followed);
      return records
        .list({ kind: 'stranger', limit: 100 })
        .map(
          ({ payload }) => (JSON.parse(Buffer.from(payload).toString()) as { data: object }).data as never,
        );
    },
    json: async (...args) => JSON.parse(await run([...args, '--json'])),
    pass(number, face, { camera = 'gate', jpeg } = {}) {
      const passageId = passageIdOf(number);
      const atMs = passageEpochMs + number * minuteMs;
      const where = { cameraId: cameraId(camera), firstSeenMs: atMs, lastSeenMs: atMs + 1000 };
      const known = gallery.strangers.see({
        ...{ passageId, ...where, recogniser: testRecogniser, threshold: 0.5 },
        views: [{ embedding: unitVector(face), quality: 0.8 }],
      });
      gallery.strangers.end(passageId);
      assert.ok(known.stranger);
      const { id, visit } = known.stranger;
      const { personId: _, ...nobody } = passageOf(number, { cameraId: where.cameraId, events: [] });
      const times = { startedAtMs: atMs, lastSeenMs: atMs + 1000 };
      records.passages.put({
        ...{ ...nobody, ...times, outcome: 'stranger', reason: 'stranger', stranger: { id, visit } },
      });
      if (jpeg !== undefined) {
        const { cameraId: takenBy } = where;
        gallery.addEvidence({
          ...{ kind: 'passage', eventId: passageId, cameraId: takenBy, takenAtMs: atMs, jpeg },
        });
      }
      return id;
    },
  });
}

const idsOf = (records: RecordStores, stranger: string): readonly string[] =>
  records.passages.list({ strangerId: stranger as StrangerId, limit: 100 }).map(({ id }) => id);

test('a kill between gallery and passages leaves no passage with a former stranger', async (t) => {
  await withStrangers(t, async ({ gallery, records, pass, settle }) => {
    const one = pass(1, 1);
    pass(31, 1);
    const two = pass(2, 2);
    pass(32, 2);
    const three = pass(3, 3);
    const before = [one, two, three].map((id) => idsOf(records, id));
    settle();
    assert.deepEqual(
      [one, two, three].map((id) => idsOf(records, id)),
      before,
      'nothing was interrupted',
    );
    // As a kill leaves it: the gallery has changed, the passages have not.
    const made = gallery.strangers.split(two, [passageIdOf(32)], tester);
    assert.ok(typeof made === 'object');
    settle();
    assert.deepEqual(
      [two, made.id].map((id) => idsOf(records, id)),
      [[passageIdOf(2)], [passageIdOf(32)]],
    );
    gallery.strangers.merge([three, made.id], tester);
    gallery.strangers.merge([one, three], tester);
    settle();
    settle();
    assert.deepEqual(idsOf(records, one).toSorted(), [1, 3, 31, 32].map(passageIdOf));
    assert.deepEqual(
      [two, three, made.id].map((id) => idsOf(records, id).length),
      [1, 0, 0],
    );
  });
});

describe('rollcall strangers', () => {
  test('lists, shows, merges, splits, ignores and discards, with audit entries and events', async (t) => {
    await withStrangers(t, async (api) => {
      const { run, json, pass, records, gallery } = api;
      const jpeg = paintFace('zed');
      const one = pass(1, 1);
      const two = pass(2, 2, { camera: 'yard', jpeg });
      const three = pass(30, 3, { camera: 'yard' });
      pass(31, 1);

      const listed = (await run(['list'])).trim().split('\n');
      assert.equal(listed.length, 4);
      assert.match(
        listed[1] ?? '',
        new RegExp(`^${one} +2026-03-02 07:31:01 +2026-03-02 07:01:00 +2 +2 +gate`),
      );
      const atYard = await json<readonly StrangerSummary[]>('list', '--since', '2026-03-02 07:10', '-n', '1');
      assert.deepEqual([atYard.length, atYard[0]?.id], [1, one]);

      const kept = await json<StrangerSummary>('merge', one, two.slice(0, 12), '--yes');
      assert.deepEqual([kept.id, kept.visits, kept.passages], [one, 2, 3]);
      assert.deepEqual(idsOf(records, one), [1, 2, 31].map(passageIdOf));
      assert.deepEqual(idsOf(records, two), []);

      const file = join(temporaryDirectory(t), 'face.jpg');
      const shown = await run(['show', one, '--picture', file]);
      assert.match(shown, /2 visits from 2026-03-02 07:01:00 to 2026-03-02 07:31:01/);
      assert.match(shown, new RegExp(`${passageIdOf(2)} +yard .*picture, compared`));
      assert.deepEqual(await readFile(file), jpeg);

      const made = await json<StrangerSummary>('split', one, '--passages', passageIdOf(2));
      assert.deepEqual(idsOf(records, made.id), [passageIdOf(2)]);
      assert.match(
        await run(['split', one, '--passages', passageIdOf(30)], 2),
        /is not one of the unknown person/,
      );

      assert.match(await run(['ignore', three]), /causes no more events and alerts/);
      await run(['ignore', three]);
      assert.equal(gallery.strangers.show(three)?.state, 'ignored');
      const idsIn = async (state: string): Promise<readonly string[]> =>
        (await json<readonly StrangerSummary[]>('list', '--state', state)).map(({ id }) => id).toSorted();
      assert.deepEqual(await idsIn('ignored'), [three]);
      assert.deepEqual(await idsIn('active'), [one, made.id].toSorted());
      assert.match(await run(['ignore', three, '--undo']), /causes events again/);

      assert.match(
        await run(['discard', made.id], 2),
        /1 visit in 1 passage\. For 15 minutes, .* takes it back/,
      );
      assert.match(await run(['discard', made.id, '--yes']), /can be restored until/);
      assert.equal(gallery.strangers.show(made.id as StrangerId), undefined);
      assert.match(await run(['list', '--state', 'set-aside']), new RegExp(`${made.id} .*discarded, can be`));
      assert.match(await run(['discard', made.id, '--yes'], 2), /there is no unknown person/);
      assert.match(await run(['restore', made.id]), /is recognised again: 1 visit/);
      const again = pass(32, 2, { camera: 'yard' });
      assert.equal(again, made.id, 'as before');

      assert.match(await run(['discard', made.id], 2), /2 visits in 2 passages/);
      await run(['discard', made.id, '--yes']);
      assert.match(await run(['discard', made.id, '--final'], 2), /It cannot be undone/);
      assert.match(await run(['discard', made.id, '--final', '--yes']), /with 1 picture/);
      assert.match(await run(['restore', made.id], 2), /there is no unknown person/);
      assert.deepEqual(idsOf(records, made.id), []);
      assert.equal(gallery.evidenceOfEvent('passage', passageIdOf(2), passageEpochMs), undefined);
      assert.match(await run(['show', made.id], 2), /there is no unknown person/);

      assert.deepEqual(api.audited(), [
        `stranger.merged ${two}`,
        `stranger.split ${one}`,
        `stranger.ignored ${three}`,
        `stranger.ignored ${three}`,
        `stranger.discarded ${made.id}`,
        `stranger.restored ${made.id}`,
        `stranger.discarded ${made.id}`,
        `stranger.discarded ${made.id}`,
      ]);
      assert.deepEqual(await api.events(), [
        { change: 'merged', stranger: two, other: one },
        { change: 'split', stranger: made.id, other: one },
        { change: 'ignored', stranger: three },
        { change: 'noticed', stranger: three },
        { change: 'discarded', stranger: made.id },
        { change: 'restored', stranger: made.id },
        { change: 'discarded', stranger: made.id },
        { change: 'discarded', stranger: made.id },
      ]);
    });
  });

  test('enrols a stranger with consent, and adds the pictures of another one to an enrolled person', async (t) => {
    await withStrangers(t, async (api) => {
      const { run, pass, gallery, records } = api;
      const zed = pass(1, 1, { jpeg: paintFace('zed', 1) });
      pass(2, 1, { jpeg: paintFace('zed', 2) });
      // Not usable: left out, because nobody chose it.
      pass(3, 1, { jpeg: paintWall() });
      const bare = pass(4, 2);

      const name = ['--name', 'Zed Lovelace'];
      assert.match(await run(['assign', zed, ...name, '--yes'], 2), /only with the consent/);
      assert.match(await run(['assign', bare, ...name, ...consent, '--yes'], 2), /keeps no picture/);
      const chosen = ['--passages', passageIdOf(1), passageIdOf(3)];
      assert.match(
        await run(['assign', zed, ...name, ...consent, ...chosen, '--yes'], 1),
        /there is no face/,
      );
      assert.equal(gallery.strangers.count, 2, 'nothing was changed');

      const enrolled = await run(['assign', zed, ...name, ...consent, '--yes']);
      const [, person = ''] = /is Zed Lovelace \((p-\w+)\), with 2 pictures/.exec(enrolled) ?? [];
      const [profile] = (await gallery.listPersons()).filter(({ id }) => id === person);
      assert.equal(profile?.profile?.consent?.reference, 'form 7');
      assert.equal(gallery.strangers.show(zed), undefined);
      const personId = person as PersonId;
      const own = records.passages.list({ personId, limit: 100 });
      assert.deepEqual(
        own.map(({ passage }) => [passage?.outcome, passage?.assignedTo]),
        [1, 2, 3].map(() => ['stranger', person]),
        'the passages are those of the person now',
      );

      const again = pass(10, 5, { jpeg: paintFace('zed', 4) });
      const other = pass(11, 6, { jpeg: paintFace('max', 1) });
      assert.match(await run(['assign', other, '--person', person, '--yes'], 1), /refused/);
      assert.match(await run(['assign', again, '--person', person, '--yes']), /is Zed Lovelace/);
      assert.deepEqual(await api.events(), [
        { change: 'assigned', stranger: zed, person },
        { change: 'assigned', stranger: again, person },
      ]);
      assert.deepEqual(api.audited(), [`stranger.assigned ${zed}`, `stranger.assigned ${again}`]);

      assert.equal([...gallery.readEvidence(personId)].length, 4, 'an export has the pictures');
      assert.equal(records.passages.forgetPerson(personId), 4);
      assert.equal(gallery.erasePerson(personId, tester)?.what.evidence, 4);
      for (const number of [1, 2, 3, 10])
        assert.equal(gallery.evidenceOfEvent('passage', passageIdOf(number), passageEpochMs), undefined);
    });
  });

  test('takes an assignment back for 15 minutes, and then forgets the stranger for good', async (t) => {
    await withStrangers(t, async (api) => {
      const { run, pass, gallery, records, setAside, clock } = api;
      const zed = pass(1, 1, { jpeg: paintFace('zed', 1) });
      const again = pass(2, 2, { jpeg: paintFace('zed', 2) });
      const enrolled = await run(['assign', zed, '--name', 'Zed Lovelace', ...consent, '--yes']);
      const [person = ''] = /p-\w+/.exec(enrolled) ?? [];
      const personId = person as PersonId;
      const photographs = () => gallery.showPerson(personId)?.photographs.length;
      const passages = () => records.passages.list({ personId, limit: 100 }).map(({ id }) => id);
      const pictures = () => [...gallery.readEvidence(personId)].map(({ eventId: of }) => of);

      await run(['assign', again, '--person', person, '--yes']);
      assert.deepEqual([photographs(), passages(), pictures().length], [2, [1, 2].map(passageIdOf), 2]);
      assert.match(await run(['show', again]), new RegExp(`assigned to ${person}, can be restored until`));
      assert.match(await run(['restore', again]), /is recognised again/);
      assert.deepEqual([photographs(), passages(), pictures()], [1, [passageIdOf(1)], [passageIdOf(1)]]);
      assert.deepEqual(idsOf(records, again), [passageIdOf(2)]);
      assert.ok(gallery.evidenceOfEvent('passage', passageIdOf(2), passageEpochMs), 'the picture is back');
      assert.equal(pass(3, 2), again);

      const operator = {
        ...{ actor: 'user:u-1', origin: 'https 192.0.2.7', scopes: new Set<Scope>(['strangers:write']) },
        ...{ provedAtMs: 'always' as const, isLimited: true },
      };
      await assert.rejects(api.strangers.restore(zed, operator), { code: 'forbidden' });
      assert.throws(() => api.strangers.discard({ stranger: zed, isFinal: true }, operator), {
        code: 'no-such-stranger',
      });
      await run(['restore', zed]);
      assert.equal(gallery.showPerson(personId)?.state, 'removed', 'who was enrolled from the pictures');
      assert.deepEqual([passages(), idsOf(records, zed)], [[], [passageIdOf(1)]]);
      gallery.restorePerson(personId, tester);
      await run(['assign', zed, '--person', person, '--yes']);
      await run(['discard', again, '--yes']);

      clock.advanceBy(14 * minuteMs);
      await setAside.forgetDue(new AbortController().signal);
      assert.equal(gallery.strangers.aside().length, 2);
      clock.advanceBy(minuteMs);
      await setAside.forgetDue(new AbortController().signal);
      assert.equal(gallery.strangers.aside().length, 0);
      assert.deepEqual([...idsOf(records, zed), ...idsOf(records, again)], []);
      assert.equal(gallery.evidenceOfEvent('passage', passageIdOf(2), passageEpochMs), undefined);
      assert.deepEqual(
        [passages(), pictures()],
        [[passageIdOf(1)], [passageIdOf(1)]],
        'stay with the person',
      );
      assert.match(await run(['restore', zed], 2), /there is no unknown person/);
    });
  });

  test('enrols a stranger from five pictures, or from those of all passages that are named', async (t) => {
    await withStrangers(t, async ({ run, pass }) => {
      const numbers = Array.from({ length: 7 }, (_, at) => at + 1);
      const [zed = ''] = numbers.map((number) => pass(number, 1, { jpeg: paintFace('zed', number) }));
      const named = ['--name', 'Zed Lovelace', ...consent, '--yes'];
      assert.match(await run(['assign', zed, ...named]), /, with 5 pictures/);
      await run(['restore', zed]);
      const passages = ['--passages', ...numbers.map(passageIdOf)];
      assert.match(await run(['assign', zed, ...named, ...passages]), /, with 7 pictures/);
    });
  });

  test('forgets the pictures of all passages of a stranger, however many there are', async (t) => {
    await withStrangers(t, async ({ pass, strangers, gallery }) => {
      const by = {
        ...{ actor: 'user:u-1', origin: 'https 192.0.2.7', scopes: new Set<Scope>(allScopes) },
        ...{ provedAtMs: 'always' as const, isLimited: true },
      };
      const stranger = pass(10, 1);
      // Of 310 passages in two days, the stranger remembers the newest 200.
      for (let number = 20; number <= 3100; number += 10)
        pass(number, 1, number === 1050 ? { jpeg: paintFace('zed', 1) } : {});
      const evidence = () =>
        gallery.evidenceOfEvent('passage', passageIdOf(1050), passageEpochMs + 1050 * minuteMs);
      assert.ok(evidence() !== undefined);
      strangers.discard({ stranger, isFinal: true }, by);
      assert.equal(evidence(), undefined);
    });
  });

  test('forgets a stranger who is set aside when the clock is set back by hours', async (t) => {
    await withStrangers(t, async ({ pass, strangers, setAside, gallery, setBack }) => {
      const by = {
        ...{ actor: 'user:u-1', origin: 'https 192.0.2.7', scopes: new Set<Scope>(allScopes) },
        ...{ provedAtMs: 'always' as const, isLimited: true },
      };
      strangers.discard({ stranger: pass(1, 1), isFinal: false }, by);
      setBack(10 * minuteMs);
      await setAside.forgetDue(new AbortController().signal);
      assert.equal(gallery.strangers.aside().length, 1, 'a correction of the clock');
      setBack(60 * minuteMs);
      await setAside.forgetDue(new AbortController().signal);
      assert.equal(gallery.strangers.aside().length, 0);
    });
  });

  test('forgets a stranger together with the person to whom the stranger was assigned', async (t) => {
    await withStrangers(t, async ({ run, pass, gallery }) => {
      const zed = pass(1, 1, { jpeg: paintFace('zed', 1) });
      const enrolled = await run(['assign', zed, '--name', 'Zed Lovelace', ...consent, '--yes']);
      const [person = ''] = /p-\w+/.exec(enrolled) ?? [];
      gallery.erasePerson(person as PersonId, tester);
      assert.equal(gallery.strangers.aside().length, 0);
      assert.match(await run(['restore', zed], 2), /there is no unknown person/);
    });
  });

  test('changes nothing for callers with some cameras, and enrols for nobody without the scope', async (t) => {
    await withStrangers(t, async ({ strangers, pass, gallery, audited }) => {
      const one = pass(1, 1, { camera: 'yard', jpeg: paintFace('zed') });
      pass(40, 1, { camera: 'yard' });
      const two = pass(2, 2, { camera: 'yard' });
      const caller = (scopes: readonly Scope[], cameras?: readonly string[]) => ({
        ...{ actor: 'user:u-1', origin: 'https 192.0.2.7', scopes: new Set(scopes) },
        ...{ provedAtMs: 'always' as const, isLimited: true, cameras: cameras && new Set(cameras) },
      });
      strangers.discard({ stranger: two, isFinal: false }, caller(allScopes));
      const atYard = caller(allScopes, ['yard']);
      const forbidden = { code: 'forbidden' };
      assert.throws(() => strangers.split({ stranger: one, passages: [passageIdOf(1)] }, atYard), forbidden);
      assert.throws(() => strangers.setIgnored(one, true, atYard), forbidden);
      await assert.rejects(strangers.restore(two, atYard), forbidden);
      const input = {
        ...{ stranger: one, name: 'Zed Lovelace', isDuplicateAllowed: false },
        consent: { basis: 'consent', dateIso: '2026-03-01', reference: 'form 7' },
      };
      await assert.rejects(strangers.enrol(input, atYard), forbidden);
      await assert.rejects(strangers.enrol(input, caller(['strangers:write'])), forbidden);
      assert.equal(gallery.strangers.show(one)?.appearances.length, 2);
      assert.deepEqual(audited(), [`stranger.discarded ${two}`]);
    });
  });

  test('lists who was seen since a time, and has one entry for a stranger who is forgotten at once', async (t) => {
    await withStrangers(t, async ({ strangers, pass, audited }) => {
      const [one, two] = [pass(1, 1), pass(2, 2)];
      const by = { actor: 'user:u-1', origin: 'https 192.0.2.7' };
      const since = (text: string) =>
        strangers.list({ limit: 10, since: text }, by).items.map(({ id }) => id);
      assert.deepEqual(since('2026-03-02T07:01:01.000Z'), [two, one]);
      assert.deepEqual(since('2026-03-02T07:01:01.001Z'), [two]);
      strangers.discard({ stranger: one, isFinal: true }, by);
      assert.deepEqual(audited(), [`stranger.discarded ${one}`]);
    });
  });

  test('lists who was seen at a camera, and merges nobody with themselves', async (t) => {
    await withStrangers(t, async ({ strangers, pass, audited }) => {
      const [one, two] = [pass(1, 1), pass(2, 2, { camera: 'yard' })];
      const by = { actor: 'user:u-1', origin: 'https 192.0.2.7' };
      const at = (camera: string) => strangers.list({ limit: 10, camera }, by).items.map(({ id }) => id);
      assert.deepEqual([at('gate'), at('yard'), at('door')], [[one], [two], []]);
      assert.throws(() => strangers.merge({ stranger: one, others: [one] }, by), { code: 'merge-refused' });
      assert.deepEqual(audited(), []);
      assert.equal(strangers.merge({ stranger: one, others: [two, one] }, by).passages, 2);
    });
  });

  test('answers as far as scopes and cameras of the caller go', async (t) => {
    await withStrangers(t, async ({ strangers, pass, gallery, readings }) => {
      const ada = await gallery.addPerson(enrolmentOf('Ada Lovelace', [9]), tester);
      const one = pass(1, 1, { camera: 'yard', jpeg: paintFace('zed') });
      pass(40, 1, { camera: 'gate' });
      const two = pass(2, 2, { camera: 'gate' });
      const caller = (scopes: readonly Scope[], cameras?: readonly string[]) => ({
        ...{ actor: 'user:u-1', origin: 'https 192.0.2.7', scopes: new Set(scopes) },
        ...{ provedAtMs: 'always' as const, isLimited: true, cameras: cameras && new Set(cameras) },
      });
      const atYard = caller(['strangers:read'], ['yard']);
      const { items } = strangers.list({ limit: 10 }, atYard);
      assert.deepEqual(
        items.map(({ id, passages, cameras }) => [id, passages, cameras.map(({ camera }) => camera)]),
        [[one, 1, ['yard']]],
      );
      assert.equal(items[0]?.lastSeenAt, '2026-03-02T07:01:01.000Z');
      const details: StrangerDetails = strangers.show(one, atYard);
      assert.deepEqual(
        details.history.map(({ passage }) => passage),
        [passageIdOf(1)],
      );
      const forbidden = { code: 'forbidden' };
      assert.throws(() => strangers.show(two, atYard), { code: 'no-such-stranger' });
      assert.throws(() => strangers.list({ limit: 10, camera: 'gate' }, atYard), forbidden);
      assert.throws(
        () => strangers.discard({ stranger: one, isFinal: true }, caller(allScopes, ['yard'])),
        forbidden,
      );
      const isDuplicateAllowed = false;
      await assert.rejects(
        strangers.assign({ stranger: one, person: ada, isDuplicateAllowed }, caller(['strangers:write'])),
        forbidden,
      );
      assert.deepEqual(
        readings.map(({ action, subject }) => [action, subject]),
        [
          ['stranger.listed', undefined],
          ['stranger.read', one],
        ],
      );
      const event = {
        ...{ specversion: '1.0', id: 'e', source: '/s/b', type: 't', time: 't', recordedtime: 't' },
        ...{ sequence: '1', site: 's', box: 'b', datacontenttype: 'application/json' },
      };
      const dataFor = (data: object, cameras?: ReadonlySet<string>): unknown => {
        const payload = Buffer.from(JSON.stringify({ ...event, data }));
        return Reflect.get(
          shownEvent({ sequence: 1, id: eventId('e'), kind: 'unknown', recordedAtMs: 0, payload }, cameras),
          'data',
        );
      };
      const seen = { stranger: { id: one, cameras: [{ camera: 'yard' }, { camera: 'gate' }] } };
      assert.deepEqual(dataFor(seen), seen);
      assert.deepEqual(dataFor(seen, atYard.cameras), {
        stranger: { id: one, cameras: [{ camera: 'yard' }] },
      });
      const stay = { stranger: one, cameras: ['gate', 'yard'] };
      assert.deepEqual(dataFor(stay, atYard.cameras), { stranger: one, cameras: ['yard'] });
      // As alike as two strangers can be.
      const like = gallery.strangers.see({
        ...{ passageId: passageIdOf(3), cameraId: cameraId('gate'), recogniser: testRecogniser },
        ...{ firstSeenMs: passageEpochMs, lastSeenMs: passageEpochMs, threshold: 2 },
        views: [{ embedding: unitVector(1), quality: 0.8 }],
      }).stranger;
      const similarFor = (reader: typeof atYard) =>
        strangers.show(one, reader).similar.map(({ stranger }) => stranger);
      assert.deepEqual(similarFor(caller(['strangers:read'])), [like?.id]);
      assert.deepEqual(similarFor(atYard), [], 'seen at another camera only');
      gallery.strangers.setAside(like?.id ?? one, { change: 'discarded' }, tester);
      const first = strangers.list({ limit: 1 }, caller(['strangers:read']));
      assert.deepEqual([first.items[0]?.id, first.total], [one, 2]);
      const rest = strangers.list({ limit: 1, cursor: first.nextCursor }, caller(['strangers:read']));
      assert.deepEqual([rest.items[0]?.id, rest.nextCursor], [two, undefined]);
    });
  });
});
