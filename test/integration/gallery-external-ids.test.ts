import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { ageingRemovedPersons } from '../../daemon/core/retention/retention-persons.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';
import { present } from '../../daemon/kernel/present.js';
import { enrolmentPhotograph, temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { finished, openTestGallery, type TestGallery, writeSecret } from '../support/rotation-fixture.js';

const externalIds = ['1', '2', '3', 'é', '\u{1f600}'];
const photographs = [enrolmentPhotograph(1)];

const profileOf = (externalId: string | undefined): PersonProfile => ({
  name: 'Somebody',
  ...present({ externalId }),
});

/** By opening every profile, which the gallery is to save itself. */
async function slowly(gallery: Gallery): Promise<Map<string, PersonId>> {
  const listed = await gallery.listPersons();
  return new Map(
    listed.flatMap(({ id, profile }): [string, PersonId][] =>
      profile?.externalId === undefined ? [] : [[profile.externalId, id]],
    ),
  );
}

async function assertSame(gallery: Gallery, ids: readonly string[] = externalIds): Promise<void> {
  const expected = await slowly(gallery);
  for (const id of [...ids, 'of nobody'])
    assert.equal(await gallery.personOfExternalId(id), expected.get(id));
}

const anyId = fc.option(fc.constantFrom(...externalIds), { nil: undefined });
const which = fc.nat(30);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ does: fc.constant('enrol' as const), externalId: anyId }) },
  fc.record({ does: fc.constant('change' as const), which, externalId: anyId }),
  fc.record({ does: fc.constant('withdraw' as const), which, externalId: anyId }),
  fc.record({ does: fc.constantFrom('remove' as const, 'restore', 'erase'), which }),
  fc.record({ does: fc.constantFrom('begin' as const, 'compare', 'ask') }),
  fc.record({ does: fc.constantFrom('reopen' as const, 'age') }),
  fc.record({ does: fc.constant('rotate' as const), depth: fc.constantFrom('wrap' as const, 'deep') }),
  { weight: 2, arbitrary: fc.record({ does: fc.constant('stage' as const), which, externalId: anyId }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('commit' as const, 'abandon'), which }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A model of the gallery. An import sees a copy of all ids at its beginning, and its own. */
class Compared {
  readonly #directory: string;
  readonly #imports = new Map<string, Map<string, PersonId>>();
  #opened: TestGallery;
  /** Look-ups that have not been awaited yet. */
  #asked: Promise<unknown>[] = [];

  constructor(directory: string, opened: TestGallery) {
    this.#directory = directory;
    this.#opened = opened;
  }

  get #gallery(): Gallery {
    return this.#opened.gallery;
  }

  async take(each: Step): Promise<void> {
    const gallery = this.#gallery;
    if (each.does === 'enrol')
      return void (await gallery.addPerson({ profile: profileOf(each.externalId), photographs }, tester));
    if (each.does === 'ask') return void this.#asked.push(gallery.personOfExternalId('1'));
    if (each.does === 'compare') return this.compare();
    if (each.does === 'reopen') return this.#reopen();
    if (each.does === 'age') return this.#age();
    if (each.does === 'rotate') {
      writeSecret(this.#directory, '.next');
      const start = { kind: 'secret', depth: each.depth, input: {}, by: tester } as const;
      return finished(await this.#opened.rotations.start(start));
    }
    if (each.does === 'begin') {
      const before = await slowly(gallery);
      return void this.#imports.set(await gallery.beginImport(), before);
    }
    if (each.does === 'stage' || each.does === 'commit' || each.does === 'abandon')
      return this.#goOn(each, [...this.#imports.keys()][each.which % (this.#imports.size || 1)]);
    if (!('which' in each)) return;
    const persons = this.#everyPerson();
    const id = persons[each.which % (persons.length || 1)];
    if (id === undefined) return;
    if (each.does === 'change') gallery.changeProfile(id, profileOf(each.externalId), tester);
    else if (each.does === 'withdraw') gallery.eraseBiometricData(id, profileOf(each.externalId), tester);
    else if (each.does === 'remove') gallery.removePerson(id, tester);
    else if (each.does === 'restore') gallery.restorePerson(id, tester);
    else gallery.erasePerson(id, tester);
  }

  async compare(): Promise<void> {
    await assertSame(this.#gallery);
    for (const [importId, seen] of this.#imports)
      for (const id of externalIds)
        assert.equal(await this.#gallery.personOfExternalId(id, importId), seen.get(id));
  }

  async close(): Promise<void> {
    await Promise.all(this.#asked);
    await this.#opened[Symbol.asyncDispose]();
  }

  /** In any state, without opening a profile. */
  #everyPerson(): readonly PersonId[] {
    const { db } = this.#opened.file.database;
    return db.prepare<[], string>('SELECT id FROM person ORDER BY id').pluck().all().map(personId);
  }

  async #goOn(each: Step, importId: string | undefined): Promise<void> {
    const seen = importId === undefined ? undefined : this.#imports.get(importId);
    if (importId === undefined || seen === undefined) return;
    if (each.does === 'stage') {
      const profile = profileOf(each.externalId);
      const id = await this.#gallery.addPerson({ profile, photographs }, tester, importId);
      if (each.externalId !== undefined) seen.set(each.externalId, id);
    } else if (each.does === 'abandon') {
      this.#gallery.abandonImport(importId);
      this.#imports.delete(importId);
    } else await this.#commit(importId);
  }

  async #commit(importId: string): Promise<void> {
    const { db } = this.#opened.file.database;
    const staged = db
      .prepare<[string], string>("SELECT id FROM person WHERE import_id = ? AND state = 'staged'")
      .pluck()
      .all(importId)
      .map((id) => this.#gallery.showPerson(personId(id))?.profile?.externalId);
    const taken = await slowly(this.#gallery);
    const isOutdated = staged.some((externalId) => externalId !== undefined && taken.has(externalId));
    if (isOutdated) {
      const refused = (error: unknown) => isRollcallError(error, 'import-outdated');
      return assert.rejects(this.#gallery.commitImport(importId, tester), refused);
    }
    await this.#gallery.commitImport(importId, tester);
    this.#imports.delete(importId);
  }

  async #reopen(): Promise<void> {
    await this.close();
    this.#asked = [];
    this.#imports.clear();
    this.#opened = await openTestGallery(this.#directory);
  }

  /** Works as retention at a time when all removed persons are due. */
  #age(): void {
    const erase = (id: PersonId) => this.#gallery.erasePerson(id, tester) !== undefined;
    const batch = ageingRemovedPersons(this.#opened.file.database, erase).begin(Number.MAX_SAFE_INTEGER);
    for (;;) if (!batch(10).isMoreDue) return;
  }
}

test('after any changes the look-up answers as a search through every profile does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const directory = mkdtempSync(join(tmpdir(), 'rollcall-gallery-'));
      try {
        writeSecret(directory);
        const compared = new Compared(directory, await openTestGallery(directory, { first: 'secret' }));
        try {
          for (const each of steps) await compared.take(each);
          await compared.compare();
        } finally {
          await compared.close();
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 100 },
  );
});

async function crowd(t: Parameters<typeof temporaryDirectory>[0], count: number) {
  const directory = temporaryDirectory(t);
  writeSecret(directory);
  const opened = await openTestGallery(directory, { first: 'secret' });
  opened.file.database.db.pragma('synchronous = OFF');
  const ids: PersonId[] = [];
  for (let number = 0; number < count; number += 1)
    ids.push(await opened.gallery.addPerson({ profile: profileOf(`E-${number}`), photographs }, tester));
  return { opened, ids };
}

test('no change is lost that comes while the profiles are read for the first time', async (t) => {
  const { opened, ids } = await crowd(t, 900);
  await using _opened = opened;
  const { gallery } = opened;
  let isRead = false;
  const reading = gallery.personOfExternalId('E-0').finally(() => {
    isRead = true;
  });
  let turns = 0;
  for (; !isRead; turns += 1) {
    const [changed, erased, withdrawn] = ids.slice(turns * 60);
    if (changed === undefined || erased === undefined || withdrawn === undefined) break;
    gallery.changeProfile(changed, profileOf(`new ${turns}`), tester);
    gallery.erasePerson(erased, tester);
    gallery.eraseBiometricData(withdrawn, profileOf(undefined), tester);
    const added = { profile: profileOf(`added ${turns}`), photographs };
    await Promise.all([gallery.addPerson(added, tester), nextTurn()]);
  }
  await reading;
  assert.ok(turns >= 3, `${turns} turns`);
  const numbers = Array.from({ length: 900 }, (_, number) => number);
  await assertSame(gallery, [
    ...numbers.map((number) => `E-${number}`),
    ...numbers.slice(0, turns).flatMap((turn) => [`new ${turn}`, `added ${turn}`]),
  ]);
});

test('a look-up opens only the profile of the person that it finds', async (t) => {
  const { opened, ids } = await crowd(t, 30);
  await using _opened = opened;
  const { gallery, file } = opened;
  assert.equal(await gallery.personOfExternalId('E-7'), ids[7]);
  file.database.db.exec('UPDATE person SET profile = zeroblob(300)');
  assert.equal(await gallery.personOfExternalId('of nobody'), undefined);
  assert.deepEqual(gallery.quarantined, []);
  // A damaged profile has no external id.
  assert.equal(await gallery.personOfExternalId('E-7'), undefined);
  assert.deepEqual(
    gallery.quarantined.map(({ rowId }) => rowId),
    [ids[7]],
  );
});

test('a failed first reading is repeated', async (t) => {
  const { opened, ids } = await crowd(t, 3);
  await using _opened = opened;
  const { gallery, file } = opened;
  file.database.db.exec('ALTER TABLE data_key RENAME TO elsewhere');
  await assert.rejects(gallery.personOfExternalId('E-1'));
  file.database.db.exec('ALTER TABLE elsewhere RENAME TO data_key');
  assert.equal(await gallery.personOfExternalId('E-1'), ids[1]);
});
